package vectors

// lives are section 8.
func lives(l *list) {
	// Each step traps unless the one before it was the last.
	step := func(before, now int64, after ...[]byte) []byte {
		return Cat(If(Differ(Global(0), Const(before)), Trap()), SetGlobal(0, Const(now)), Cat(after...))
	}
	b := starting(step(0, 1), "")
	b.Globals = [][]byte{Counter()}
	b.Funcs = append(b.Funcs, Func{Type: TypeNone, Code: step(1, 2), Export: "_initialize"})
	b.Funcs[FuncMarker].Code = step(2, 3, Const(1))
	b.Funcs[FuncReserve].Code = Cat(If(Cat(Global(0), Const(3), []byte{0x49}), Trap()), If(Equal(Global(0), Const(3)), SetGlobal(0, Const(4))), b.Funcs[FuncReserve].Code)
	b.Funcs[FuncConfigure].Code = step(4, 5, Const(0))
	b = Before(b, If(Differ(Global(0), Const(5)), Trap()))
	l.keep("8.1 8.2 8.3 8.4", "every step in its order", b)
	l.keep("8.1", "_initialize alone", starting(nil, "_initialize"))
	l.open("8.1", "a trap in the start function", "trap", starting(Trap(), ""))
	l.open("8.1", "a trap in _initialize", "trap", starting(Trap(), "_initialize"))

	revision := func(v int64) Builder {
		b := Guest()
		b.Funcs[FuncMarker].Code = Const(v)
		return b
	}
	l.open("8.2", "built for revision 0", "abi_version", revision(0))
	l.open("8.2", "built for revision 2", "abi_version", revision(2))
	l.open("8.2", "built for revision -1", "abi_version", revision(-1))

	configures := Guest()
	configures.Funcs[FuncConfigure].Code = Trap()
	l.open("8.3", "a trap in cs_configure", "trap", configures)

	large := l.host("8.4", "a batch that needs a larger buffer than the options", Guest(), "long")
	large.Expect.Verdicts = kept(300)

	once := Guest() // traps in the first batch only
	once.Globals = [][]byte{Counter()}
	once = Before(once, If(Equal(Global(0), Const(0)), SetGlobal(0, Const(1)), Trap()))
	l.fail("8.5 5.6", "an instance that would go on after a trap", "trap", once).Expect.Text = "unreachable"

	command := starting(Trap(), "_start")
	l.keep("8.6", "_start is not called", command)
	exits := starting(Trap(), "_stop")
	exits.Funcs[len(exits.Funcs)-1].Export = "cs_close"
	l.keep("8.6", "no function for the end is called", exits)

	grow := func(pages int64) Builder { // scores what memory.grow returns
		b := Scoring(Global(0))
		b.Globals = [][]byte{Counter()}
		return Before(b, SetGlobal(0, Cat(Const(pages), []byte{0x40, 0})))
	}
	within := &Limits{MemoryPages: 16}
	l.scores("8.7", "memory grows up to its ceiling", grow(14), 2).Limits = within
	l.scores("8.7", "beyond it, memory.grow returns -1", grow(15), -1).Limits = within
	l.scores("8.7", "and so it does for 65,535 pages", grow(65_535), -1)
	most := Guest()
	most.Memory = []byte{0, 16}
	most.Funcs[FuncReserve].Code = Const(bufferAddress)
	l.keep("8.7", "a module that starts at the ceiling", most).Limits = within
	above := Guest()
	above.Memory = []byte{0, 17}
	l.refuse("8.7", "a module that starts above it", "compile", above.Bytes()).Limits = within
	whole := Guest()
	whole.Memory = Cat([]byte{0}, U(65_536))
	l.refuse("8.7", "a memory of 4 GiB", "compile", whole.Bytes())
	leak := l.host("8.7", "one that leaks ends at it", func() Builder {
		b := Guest()
		return Before(b, If(Equal(Cat(Const(5), []byte{0x40, 0}), Const(-1)), Trap()))
	}(), "eight", "eight", "eight")
	leak.Limits, leak.Expect = within, Expect{Code: "trap", At: AtFilter}
}
