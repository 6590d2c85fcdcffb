package tensor

import (
	"encoding/binary"
	"math"
	"slices"
	"unsafe"
)

// All ones in the exponent is what NaN and the infinities have in common and no
// other float has; one more then carries into the sign.
const (
	exponent = 0x7f800000
	carry    = 0x00800000
	sign     = 0x80000000

	pair = 1<<32 | 1 // times a word: two of it side by side
)

// appendFloats appends v to b, little endian, and tells whether all of v is
// finite.
func appendFloats(b []byte, v []float32) (_ []byte, finite bool) {
	at := len(b)
	if nativeLittle && len(v) > 0 {
		b = append(b, unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), 4*len(v))...)
	} else {
		for _, f := range v {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
		}
	}
	return b, allFinite(b[at:])
}

// nativeLittle is how all but few machines keep a float.
var nativeLittle = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// allFinite looks at values of four bytes each, two at a time.
func allFinite(b []byte) bool {
	const exponents, carries, signs = exponent * pair, carry * pair, sign * pair
	var x, y uint64
	for len(b) >= 32 {
		x |= binary.LittleEndian.Uint64(b)&exponents + carries
		y |= binary.LittleEndian.Uint64(b[8:])&exponents + carries
		x |= binary.LittleEndian.Uint64(b[16:])&exponents + carries
		y |= binary.LittleEndian.Uint64(b[24:])&exponents + carries
		b = b[32:]
	}
	for len(b) >= 4 {
		x |= uint64(binary.LittleEndian.Uint32(b)&exponent + carry)
		b = b[4:]
	}
	return (x|y)&signs == 0
}

// notFinite is the place of the first NaN or infinity in v, or -1.
func notFinite(v []float32) int {
	var signs uint32
	for _, f := range v {
		signs |= math.Float32bits(f)&exponent + carry
	}
	if signs&sign == 0 {
		return -1
	}
	return slices.IndexFunc(v, func(f float32) bool { return math.Float32bits(f)&exponent == exponent })
}
