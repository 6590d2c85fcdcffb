package wasm

import "fmt"

// The static limits. The engine has none of its own on what a module costs to
// compile: 39 bytes that declare four thousand million locals make it ask for
// 32 GiB. Real toolchains stay far below each.
const (
	moduleBytesMax     = 32 << 20
	typesMax           = 4096
	paramsMax          = 64 // and results
	importsMax         = 256
	functionsMax       = 20_000
	tablesMax          = 4
	tableMinMax        = 65_536
	globalsMax         = 4096
	exportsMax         = 1024
	elementSegmentsMax = 1024
	dataSegmentsMax    = 262_144
	bodyBytesMax       = 256 << 10
	localsMax          = 1024
	depthMax           = 8192
	branchTargetsMax   = 65_536   // br_table labels in one function
	localsBlocksMax    = 65_536   // locals × blocks of one function: merges of values
	localsBytesMax     = 16 << 20 // locals × body bytes: register allocation
	meteredBytesMax    = 64 << 20 // after Meter
)

// LimitError says which static limit a module breaks, and where.
type LimitError struct {
	Limit      string // as in ABI.md: "functions", "locals × blocks" …
	Value, Max uint64
	Place      string // "function 12", "type 3"; empty for the whole module
}

func (e *LimitError) Error() string {
	s := fmt.Sprintf("%s: %d, at most %d", e.Limit, e.Value, e.Max)
	if e.Place != "" {
		s = e.Place + ": " + s
	}
	return s
}

// Scan refuses a module whose shape could make it costly to compile or to
// meter. Its time is linear in the size of the module, and it allocates next to
// nothing. The error is a *LimitError or wraps ErrMalformed. A module that
// passes can still be invalid: types are checked when it is compiled.
func Scan(module []byte) error {
	if len(module) > moduleBytesMax {
		return &LimitError{Limit: "module bytes", Value: uint64(len(module)), Max: moduleBytesMax}
	}
	var m counts
	for id, r := range sections(module) {
		m.section(id, r)
		if r.ok() && id != sectionCustom && r.p != len(r.b) {
			r.malformed("%d bytes after the end of section %d", len(r.b)-r.p, id)
		}
		if !r.ok() {
			return r.err
		}
	}
	if m.functions != m.bodies {
		return fmt.Errorf("%w: %d functions but %d bodies", ErrMalformed, m.functions, m.bodies)
	}
	return nil
}

// counts is what a later section may refer to.
type counts struct {
	types, importedFunctions, importedGlobals uint64
	functions, bodies, globals                uint64
}

func (m *counts) section(id byte, r *reader) {
	switch id {
	case sectionType:
		m.types = r.u32()
		r.limit("types", m.types, typesMax, place{})
		for i := uint64(0); i < m.types && r.ok(); i++ {
			scanType(r, i)
		}
	case sectionImport:
		n := r.u32()
		r.limit("imports", n, importsMax, place{})
		for i := uint64(0); i < n && r.ok(); i++ {
			m.scanImport(r, i)
		}
	case sectionFunction:
		m.functions = r.u32()
		r.limit("functions", m.functions, functionsMax, place{})
		for i := uint64(0); i < m.functions && r.ok(); i++ {
			m.typeIndex(r)
		}
	case sectionTable:
		n := r.u32()
		r.limit("tables", n, tablesMax, place{})
		for i := uint64(0); i < n && r.ok(); i++ {
			scanTable(r, i)
		}
	case sectionMemory:
		n := r.u32()
		r.limit("memories", n, 1, place{})
		for i := uint64(0); i < n && r.ok(); i++ {
			r.limits()
		}
	case sectionGlobal:
		m.globals = r.u32()
		r.limit("globals", m.globals, globalsMax, place{})
		for i := uint64(0); i < m.globals && r.ok(); i++ {
			scanGlobalType(r)
			r.constant(nil)
		}
	case sectionExport:
		n := r.u32()
		r.limit("exports", n, exportsMax, place{})
		for i := uint64(0); i < n && r.ok(); i++ {
			r.bytes()
			if kind := r.byte(); kind > kindGlobal {
				r.malformed("export kind %d", kind)
			}
			r.u32()
		}
	case sectionStart:
		r.u32()
	case sectionElement:
		n := r.u32()
		r.limit("element segments", n, elementSegmentsMax, place{})
		for i := uint64(0); i < n && r.ok(); i++ {
			scanElement(r)
		}
	case sectionDataCount:
		r.limit("data segments", r.u32(), dataSegmentsMax, place{})
	case sectionCode:
		m.bodies = r.u32()
		r.limit("functions", m.bodies, functionsMax, place{})
		for i := uint64(0); i < m.bodies && r.ok(); i++ {
			scanBody(r, m.importedFunctions+i)
		}
	case sectionData:
		n := r.u32()
		r.limit("data segments", n, dataSegmentsMax, place{})
		for i := uint64(0); i < n && r.ok(); i++ {
			scanData(r)
		}
	}
}

