package wasm

import (
	"errors"
	"fmt"
	"iter"
)

// ErrMalformed is wrapped by every complaint about bytes that are not a core
// WebAssembly 2.0 module.
var ErrMalformed = errors.New("malformed module")

// header is the magic number and version of a core module. A component has
// another version.
const header = "\x00asm\x01\x00\x00\x00"

// Section ids of the binary format.
const (
	sectionCustom    = 0
	sectionType      = 1
	sectionImport    = 2
	sectionFunction  = 3
	sectionTable     = 4
	sectionMemory    = 5
	sectionGlobal    = 6
	sectionExport    = 7
	sectionStart     = 8
	sectionElement   = 9
	sectionCode      = 10
	sectionData      = 11
	sectionDataCount = 12
)

// rank is the place of each section id in a module; data count stands between
// elements and code.
var rank = [...]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 10}

// Kinds of imports and exports.
const (
	kindFunc   = 0
	kindTable  = 1
	kindMemory = 2
	kindGlobal = 3
)

// reader walks foreign bytes. The first failure sticks: from then on it reads
// zeros, so a loop over a declared count must also ask ok.
type reader struct {
	b    []byte
	p    int
	base int // where b starts in the module, for messages
	err  error
}

func (r *reader) ok() bool  { return r.err == nil }
func (r *reader) end() bool { return r.err != nil || r.p >= len(r.b) }

// fail keeps the first failure and stops the reader.
func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.p = len(r.b)
}

// malformed fails with the place in the module.
func (r *reader) malformed(format string, args ...any) {
	r.fail(fmt.Errorf("%w: byte %d: %s", ErrMalformed, r.base+r.p, fmt.Sprintf(format, args...)))
}

// place is where in a module something is: "function" 12. The zero place is the
// module.
type place struct {
	kind  string
	index uint64
}

func (p place) String() string {
	if p.kind == "" {
		return ""
	}
	return fmt.Sprintf("%s %d", p.kind, p.index)
}

// limit fails when value is above most.
func (r *reader) limit(name string, value, most uint64, at place) {
	if value > most && r.err == nil {
		r.fail(&LimitError{Limit: name, Value: value, Max: most, Place: at.String()})
	}
}

func (r *reader) byte() byte {
	if r.p >= len(r.b) {
		r.malformed("unexpected end")
		return 0
	}
	c := r.b[r.p]
	r.p++
	return c
}

// u32 reads an unsigned LEB128 number of 32 bits.
func (r *reader) u32() uint64 {
	v := r.leb(5)
	if v > 1<<32-1 {
		r.malformed("number %d does not fit 32 bits", v)
		return 0
	}
	return v
}

// leb reads a LEB128 number of at most size bytes; a signed number ends at the
// same byte, so this also steps over one.
func (r *reader) leb(size int) (v uint64) {
	for i := range size {
		c := r.byte()
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			return v
		}
	}
	r.malformed("number longer than %d bytes", size)
	return 0
}

// count reads the length of a vector. Each element takes at least one byte, so
// a count above what is left is a lie, and one that others would allocate for.
func (r *reader) count() uint64 {
	n := r.u32()
	if n > uint64(len(r.b)-r.p) {
		r.malformed("vector of %d elements in %d bytes", n, len(r.b)-r.p)
		return 0
	}
	return n
}

// bytes reads a length and that many bytes, without copying.
func (r *reader) bytes() []byte {
	n := r.count()
	s := r.b[r.p : r.p+int(n)]
	r.p += int(n)
	return s
}

func (r *reader) skip(n int) {
	if n > len(r.b)-r.p {
		r.malformed("unexpected end")
		return
	}
	r.p += n
}

// valueType reads one of the value types of core 2.0.
func (r *reader) valueType() byte {
	t := r.byte()
	if r.ok() && letter(t) == 0 {
		r.malformed("value type %#x", t)
	}
	return t
}

// refType reads funcref or externref.
func (r *reader) refType() byte {
	t := r.byte()
	if r.ok() && t != 0x70 && t != 0x6f {
		r.malformed("reference type %#x", t)
	}
	return t
}

// limits reads the limits of a table or a memory and returns the minimum.
func (r *reader) limits() uint64 {
	flag := r.byte()
	if flag > 1 {
		r.malformed("limits flag %#x", flag)
	}
	low := r.u32()
	if flag == 1 {
		r.u32()
	}
	return low
}

// letter names a value type in a signature; 0 means it is none.
func letter(t byte) byte {
	switch t {
	case 0x7f:
		return 'i'
	case 0x7e:
		return 'I'
	case 0x7d:
		return 'f'
	case 0x7c:
		return 'F'
	case 0x7b:
		return 'v'
	case 0x70:
		return 'r'
	case 0x6f:
		return 'e'
	}
	return 0
}

// sections yields a reader for each section of the module, in order, and stops
// at the first error. It allocates nothing that grows with the module.
func sections(module []byte) iter.Seq2[byte, *reader] {
	return func(yield func(byte, *reader) bool) {
		r := &reader{b: module}
		if len(module) < len(header) || string(module[:len(header)]) != header {
			r.malformed("not a core WebAssembly module of version 1")
			yield(sectionCustom, r)
			return
		}
		r.p = len(header)
		last := 0
		s := new(reader)
		for !r.end() {
			id := r.byte()
			body := r.bytes()
			if r.ok() && int(id) >= len(rank) {
				r.malformed("section id %d", id)
			}
			if r.ok() && id != sectionCustom {
				if rank[id] <= last {
					r.malformed("section %d is out of order or there twice", id)
				} else {
					last = rank[id]
				}
			}
			*s = reader{b: body, base: r.p - len(body), err: r.err}
			if !yield(id, s) || s.err != nil {
				return
			}
		}
	}
}

func appendU(b []byte, v uint64) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

func appendS(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if (v == 0 && c&0x40 == 0) || (v == -1 && c&0x40 != 0) {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

func appendBytes(b, s []byte) []byte {
	return append(appendU(b, uint64(len(s))), s...)
}
