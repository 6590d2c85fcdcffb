package wasm

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/cubeset/cubeset/wasm/vectors"
)

// wasi is an instance whose imports are called without a guest.
func wasi(t *testing.T) *Instance {
	t.Helper()
	ctx := context.Background()
	r, err := NewRuntime(ctx, DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(ctx) })
	f, err := r.Load(ctx, vectors.Guest().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	in, err := f.Open(ctx, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	in.call.Context = ctx
	in.tank.fill(1<<40, in.f.r.config.Deadline)
	return in
}

// ask calls an import of preview 1 and returns its error number.
func (in *Instance) ask(name string, args ...uint64) uint64 {
	stack := make([]uint64, max(len(args), 1))
	copy(stack, args)
	imports[wasiFunction][name].call(in, in.mem, stack)
	return stack[0]
}

// TestEveryImportIsCharged has a guest call every import there is, ten times in
// a straight line: each call must cost, and those that move bytes must cost by
// them.
func TestEveryImportIsCharged(t *testing.T) {
	ctx := context.Background()
	r, err := NewRuntime(ctx, DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close(ctx)
	const calls = 10
	for module, functions := range imports {
		for name, f := range functions {
			fuel := func(argument int64) int64 {
				b := vectors.Importing(vectors.Import{Module: module, Name: name})
				b.Imports[0].Type = uint64(len(b.Types))
				b.Types = append(b.Types, vectors.Type{Params: types(f.params), Results: types(f.results)})
				var call []byte
				for _, p := range f.params {
					if p == 'I' {
						call = append(call, vectors.Const64(argument)...)
					} else {
						call = append(call, vectors.Const(argument)...)
					}
				}
				call = append(call, vectors.Call(0)...)
				if f.results != "" {
					call = append(call, 0x1a)
				}
				b.Funcs[vectors.FuncFilter].Code = vectors.Cat(bytes.Repeat(call, calls), vectors.Verdicts(1))
				loaded, err := r.Load(ctx, b.Bytes())
				if err != nil {
					t.Fatalf("%s.%s: %v", module, name, err)
				}
				in, err := loaded.Open(ctx, nil, nil)
				if err != nil {
					t.Fatalf("%s.%s: %v", module, name, err)
				}
				defer in.Close(ctx)
				in.Filter(ctx, &Batch{}, nil) // some of them end it
				return in.Fuel()
			}
			want := int64(calls * hostCallTicks)
			if name == "proc_exit" || name == "abort" {
				want = hostCallTicks
			}
			if got := fuel(0); got < want {
				t.Errorf("%s.%s: %d ticks, want at least %d", module, name, got, want)
			}
			switch name {
			case "log", "random_get", "poll_oneoff":
				if few, many := fuel(16), fuel(512); many < few+calls*(512-16)/hostBytesPerTick {
					t.Errorf("%s.%s: %d ticks for little, %d for much", module, name, few, many)
				}
			}
		}
	}
}

func types(letters string) (b []byte) {
	for _, c := range letters {
		b = append(b, map[rune]byte{'i': vectors.I32, 'I': vectors.I64}[c])
	}
	return b
}

// TestNothingIsBehindWASI calls what would show the host.
func TestNothingIsBehindWASI(t *testing.T) {
	in := wasi(t)
	u32 := func(at uint32) uint32 { v, _ := in.mem.ReadUint32Le(at); return v }
	const a, b = 4096, 4104
	for _, name := range []string{"args_sizes_get", "environ_sizes_get"} {
		in.mem.Write(a, bytes.Repeat([]byte{0xff}, 16))
		if got := in.ask(name, a, b); got != wasiOK || u32(a) != 0 || u32(b) != 0 {
			t.Errorf("%s: error %d, %d of %d bytes", name, got, u32(a), u32(b))
		}
	}
	in.mem.WriteString(a, "/etc/passwd")
	for name, want := range map[string]uint64{
		"path_open": wasiNoSys, "path_filestat_get": wasiNoSys, "path_unlink_file": wasiNoSys, "path_create_directory": wasiNoSys,
		"sock_accept": wasiNoSys, "sock_send": wasiNoSys, "sock_recv": wasiNoSys, "proc_raise": wasiNoSys,
		"fd_read": wasiBadF, "fd_pread": wasiBadF, "fd_prestat_get": wasiBadF, "fd_readdir": wasiBadF, "fd_seek": wasiBadF, "fd_close": wasiBadF,
	} {
		args := make([]uint64, len(imports[wasiFunction][name].params))
		for i := range args {
			args[i] = 3 // the first file there could be
		}
		if got := in.ask(name, args...); got != want {
			t.Errorf("%s: error %d, want %d", name, got, want)
		}
	}
	if got := in.ask("fd_write", 3, a, 0, b); got != wasiBadF {
		t.Errorf("fd_write to 3: error %d, want %d", got, wasiBadF)
	}
}

// TestOutsideMemory hands every import pointers past the end of memory.
func TestOutsideMemory(t *testing.T) {
	in := wasi(t)
	const far = 1<<32 - 8
	for name, args := range map[string][]uint64{
		"args_sizes_get": {far, far}, "environ_sizes_get": {0, far}, "clock_res_get": {0, far}, "clock_time_get": {0, 0, far},
		"random_get": {far, 100}, "fd_write": {1, far, 1, 0}, "fd_fdstat_get": {1, far}, "poll_oneoff": {far, 0, 1, 0},
	} {
		if got := in.ask(name, args...); got != wasiFault {
			t.Errorf("%s: error %d, want %d", name, got, wasiFault)
		}
	}
	binary.LittleEndian.PutUint32(in.memory.used[4096:], far) // an iovec that points there
	binary.LittleEndian.PutUint32(in.memory.used[4100:], 100)
	if got := in.ask("fd_write", 1, 4096, 1, 0); got != wasiFault {
		t.Errorf("fd_write of what is outside: error %d, want %d", got, wasiFault)
	}
	if got := in.ask("random_get", 0, randomBytesMax+1); got != wasiInval {
		t.Errorf("too many random bytes: error %d, want %d", got, wasiInval)
	}
	if got := in.ask("poll_oneoff", 0, 0, vectorsMax+1, 0); got != wasiInval {
		t.Errorf("too many subscriptions: error %d, want %d", got, wasiInval)
	}
}

// TestTimeAndChanceAreFixed asks two instances for clocks, random bytes and an
// hour of sleep: they hear the same, and nobody waits.
func TestTimeAndChanceAreFixed(t *testing.T) {
	hear := func() string {
		in := wasi(t)
		var heard []string
		for _, clock := range []uint64{0, 1, 2, 3} {
			in.ask("clock_time_get", clock, 1, 4096)
			now, _ := in.mem.ReadUint64Le(4096)
			heard = append(heard, fmt.Sprint(now))
		}
		if in.ask("random_get", 4096, 64) != wasiOK {
			t.Error("no random bytes")
		}
		random, _ := in.mem.Read(4096, 64)
		heard = append(heard, fmt.Sprintf("%x", random))
		subscription := make([]byte, subBytes)
		binary.LittleEndian.PutUint64(subscription[24:], 3600*1_000_000_000)
		in.mem.Write(8192, subscription)
		before := in.now()
		if got := in.ask("poll_oneoff", 8192, 12_288, 1, 16_384); got != wasiOK || in.now()-before != 3600*1_000_000_000 {
			t.Errorf("an hour: error %d, %d ns by its clock", got, in.now()-before)
		}
		return fmt.Sprint(heard)
	}
	first, again := hear(), hear()
	if first != again {
		t.Errorf("one hears %s, another %s", first, again)
	}
	if want := "1700000000000001000 1700000000000002000 1700000000000003000 1700000000000004000"; first[1:len(want)+1] != want {
		t.Errorf("clocks say %s, want %s", first, want)
	}
}
