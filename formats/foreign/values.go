package foreign

import (
	"encoding/binary"
	"fmt"

	"github.com/parquet-go/parquet-go/format"
)

// values are the values of a page that were not read. A value is its bits, or
// of a byte array its text, valid until the page is left.
type values interface {
	next() (bits uint64, text []byte, err error)
}

// plainDictionary is what older writers call both a dictionary and the indexes
// into it.
const plainDictionary format.Encoding = 2

// valuesOf reads values in one of Parquet's encodings.
func (l *leaf) valuesOf(e format.Encoding, b []byte) (values, error) {
	size := sizeOf(l.physical)
	if len(b) == 0 { // of a page of nulls, whatever the encoding
		return &plainTexts{}, nil
	}
	switch e {
	case format.Plain:
		switch l.physical {
		case format.ByteArray:
			return &plainTexts{b}, nil
		case format.Boolean:
			return &plainBools{b: b}, nil
		}
		return &plainNumbers{b, size}, nil
	case plainDictionary, format.RLEDictionary:
		if !l.chunk.known {
			return nil, fmt.Errorf("%w: no dictionary is before it", ErrDamaged)
		}
		if b[0] > 32 {
			return nil, fmt.Errorf("%w: indexes of %d bits", ErrDamaged, b[0])
		}
		return &indexed{&l.chunk.words, newHybrid(b[1:], uint(b[0]))}, nil
	case format.RLE:
		if l.physical == format.Boolean {
			h, _, err := cutLevels(b, 1)
			return &runs{h}, err
		}
	case format.DeltaBinaryPacked:
		if l.kind == kindInt || l.kind == kindUint {
			d, err := newDelta(b)
			return &deltaNumbers{d}, err
		}
	case format.DeltaLengthByteArray:
		if l.physical == format.ByteArray {
			return newDeltaTexts(b)
		}
	case format.DeltaByteArray:
		if l.physical == format.ByteArray {
			return newFrontCoded(b)
		}
	case format.ByteStreamSplit:
		if size > 0 && len(b)%size == 0 {
			return &split{b: b, size: size, n: len(b) / size}, nil
		}
	}
	return nil, fmt.Errorf("%w: values of type %v encoded as %v", ErrUnsupported, l.physical, e)
}

// sizeOf is the bytes of a number, 0 for what is none.
func sizeOf(t format.Type) int {
	switch t {
	case format.Int32, format.Float:
		return 4
	case format.Int64, format.Double:
		return 8
	}
	return 0
}

func errMissing(what string) error {
	return fmt.Errorf("%w: the page ends before its last %s", ErrDamaged, what)
}

// number is the little-endian number at the start of b.
func number(b []byte, size int) uint64 {
	if size == 4 {
		return uint64(binary.LittleEndian.Uint32(b))
	}
	return binary.LittleEndian.Uint64(b)
}

type plainTexts struct{ b []byte }

func (v *plainTexts) next() (uint64, []byte, error) {
	if len(v.b) < 4 {
		return 0, nil, errMissing("text")
	}
	n := uint64(binary.LittleEndian.Uint32(v.b))
	if n > uint64(len(v.b)-4) {
		return 0, nil, errMissing("text")
	}
	text := v.b[4 : 4+n]
	v.b = v.b[4+n:]
	return 0, text, nil
}

type plainNumbers struct {
	b    []byte
	size int
}

func (v *plainNumbers) next() (uint64, []byte, error) {
	if len(v.b) < v.size {
		return 0, nil, errMissing("number")
	}
	n := number(v.b, v.size)
	v.b = v.b[v.size:]
	return n, nil, nil
}

type plainBools struct {
	b  []byte
	at int // a bit
}

func (v *plainBools) next() (uint64, []byte, error) {
	if v.at >= 8*len(v.b) {
		return 0, nil, errMissing("value")
	}
	bit := v.b[v.at/8] >> (v.at % 8) & 1
	v.at++
	return uint64(bit), nil, nil
}

type runs struct{ hybrid }

func (v *runs) next() (uint64, []byte, error) {
	n, err := v.hybrid.next()
	return uint64(n), nil, err
}

// split has first the first bytes of all numbers, then the second, and so on.
type split struct {
	b          []byte
	size, n, i int
}

func (v *split) next() (uint64, []byte, error) {
	if v.i == v.n {
		return 0, nil, errMissing("number")
	}
	var bits uint64
	for k := range v.size {
		bits |= uint64(v.b[k*v.n+v.i]) << (8 * k)
	}
	v.i++
	return bits, nil, nil
}

// dictionary is the values that pages name by their index.
type dictionary struct {
	b    []byte
	ends []uint32 // of texts in b, which is no longer than pageBytesMax
	size int      // of numbers
	n    int
}

// index finds the values in b.
func (d *dictionary) index(n int, t format.Type, p *pool) error {
	d.size, d.ends, d.n = sizeOf(t), d.ends[:0], n
	switch t {
	case format.ByteArray:
	case format.Boolean:
		return fmt.Errorf("%w: a dictionary of %v", ErrUnsupported, t)
	default:
		if n > len(d.b)/d.size {
			return fmt.Errorf("%w: %d values in a dictionary of %d bytes", ErrDamaged, n, len(d.b))
		}
		return nil
	}
	if n > len(d.b)/4 { // the length alone takes so much
		return fmt.Errorf("%w: %d values in a dictionary of %d bytes", ErrDamaged, n, len(d.b))
	}
	if n > cap(d.ends) {
		if p.left -= 4 * (n - cap(d.ends)); p.left < 0 {
			return fmt.Errorf("%w: pages of more than %d bytes at once", ErrUnsupported, bufferBytesMax)
		}
		d.ends = make([]uint32, 0, n)
	}
	texts := plainTexts{d.b}
	for range n {
		if _, _, err := texts.next(); err != nil {
			return err
		}
		d.ends = append(d.ends, uint32(len(d.b)-len(texts.b)))
	}
	return nil
}

// indexed are values of a dictionary.
type indexed struct {
	words   *dictionary
	indexes hybrid
}

func (v *indexed) next() (uint64, []byte, error) {
	i, err := v.indexes.next()
	if err != nil {
		return 0, nil, err
	}
	d := v.words
	if uint64(i) >= uint64(d.n) {
		return 0, nil, fmt.Errorf("%w: index %d in a dictionary of %d", ErrDamaged, i, d.n)
	}
	if d.size > 0 {
		return number(d.b[int(i)*d.size:], d.size), nil, nil
	}
	from := uint32(0)
	if i > 0 {
		from = d.ends[i-1]
	}
	return 0, d.b[from+4 : d.ends[i]], nil
}
