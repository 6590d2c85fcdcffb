package vectors

import "fmt"

// TrapAt is code after which a cs_filter has trapped if its batch has the row of
// that number, counted from the chunk's start; else 0 is on the stack.
func TrapAt(row int64) []byte {
	base := Cat(Get(0), []byte{0x29, 3, 56}) // i64.load
	return Cat(
		base, Const64(row), []byte{0x58}, // row_base <= row
		base, Field(8), []byte{0xad, 0x7c}, Const64(row), []byte{0x56}, // base + rows > row
		[]byte{0x71, 0x04, 0x40, 0x00, 0x0b}, // and, if unreachable
		Const(0),
	)
}

// errors are section 11: the codes that no rule before names, and whose fault an
// error is.
func errors(l *list) {
	l.fail("11.1", "unreachable", "trap", Filtering(Trap()))
	l.fail("11.1", "division by zero", "trap", Filtering(Cat(Const(1), Const(0), []byte{0x6d})))
	l.fail("11.1", "the quotient of the least number and -1", "trap", Filtering(Cat(Const(-1<<31), Const(-1), []byte{0x6d})))
	l.fail("11.1", "a float that is no integer", "trap", Filtering([]byte{0x43, 0, 0, 0xc0, 0x7f, 0xa8}))
	table := func(index int64) Builder {
		b := Filtering(Cat(Get(0), Get(1), Const(index), []byte{0x11, TypeFilter, 0}))
		b.Tables, b.Elements = [][]byte{{0x70, 0, 4}}, [][]byte{Cat([]byte{0}, Const(0), []byte{0x0b, 1, 0})}
		return b
	}
	l.fail("11.1", "a function of another type in a table", "trap", table(0))
	l.fail("11.1", "no function in a table", "trap", table(1))
	l.fail("11.1", "a place outside a table", "trap", table(4))
	l.fail("11.1", "a read outside memory", "oob_trap", Filtering(Cat(Const(-4), []byte{0x28, 2, 0})))
	l.fail("11.1", "a write outside memory", "oob_trap", Filtering(Cat(Const(1<<20), Const(0), []byte{0x36, 2, 0}, Const(0))))
	l.fail("11.1", "a read that begins in memory and ends outside", "oob_trap", Filtering(Cat(Const(131_070), []byte{0x28, 2, 0})))
	data := Guest()
	data.Data = [][]byte{Cat([]byte{0}, Const(65_535), []byte{0x0b}, Name("too long"))}
	l.open("11.1", "a data segment outside memory", "oob_trap", data)
	recursion := Guest()
	recursion.Funcs[FuncFilter].Code = Cat(Get(0), Get(1), Call(FuncFilter))
	l.fail("11.1", "recursion without end", "stack_overflow", recursion)
	named := Filtering(Cat(Drop(Verdicts(1)), Call(4), Const(0)))
	named.Funcs = append(named.Funcs, Func{Type: TypeNone, Code: If(Const(1), Trap())})
	named.After = Section(0, Cat(Name("name"), Section(1, Vec(Cat(U(4), Name("split_words"))))))
	l.fail("11.1", "a trap in a function with a name", "trap", named)

	for _, row := range []int{0, 3, 7} {
		v := l.fail("11.2", fmt.Sprintf("row %d traps", row), "trap", Filtering(Cat(Verdicts(1), []byte{0x1a}, TrapAt(int64(row)))))
		v.Expect.Culprit = &row
	}
	work := Filtering(EachRow(Cat(verdictAt(), Const64(1), []byte{0x37, 0, 0}, If(Equal(Row(), Const(5)), Forever()))))
	five := 5
	v := l.fail("11.2", "the row that does not end", "fuel", work)
	v.Expect.Culprit, v.Limits = &five, &Limits{FuelBase: 100_000, FuelPerRow: 1000, FuelPerByte: -1}
}

// versions are section 12.
func versions(l *list) {
	next := Guest()
	next.Manifest = ""
	next.After = Section(0, Cat(Name("cubeset.filter.v2"), []byte(Manifest)))
	l.refuse("12.1", "a manifest of the next version", "manifest", next.Bytes())
	marker := Guest()
	marker.Funcs[FuncMarker].Export = "cubeset_filter_v2"
	l.refuse("12.1", "a guest of the next version", "missing_export", marker.Bytes())
	both := Guest()
	both.Funcs = append(both.Funcs, Func{Type: TypeMarker, Code: Const(1), Export: "cubeset_filter_v2"})
	l.keep("12.1", "a guest of this version and the next", both)
	l.keep("12.2", "a manifest with keys of a later revision", func() Builder {
		b := Guest()
		b.Manifest = `{"name":"x","abi":1,"rewrites":{"answer":true}}`
		return b
	}())
}
