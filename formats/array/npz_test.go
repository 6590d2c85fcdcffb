package array

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

type member struct {
	name   string
	method uint16
	data   []byte
}

func npz(members ...member) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		w, err := z.CreateHeader(&zip.FileHeader{Name: m.name, Method: m.method})
		if err == nil {
			_, err = w.Write(m.data)
		}
		if err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func TestNPZ(t *testing.T) {
	one := npy(1, dict("'<f4'", "False", "(3,)"), values[F32])
	two := npy(1, dict("'<f2'", "False", "(3,)"), values[F16])
	texts := npy(1, dict("'<U1'", "False", "(1,)"), make([]byte, 4))
	b := npz(member{"b.npy", zip.Store, one}, member{"a.npy", zip.Deflate, two}, member{"ids.npy", zip.Store, texts}, member{"notes.txt", zip.Store, nil})
	z, err := ReadNPZ(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if got := z.Names(); !slices.Equal(got, []string{"a", "b", "ids"}) {
		t.Errorf("names are %q", got)
	}
	for _, name := range []string{"a", "b"} {
		h, r, err := z.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, 3)
		if err := h.Floats(r, got, 0); err != nil || got[1] != -2.5 {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, _, err := z.Open("ids"); !errors.Is(err, ErrType) {
		t.Errorf("texts: %v", err)
	}
	if _, _, err := z.Open("c"); err == nil || !strings.Contains(err.Error(), `no array "c"; there are ["a" "b" "ids"]`) {
		t.Errorf("an array that is not there: %v", err)
	}
}

func TestNPZInAnyOrder(t *testing.T) {
	const n = 50_000
	want := make([]float32, n)
	for i := range want {
		want[i] = float32(i * i % 977)
	}
	file := npy(1, dict("'<f4'", "False", "(50000,)"), le(want))
	b := npz(member{"s.npy", zip.Store, file}, member{"d.npy", zip.Deflate, file})
	z, err := ReadNPZ(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		h, r, err := z.Open(rapid.SampledFrom([]string{"s", "d"}).Draw(t, "array"))
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			at := rapid.IntRange(0, n).Draw(t, "at")
			got := make([]float32, rapid.IntRange(0, n-at).Draw(t, "values"))
			if err := h.Floats(r, got, int64(at)); err != nil || !slices.Equal(got, want[at:at+len(got)]) {
				t.Fatalf("values %d to %d differ, or %v", at, at+len(got), err)
			}
		}
	})
}

func TestNPZRefuses(t *testing.T) {
	one := npy(1, dict("'<f4'", "False", "(3,)"), values[F32])
	good := npz(member{"a.npy", zip.Store, one})
	bomb := npz(member{"a.npy", zip.Deflate, one})
	declare(bomb, 1<<31)
	short := npz(member{"a.npy", zip.Deflate, one})
	declare(short, uint32(len(one))+4)
	for _, c := range []struct {
		name string
		file []byte
	}{
		{"nothing", nil},
		{"a .npy file", one},
		{"cut", good[:len(good)-5]},
		{"an array twice", npz(member{"a.npy", zip.Store, one}, member{"a.npy", zip.Store, one})},
		{"a size no deflate can give", bomb},
		{"more than it expands to", short},
		{"no .npy inside", npz(member{"a.npy", zip.Store, []byte("text")})},
	} {
		z, err := ReadNPZ(bytes.NewReader(c.file), int64(len(c.file)))
		if err == nil {
			_, _, err = z.Open("a")
		}
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// declare overwrites the uncompressed size in the directory of a zip of one file.
func declare(b []byte, size uint32) {
	at := bytes.Index(b, []byte("PK\x01\x02"))
	copy(b[at+24:], le(size))
}

func TestNPZChecksum(t *testing.T) {
	one := npy(1, dict("'<f4'", "False", "(3,)"), values[F32])
	b := npz(member{"a.npy", zip.Deflate, one})
	at := bytes.Index(b, []byte("PK\x01\x02"))
	copy(b[at+16:], le(crc32.ChecksumIEEE(one)+1))
	at = bytes.Index(b, []byte("PK\x07\x08"))
	copy(b[at+4:], le(crc32.ChecksumIEEE(one)+1))
	z, err := ReadNPZ(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	h, r, err := z.Open("a")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Floats(r, make([]float32, 3), 0); !errors.Is(err, ErrDamaged) {
		t.Errorf("other bytes than the checksum is of: %v", err)
	}
}

func FuzzReadNPZ(f *testing.F) {
	one := npy(1, dict("'<f4'", "False", "(3,)"), values[F32])
	f.Add(npz(member{"a.npy", zip.Store, one}, member{"b.npy", zip.Deflate, one}))
	f.Fuzz(func(t *testing.T, b []byte) {
		z, err := ReadNPZ(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for _, name := range z.Names() {
			h, r, err := z.Open(name)
			if err != nil {
				continue
			}
			if limit := int64(len(b)) * deflateRatioMax * 2; h.Size() > limit {
				t.Fatalf("%d values in a file of %d bytes", h.Size(), len(b))
			}
			readAll(t, h, r)
		}
	})
}

func BenchmarkNPZDeflated(b *testing.B) {
	const n = 1 << 18
	file := npz(member{"a.npy", zip.Deflate, npy(1, dict("'<f4'", "False", fmt.Sprintf("(%d,)", n)), make([]byte, 4*n))})
	z, err := ReadNPZ(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		b.Fatal(err)
	}
	var r io.ReaderAt
	var h Header
	dst := make([]float32, 768)
	b.ReportAllocs()
	b.SetBytes(4 * n)
	for b.Loop() {
		if h, r, err = z.Open("a"); err != nil {
			b.Fatal(err)
		}
		for at := int64(0); at+768 <= n; at += 768 {
			if err := h.Floats(r, dst, at); err != nil {
				b.Fatal(err)
			}
		}
	}
}
