package tensor

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// cutLevels parts a page of version 1 into its next levels, which come behind
// their length, and the rest.
func cutLevels(page []byte) (levels, rest []byte, err error) {
	if len(page) < 4 {
		return nil, nil, fmt.Errorf("%w: levels are missing", ErrDamaged)
	}
	size := binary.LittleEndian.Uint32(page)
	if uint64(size) > uint64(len(page)-4) {
		return nil, nil, fmt.Errorf("%w: %d bytes of levels in a page of %d", ErrDamaged, size, len(page))
	}
	return page[4 : 4+size], page[4+size:], nil
}

// tensorLevels are the levels of rows without nulls, size values each, as runs.
// A repetition of 0 starts a row; a definition of 2 says that a value is there.
func tensorLevels(rows, size int) (repeats, defined []byte) {
	defined = run(nil, 2, rows*size)
	if size == 1 {
		return run(nil, 0, rows), defined
	}
	row := run(run(nil, 0, 1), 1, size-1)
	return bytes.Repeat(row, rows), defined
}

// packLevels are levels of 0 and 1 as one run if they are all the same, and
// otherwise packed, eight in a byte.
func packLevels(levels []byte) []byte {
	if n := bytes.Count(levels, []byte{1}); n == 0 || n == len(levels) {
		return run(nil, levels[0], len(levels))
	}
	groups := (len(levels) + 7) / 8
	dst := binary.AppendUvarint(nil, uint64(groups)<<1|1)
	at := len(dst)
	dst = append(dst, make([]byte, groups)...)
	for i, v := range levels {
		dst[at+i/8] |= v << (i % 8)
	}
	return dst
}

// run appends n levels of up to eight bits that are the same.
func run(dst []byte, level byte, n int) []byte {
	return append(binary.AppendUvarint(dst, uint64(n)<<1), level)
}

// expandLevels decodes n levels of width bits each, in Parquet's mix of runs
// and packed groups.
func expandLevels(dst, src []byte, width uint, n int) ([]byte, error) {
	dst = dst[:0]
	for len(dst) < n {
		head, used := binary.Uvarint(src)
		if used <= 0 {
			return dst, fmt.Errorf("%w: %d levels of %d", ErrDamaged, len(dst), n)
		}
		src = src[used:]
		missing := n - len(dst)
		if head&1 == 0 { // a run
			if head>>1 > uint64(missing) || len(src) == 0 {
				return dst, fmt.Errorf("%w: a run beyond %d levels", ErrDamaged, n)
			}
			dst = appendRun(dst, src[0], int(head>>1))
			src = src[1:]
			continue
		}
		groups := head >> 1 // of eight levels, width bytes each
		if groups > uint64(len(src))/uint64(width) {
			return dst, fmt.Errorf("%w: packed levels beyond their end", ErrDamaged)
		}
		packed := src[:groups*uint64(width)]
		src = src[len(packed):]
		for i := range min(missing, int(groups)*8) {
			bit := uint(i) * width
			dst = append(dst, packed[bit/8]>>(bit%8)&(1<<width-1)) // width 1 or 2: never across a byte
		}
	}
	return dst, nil
}

// appendRun doubles what it has instead of going byte by byte: the levels of
// tensors are all runs.
func appendRun(dst []byte, v byte, n int) []byte {
	at := len(dst)
	dst = slices.Grow(dst, n)[:at+n]
	run := dst[at:]
	if n > 0 {
		run[0] = v
	}
	for done := 1; done < n; done *= 2 {
		copy(run[done:], run[:done])
	}
	return dst
}
