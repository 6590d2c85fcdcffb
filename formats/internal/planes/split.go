package planes

import (
	"encoding/binary"
	"slices"
)

// AppendSplit appends to dst the values of src, four bytes each, with those
// bytes kept apart: the first of every value, then the second, and so on.
func AppendSplit(dst, src []byte) []byte {
	n, at := len(src)/4, len(dst)
	dst = slices.Grow(dst, 4*n)[:at+4*n]
	a, b, c, d := dst[at:][:n], dst[at+n:][:n], dst[at+2*n:][:n], dst[at+3*n:][:n]
	for len(src) >= 32 && len(a) >= 8 && len(b) >= 8 && len(c) >= 8 && len(d) >= 8 {
		p0, p1, p2, p3 := eight(
			binary.LittleEndian.Uint64(src[0:]), binary.LittleEndian.Uint64(src[8:]),
			binary.LittleEndian.Uint64(src[16:]), binary.LittleEndian.Uint64(src[24:]))
		binary.LittleEndian.PutUint64(a, p0)
		binary.LittleEndian.PutUint64(b, p1)
		binary.LittleEndian.PutUint64(c, p2)
		binary.LittleEndian.PutUint64(d, p3)
		src, a, b, c, d = src[32:], a[8:], b[8:], c[8:], d[8:]
	}
	for i := range a {
		a[i], b[i], c[i], d[i] = src[4*i], src[4*i+1], src[4*i+2], src[4*i+3]
	}
	return dst
}

// eight splits eight values, two in a word: in each half of a word it exchanges
// bytes of neighbours, and then pairs of bytes.
func eight(v01, v23, v45, v67 uint64) (p0, p1, p2, p3 uint64) {
	const half, even, low = 1<<32 - 1, 0x00ff00ff00ff00ff, 0x0000ffff0000ffff
	v04, v15 := v01&half|v45<<32, v01>>32|v45&^half
	v26, v37 := v23&half|v67<<32, v23>>32|v67&^half
	a, b := v04&even|v15&even<<8, v04>>8&even|v15&^even
	c, d := v26&even|v37&even<<8, v26>>8&even|v37&^even
	return a&low | c&low<<16, b&low | d&low<<16, a>>16&low | c&^low, b>>16&low | d&^low
}
