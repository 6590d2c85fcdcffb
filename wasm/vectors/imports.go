package vectors

import (
	"fmt"
	"strings"
)

const wasi = "wasi_snapshot_preview1"

// Places in memory that the guests here use; the buffer starts at 1024.
const (
	placeA = 64
	placeB = 256
)

// importingAs is Guest with one import of a type of its own, as function 0.
func importingAs(module, name string, t Type) Builder {
	b := Guest()
	b.Types = append(b.Types, t)
	b.Imports = []Import{{module, name, uint64(len(b.Types) - 1)}}
	return b
}

// scoringImport is a guest whose every row scores what the i32 of code is;
// code may call function 0.
func scoringImport(module, name string, t Type, code []byte) Builder {
	b := importingAs(module, name, t)
	s := Scoring(code)
	b.Funcs[FuncFilter].Code, b.Funcs[FuncFilter].Locals = s.Funcs[FuncFilter].Code, s.Funcs[FuncFilter].Locals
	return b
}

func i32s(n int) []byte { return Repeat(n, I32) }

// imports are section 3.
func imports(l *list) {
	one := []byte{I32}
	l.refuse("3.1", "env.system", "unknown_import", importingAs("env", "system", Type{one, one}).Bytes())
	l.refuse("3.1", "cubeset.refuel, which is the host's own", "unknown_import", importingAs("cubeset", "refuel", Type{[]byte{I64}, []byte{I64}}).Bytes())
	l.refuse("3.1", "WASI under an older name", "unknown_import", importingAs("wasi_unstable", "fd_write", Type{i32s(4), one}).Bytes())
	l.refuse("3.1", "a function that WASI does not have", "unknown_import", importingAs(wasi, "thread_spawn", Type{one, one}).Bytes())
	l.refuse("3.1", "cubeset.log without parameters", "bad_signature", importingAs("cubeset", "log", Type{}).Bytes())
	l.refuse("3.1", "fd_write with three parameters", "bad_signature", importingAs(wasi, "fd_write", Type{i32s(3), one}).Bytes())
	l.keep("3.1", "imports that are offered and not called", func() Builder {
		b := importingAs(wasi, "path_open", Type{[]byte{I32, I32, I32, I32, I32, I64, I64, I32, I32}, one})
		b.Imports = append(b.Imports, Import{"cubeset", "log", TypeLog})
		return b
	}())
	logs(l)
	aborting := importingAs("env", "abort", Type{i32s(4), nil})
	l.fail("3.3", "env.abort", "trap", Before(aborting, Cat(Const(-1), Const(-1), Const(12), Const(34), Call(0)))).Expect.Text = "line 12, column 34"
	nothing(l)
	clocks(l)
	writes(l)
	exit := importingAs(wasi, "proc_exit", Type{one, nil})
	l.fail("3.9", "exit with status 0", "proc_exit", Before(exit, Cat(Const(0), Call(0))))
	l.fail("3.9", "exit with status 7", "proc_exit", Before(exit, Cat(Const(7), Call(0))))
	l.open("3.9", "exit from cs_configure", "proc_exit", func() Builder {
		exit.Funcs[FuncConfigure].Code = Cat(Const(0), Call(0), Const(0))
		return exit
	}())
}

// logs are cubeset.log.
func logs(l *list) {
	saying := func(level int64, text string) Builder {
		b := Importing(Import{"cubeset", "log", TypeLog})
		b.Data = [][]byte{Cat([]byte{0}, Const(placeA), []byte{0x0b}, Name(text))}
		return Before(b, Cat(Const(level), Const(placeA), Const(int64(len(text))), Call(0)))
	}
	for _, level := range []int{0, 1, 2, 3, 9} {
		v := l.keep("3.2", fmt.Sprintf("level %d", level), saying(int64(level), "said"))
		v.Expect.Log = []Message{{level, "said"}}
		if level > 3 {
			v.Expect.Log[0].Level = 1
		}
	}
	v := l.keep("3.2", "what is not printable is escaped", saying(1, "a\x1b[0m\x00\u202e\xffб\n"))
	v.Expect.Log = []Message{{1, `a\x1b[0m\x00\u202e\xffб\n`}}
	long := strings.Repeat("x", 900)
	b := saying(1, long)
	b = Before(b, Cat(Const(8192), Const('y'), Const(1025), []byte{0xfc, 11, 0}, Const(1), Const(8192), Const(1025), Call(0)))
	v = l.keep("3.2", "a message is cut after 1,024 bytes", b)
	v.Expect.Log = []Message{{1, strings.Repeat("y", 1024) + "…"}, {1, long}}
	outside := Importing(Import{"cubeset", "log", TypeLog})
	l.fail("3.2", "a message outside memory", "oob_trap", Before(outside, Cat(Const(1), Const(-8), Const(100), Call(0))))
	l.fail("3.2 9.6", "messages without end", "fuel", Before(outside, Cat([]byte{0x03, 0x40}, Const(1), Const(0), Const(60_000), Call(0), []byte{0x0c, 0, 0x0b})))
}

