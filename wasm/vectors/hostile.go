package vectors

import (
	"encoding/hex"
	"math"
)

// Vector is one module and what must come of it.
type Vector struct {
	Name   string
	Module []byte
	Want   string // the code of the error, "" if every row is kept
	Row    int    // of the error, -1 if it names none
}

// opcodes with a name where a byte would not say enough.
var (
	unreachable = []byte{0x00}
	spin        = []byte{0x03, 0x40, 0x0c, 0, 0x0b} // loop br 0 end
	drop        = []byte{0x1a}
)

// All is every vector.
func All() []Vector {
	var all []Vector
	add := func(want string, row int, name string, module []byte) {
		all = append(all, Vector{name, module, want, row})
	}
	add("", -1, "keeps every row", Guest().Bytes())
	for _, group := range []func(func(string, int, string, []byte)){bombs, shapes, contracts, runs, verdicts} {
		group(add)
	}
	return all
}

// bombs cost more to compile than to send.
func bombs(add func(string, int, string, []byte)) {
	const want = "static_limit"
	locals, _ := hex.DecodeString("0061736d01000000010401600000030201000707010372756e00000a0a010801ffffffff0f7e0b")
	add(want, -1, "four thousand million locals in 39 bytes", locals)
	add(want, -1, "four thousand million functions", []byte(Header+"\x01\x04\x01\x60\x00\x00\x03\x06\xff\xff\xff\xff\x0f\x00"))
	body := func(code []byte) []byte {
		return Filtering(Cat(code, Const(0))).Bytes()
	}
	add(want, -1, "9000 nested blocks", body(Cat(Repeat(9000, 0x02, 0x40), Repeat(9000, 0x0b))))
	add(want, -1, "70,000 br_table targets", body(Cat([]byte{0x02, 0x40}, Const(0), []byte{0x0e}, U(70_000), Repeat(70_001, 0), []byte{0x0b})))
	add(want, -1, "a body of 300 KiB", body(Repeat(300<<10, 0x01)))
	add(want, -1, "1000 locals and 1000 loops", func() []byte {
		b := Filtering(Cat(Repeat(1000, 0x03, 0x40, 0x0b), Const(0)))
		b.Funcs[FuncFilter].Locals = Cat([]byte{1}, U(1000), []byte{I32})
		return b.Bytes()
	}())
	add(want, -1, "1000 locals and 100 KiB", func() []byte {
		b := Filtering(Cat(Repeat(100<<10, 0x01), Const(0)))
		b.Funcs[FuncFilter].Locals = Cat([]byte{1}, U(1000), []byte{I32})
		return b.Bytes()
	}())
	wide := Guest()
	wide.Types = append(wide.Types, Type{Repeat(1000, I32), nil})
	add(want, -1, "a type with 1000 parameters", wide.Bytes())
	tables := Guest()
	tables.Tables = [][]byte{Cat([]byte{0x70, 0}, U(1_000_000))}
	add(want, -1, "a table of a million", tables.Bytes())
	tables.Tables = [][]byte{{0x70, 0, 1}}
	tables.Funcs[FuncFilter].Code = Cat([]byte{0xd0, 0x70}, Const(1000), []byte{0xfc, 15, 0}, drop, Const(0))
	add(want, -1, "table.grow", tables.Bytes())
	tables.Funcs[FuncFilter].Code = Cat(Const(0), []byte{0xd0, 0x70}, Const(1), []byte{0xfc, 17, 0}, Const(0))
	add(want, -1, "table.fill", tables.Bytes())
	memory := Guest()
	memory.Memory = Cat([]byte{0}, U(65_536))
	add("compile", -1, "a memory of 4 GiB", memory.Bytes())
	add("compile", -1, "four thousand million elements", Cat([]byte(Header), Section(4, []byte{1, 0x70, 0, 1}),
		Section(9, Cat([]byte{1, 0}, Const(0), []byte{0x0b}, U(1<<32-1)))))
}

