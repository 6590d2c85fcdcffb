package vectors

import "encoding/hex"

// body is a correct module but for code at the start of its cs_filter.
func body(code ...byte) []byte { return Filtering(Cat(code, Const(0))).Bytes() }

// modules are section 1: what is not a module, and what one may not hold.
func modules(l *list) {
	l.keep("1.1 2.1 5.1 5.2 5.4", "keeps every row", Guest())
	good := Guest().Bytes()
	for _, c := range []struct {
		name   string
		module []byte
	}{
		{"empty", nil},
		{"text", []byte("(module)")},
		{"version 2", []byte("\x00asm\x02\x00\x00\x00")},
		{"a component", []byte("\x00asm\x0d\x00\x01\x00")},
		{"truncated", good[:len(good)/2]},
		{"sections out of order", Cat([]byte(Header), Section(3, []byte{0}), Section(1, []byte{0}))},
		{"a section twice", Cat([]byte(Header), Section(1, []byte{0}), Section(1, []byte{0}))},
		{"section 13", Cat([]byte(Header), Section(13, []byte{0}))},
		{"bytes after the content of a section", Cat([]byte(Header), Section(1, []byte{0, 0}))},
		{"a type error", body(0x6a)},
		{"code after the end", body(0x0b, 0x01)},
		{"a tail call", body(0x12, 0)},
		{"an atomic instruction", body(0xfe, 0x03, 0)},
		{"an exception", body(0x06, 0x40, 0x0b)},
		{"a relaxed vector instruction", body(0xfd, 0x80, 0x02)},
		{"a type of garbage collection", body(0x02, 0x63, 0x70, 0x0b)},
		{"a call of a function that is not there", body(0x42, 0, 0x10, 9, 0x1a)},
		{"a global that is not there", body(0x42, 0, 0x24, 0)},
	} {
		l.refuse("1.1", c.name, "compile", c.module)
	}
	typed := Guest()
	typed.Funcs = append(typed.Funcs, Func{Type: 99})
	l.refuse("1.1", "a function of an unknown type", "compile", typed.Bytes())
	twice := Guest()
	twice.Exports = append(twice.Exports, Export{"memory", 2, 0})
	l.refuse("1.1", "an export twice", "compile", twice.Bytes())
	start := Guest()
	nowhere := uint64(99)
	start.Start = &nowhere
	l.refuse("1.1", "a start function that is not there", "compile", start.Bytes())
	wide := Guest()
	wide.Memory = []byte{0x04, 1}
	l.refuse("1.1", "a memory of 64-bit addresses", "compile", wide.Bytes())
	shared := Guest()
	shared.Memory = []byte{0x03, 1, 1}
	l.refuse("1.1", "a shared memory", "compile", shared.Bytes())
	l.keep("1.1", "every feature of core 2.0", everything())

	table := func(code ...[]byte) Builder {
		b := Filtering(Cat(Cat(code...), Verdicts(1)))
		b.Tables, b.Elements = [][]byte{{0x70, 0, 4}}, [][]byte{{1, 0, 1, 0}} // passive, of function 0
		return b
	}
	none := []byte{0xd0, 0x70} // ref.null func
	l.refuse("1.2", "table.init", "static_limit", table(Const(0), Const(0), Const(1), []byte{0xfc, 12, 0, 0}).Bytes())
	l.refuse("1.2", "table.copy", "static_limit", table(Const(0), Const(0), Const(1), []byte{0xfc, 14, 0, 0}).Bytes())
	l.refuse("1.2", "table.grow", "static_limit", table(none, Const(1000), []byte{0xfc, 15, 0, 0x1a}).Bytes())
	l.refuse("1.2", "table.fill", "static_limit", table(Const(0), none, Const(1), []byte{0xfc, 17, 0}).Bytes())
	l.keep("1.2", "table.get, table.set, table.size and elem.drop", table(Const(0), Cat(Const(1), []byte{0x25, 0, 0x26, 0}), []byte{0xfc, 16, 0, 0x1a, 0xfc, 13, 0}))

	l.refuse("1.3", "an imported memory", "unknown_import", importing([]byte{2, 0, 1}))
	l.refuse("1.3", "an imported table", "unknown_import", importing([]byte{1, 0x70, 0, 1}))
	l.refuse("1.3", "an imported global", "unknown_import", importing([]byte{3, I32, 0}))

	hostile := Filtering(Cat(Repeat(9000, 0x02, 0x40), Repeat(9000, 0x0b), Const(0)))
	hostile.Funcs = append(hostile.Funcs, Func{Type: TypeNone, Code: Trap()})
	last := uint64(len(hostile.Funcs) - 1)
	hostile.Start = &last
	l.refuse("1.4 10.11", "a limit is looked at before the start function runs", "static_limit", hostile.Bytes())
	l.open("1.4 9.1", "a loop in the start function", "fuel", starting(Forever(), ""))
}