// nothing is what WASI does not have.
func nothing(l *list) {
	one := []byte{I32}
	for _, name := range []string{"args_sizes_get", "environ_sizes_get"} {
		// Result and both numbers are 0, and so is their sum.
		l.scores("3.4", name+" says 0 of 0 bytes", scoringImport(wasi, name, Type{i32s(2), one}, Cat(
			Const(placeA), Const64(-1), []byte{0x37, 0, 0},
			Const(placeA), Const(placeA+4), Call(0), Load(Const(placeA), 0), []byte{0x6a}, Load(Const(placeA), 4), []byte{0x6a},
		)), 0)
	}
	l.scores("3.4", "args_get", scoringImport(wasi, "args_get", Type{i32s(2), one}, Cat(Const(placeA), Const(placeB), Call(0))), 0)
	l.scores("3.4", "fd_read of 0", scoringImport(wasi, "fd_read", Type{i32s(4), one}, Cat(Const(0), Const(placeA), Const(1), Const(placeB), Call(0))), 8)
	l.scores("3.4", "fd_prestat_get of 3", scoringImport(wasi, "fd_prestat_get", Type{i32s(2), one}, Cat(Const(3), Const(placeA), Call(0))), 8)
	l.scores("3.4", "path_open", scoringImport(wasi, "path_open", Type{[]byte{I32, I32, I32, I32, I32, I64, I64, I32, I32}, one},
		Cat(Const(3), Const(0), Const(placeA), Const(1), Const(0), Const64(0), Const64(0), Const(0), Const(placeB), Call(0))), 52)
	l.scores("3.4", "sock_recv", scoringImport(wasi, "sock_recv", Type{i32s(6), one}, Cat(Repeat(6, Const(0)...), Call(0))), 52)
	l.scores("3.4", "environ_sizes_get outside memory", scoringImport(wasi, "environ_sizes_get", Type{i32s(2), one}, Cat(Const(-4), Const(-4), Call(0))), 21)
}

