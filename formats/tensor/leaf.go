package tensor

import (
	"encoding/binary"
	"math"

	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/format"
)

// pageBytes is how much a page holds when it is cut.
const pageBytes = 1 << 20

// leaf is a column being written. It takes the value of one row after the
// other and makes pages of them, which it holds until the row group ends.
type leaf struct {
	column    column
	path      []string
	size      int // values a row
	version   int // of the pages
	split     bool
	encodings []format.Encoding // of the values, then of the levels
	codec     compress.Codec
	full      int // bytes of a page that is to be cut

	// The page being filled.
	values []byte // PLAIN
	levels []byte // of a nullable column: 1 where there is a value
	rows   int
	bounds bounds

	pages   []page // finished
	scratch []byte
	spare   [][]byte // buffers of pages that are written
}

func newLeaf(c column, l layout, size int) leaf {
	f := leaf{
		column: c, path: c.path(), size: 1, version: l.pages, encodings: []format.Encoding{format.Plain},
		codec: new(allLiterals), full: pageBytes, bounds: bounds{kind: c.kind},
	}
	if c.kind == tensors {
		f.size, f.split, f.codec = size, l.split, l.tensors
		f.full = (pageBytes + 4*size - 1) / (4 * size) * (4 * size)
	}
	if f.split {
		f.encodings[0] = format.ByteStreamSplit
	}
	if c.nullable || c.kind == tensors {
		f.encodings = append(f.encodings, format.RLE)
	}
	return f
}

// text takes the next row's value. Where there may be null, "" is null.
func (l *leaf) text(s string) {
	if l.there(s != "") {
		l.values = binary.LittleEndian.AppendUint32(l.values, uint32(len(s)))
		l.values = append(l.values, s...)
		l.bound(len(s))
	}
}

func (l *leaf) int32(v int32, there bool)     { l.bits32(uint32(v), there) }
func (l *leaf) float32(v float32, there bool) { l.bits32(math.Float32bits(v), there) }

func (l *leaf) bits32(v uint32, there bool) {
	if l.there(there) {
		l.values = binary.LittleEndian.AppendUint32(l.values, v)
		l.bound(4)
	}
}

func (l *leaf) int64(v int64) {
	l.values = binary.LittleEndian.AppendUint64(l.values, uint64(v))
	l.bound(8)
}

// tensor takes the next row's values and tells whether all of them are finite.
func (l *leaf) tensor(v []float32) (finite bool) {
	if l.values == nil {
		l.values = l.buffer(l.full * min(len(l.pages), 1)) // who has filled a page will fill more
	}
	l.values, finite = appendFloats(l.values, v)
	return finite
}

// there notes whether the row has a value, and tells if it is to be written.
func (l *leaf) there(value bool) bool {
	switch {
	case !l.column.nullable:
		return true
	case value:
		l.levels = append(l.levels, 1)
	default:
		l.levels = append(l.levels, 0)
	}
	return value
}

// bound counts in the value of the last n bytes.
func (l *leaf) bound(n int) {
	if !l.column.bare {
		l.bounds.add(l.values[len(l.values)-n:])
	}
}

// endRow ends the page too, if it is full.
func (l *leaf) endRow() error {
	if l.rows++; len(l.values) < l.full {
		return nil
	}
	return l.endPage()
}

// buffer is one of the spare ones, or new with room for n bytes.
func (l *leaf) buffer(n int) []byte {
	last := len(l.spare) - 1
	if last < 0 {
		return make([]byte, 0, n)
	}
	b := l.spare[last]
	l.spare = l.spare[:last]
	return b[:0]
}
