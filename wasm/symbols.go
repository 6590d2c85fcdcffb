package wasm

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

const (
	nameSection       = "name"
	nameFunctions     = 1 // the subsection of the names of functions
	stackFramesMax    = 16
	functionNameBytes = 120 // of one name; those of generic code can be endless
)

// symbols turns the stack of a metered module back into the guest's functions.
type symbols struct {
	imported, functions uint64
	names               []byte // the guest's subsection of function names; nil if it has none
	exports             map[uint64]string
}

// readSymbols keeps what a scanned module says about its functions' names. It
// copies it: a Filter must not hold on to the module.
func readSymbols(module []byte) symbols {
	s := symbols{exports: map[uint64]string{}}
	for id, r := range sections(module) {
		switch id {
		case sectionImport:
			c := counts{types: typesMax}
			for n := r.u32(); n > 0 && r.ok(); n-- {
				c.scanImport(r, 0)
			}
			s.imported = c.importedFunctions
		case sectionFunction:
			s.functions = r.u32()
		case sectionExport:
			for n := r.u32(); n > 0 && r.ok(); n-- {
				name, kind, index := r.bytes(), r.byte(), r.u32()
				if kind == kindFunc && s.exports[index] == "" {
					s.exports[index] = string(name)
				}
			}
		case sectionCustom:
			if r.ok() && string(r.bytes()) == nameSection {
				s.names = bytes.Clone(functionNames(r.b[r.p:]))
			}
		}
	}
	return s
}

// functionNames finds the names of functions in the content of a section of
// names. Nobody has checked it yet; if it is wrong, there are none.
func functionNames(content []byte) []byte {
	r := reader{b: content}
	for !r.end() {
		id, body := r.byte(), r.bytes()
		if r.ok() && id == nameFunctions {
			return body
		}
	}
	return nil
}

// name is the name of one of the guest's functions. What the module says of it
// is believed, cleaned and cut.
func (s *symbols) name(index uint64) string {
	r := reader{b: s.names}
	for n := r.u32(); n > 0 && r.ok(); n-- {
		i, name := r.u32(), r.bytes()
		if r.ok() && i == index && len(name) > 0 {
			return clean(name, functionNameBytes)
		}
	}
	if name := s.exports[index]; name != "" {
		return clean([]byte(name), functionNameBytes)
	}
	return fmt.Sprintf("function %d", index)
}

// stack reads the engine's stack in an error: a line a function, innermost
// first, as .$INDEX(types) for the module's and module.name(types) for the
// host's. What the meter added is left out.
func (s *symbols) stack(err error) (frames []string) {
	_, trace, _ := strings.Cut(err.Error(), "wasm stack trace:\n")
	for line := range strings.Lines(trace) {
		call, _, ok := strings.Cut(strings.TrimSpace(line), "(")
		if !ok || len(frames) == stackFramesMax {
			break
		}
		number, own := strings.CutPrefix(call, ".$")
		if !own {
			if call != hostModule+"."+refuelImport {
				frames = append(frames, clean([]byte(call), functionNameBytes))
			}
			continue
		}
		index, err := strconv.ParseUint(number, 10, 32)
		if err != nil || index <= s.imported || index > s.imported+s.functions {
			continue
		}
		frames = append(frames, s.name(index-1)) // the meter has one more import
	}
	return frames
}