// clocks are time and chance.
func clocks(l *list) {
	one := []byte{I32}
	clock := Type{[]byte{I32, I64, I32}, one}
	look := func(id int64) []byte { return Drop(Cat(Const(id), Const64(1), Const(placeA), Call(0))) }
	// The microseconds since the clocks' start, as i32.
	micros := Cat(Const(placeA), []byte{0x29, 0, 0}, Const64(1_700_000_000_000_000_000), []byte{0x7d}, Const64(1000), []byte{0x80, 0xa7})
	first := scoringImport(wasi, "clock_time_get", clock, micros)
	l.scores("3.5", "the first look at the clock", Before(first, look(0)), 1)
	all := scoringImport(wasi, "clock_time_get", clock, micros)
	l.scores("3.5", "every clock is the same", Before(all, Cat(look(0), look(1), look(2), look(3))), 4)
	l.score("3.5", "a microsecond a look", scoringImport(wasi, "clock_time_get", clock, Cat(look(1), micros)), "eight", 1, 2, 3, 4, 5, 6, 7, 8)
	l.scores("3.5", "clock_time_get outside memory", scoringImport(wasi, "clock_time_get", clock, Cat(Const(0), Const64(1), Const(-4), Call(0))), 21)

	random := Type{i32s(2), one}
	bytes := func(n int) string {
		x, out := uint64(42), []byte(nil)
		for range n {
			x = x*6364136223846793005 + 1442695040888963407
			out = append(out, byte(x>>56))
		}
		return string(out)
	}
	hashing := func(prepare []byte, n int64) Builder {
		b := importingAs(wasi, "random_get", random)
		hash, _ := Hashing(&b)
		s := Scoring(Cat(Const(8192), Const(n), Call(hash)))
		b.Funcs[FuncFilter].Code, b.Funcs[FuncFilter].Locals = Cat(prepare, s.Funcs[FuncFilter].Code), s.Funcs[FuncFilter].Locals
		return b
	}
	get := func(at, n int64) []byte { return Drop(Cat(Const(at), Const(n), Call(0))) }
	l.scores("3.6", "the first sixteen bytes", hashing(get(8192, 16), 16), fnv(bytes(16)))
	l.scores("3.6", "bytes of two calls are those of one", hashing(Cat(get(8192, 5), get(8197, 95)), 100), fnv(bytes(100)))
	large := scoringImport(wasi, "random_get", random, Cat(Const(0), Const(1<<20+1), Call(0)))
	large.Memory = []byte{0, 32}
	l.scores("3.6", "more than a MiB", large, 28)
	endless := importingAs(wasi, "random_get", random)
	l.fail("3.6 9.6", "random bytes without end", "fuel", Before(endless, Cat([]byte{0x03, 0x40}, get(0, 65_536), []byte{0x0c, 0, 0x0b})))

	// One subscription of 48 bytes at placeB: at 8 the kind, at 24 the time, at 40 the flags.
	poll := func(kind, nanoseconds, flags int64, score []byte) Builder {
		b := importingAs(wasi, "poll_oneoff", Type{i32s(4), one})
		b.Types = append(b.Types, clock)
		b.Imports = append(b.Imports, Import{wasi, "clock_time_get", uint64(len(b.Types) - 1)})
		store := func(at, v int64) []byte { return Cat(Const(at), Const64(v), []byte{0x37, 0, 0}) }
		prepare := Cat(store(placeB, 77), store(placeB+8, kind), store(placeB+24, nanoseconds), store(placeB+40, flags),
			Drop(Cat(Const(placeB), Const(512), Const(1), Const(600), Call(0))),
			Drop(Cat(Const(0), Const64(1), Const(placeA), Call(1))))
		s := Scoring(score)
		b.Funcs[FuncFilter].Code, b.Funcs[FuncFilter].Locals = Cat(prepare, s.Funcs[FuncFilter].Code), s.Funcs[FuncFilter].Locals
		return b
	}
	l.scores("3.7", "a sleep of five seconds moves the clock", poll(0, 5_000_000_000, 0, micros), 5_000_001)
	l.scores("3.7", "a sleep until a time", poll(0, 1_700_000_000_007_000_000, 1, micros), 7001)
	l.scores("3.7", "one event, of the clock", poll(0, 1, 0, Load(Const(600), 0)), 1)
	l.scores("3.7", "the event has the subscription's number", poll(0, 1, 0, Load(Const(512), 0)), 77)
	l.scores("3.7", "a file has no events: error 8 and kind 1", poll(1, 0, 0, Load(Const(512), 8)), 8|1<<16)
}

// writes are what goes to standard output.
func writes(l *list) {
	one := []byte{I32}
	text := "hello\nworld, "
	writing := func(fd int64) Builder {
		b := importingAs(wasi, "fd_write", Type{i32s(4), one})
		vectors := func(at, p, n int64) []byte {
			return Cat(Const(at), Const(p), []byte{0x36, 0, 0}, Const(at+4), Const(n), []byte{0x36, 0, 0})
		}
		b.Data = [][]byte{Cat([]byte{0}, Const(placeA), []byte{0x0b}, Name(text+"again\n"))}
		write := func(n int64) []byte { return Cat(Const(fd), Const(placeB), Const(n), Const(512), Call(0)) }
		s := Scoring(Cat(Load(Const(512), 0), Load(Const(516), 0), []byte{0x6a}))
		b.Funcs[FuncFilter].Code = Cat(
			vectors(placeB, placeA, int64(len(text))), vectors(placeB+8, placeA+int64(len(text)), 6),
			Const(516), write(1), []byte{0x36, 0, 0}, Drop(write(2)), s.Funcs[FuncFilter].Code)
		b.Funcs[FuncFilter].Locals = s.Funcs[FuncFilter].Locals
		return b
	}
	lines := []Message{{1, "hello"}, {1, "world, hello"}, {1, "world, again"}}
	l.scores("3.8", "standard output", writing(1), float32(len(text)+6)).Expect.Log = lines
	l.scores("3.8", "standard error", writing(2), float32(len(text)+6)).Expect.Log = lines
	l.scores("3.8 3.4", "file 3", writing(3), 8)
}
