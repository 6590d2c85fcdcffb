package vectors

// Value types, for Type.
const (
	I32 = 0x7f
	I64 = 0x7e
	F32 = 0x7d
	F64 = 0x7c
)

// Builder assembles a module by hand, right or wrong.
type Builder struct {
	Types     []Type
	Imports   []Import
	Funcs     []Func
	Tables    [][]byte // each as in the binary
	Memory    []byte   // limits; nil for none
	Globals   [][]byte
	Exports   []Export // besides those of Funcs
	Start     *uint64
	Elements  [][]byte
	Data      [][]byte
	DataCount bool   // a section with the number of data segments, which memory.init needs
	Manifest  string // custom section cubeset.filter.v1; empty for none
	Before    []byte // raw bytes before the type section
	After     []byte // raw bytes at the end
}

// Type is a function type.
type Type struct{ Params, Results []byte }

// Import is an imported function.
type Import struct {
	Module, Name string
	Type         uint64
}

// Func is one function: its type, the raw local declarations ("\x00" if nil) and
// the code without the final end.
type Func struct {
	Type   uint64
	Locals []byte
	Code   []byte
	Export string
}

// Export is a raw export.
type Export struct {
	Name  string
	Kind  byte
	Index uint64
}

// Header is how a core module starts.
const Header = "\x00asm\x01\x00\x00\x00"

// Bytes is the module.
func (b Builder) Bytes() []byte {
	out := append([]byte(Header), b.Before...)
	section := func(id byte, items [][]byte) {
		if len(items) > 0 {
			out = append(out, Section(id, Vec(items...))...)
		}
	}
	var types, imports, funcs, exports, code [][]byte
	for _, t := range b.Types {
		types = append(types, Cat([]byte{0x60}, Name(string(t.Params)), Name(string(t.Results))))
	}
	for _, i := range b.Imports {
		imports = append(imports, Cat(Name(i.Module), Name(i.Name), []byte{0}, U(i.Type)))
	}
	for i, f := range b.Funcs {
		funcs = append(funcs, U(f.Type))
		if f.Export != "" {
			exports = append(exports, Cat(Name(f.Export), []byte{0}, U(uint64(len(b.Imports)+i))))
		}
		locals := f.Locals
		if locals == nil {
			locals = []byte{0}
		}
		code = append(code, Name(string(Cat(locals, f.Code, []byte{0x0b}))))
	}
	for _, e := range b.Exports {
		exports = append(exports, Cat(Name(e.Name), []byte{e.Kind}, U(e.Index)))
	}
	section(1, types)
	section(2, imports)
	section(3, funcs)
	section(4, b.Tables)
	if b.Memory != nil {
		section(5, [][]byte{b.Memory})
	}
	section(6, b.Globals)
	section(7, exports)
	if b.Start != nil {
		out = append(out, Section(8, U(*b.Start))...)
	}
	section(9, b.Elements)
	if b.DataCount {
		out = append(out, Section(12, U(uint64(len(b.Data))))...)
	}
	section(10, code)
	section(11, b.Data)
	if b.Manifest != "" {
		out = append(out, Section(0, Cat(Name("cubeset.filter.v1"), []byte(b.Manifest)))...)
	}
	return append(out, b.After...)
}

// Section is a section with its size.
func Section(id byte, body []byte) []byte { return Cat([]byte{id}, Name(string(body))) }

// Vec is a vector of items.
func Vec(items ...[]byte) []byte { return Cat(append([][]byte{U(uint64(len(items)))}, items...)...) }

// Name is a length and that many bytes.
func Name(s string) []byte { return append(U(uint64(len(s))), s...) }

// Cat joins code.
func Cat(parts ...[]byte) []byte {
	out := []byte{}
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// Repeat is code n times.
func Repeat(n int, code ...byte) []byte {
	out := make([]byte, 0, n*len(code))
	for range n {
		out = append(out, code...)
	}
	return out
}

// U is an unsigned LEB128 number.
func U(v uint64) []byte {
	var b []byte
	for ; v >= 0x80; v >>= 7 {
		b = append(b, byte(v)|0x80)
	}
	return append(b, byte(v))
}

// S is a signed LEB128 number.
func S(v int64) []byte {
	var b []byte
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if (v == 0 && c&0x40 == 0) || (v == -1 && c&0x40 != 0) {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

// Const is i32.const v.
func Const(v int64) []byte { return append([]byte{0x41}, S(v)...) }

// Const64 is i64.const v.
func Const64(v int64) []byte { return append([]byte{0x42}, S(v)...) }

// Call is call f.
func Call(f uint64) []byte { return append([]byte{0x10}, U(f)...) }
