package tensor

import (
	"encoding/binary"
	"math"
	"slices"
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
	b = slices.Grow(b, 4*len(v))[:at+4*len(v)]
	dst := b[at:]
	var signs, one uint64
	for len(v) >= 8 && len(dst) >= 32 {
		x0, x1, x2, x3 := two(v[0], v[1]), two(v[2], v[3]), two(v[4], v[5]), two(v[6], v[7])
		binary.LittleEndian.PutUint64(dst[0:], x0)
		binary.LittleEndian.PutUint64(dst[8:], x1)
		binary.LittleEndian.PutUint64(dst[16:], x2)
		binary.LittleEndian.PutUint64(dst[24:], x3)
		signs |= (x0&(exponent*pair) + carry*pair) | (x1&(exponent*pair) + carry*pair)
		one |= (x2&(exponent*pair) + carry*pair) | (x3&(exponent*pair) + carry*pair)
		v, dst = v[8:], dst[32:]
	}
	for i, f := range v {
		x := math.Float32bits(f)
		binary.LittleEndian.PutUint32(dst[4*i:], x)
		signs |= uint64(x&exponent + carry)
	}
	return b, (signs|one)&(sign*pair) == 0
}

func two(a, b float32) uint64 {
	return uint64(math.Float32bits(a)) | uint64(math.Float32bits(b))<<32
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
