package foreign

import (
	"math"
	"strconv"

	"github.com/parquet-go/parquet-go/format"
)

// output is a row as JSON. It keeps no more than most bytes.
type output struct {
	b    []byte
	most int
	over bool // it was longer
}

func (o *output) reset() { o.b, o.over = o.b[:0], false }

func (o *output) mark() int { return len(o.b) }

// back takes out again what was appended since mark.
func (o *output) back(mark int) { o.b = o.b[:min(mark, len(o.b))] }

func (o *output) byte(c byte) {
	o.b = append(o.b, c)
	o.check()
}

func (o *output) bytes(s []byte) {
	o.b = append(o.b, s...)
	o.check()
}

func (o *output) text(s string) {
	o.b = append(o.b, s...)
	o.check()
}

// check lets go of a row that is too long: what follows is written over it.
func (o *output) check() {
	if len(o.b) > o.most {
		o.b, o.over = o.b[:0], true
	}
}

// value appends the value of a leaf, whose text or bits it is.
func (o *output) value(l *leaf, bits uint64, text []byte) {
	switch l.kind {
	case kindText:
		o.quoted(text)
	case kindInt:
		if l.physical == format.Int32 {
			bits = uint64(int64(int32(bits)))
		}
		o.b = strconv.AppendInt(o.b, int64(bits), 10)
	case kindUint:
		if l.physical == format.Int32 {
			bits = uint64(uint32(bits))
		}
		o.b = strconv.AppendUint(o.b, bits, 10)
	case kindFloat:
		o.float(float64(math.Float32frombits(uint32(bits))), 32)
	case kindDouble:
		o.float(math.Float64frombits(bits), 64)
	case kindBool:
		o.b = strconv.AppendBool(o.b, bits != 0)
	}
	o.check()
}

// float appends a number, or null for what JSON has no number for. Tables with
// gaps write NaN where nothing is.
func (o *output) float(f float64, size int) {
	switch a := math.Abs(f); {
	case math.IsNaN(f) || math.IsInf(f, 0):
		o.b = append(o.b, "null"...)
	case a < 1e21 && (a >= 1e-6 || a == 0):
		o.b = strconv.AppendFloat(o.b, f, 'f', -1, size)
	default:
		o.b = strconv.AppendFloat(o.b, f, 'e', -1, size)
	}
}

// quoted appends s as a JSON string, in pieces so that a long one is let go of
// before all of it is there.
func (o *output) quoted(s []byte) {
	const piece = 64 << 10
	o.b = append(o.b, '"')
	for len(s) > piece {
		o.b = appendEscaped(o.b, s[:piece])
		o.check()
		s = s[piece:]
	}
	o.b = appendEscaped(o.b, s)
	o.b = append(o.b, '"')
}

// appendEscaped appends s as it is inside of a JSON string. Bytes that are not
// UTF-8 stay as they are, for whoever reads them to see.
func appendEscaped(dst, s []byte) []byte {
	const hex = "0123456789abcdef"
	from := 0
	for i, c := range s {
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(dst, s[from:]...)
}
