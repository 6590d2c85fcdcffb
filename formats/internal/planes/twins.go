package planes

import "encoding/binary"

const (
	twinBits  = 12 // of the number of slots
	twinSize  = 8  // bytes that make a place
	twinStep  = 4  // vectors have a multiple of four values
	twinOneIn = 4  // bits: one place in 16 is remembered
	twinShare = 50 // one remembered place in so many may have been seen before
)

// twins looks for vectors that occur more than once, as those of answers that
// many questions share. Nothing in noise repeats but what was copied.
type twins struct {
	seen [1 << twinBits]uint64
}

// in tells whether so much of plane repeats that searching it for repeats is
// worth while. It remembers places by what is in them, so that a copy is found
// wherever it lies.
func (t *twins) in(plane []byte) bool {
	clear(t.seen[:])
	var places, again int
	for i := 0; i+twinSize <= len(plane); i += twinStep {
		v := binary.LittleEndian.Uint64(plane[i:])
		h := v * 0x9e3779b97f4a7c15
		if h>>(64-twinOneIn) != 0 {
			continue
		}
		places++
		slot := &t.seen[h<<twinOneIn>>(64-twinBits)]
		if *slot == v && v != 0 { // planes of zeros are the concern of others
			again++
		}
		*slot = v
	}
	return again*twinShare > places
}
