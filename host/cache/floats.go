package cache

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// littleEndian says whether this machine stores numbers as the files do.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// Floats reads a payload of little-endian float32. It is a view of the payload
// where the machine allows it and a copy elsewhere, so it must not be written
// to. Bytes past the last whole number are ignored.
func Floats(payload []byte) []float32 {
	if v, ok := cast[float32](payload, littleEndian); ok {
		return v
	}
	v := make([]float32, len(payload)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(payload[4*i:]))
	}
	return v
}

// Bytes is the inverse of Floats: v as little-endian float32, a view where the
// machine allows it.
func Bytes(v []float32) []byte {
	if littleEndian {
		if len(v) == 0 {
			return nil
		}
		return unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), 4*len(v))
	}
	return appendFloats(nil, v)
}

func appendFloats(b []byte, v []float32) []byte {
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}

// cast reinterprets b as whole values of T, if b's bytes are in this machine's
// order (native) and aligned for T.
func cast[T any](b []byte, native bool) ([]T, bool) {
	var zero T
	n := len(b) / int(unsafe.Sizeof(zero))
	if n == 0 {
		return nil, true
	}
	p := unsafe.Pointer(&b[0])
	if !native || uintptr(p)%unsafe.Alignof(zero) != 0 {
		return nil, false
	}
	return unsafe.Slice((*T)(p), n), true
}
