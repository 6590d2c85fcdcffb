package wasm

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Description is what can be read in a module without compiling it.
type Description struct {
	SHA256    string    `json:"sha256"` // hex
	Bytes     int       `json:"bytes"`
	CodeBytes int       `json:"code_bytes"`
	DataBytes int       `json:"data_bytes"`
	Functions int       `json:"functions"` // its own
	Named     bool      `json:"named"`     // it has names for them, to be shown when it traps
	Imports   []Symbol  `json:"imports"`
	Exports   []Symbol  `json:"exports"`
	Memories  []Extent  `json:"memories"` // its own, in pages of 64 KiB
	Tables    []Extent  `json:"tables"`   // in elements
	Globals   int       `json:"globals"`
	Sections  []Section `json:"sections"` // in the order of the module
}

// Symbol is an import or an export. Type is "(i32, i32) -> i32" for a function,
// else "memory", "table" or "global". Names are the module's: clean them before
// they are shown.
type Symbol struct {
	Name string `json:"name"` // of an import with its module: "cubeset.log"
	Type string `json:"type"`
}

// Extent is the limits of a memory or a table.
type Extent struct {
	Min uint64  `json:"min"`
	Max *uint64 `json:"max"` // nil = no limit of its own
}

// Section is one part of a module.
type Section struct {
	Name  string `json:"name"` // "code"; of a custom section its own name
	Bytes int    `json:"bytes"`
}

// Describe reads a module. The error is a *LimitError or wraps ErrMalformed.
func Describe(module []byte) (Description, error) {
	d := Description{Imports: []Symbol{}, Exports: []Symbol{}, Memories: []Extent{}, Tables: []Extent{}, Sections: []Section{}}
	if err := Scan(module); err != nil {
		return d, err
	}
	sum := sha256.Sum256(module)
	d.SHA256, d.Bytes = hex.EncodeToString(sum[:]), len(module)
	var c contract // for the types of functions
	for id, r := range sections(module) {
		size := len(r.b)
		name := sectionNames[id]
		switch id {
		case sectionCustom:
			name = string(r.bytes())
			d.Named = d.Named || name == nameSection && functionNames(r.b[r.p:]) != nil
		case sectionType:
			c.readTypes(r)
		case sectionImport:
			d.readImports(r, &c)
		case sectionFunction:
			for n := r.u32(); n > 0; n-- {
				c.functions = append(c.functions, r.u32())
				d.Functions++
			}
		case sectionTable:
			for n := r.u32(); n > 0; n-- {
				r.refType()
				d.Tables = append(d.Tables, r.extent())
			}
		case sectionMemory:
			for n := r.u32(); n > 0; n-- {
				d.Memories = append(d.Memories, r.extent())
			}
		case sectionGlobal:
			d.Globals = int(r.u32())
		case sectionExport:
			d.readExports(r, &c)
		case sectionCode:
			d.CodeBytes = size
		case sectionData:
			d.DataBytes = size
		}
		if !r.ok() {
			return d, r.err
		}
		d.Sections = append(d.Sections, Section{name, size})
	}
	return d, nil
}

var sectionNames = [...]string{
	"", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data", "data count",
}

func (d *Description) readImports(r *reader, c *contract) {
	for n := r.u32(); n > 0; n-- {
		name := string(r.bytes()) + "." + string(r.bytes())
		kind := r.byte()
		t := kindNames[kind]
		switch kind {
		case kindFunc:
			i := r.u32()
			c.functions = append(c.functions, i)
			t = c.types[i].String()
		case kindTable:
			r.refType()
			r.limits()
		case kindMemory:
			r.limits()
		case kindGlobal:
			scanGlobalType(r)
		}
		d.Imports = append(d.Imports, Symbol{name, t})
	}
}

func (d *Description) readExports(r *reader, c *contract) {
	for n := r.u32(); n > 0; n-- {
		name, kind, i := string(r.bytes()), r.byte(), r.u32()
		t := kindNames[kind]
		if kind == kindFunc && i < uint64(len(c.functions)) {
			t = c.types[c.functions[i]].String()
		}
		d.Exports = append(d.Exports, Symbol{name, t})
	}
}

var kindNames = [...]string{kindFunc: "function", kindTable: "table", kindMemory: "memory", kindGlobal: "global"}

// extent reads the limits of a table or a memory.
func (r *reader) extent() (e Extent) {
	flag := r.byte()
	e.Min = r.u32()
	if flag == 1 {
		most := r.u32()
		e.Max = &most
	}
	return e
}

// String is "(i32, i32) -> i32".
func (s signature) String() string {
	list := func(letters string) string {
		var names []string
		for _, c := range []byte(letters) {
			names = append(names, letterNames[c])
		}
		return strings.Join(names, ", ")
	}
	results := list(s.results)
	if len(s.results) != 1 {
		results = "(" + results + ")"
	}
	return "(" + list(s.params) + ") -> " + results
}

var letterNames = map[byte]string{'i': "i32", 'I': "i64", 'f': "f32", 'F': "f64", 'v': "v128", 'r': "funcref", 'e': "externref"}
