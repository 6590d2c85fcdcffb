package foreign

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// hybrid reads Parquet's mix of runs of one number and groups of eight packed
// numbers. Nothing is unpacked before it is asked for, so that a run costs no
// memory however long it says it is.
type hybrid struct {
	b      []byte
	width  uint // bits of a number, at most 32
	left   int  // numbers of the run or groups at hand
	run    uint32
	packed []byte // not nil: of groups
	at     int    // in packed, in bits
}

func newHybrid(b []byte, width uint) hybrid { return hybrid{b: b, width: width} }

// widthOf is how many bits the numbers up to most take.
func widthOf(most uint64) uint { return uint(bits.Len64(most)) }

func (h *hybrid) next() (uint32, error) {
	for h.left == 0 {
		if err := h.refill(); err != nil {
			return 0, err
		}
	}
	h.left--
	if h.packed == nil {
		return h.run, nil
	}
	n := bitsAt(h.packed, h.at, h.width)
	h.at += int(h.width)
	return uint32(n), nil
}

// level is next where no number may be above most.
func (h *hybrid) level(most uint8) (uint8, error) {
	n, err := h.next()
	if err == nil && n > uint32(most) {
		err = fmt.Errorf("%w: %d, at most %d", ErrDamaged, n, most)
	}
	return uint8(n), err
}

func (h *hybrid) refill() error {
	if h.width == 0 { // only 0 takes no bits, and some writers write nothing at all
		h.left, h.run, h.packed = math.MaxInt32, 0, nil
		return nil
	}
	head, n := binary.Uvarint(h.b)
	if n <= 0 {
		return errMissing("run")
	}
	h.b = h.b[n:]
	count := min(head>>1, math.MaxInt32)
	if head&1 == 0 {
		size := int(h.width+7) / 8
		if len(h.b) < size {
			return errMissing("run")
		}
		var run [4]byte
		copy(run[:], h.b[:size])
		h.left, h.run, h.packed = int(count), binary.LittleEndian.Uint32(run[:]), nil
		h.b = h.b[size:]
		return nil
	}
	size := min(count*uint64(h.width), uint64(len(h.b))) // some writers leave the last group short
	h.packed, h.b, h.at = h.b[:size:size], h.b[size:], 0
	h.left = int(min(count*8, size*8/uint64(h.width)))
	return nil
}

// bitsAt is the number of width bits, at most 64, whose lowest bit is bit at of
// b. What is behind the end of b counts as 0.
func bitsAt(b []byte, at int, width uint) uint64 {
	if width == 0 {
		return 0
	}
	i, shift := at/8, uint(at%8)
	var low, high uint64
	if i+9 <= len(b) {
		low, high = binary.LittleEndian.Uint64(b[i:]), uint64(b[i+8])
	} else {
		var end [9]byte
		copy(end[:], b[min(i, len(b)):])
		low, high = binary.LittleEndian.Uint64(end[:]), uint64(end[8])
	}
	n := low >> shift
	if shift > 0 {
		n |= high << (64 - shift)
	}
	return n & (math.MaxUint64 >> (64 - width))
}
