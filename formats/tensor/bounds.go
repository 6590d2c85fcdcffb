package tensor

import (
	"bytes"
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// boundMax is how long a bound may be: a longer text is cut, in a way that
// keeps it a bound.
const boundMax = 64

// bounds are the least and the largest of some values, each PLAIN but a text
// without its length.
type bounds struct {
	kind     kind
	any      bool
	min, max []byte
}

// add counts a value in.
func (b *bounds) add(v []byte) {
	if !b.any || b.less(v, b.min) {
		b.min = append(b.min[:0], v...)
	}
	if !b.any || b.less(b.max, v) {
		b.max = append(b.max[:0], v...)
	}
	b.any = true
}

// merge counts in all that other bounds hold.
func (b *bounds) merge(other *bounds) {
	if other.any {
		b.add(other.min)
		b.add(other.max)
	}
}

func (b *bounds) less(x, y []byte) bool {
	switch b.kind {
	case int32s:
		return int32(binary.LittleEndian.Uint32(x)) < int32(binary.LittleEndian.Uint32(y))
	case int64s:
		return int64(binary.LittleEndian.Uint64(x)) < int64(binary.LittleEndian.Uint64(y))
	case float32s:
		return math.Float32frombits(binary.LittleEndian.Uint32(x)) < math.Float32frombits(binary.LittleEndian.Uint32(y))
	}
	return bytes.Compare(x, y) < 0
}

// written are copies of the bounds as a file has them, nil without a value.
func (b *bounds) written() (low, high []byte) {
	if !b.any {
		return nil, nil
	}
	low, high = bytes.Clone(b.min), bytes.Clone(b.max)
	switch b.kind {
	case text:
		return cutLow(low), cutHigh(high)
	case float32s: // a zero bound stands for both zeros
		if binary.LittleEndian.Uint32(low) == 0 {
			low[3] = 0x80
		}
		if binary.LittleEndian.Uint32(high) == 1<<31 {
			high[3] = 0
		}
	}
	return low, high
}

// cutLow is the front of s, which is not above s.
func cutLow(s []byte) []byte {
	if len(s) <= boundMax {
		return s
	}
	n := boundMax
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// cutHigh is the front of s with its last character that can be replaced by the
// next, which is above all that begins like s.
func cutHigh(s []byte) []byte {
	front := cutLow(s)
	if len(front) == len(s) {
		return s
	}
	for len(front) > 0 {
		r, n := utf8.DecodeLastRune(front)
		front = front[:len(front)-n]
		switch {
		case r == 0xd7ff:
			return utf8.AppendRune(front, 0xe000) // what lies between are no characters
		case r < utf8.MaxRune:
			return utf8.AppendRune(front, r+1)
		}
	}
	return s
}
