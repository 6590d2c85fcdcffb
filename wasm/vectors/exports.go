package vectors

// exports are section 2.
func exports(l *list) {
	without := func(i int) []byte {
		b := Guest()
		b.Funcs[i].Export = ""
		return b.Bytes()
	}
	const missing, wrong = "missing_export", "bad_signature"
	l.refuse("2.1", "no cubeset_filter_v1", missing, without(FuncMarker))
	l.refuse("2.1", "no cs_reserve", missing, without(FuncReserve))
	l.refuse("2.1", "no cs_configure", missing, without(FuncConfigure))
	l.refuse("2.1", "no cs_filter", missing, without(FuncFilter))
	l.refuse("2.1", "nothing at all", missing, []byte(Header))
	bare := Guest()
	bare.Exports = nil
	l.refuse("2.1", "no memory", missing, bare.Bytes())
	typed := func(export string, t Type, code []byte) []byte {
		b := Guest()
		for i := range b.Funcs {
			if b.Funcs[i].Export == export {
				b.Types = append(b.Types, t)
				b.Funcs[i].Type, b.Funcs[i].Code, b.Funcs[i].Locals = uint64(len(b.Types)-1), code, nil
			}
		}
		return b.Bytes()
	}
	l.refuse("2.1", "cubeset_filter_v1 returns i64", wrong, typed("cubeset_filter_v1", Type{nil, []byte{I64}}, Const64(1)))
	l.refuse("2.1", "cs_reserve takes i64", wrong, typed("cs_reserve", Type{[]byte{I64}, []byte{I32}}, Const(0)))
	l.refuse("2.1", "cs_configure takes nothing", wrong, typed("cs_configure", Type{nil, []byte{I32}}, Const(0)))
	l.refuse("2.1", "cs_filter returns nothing", wrong, typed("cs_filter", Type{[]byte{I32, I32}, nil}, nil))
	kinds := Guest()
	kinds.Exports = []Export{{"memory", 0, 0}}
	l.refuse("2.1", "memory is a function", wrong, kinds.Bytes())
	kinds = Guest()
	kinds.Funcs[FuncFilter].Export = ""
	kinds.Exports = append(kinds.Exports, Export{"cs_filter", 2, 0})
	l.refuse("2.1", "cs_filter is a memory", wrong, kinds.Bytes())

	optional := func(export string, t uint64, code []byte) Builder {
		b := Guest()
		b.Funcs = append(b.Funcs, Func{Type: t, Code: code, Export: export})
		return b
	}
	l.keep("2.2", "_initialize and cs_error are there", func() Builder {
		b := optional("_initialize", TypeNone, nil)
		b.Funcs = append(b.Funcs, Func{Type: TypeError, Code: Const64(0), Export: "cs_error"})
		return b
	}())
	l.refuse("2.2", "_initialize returns a number", wrong, optional("_initialize", TypeMarker, Const(0)).Bytes())
	l.refuse("2.2", "cs_error returns i32", wrong, optional("cs_error", TypeMarker, Const(0)).Bytes())

	other := optional("malloc", TypeReserve, Const(0))
	other.Globals = [][]byte{Counter()}
	other.Exports = append(other.Exports, Export{"__heap_base", 3, 0}, Export{"main ☃", 0, 0})
	l.keep("2.3", "other exports", other)
	reserved := Guest()
	reserved.Globals = [][]byte{{I64, 1, 0x42, 0, 0x0b}}
	reserved.Exports = append(reserved.Exports, Export{"__cubeset_fuel", 3, 0})
	l.refuse("2.3", "an export named as the fuel counter", wrong, reserved.Bytes())

	reserving := func(code []byte) Builder {
		b := Guest()
		b.Funcs[FuncReserve].Code = code
		return b
	}
	l.open("2.4", "a buffer past the end of memory", "bad_pointer", reserving(Const(1<<30)))
	l.open("2.4", "a buffer that begins in memory and ends outside", "bad_pointer", reserving(Const(65_520)))
	l.open("2.4", "a buffer at 2^32 - 16", "bad_pointer", reserving(Const(-16)))
	l.open("2.4", "a buffer at 1032, a multiple of 8", "bad_pointer", reserving(Const(1032)))
	l.open("2.4", "no room", "guest_oom", reserving(Const(0)))
	second := Guest() // room for the options, and for no batch
	second.Memory, second.Globals = []byte{0, 40}, [][]byte{Counter()}
	second.Funcs[FuncReserve].Code = Cat(SetGlobal(0, Add(Global(0), Const(1))), If(Equal(Global(0), Const(2)), Return(Const(0))), Const(1024))
	full := l.host("2.4", "no room for a batch", second, "long")
	full.Expect = Expect{Code: "guest_oom", At: AtFilter}

	moving := Guest() // gives another buffer each time it is asked
	moving.Memory, moving.Globals = []byte{0, 100}, [][]byte{Counter()}
	moving.Funcs[FuncReserve].Code = Cat(SetGlobal(0, Add(Global(0), Const(1<<20))), Global(0))
	moving = Before(moving, If(Differ(Get(0), Global(0)), Trap()))
	many := l.host("2.5 8.4", "p is what cs_reserve returned last", moving, "eight", "long", "eight")
	many.Expect.Verdicts = kept(8)
	l.keep("2.5", "n is the size of the batch, and p a multiple of 16", Before(Guest(), Cat(
		If(Differ(Get(1), Field(48)), Trap()), If(Cat(Get(0), Const(15), []byte{0x71}), Trap()))))
	grow := l.host("2.6", "small batches around a large one", Guest(), "eight", "long", "eight", "none", "eight")
	grow.Expect.Verdicts = kept(8)

	refuses := Guest()
	refuses.Funcs[FuncConfigure].Code = Const(3)
	l.open("2.7", "cs_configure returns 3", "config", refuses).Expect.Text = "status 3"
	l.fail("2.7", "cs_filter returns -1", "guest_status", Filtering(Cat(Drop(Verdicts(1)), Const(-1)))).Expect.Text = "status -1"
	l.fail("2.7", "cs_filter returns 1", "guest_status", Filtering(Cat(Drop(Verdicts(1)), Const(1))))
	complaints(l)
}