// importing is a module with one import that is not a function.
func importing(kind []byte) []byte {
	return Cat([]byte(Header), Section(2, Cat([]byte{1}, Name("env"), Name("thing"), kind)))
}

// starting is a guest with one more function, which runs first: as the start
// function, or by that export.
func starting(code []byte, export string) Builder {
	b := Guest()
	last := uint64(len(b.Funcs))
	b.Funcs = append(b.Funcs, Func{Type: TypeNone, Code: code, Export: export})
	if export == "" {
		b.Start = &last
	}
	return b
}

// everything uses each feature that 2.0 has and 1.0 has not.
func everything() Builder {
	b := Guest()
	pair := uint64(len(b.Types))
	b.Types = append(b.Types, Type{nil, []byte{I32, I32}})
	two := uint64(len(b.Funcs))
	b.Funcs = append(b.Funcs, Func{Type: pair, Code: Cat(Const(1), Const(2))})
	b.Tables = [][]byte{{0x6f, 0, 1}} // of externref
	b.After = nil
	return Before(b, Cat(
		Drop(Cat(Const(-1), []byte{0xc0})),                 // i32.extend8_s
		Drop(Cat([]byte{0x43, 0, 0, 0x80, 0x7f, 0xfc, 0})), // i32.trunc_sat_f32_s of infinity
		Call(two), []byte{0x1a, 0x1a}, // two results
		Const(2048), Const(0), Const(16), []byte{0xfc, 11, 0}, // memory.fill
		Const(2048), Const(2064), Const(16), []byte{0xfc, 10, 0, 0}, // memory.copy
		Drop([]byte{0xd0, 0x6f, 0xd1}),                                  // ref.is_null of ref.null extern
		Drop(Cat([]byte{0xfd, 12}, Repeat(16, 7), []byte{0xfd, 21, 3})), // i8x16.extract_lane_s of v128.const
	))
}

