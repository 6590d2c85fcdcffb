package tensor

import (
	"encoding/binary"
	"fmt"
)

// expandLevels decodes n levels of width bits each, in Parquet's mix of runs
// and packed groups, behind their length at the front of page. It returns the
// levels and the rest of the page.
func expandLevels(dst, page []byte, width uint, n int) (levels, rest []byte, err error) {
	if len(page) < 4 {
		return nil, nil, fmt.Errorf("%w: levels are missing", ErrDamaged)
	}
	size := binary.LittleEndian.Uint32(page)
	if uint64(size) > uint64(len(page)-4) {
		return nil, nil, fmt.Errorf("%w: %d bytes of levels in a page of %d", ErrDamaged, size, len(page))
	}
	src, rest := page[4:4+size], page[4+size:]
	dst = dst[:0]
	for len(dst) < n {
		head, used := binary.Uvarint(src)
		if used <= 0 {
			return nil, nil, fmt.Errorf("%w: %d levels of %d", ErrDamaged, len(dst), n)
		}
		src = src[used:]
		missing := n - len(dst)
		if head&1 == 0 { // a run
			if head>>1 > uint64(missing) || len(src) == 0 {
				return nil, nil, fmt.Errorf("%w: a run beyond %d levels", ErrDamaged, n)
			}
			for range head >> 1 {
				dst = append(dst, src[0])
			}
			src = src[1:]
			continue
		}
		groups := head >> 1 // of eight levels, width bytes each
		if groups > uint64(len(src))/uint64(width) {
			return nil, nil, fmt.Errorf("%w: packed levels beyond their end", ErrDamaged)
		}
		packed := src[:groups*uint64(width)]
		src = src[len(packed):]
		for i := range min(missing, int(groups)*8) {
			bit := uint(i) * width
			dst = append(dst, packed[bit/8]>>(bit%8)&(1<<width-1)) // width 1 or 2: never across a byte
		}
	}
	return dst, rest, nil
}
