package foreign

import (
	"encoding/binary"
	"fmt"
)

// delta reads DELTA_BINARY_PACKED: a first number, then blocks of differences,
// each less than the block's smallest one by what is packed in miniblocks of
// one width each. It unpacks a number at a time.
type delta struct {
	b      []byte // behind the miniblock at hand
	minis  int    // in a block
	per    int    // numbers in a miniblock
	left   uint64 // numbers
	last   uint64
	begun  bool
	least  uint64
	widths []byte // of the miniblocks of the block that were not reached
	mini   []byte
	width  uint
	at, n  int // in mini: bits, and numbers left
}

func newDelta(b []byte) (delta, error) {
	d := delta{}
	var head [4]uint64
	for i := range head {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return d, errMissing("number")
		}
		head[i], b = v, b[n:]
	}
	const blockMax, minisMax = 1 << 20, 1 << 12
	size, minis := head[0], head[1]
	if size == 0 || size > blockMax || minis == 0 || minis > minisMax || size%minis != 0 || size/minis%32 != 0 {
		return d, fmt.Errorf("%w: blocks of %d numbers in %d parts", ErrDamaged, size, minis)
	}
	if head[2] > pageEntriesMax {
		return d, fmt.Errorf("%w: %d numbers, at most %d", ErrDamaged, head[2], pageEntriesMax)
	}
	d.b, d.minis, d.per, d.left, d.last = b, int(minis), int(size/minis), head[2], unzigzag(head[3])
	return d, nil
}

func unzigzag(v uint64) uint64 { return v>>1 ^ -(v & 1) }

func (d *delta) next() (uint64, error) {
	if d.left == 0 {
		return 0, errMissing("number")
	}
	d.left--
	if !d.begun {
		d.begun = true
		return d.last, nil
	}
	if d.n == 0 {
		if err := d.refill(); err != nil {
			return 0, err
		}
	}
	d.n--
	d.last += d.least + bitsAt(d.mini, d.at, d.width)
	d.at += int(d.width)
	return d.last, nil
}

// refill goes to the next miniblock.
func (d *delta) refill() error {
	if len(d.widths) == 0 {
		v, n := binary.Uvarint(d.b)
		if n <= 0 || len(d.b)-n < d.minis {
			return errMissing("block")
		}
		d.least = unzigzag(v)
		d.widths, d.b = d.b[n:n+d.minis], d.b[n+d.minis:]
	}
	d.width, d.widths = uint(d.widths[0]), d.widths[1:]
	size := d.per / 8 * int(d.width)
	if d.width > 64 || len(d.b) < size {
		return errMissing("block")
	}
	d.mini, d.b = d.b[:size], d.b[size:]
	d.at, d.n = 0, d.per
	return nil
}

// rest is what stands behind all numbers. d itself stays where it is.
func (d delta) rest() ([]byte, error) {
	for d.left > 0 {
		if d.n == 0 && d.begun {
			if err := d.refill(); err != nil {
				return nil, err
			}
		}
		if !d.begun {
			d.begun = true
			d.left--
			continue
		}
		d.left -= min(d.left, uint64(d.n)) // a whole miniblock
		d.n = 0
	}
	return d.b, nil
}

type deltaNumbers struct{ d delta }

func (v *deltaNumbers) next() (uint64, []byte, error) {
	n, err := v.d.next()
	return n, nil, err
}

// deltaTexts reads DELTA_LENGTH_BYTE_ARRAY: all lengths, then all texts.
type deltaTexts struct {
	lengths delta
	b       []byte
}

func newDeltaTexts(b []byte) (*deltaTexts, error) {
	d, err := newDelta(b)
	if err != nil {
		return nil, err
	}
	if b, err = d.rest(); err != nil {
		return nil, err
	}
	return &deltaTexts{d, b}, nil
}

func (v *deltaTexts) next() (uint64, []byte, error) {
	n, err := v.lengths.next()
	if err != nil {
		return 0, nil, err
	}
	if n > uint64(len(v.b)) {
		return 0, nil, errMissing("text")
	}
	text := v.b[:n]
	v.b = v.b[n:]
	return 0, text, nil
}

// frontCoded reads DELTA_BYTE_ARRAY: how much each text has in common with the
// one before it, then what follows that.
type frontCoded struct {
	common delta
	ends   *deltaTexts
	last   []byte
}

func newFrontCoded(b []byte) (*frontCoded, error) {
	d, err := newDelta(b)
	if err != nil {
		return nil, err
	}
	if b, err = d.rest(); err != nil {
		return nil, err
	}
	ends, err := newDeltaTexts(b)
	if err != nil {
		return nil, err
	}
	return &frontCoded{common: d, ends: ends}, nil
}

func (v *frontCoded) next() (uint64, []byte, error) {
	n, err := v.common.next()
	if err != nil {
		return 0, nil, err
	}
	_, end, err := v.ends.next()
	if err != nil {
		return 0, nil, err
	}
	if n > uint64(len(v.last)) {
		return 0, nil, fmt.Errorf("%w: %d bytes in common with a text of %d", ErrDamaged, n, len(v.last))
	}
	v.last = append(v.last[:n], end...) // the texts of a page add up to no more than the page
	return 0, v.last, nil
}
