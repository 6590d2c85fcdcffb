// Package array reads and writes arrays of floating-point numbers: NumPy's
// .npy and .npz files, and .safetensors. It reads headers first and values only
// where they are asked for, so that a file may be larger than memory.
//
// A file is foreign bytes: no header, however damaged, makes a reader panic or
// ask for more memory than the header has bytes.
package array

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// What callers match on with errors.Is.
var (
	ErrDamaged = errors.New("damaged array file")
	ErrType    = errors.New("unusable array") // sound, but not little-endian floats in row-major order
)

const (
	directionsMax = 32
	bufferBytes   = 32 << 10 // of Floats
)

// Type is how a value is stored, in the words of safetensors.
type Type string

// The types whose values can be read.
const (
	F16  Type = "F16"
	BF16 Type = "BF16"
	F32  Type = "F32"
	F64  Type = "F64"
)

// width is the number of bytes of a value, 0 for types this package cannot read.
func (t Type) width() int {
	switch t {
	case F16, BF16:
		return 2
	case F32:
		return 4
	case F64:
		return 8
	}
	return 0
}

// Header is an array: what it looks like and where it is in its file. Its values
// are in row-major order, the last direction running fastest.
type Header struct {
	Shape  []int // outermost first; empty is a single value
	Type   Type
	Offset int64 // of the first value, in bytes from the start of the file
}

// Size is the number of values.
func (h Header) Size() int64 {
	n := int64(1)
	for _, d := range h.Shape {
		n *= int64(d)
	}
	return n
}

// Floats fills dst with the values [at, at+len(dst)). F16 and BF16 are exact in
// float32; F64 is rounded to the nearest, and what is too large for a float32
// becomes an infinity. r is the file that h was read from.
func (h Header) Floats(r io.ReaderAt, dst []float32, at int64) error {
	width := h.Type.width()
	if width == 0 {
		return fmt.Errorf("%w: type %q is none of F16, BF16, F32, F64", ErrType, clip(string(h.Type)))
	}
	if size := h.Size(); at < 0 || at > size || int64(len(dst)) > size-at {
		return fmt.Errorf("values %d to %d are outside of an array of %d", at, at+int64(len(dst)), size)
	}
	buffer := make([]byte, min(len(dst)*width, bufferBytes))
	for len(dst) > 0 {
		n := min(len(dst), bufferBytes/width)
		b := buffer[:n*width]
		if got, err := r.ReadAt(b, h.Offset+at*int64(width)); got < len(b) {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("value %d: %w", at+int64(got/width), err)
		}
		h.Type.decode(dst[:n], b)
		dst, at = dst[n:], at+int64(n)
	}
	return nil
}

// decode turns stored values into float32.
func (t Type) decode(dst []float32, b []byte) {
	switch t {
	case F16:
		for i := range dst {
			dst[i] = half(binary.LittleEndian.Uint16(b[2*i:]))
		}
	case BF16: // the upper half of a float32
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(b[2*i:])) << 16)
		}
	case F32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
	case F64:
		for i := range dst {
			dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:])))
		}
	}
}

// half is the value of an IEEE 754 binary16: a sign, 5 bits of exponent with
// bias 15, 10 bits of fraction.
func half(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exponent, fraction := uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exponent {
	case 0: // zero, or fraction · 2^-24
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 0x1f: // infinity, or NaN
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// fit checks that an array of this shape, of width bytes a value, takes at most
// limit bytes, and returns how many it takes.
func fit(shape []int, width int, limit int64) (int64, error) {
	if len(shape) > directionsMax {
		return 0, fmt.Errorf("%d directions, at most %d", len(shape), directionsMax)
	}
	if i := slices.IndexFunc(shape, func(d int) bool { return d < 0 }); i >= 0 {
		return 0, fmt.Errorf("direction %d has %d values", i, shape[i])
	}
	if slices.Contains(shape, 0) {
		return 0, nil
	}
	bytes := int64(width)
	for _, d := range shape {
		if int64(d) > limit/bytes {
			return 0, fmt.Errorf("shape %v of %d bytes a value does not fit into %d bytes", shape, width, limit)
		}
		bytes *= int64(d)
	}
	if bytes > limit {
		return 0, fmt.Errorf("a value of %d bytes does not fit into %d bytes", width, limit)
	}
	return bytes, nil
}

// clip keeps foreign text in an error message short.
func clip(s string) string {
	const clipMax = 64
	if len(s) > clipMax {
		return s[:clipMax] + "…"
	}
	return s
}
