//go:build linux || darwin

package wasm

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"unsafe"

	"github.com/cubeset/cubeset/wasm/vectors"
)

// TestMemoryStaysWhereItIs grows a memory, reserved and not: what was written
// is still there, what is new is zero, and what is reserved does not move.
func TestMemoryStaysWhereItIs(t *testing.T) {
	const page, most = 64 << 10, 1 << 20
	for _, reserved := range []bool{true, false} {
		m := new(memory)
		m.Allocate(page, most)
		if m.reserved == nil {
			t.Fatal("nothing was reserved")
		}
		if !reserved {
			m.Free()
		}
		first := unsafe.SliceData(m.Reallocate(page))
		for size := uint64(page); size <= most; size += page {
			b := m.Reallocate(size)
			if uint64(len(b)) != size {
				t.Fatalf("%d bytes, want %d", len(b), size)
			}
			if reserved && unsafe.SliceData(b) != first {
				t.Errorf("it moved at %d bytes", size)
			}
			for at := uint64(0); at < size; at += page {
				want := byte(at/page + 1)
				if at == size-page {
					want = 0
				}
				if b[at] != want {
					t.Fatalf("byte %d of %d is %d, want %d", at, size, b[at], want)
				}
			}
			b[size-page] = byte(size / page)
		}
		m.Free()
		m.Free()
	}
}

// mappings is the number of mappings of this process, or 0.
func mappings() int {
	b, _ := os.ReadFile("/proc/self/maps")
	return strings.Count(string(b), "\n")
}

// TestNoMappingIsLeft opens instances that end in every way: none may leave its
// memory behind.
func TestNoMappingIsLeft(t *testing.T) {
	ctx := context.Background()
	r, err := NewRuntime(ctx, DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close(ctx)
	late := vectors.Guest()
	late.Data = [][]byte{vectors.Cat([]byte{0}, vectors.Const(65_535), []byte{0x0b}, vectors.Name("too long"))}
	start := vectors.Guest()
	start.Funcs = append(start.Funcs, vectors.Func{Type: vectors.TypeNone, Code: []byte{0x00}})
	last := uint64(len(start.Funcs) - 1)
	start.Start = &last
	var all []*Filter
	for _, module := range [][]byte{vectors.Guest().Bytes(), late.Bytes(), start.Bytes(), vectors.Filtering([]byte{0x00}).Bytes()} {
		f, err := r.Load(ctx, module)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	before := 0
	for i := range 200 {
		for _, f := range all {
			in, err := f.Open(ctx, nil, nil)
			if err != nil {
				continue
			}
			in.Filter(ctx, &Batch{Questions: []string{"q"}, Answers: []string{"a"}}, nil)
			if err := in.Close(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if i == 20 {
			before = mappings()
		}
	}
	if after := mappings(); after > before+50 { // the collector has some of its own
		t.Errorf("%d mappings, then %d", before, after)
	}
}

// TestMemoryOfTheHostIsNoFaultOfTheGuest takes the system's memory away from a
// guest that grows.
func TestMemoryOfTheHostIsNoFaultOfTheGuest(t *testing.T) {
	ctx := context.Background()
	r, err := NewRuntime(ctx, DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close(ctx)
	f, err := r.Load(ctx, vectors.Guest().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	in, err := f.Open(ctx, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	whole := in.memory.reserved
	in.memory.reserved = whole[1:] // the system refuses what is not on a page
	_, err = in.Filter(ctx, &Batch{Questions: []string{strings.Repeat("q", 1<<20)}, Answers: []string{"a"}}, nil)
	var g *GuestError
	if !errors.Is(err, ErrMemory) || errors.As(err, &g) {
		t.Errorf("got %v, want ErrMemory", err)
	}
	release(whole)
}