func scanType(r *reader, i uint64) {
	if form := r.byte(); form != 0x60 {
		r.malformed("type form %#x", form)
	}
	for _, name := range []string{"parameters", "results"} {
		n := r.u32()
		r.limit(name, n, paramsMax, place{"type", i})
		for ; n > 0 && r.ok(); n-- {
			r.valueType()
		}
	}
}

func (m *counts) scanImport(r *reader, i uint64) {
	r.bytes()
	r.bytes()
	switch kind := r.byte(); kind {
	case kindFunc:
		m.typeIndex(r)
		m.importedFunctions++
	case kindTable:
		scanTable(r, i)
	case kindMemory:
		r.limits()
	case kindGlobal:
		scanGlobalType(r)
		m.importedGlobals++
	default:
		r.malformed("import kind %d", kind)
	}
}

// typeIndex reads the type of a function. The engine looks it up without
// checking when it meets a call, and panics.
func (m *counts) typeIndex(r *reader) {
	if i := r.u32(); r.ok() && i >= m.types {
		r.malformed("type %d of %d", i, m.types)
	}
}

func scanTable(r *reader, i uint64) {
	r.refType()
	r.limit("table minimum", r.limits(), tableMinMax, place{"table", i})
}

func scanGlobalType(r *reader) {
	r.valueType()
	if mutable := r.byte(); mutable > 1 {
		r.malformed("mutability %d", mutable)
	}
}

// scanElement reads one element segment; the low three bits of its flag say
// passive or declared, explicit table or kind, expressions or indices.
func scanElement(r *reader) {
	flag := r.u32()
	if flag > 7 {
		r.malformed("element segment flag %d", flag)
	}
	if flag&1 == 0 {
		if flag&2 != 0 {
			r.u32()
		}
		r.constant(nil)
	}
	if flag&3 != 0 {
		r.byte()
	}
	for n := r.count(); n > 0 && r.ok(); n-- {
		if flag&4 == 0 {
			r.u32()
		} else {
			r.constant(nil)
		}
	}
}

func scanData(r *reader) {
	flag := r.u32()
	if flag > 2 {
		r.malformed("data segment flag %d", flag)
	}
	if flag == 2 {
		r.u32()
	}
	if flag != 1 {
		r.constant(nil)
	}
	r.bytes()
}

func scanBody(r *reader, index uint64) {
	at := place{"function", index}
	size := r.u32()
	r.limit("body bytes", size, bodyBytesMax, at)
	if !r.ok() || size > uint64(len(r.b)-r.p) {
		r.malformed("unexpected end")
		return
	}
	f := reader{b: r.b[r.p : r.p+int(size)], base: r.base + r.p}
	locals := f.scanLocals(index)
	f.limit("locals × body bytes", (locals+1)*size, localsBytesMax, at)
	depth, blocks, targets := uint64(1), uint64(0), uint64(0)
	for depth > 0 && f.ok() {
		switch in := f.next(); in.code {
		case opBlock, opLoop, opIf:
			depth++
			blocks++
			f.limit("depth", depth-1, depthMax, at)
			f.limit("locals × blocks", (locals+1)*blocks, localsBlocksMax, at)
		case opEnd:
			depth--
		case opBrTable:
			targets += in.imm
			f.limit("br_table targets", targets, branchTargetsMax, at)
		case opTableInit, opTableCopy, opTableGrow, opTableFill:
			f.limit("bulk table instructions", 1, 0, at)
		}
	}
	if f.ok() && f.p != len(f.b) {
		f.malformed("%d bytes after the end of function %d", len(f.b)-f.p, index)
	}
	if !f.ok() {
		r.fail(f.err)
		return
	}
	r.p += int(size)
}

// scanLocals reads the declarations of a body and returns their number, which
// may be declared in runs of up to four thousand million.
func (r *reader) scanLocals(index uint64) (locals uint64) {
	for n := r.count(); n > 0 && r.ok(); n-- {
		locals += r.u32()
		r.limit("locals", locals, localsMax, place{"function", index})
		r.valueType()
	}
	return locals
}