func kept(n int) (all []Verdict) {
	for range n {
		all = append(all, Verdict{Keep: true})
	}
	return all
}

// complaints are what cs_error says.
func complaints(l *list) {
	const at = 32
	saying := func(place, size int64, text string, i int, code []byte) Builder {
		b := Guest()
		b.Data = [][]byte{Cat([]byte{0}, Const(at), []byte{0x0b}, Name(text))}
		b.Funcs[i].Code = code
		b.Funcs = append(b.Funcs, Func{Type: TypeError, Code: Const64(place<<32 | size), Export: "cs_error"})
		return b
	}
	no := Const(1)
	l.open("2.8", "cs_error says why", "config", saying(at, 8, "no words", FuncConfigure, no)).Expect.Text = "status 1: no words"
	long := string(Repeat(300, 'x'))
	l.open("2.8", "cs_error says 300 bytes", "config", saying(at, 300, long, FuncConfigure, no)).Expect.Text = "status 1: " + long[:256]
	l.open("2.8", "what it says is made safe to print", "config", saying(at, 6, "a\x1b[0m\n", FuncConfigure, no)).Expect.Text = `a\x1b[0m\n`
	l.open("2.8", "a text outside memory is none", "config", saying(1<<31-1, 9, "", FuncConfigure, no)).Expect.Text = "status 1"
	v := l.fail("2.8", "after cs_filter it goes to the log", "guest_status", saying(at, 7, "row bad", FuncFilter, no))
	v.Expect.Log = []Message{{3, "cs_error: row bad"}}
	trap := saying(at, 7, "", FuncConfigure, no)
	trap.Funcs[len(trap.Funcs)-1].Code = Trap()
	l.open("2.8", "cs_error traps", "config", trap).Expect.Text = "status 1"
}
