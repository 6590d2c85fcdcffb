// Package vectors holds small modules with the verdict that a host of the filter
// ABI must reach on each: what to refuse before running, what to stop, and what
// to let through.
package vectors

// Indices of the types that Guest declares.
const (
	TypeNone    = 0 // () -> ()
	TypeMarker  = 1 // () -> i32
	TypeReserve = 2 // (i32) -> i32
	TypeFilter  = 3 // (i32 i32) -> i32
	TypeRandom  = 4 // (i32) -> ()
	TypeError   = 5 // () -> i64
	TypeLog     = 6 // (i32 i32 i32) -> ()
)

// Indices of the functions that Guest declares, without imports.
const (
	FuncMarker = iota
	FuncReserve
	FuncConfigure
	FuncFilter
)

// Manifest is the manifest of the guests here: no needs, reason 7 "bad".
const Manifest = `{"name":"vector","version":"1","abi":1,"reasons":[{"code":7,"name":"bad"}]}`

const bufferAddress = 1024

// Guest is a correct module with one page of memory that keeps every row with
// score 0. Vectors change one thing.
func Guest() Builder {
	return Builder{
		Types: []Type{
			{}, {nil, []byte{I32}}, {[]byte{I32}, []byte{I32}}, {[]byte{I32, I32}, []byte{I32}},
			{[]byte{I32}, nil}, {nil, []byte{I64}}, {[]byte{I32, I32, I32}, nil},
		},
		Funcs: []Func{
			{Type: TypeMarker, Code: Const(1), Export: "cubeset_filter_v1"},
			{Type: TypeReserve, Code: reserve(), Export: "cs_reserve"},
			{Type: TypeFilter, Code: Const(0), Export: "cs_configure"},
			{Type: TypeFilter, Locals: []byte{1, 1, I32}, Code: Verdicts(1), Export: "cs_filter"},
		},
		Memory:   []byte{0, 1},
		Exports:  []Export{{"memory", 2, 0}},
		Manifest: Manifest,
	}
}

// reserve grows the memory to hold the buffer, whatever its size now:
// (n + 1024) / 65536 more pages; 0 if there are none.
func reserve() []byte {
	return Cat(
		[]byte{0x20, 0}, Const(bufferAddress), []byte{0x6a}, // n + 1024
		Const(16), []byte{0x76}, // >> 16
		[]byte{0x40, 0}, Const(-1), []byte{0x46, 0x04, 0x40}, // memory.grow == -1, if
		Const(0), []byte{0x0f, 0x0b}, // return 0, end
		Const(bufferAddress),
	)
}

// Verdicts is the code of a cs_filter with one i32 local that writes v, the eight
// bytes of a verdict, for every row.
func Verdicts(v int64) []byte {
	return EachRow(Cat(
		[]byte{0x20, 0, 0x20, 0, 0x28, 2, 44, 0x6a}, // p + header.verdicts
		[]byte{0x20, 2}, Const(3), []byte{0x74, 0x6a}, // + 8 i
		Const64(v), []byte{0x37, 0, 0}, // i64.store align 1
	))
}

// EachRow is the code of a cs_filter with one i32 local, the row, that runs body
// for every row.
func EachRow(body []byte) []byte {
	return Cat(
		[]byte{0x02, 0x40, 0x03, 0x40},                      // block, loop
		[]byte{0x20, 2, 0x20, 0, 0x28, 2, 8, 0x4f, 0x0d, 1}, // br_if 1 (i >= rows)
		body,
		[]byte{0x20, 2}, Const(1), []byte{0x6a, 0x21, 2}, // i++
		[]byte{0x0c, 0, 0x0b, 0x0b}, // br 0, end, end
		Const(0),
	)
}

// Filtering is Guest with another cs_filter; code has one i32 local, index 2.
func Filtering(code []byte) Builder {
	b := Guest()
	b.Funcs[FuncFilter].Code = code
	return b
}

// Importing is Guest with imports before its functions; exports follow them.
func Importing(imports ...Import) Builder {
	b := Guest()
	b.Imports = imports
	return b
}