// shapes are not modules, or hide code from a careless reader.
func shapes(add func(string, int, string, []byte)) {
	const want = "compile"
	good := Guest().Bytes()
	add(want, -1, "empty", nil)
	add(want, -1, "text", []byte("(module)"))
	add(want, -1, "component", []byte("\x00asm\x0d\x00\x01\x00"))
	add(want, -1, "truncated", good[:len(good)/2])
	add(want, -1, "sections out of order", Cat([]byte(Header), Section(3, []byte{0}), Section(1, []byte{0})))
	add(want, -1, "a section twice", Cat([]byte(Header), Section(1, []byte{0}), Section(1, []byte{0})))
	add(want, -1, "section 13", Cat([]byte(Header), Section(13, []byte{0})))
	add(want, -1, "bytes after a section", Cat([]byte(Header), Section(1, []byte{0, 0})))
	add(want, -1, "an unknown function type", func() []byte {
		b := Guest()
		b.Funcs = append(b.Funcs, Func{Type: 99})
		return b.Bytes()
	}())
	body := func(code ...byte) []byte { return Filtering(Cat(code, Const(0))).Bytes() }
	// A reader of LEB128 sees v128.const and skips the loop; an engine that takes
	// one byte sees another instruction, unreachable, and then the loop.
	add(want, -1, "a loop hidden in a vector constant", body(Cat([]byte{0xfd, 0x8c, 0x00}, spin, Repeat(11, 0x01))...))
	add(want, -1, "a misc opcode of two bytes", body(0xfc, 0x80, 0x00))
	add(want, -1, "a block type from another proposal", body(0x02, 0x63, 0x70, 0x0b))
	add(want, -1, "a tail call", body(0x12, 0))
	add(want, -1, "an atomic", body(0xfe, 0x03, 0))
	add(want, -1, "an exception", body(0x06, 0x40, 0x0b))
	add(want, -1, "a relaxed vector instruction", body(0xfd, 0x80, 0x02))
	add(want, -1, "a type error", body(0x6a))
	add(want, -1, "code after the end", body(0x0b, 0x01))
	add(want, -1, "the fuel counter by its index", body(0x42, 0, 0x24, 0))
	add(want, -1, "refuel by its index", body(0x42, 0, 0x10, 9, 0x1a))
	two := Guest()
	two.Exports = append(two.Exports, Export{"memory", 2, 0})
	add(want, -1, "an export twice", two.Bytes())
	late := Guest()
	zero := uint64(99)
	late.Start = &zero
	add(want, -1, "a start function that is not there", late.Bytes())
}

// contracts break the ABI without running.
func contracts(add func(string, int, string, []byte)) {
	without := func(i int) []byte {
		b := Guest()
		b.Funcs[i].Export = ""
		return b.Bytes()
	}
	add("missing_export", -1, "no marker", without(FuncMarker))
	add("missing_export", -1, "no cs_reserve", without(FuncReserve))
	add("missing_export", -1, "no cs_configure", without(FuncConfigure))
	add("missing_export", -1, "no cs_filter", without(FuncFilter))
	add("missing_export", -1, "nothing at all", []byte(Header))
	bare := Guest()
	bare.Exports = nil
	add("missing_export", -1, "no memory", bare.Bytes())
	odd := Guest()
	odd.Types[TypeReserve].Params = []byte{I64}
	odd.Funcs[FuncReserve].Code = Const(0)
	add("bad_signature", -1, "cs_reserve of an i64", odd.Bytes())
	odd = Guest()
	odd.Exports = []Export{{"memory", 0, 0}}
	add("bad_signature", -1, "memory is a function", odd.Bytes())
	odd = Guest()
	odd.Globals = [][]byte{{I64, 1, 0x42, 0, 0x0b}}
	odd.Exports = append(odd.Exports, Export{"__cubeset_fuel", 3, 0})
	add("bad_signature", -1, "an export named as the fuel counter", odd.Bytes())
	add("bad_signature", -1, "cubeset.log without parameters", Importing(Import{"cubeset", "log", TypeNone}).Bytes())
	add("unknown_import", -1, "cubeset.refuel", Importing(Import{"cubeset", "refuel", TypeReserve}).Bytes())
	add("unknown_import", -1, "env.system", Importing(Import{"env", "system", TypeReserve}).Bytes())
	add("unknown_import", -1, "an imported memory", Cat([]byte(Header), Section(2, Cat([]byte{1}, Name("env"), Name("memory"), []byte{2, 0, 1}))))
	text := func(s string) []byte {
		b := Guest()
		b.Manifest = s
		return b.Bytes()
	}
	add("manifest", -1, "no manifest", text(""))
	add("manifest", -1, "a manifest that is not JSON", text("{"))
	add("manifest", -1, "a name with a slash", text(`{"name":"../x","abi":1}`))
	add("manifest", -1, "an unknown need", text(`{"name":"x","abi":1,"needs":["network"]}`))
	add("manifest", -1, "a reason twice", text(`{"name":"x","abi":1,"reasons":[{"code":1,"name":"a"},{"code":1,"name":"b"}]}`))
	add("manifest", -1, "a schema that refers to itself", text(`{"name":"x","abi":1,"config_schema":{"$ref":"#"}}`))
	add("manifest", -1, "defaults that break the schema", text(`{"name":"x","abi":1,"config_schema":{"properties":{"a":{"type":"number"}}},"config_defaults":{"a":"b"}}`))
	add("abi_version", -1, "a manifest for ABI 2", text(`{"name":"x","abi":2}`))
	marker := Guest()
	marker.Funcs[FuncMarker].Code = Const(2)
	add("abi_version", -1, "built for revision 2", marker.Bytes())
	refuses := Guest()
	refuses.Funcs[FuncConfigure].Code = Const(3)
	add("config", -1, "refuses its configuration", refuses.Bytes())
}