// limits are section 10: just within each limit, and just beyond.
func limits(l *list) {
	const code = "static_limit"
	header := []byte(Header)
	custom := func(size int) []byte { // whose content is zeros that follow
		name := Name("zeros")
		return Cat(Guest().Bytes(), []byte{0}, U(uint64(len(name)+size)), name)
	}
	const most = 32 << 20
	fits := l.keep("10.1", "32 MiB", Guest())
	fits.bytes = custom(most - len(custom(most)))
	fits.Zeros = most - len(fits.bytes)
	l.refuse("10.1", "a byte more than 32 MiB", code, custom(most-len(custom(most))+1)).Zeros = fits.Zeros + 1

	types := func(n int) Builder {
		b := Guest()
		for len(b.Types) < n {
			b.Types = append(b.Types, Type{})
		}
		return b
	}
	l.keep("10.2", "4096 types", types(4096))
	l.refuse("10.2", "4097 types", code, types(4097).Bytes())
	globals := func(n int) Builder {
		b := Guest()
		for range n {
			b.Globals = append(b.Globals, Counter())
		}
		return b
	}
	l.keep("10.2", "4096 globals", globals(4096))
	l.refuse("10.2", "4097 globals", code, globals(4097).Bytes())

	wide := func(params, results int) Builder {
		b := Guest()
		b.Types = append(b.Types, Type{Repeat(params, I32), Repeat(results, I32)})
		return b
	}
	l.keep("10.3", "64 parameters and results", wide(64, 64))
	l.refuse("10.3", "65 parameters", code, wide(65, 0).Bytes())
	l.refuse("10.3", "65 results", code, wide(0, 65).Bytes())

	imports := func(n int) Builder {
		b := Guest()
		for range n {
			b.Imports = append(b.Imports, Import{"cubeset", "log", TypeLog})
		}
		return b
	}
	l.keep("10.4", "256 imports", imports(256))
	l.refuse("10.4", "257 imports", code, imports(257).Bytes())

	functions := func(n int) Builder {
		b := Guest()
		for len(b.Funcs) < n {
			b.Funcs = append(b.Funcs, Func{Type: TypeNone})
		}
		return b
	}
	l.keep("10.5", "20,000 functions", functions(20_000))
	l.refuse("10.5", "20,001 functions", code, functions(20_001).Bytes())
	l.refuse("10.5", "four thousand million functions", code, Cat(header, Section(1, []byte{1, 0x60, 0, 0}), Section(3, []byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0})))

	names := func(n int) Builder {
		b := Guest()
		for i := len(b.Exports) + 4; i < n; i++ {
			b.Exports = append(b.Exports, Export{string(S(int64(i))), 0, 0})
		}
		return b
	}
	l.keep("10.6", "1024 exports", utf8Names(names(1024)))
	l.refuse("10.6", "1025 exports", code, utf8Names(names(1025)).Bytes())
	elements := func(n int) Builder {
		b := Guest()
		b.Tables = [][]byte{{0x70, 0, 1}}
		for range n {
			b.Elements = append(b.Elements, []byte{1, 0, 0}) // passive, of nothing
		}
		return b
	}
	l.keep("10.6", "1024 element segments", elements(1024))
	l.refuse("10.6", "1025 element segments", code, elements(1025).Bytes())

	tables := func(n int, least uint64) Builder {
		b := Guest()
		for range n {
			b.Tables = append(b.Tables, Cat([]byte{0x70, 0}, U(least)))
		}
		return b
	}
	l.keep("10.7", "4 tables of 65,536", tables(4, 65_536))
	l.refuse("10.7", "5 tables", code, tables(5, 1).Bytes())
	l.refuse("10.7", "a table of 65,537", code, tables(1, 65_537).Bytes())
	memories := Cat(header, Section(5, []byte{2, 0, 1, 0, 1}))
	l.refuse("10.7 1.1", "2 memories", code, memories)

	segments := func(n int) Builder {
		b := Guest()
		for range n {
			b.Data = append(b.Data, []byte{1, 0}) // passive and empty
		}
		return b
	}
	l.keep("10.8", "262,144 data segments", segments(262_144))
	l.refuse("10.8", "262,145 data segments", code, segments(262_145).Bytes())

	// A body is its declarations of locals, its code and the end.
	long := func(size int) Builder {
		b := Guest()
		b.Funcs = append(b.Funcs, Func{Type: TypeNone, Code: Repeat(size-2, 0x01)})
		return b
	}
	l.keep("10.9", "a body of 256 KiB", long(256<<10))
	l.refuse("10.9", "a body of 256 KiB and a byte", code, long(256<<10+1).Bytes())

	locals := func(n uint64, code []byte) Builder {
		b := Guest()
		b.Funcs = append(b.Funcs, Func{Type: TypeNone, Locals: Cat([]byte{1}, U(n), []byte{I32}), Code: code})
		return b
	}
	l.keep("10.10", "1024 locals", locals(1024, nil))
	l.refuse("10.10", "1025 locals", code, locals(1025, nil).Bytes())
	many, _ := hex.DecodeString("0061736d01000000010401600000030201000707010372756e00000a0a010801ffffffff0f7e0b")
	l.refuse("10.10", "four thousand million locals in 39 bytes", code, many)

	nested := func(n int) Builder {
		b := Guest()
		b.Funcs = append(b.Funcs, Func{Type: TypeNone, Code: Cat(Repeat(n, 0x02, 0x40), Repeat(n, 0x0b))})
		return b
	}
	l.keep("10.11", "8192 blocks, one in the other", nested(8192))
	l.refuse("10.11", "8193 blocks, one in the other", code, nested(8193).Bytes())

	branches := func(n int) Builder { // in tables of 1024
		var code []byte
		for ; n > 0; n -= 1024 {
			m := min(n, 1024)
			code = Cat(code, []byte{0x02, 0x40}, Const(0), []byte{0x0e}, U(uint64(m)), Repeat(m+1, 0), []byte{0x0b})
		}
		b := Guest()
		b.Funcs = append(b.Funcs, Func{Type: TypeNone, Code: code})
		return b
	}
	l.keep("10.12", "65,536 targets of br_table", branches(65_536))
	l.refuse("10.12", "65,537 targets of br_table", code, branches(65_537).Bytes())

	l.keep("10.13", "1023 locals and 64 blocks", locals(1023, Repeat(64, 0x02, 0x40, 0x0b)))
	l.refuse("10.13", "1023 locals and 65 blocks", code, locals(1023, Repeat(65, 0x02, 0x40, 0x0b)).Bytes())

	l.keep("10.14", "1023 locals and 16 KiB of code", locals(1023, Repeat(16<<10-5, 0x01)))
	l.refuse("10.14", "1023 locals and 16 KiB and a byte of code", code, locals(1023, Repeat(16<<10-4, 0x01)).Bytes())

	l.refuse("10.15", "four thousand million elements", "compile", Cat(header, Section(4, []byte{1, 0x70, 0, 1}),
		Section(9, Cat([]byte{1, 0}, Const(0), []byte{0x0b}, U(1<<32-1)))))
	l.refuse("10.15", "a name longer than its section", "compile", Cat(header, Section(7, []byte{1, 200, 1, 'x'})))

	// A reader of LEB128 sees v128.const and skips the loop; an engine that takes
	// one byte sees another instruction, and then the loop.
	l.refuse("10.16", "a loop hidden in a vector constant", "compile", body(Cat([]byte{0xfd, 0x8c, 0x00}, Forever(), Repeat(11, 0x01))...))
	l.refuse("10.16", "a long encoding of memory.fill", "compile", body(0xfc, 0x8b, 0x00, 0))
	l.refuse("10.16", "a block type from another proposal", "compile", body(0x02, 0x64, 0x70, 0x0b))
}

// utf8Names gives exports names that are UTF-8, each another.
func utf8Names(b Builder) Builder {
	for i := range b.Exports {
		if b.Exports[i].Kind == 0 {
			b.Exports[i].Name = "f" + hex.EncodeToString(U(uint64(i)))
		}
	}
	return b
}
