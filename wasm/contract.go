package wasm

// The exports of the ABI.
const (
	exportMemory     = "memory"
	exportMarker     = "cubeset_filter_v1"
	exportReserve    = "cs_reserve"
	exportConfigure  = "cs_configure"
	exportFilter     = "cs_filter"
	exportInitialize = "_initialize"
	exportError      = "cs_error"
)

// signature is parameters and results, one letter a value type (see letter).
type signature struct{ params, results string }

// signatures of the exports; the first four must be there.
var (
	required = []string{exportMarker, exportReserve, exportConfigure, exportFilter}
	exports  = map[string]signature{
		exportMarker:     {"", "i"},
		exportReserve:    {"i", "i"},
		exportConfigure:  {"ii", "i"},
		exportFilter:     {"ii", "i"},
		exportInitialize: {"", ""},
		exportError:      {"", "I"},
	}
)

// checkContract compares the imports and exports of a scanned module with the
// ABI, before anything is compiled.
func checkContract(module []byte) *GuestError {
	c := contract{found: map[string]bool{}}
	for id, r := range sections(module) {
		switch id {
		case sectionType:
			c.readTypes(r)
		case sectionImport:
			c.readImports(r)
		case sectionFunction:
			for n := r.u32(); n > 0 && r.ok(); n-- {
				c.functions = append(c.functions, r.u32())
			}
		case sectionExport:
			c.readExports(r)
		}
		if c.err != nil {
			return c.err
		}
	}
	for _, name := range append([]string{exportMemory}, required...) {
		if !c.found[name] {
			return guestError(CodeMissingExport, "load", "%s", name)
		}
	}
	return nil
}

type contract struct {
	types     []signature
	functions []uint64 // type of each, imports first
	found     map[string]bool
	err       *GuestError
}

func (c *contract) readTypes(r *reader) {
	for n := r.u32(); n > 0 && r.ok(); n-- {
		r.byte()
		c.types = append(c.types, signature{letters(r), letters(r)})
	}
}

func letters(r *reader) string {
	var s []byte
	for n := r.u32(); n > 0 && r.ok(); n-- {
		s = append(s, letter(r.valueType()))
	}
	return string(s)
}

func (c *contract) readImports(r *reader) {
	for n := r.u32(); n > 0 && r.ok() && c.err == nil; n-- {
		module, name, kind := string(r.bytes()), string(r.bytes()), r.byte()
		want, known := imports[module][name]
		if kind != kindFunc || !known {
			c.err = guestError(CodeUnknownImport, "load", "%.64q.%.64q", module, name)
			return
		}
		t := r.u32()
		c.functions = append(c.functions, t)
		if got := c.types[t]; got != want.signature {
			c.err = guestError(CodeBadSignature, "load", "import %s.%s is %s -> %s, want %s -> %s",
				module, name, got.params, got.results, want.params, want.results)
		}
	}
}

func (c *contract) readExports(r *reader) {
	for n := r.u32(); n > 0 && r.ok() && c.err == nil; n-- {
		name, kind, index := string(r.bytes()), r.byte(), r.u32()
		want, known := exports[name]
		switch {
		case name == fuelGlobal:
			c.err = guestError(CodeBadSignature, "load", "export %q is reserved", name)
		case name == exportMemory && kind != kindMemory:
			c.err = guestError(CodeBadSignature, "load", "export %q is not a memory", name)
		case known && (kind != kindFunc || index >= uint64(len(c.functions))):
			c.err = guestError(CodeBadSignature, "load", "export %q is not a function", name)
		case known && c.types[c.functions[index]] != want:
			got := c.types[c.functions[index]]
			c.err = guestError(CodeBadSignature, "load", "export %s is %s -> %s, want %s -> %s",
				name, got.params, got.results, want.params, want.results)
		}
		c.found[name] = true
	}
}