// runs misbehave while running.
func runs(add func(string, int, string, []byte)) {
	in := func(i int, code []byte) []byte {
		b := Guest()
		b.Funcs[i].Code = code
		return b.Bytes()
	}
	starting := func(code []byte, asStart bool) []byte {
		b := Guest()
		b.Funcs = append(b.Funcs, Func{Type: TypeNone, Code: code})
		last := uint64(len(b.Funcs) - 1)
		if asStart {
			b.Start = &last
		} else {
			b.Funcs[last].Export = "_initialize"
		}
		return b.Bytes()
	}
	forever := Cat(spin, Const(0))
	add("fuel", -1, "a loop in cs_filter", in(FuncFilter, forever))
	add("fuel", -1, "a loop in cs_configure", in(FuncConfigure, forever))
	add("fuel", -1, "a loop in cs_reserve", in(FuncReserve, forever))
	add("fuel", -1, "a loop in the marker", in(FuncMarker, forever))
	add("fuel", -1, "a loop in the start function", starting(spin, true))
	add("fuel", -1, "a loop in _initialize", starting(spin, false))
	add("trap", -1, "a trap in the start function", starting(unreachable, true))
	add("fuel", -1, "calls that double forty times", doubling(40))
	add("fuel", -1, "memory.fill in a straight line", fills(3000))
	add("fuel", -1, "memory.grow in a loop", in(FuncFilter, Cat([]byte{0x03, 0x40}, Const(1), []byte{0x40, 0}, drop, []byte{0x0c, 0, 0x0b}, Const(0))))
	recursion := Guest()
	recursion.Funcs[FuncFilter].Code = Cat([]byte{0x20, 0, 0x20, 1}, Call(FuncFilter))
	add("stack_overflow", -1, "recursion without end", recursion.Bytes())
	add("trap", -1, "unreachable", in(FuncFilter, unreachable))
	add("trap", -1, "division by zero", in(FuncFilter, Cat(Const(1), Const(0), []byte{0x6d})))
	add("oob_trap", -1, "a read outside memory", in(FuncFilter, Cat(Const(-4), []byte{0x28, 2, 0})))
	add("oob_trap", -1, "a data segment outside memory", func() []byte {
		b := Guest()
		b.Data = [][]byte{Cat([]byte{0}, Const(65_535), []byte{0x0b}, Name("too long"))}
		return b.Bytes()
	}())
	add("bad_pointer", -1, "a buffer past the end", in(FuncReserve, Const(1<<30)))
	add("bad_pointer", -1, "a buffer at 2^32 - 16", in(FuncReserve, Const(-16)))
	add("bad_pointer", -1, "a buffer at 1027", in(FuncReserve, Const(1027)))
	add("guest_oom", -1, "no buffer", in(FuncReserve, Const(0)))
	add("guest_status", -1, "status -1", in(FuncFilter, Const(-1)))
	exit := Importing(Import{"wasi_snapshot_preview1", "proc_exit", TypeRandom})
	exit.Funcs[FuncFilter].Code = Cat(Const(0), Call(0), Const(0))
	add("proc_exit", -1, "exit with status 0", exit.Bytes())
	random := Importing(Import{"wasi_snapshot_preview1", "random_get", TypeFilter})
	random.Funcs[FuncFilter].Code = Cat([]byte{0x03, 0x40}, Const(0), Const(65_536), Call(0), drop, []byte{0x0c, 0, 0x0b}, Const(0))
	add("fuel", -1, "random bytes without end", random.Bytes())
	log := Importing(Import{"cubeset", "log", TypeNone})
	log.Types[TypeNone].Params = []byte{I32, I32, I32}
	log.Funcs[FuncFilter].Code = Cat([]byte{0x03, 0x40}, Const(1), Const(0), Const(60_000), Call(0), []byte{0x0c, 0, 0x0b}, Const(0))
	add("fuel", -1, "messages without end", log.Bytes())
	log.Funcs[FuncFilter].Code = Cat(Const(1), Const(-8), Const(100), Call(0), Const(0))
	add("oob_trap", -1, "a message outside memory", log.Bytes())
}

// doubling is a chain of functions that each call the next twice.
func doubling(n int) []byte {
	b := Guest()
	first := uint64(len(b.Funcs))
	b.Funcs[FuncFilter].Code = Cat(Call(first), Const(0))
	for i := range uint64(n) {
		b.Funcs = append(b.Funcs, Func{Type: TypeNone, Code: Cat(Call(first+i+1), Call(first+i+1))})
	}
	b.Funcs = append(b.Funcs, Func{Type: TypeNone})
	return b.Bytes()
}

// fills writes 64 MiB n times, without a loop.
func fills(n int) []byte {
	b := Guest()
	b.Memory = Cat([]byte{0}, U(1025))
	fill := Cat(Const(0), Const(1), Const(64<<20), []byte{0xfc, 11, 0})
	b.Funcs[FuncFilter].Code = Cat(Repeat(n, fill...), Const(0))
	return b.Bytes()
}

// verdicts are the eight bytes of a verdict, wrong; all are of the first row
// unless said.
func verdicts(add func(string, int, string, []byte)) {
	score := func(f float64) int64 { return 1 | int64(math.Float32bits(float32(f)))<<32 }
	write := func(v int64) []byte { return Filtering(Verdicts(v)).Bytes() }
	add("bad_verdict", 0, "nothing written", Filtering(Const(0)).Bytes())
	add("bad_verdict", 0, "keep is 7", write(7))
	add("bad_verdict", 0, "the reserved byte is set", write(1|1<<8))
	add("bad_reason", 0, "dropped without a reason", write(0))
	add("bad_reason", 0, "kept with a reason", write(1|7<<16))
	add("bad_reason", 0, "a reason that is not declared", write(8<<16))
	add("bad_reason", 0, "reason 65535", write(0xffff<<16))
	add("nan_score", 0, "score NaN", write(score(math.NaN())))
	add("nan_score", 0, "score infinite", write(score(math.Inf(-1))))
	// Rows from 3 on are not written.
	add("bad_verdict", 3, "only three written", Filtering(EachRow(Cat(
		[]byte{0x20, 2}, Const(3), []byte{0x49, 0x04, 0x40},
		[]byte{0x20, 0, 0x20, 0, 0x28, 2, 44, 0x6a, 0x20, 2}, Const(3), []byte{0x74, 0x6a},
		Const64(1), []byte{0x37, 0, 0, 0x0b},
	))).Bytes())
	add("trap", -1, "unreachable at row 5", Filtering(Cat(Verdicts(1), drop, TrapAt(5))).Bytes())
}

// TrapAt is code after which a cs_filter has trapped if its batch has the row of
// that number, counted from the chunk's start; else 0 is on the stack.
func TrapAt(row int64) []byte {
	return Cat(
		[]byte{0x20, 0, 0x29, 3, 56}, Const64(row), []byte{0x58}, // row_base <= row
		[]byte{0x20, 0, 0x29, 3, 56, 0x20, 0, 0x28, 2, 8, 0xad, 0x7c}, Const64(row), []byte{0x56}, // base + rows > row
		[]byte{0x71, 0x04, 0x40, 0x00, 0x0b}, // and, if unreachable
		Const(0),
	)
}
