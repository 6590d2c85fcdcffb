package dedup

import (
	"math"
	"math/bits"
)

const (
	sketchBits    = 256
	rotationTurns = 3
)

// sketch is on which side of each of 256 planes a vector lies: of two vectors
// with the angle φ between them, every bit differs with probability φ/π.
type sketch [sketchBits / 64]uint64

// rotation is a pseudo-random rotation, up to a factor. The planes of a sketch
// are those of the first 256 axes after it.
//
// The vector is padded with zeros to a power of two of values. Then, three
// times, each value's sign is turned or not, by one bit of SplitMix64 from the
// seed on (bit i mod 64 of output i/64; 1 turns), and the Walsh-Hadamard
// transform is taken, in place and without a factor: for h = 1, 2, 4 …, x and y
// that are h apart become x+y and x−y. That is a sixth of the work of 256 products
// with normally distributed vectors, and serves as well. As all of it is
// additions, the bits are the same on every machine.
type rotation struct {
	signs []uint64 // rotationTurns times a bit a value
	turn  []float32
}

func newRotation(dims int, seed uint64) rotation {
	size := max(sketchBits, 1<<bits.Len(uint(dims-1)))
	r := rotation{signs: make([]uint64, rotationTurns*size/64), turn: make([]float32, size)}
	s := splitMix(seed)
	for i := range r.signs {
		r.signs[i] = s.next()
	}
	return r
}

// sketch returns the sketch of v.
func (r *rotation) sketch(v []float32) (s sketch) {
	clear(r.turn[copy(r.turn, v):])
	words := len(r.turn) / 64
	for turn := range rotationTurns {
		for i, word := range r.signs[turn*words : (turn+1)*words] {
			turnSigns(r.turn[64*i:64*i+64], word)
		}
		hadamard(r.turn)
	}
	for i, x := range r.turn[:sketchBits] {
		if x > 0 {
			s[i/64] |= 1 << (i % 64)
		}
	}
	return s
}

// distance is the number of bits in which s and t differ.
func (s *sketch) distance(t *sketch) int {
	n := 0
	for i, w := range s {
		n += bits.OnesCount64(w ^ t[i])
	}
	return n
}

func turnSigns(v []float32, word uint64) {
	for i, x := range v {
		v[i] = math.Float32frombits(math.Float32bits(x) ^ uint32(word>>(i%64)&1)<<31)
	}
}

// hadamard takes h = 1, 2 and 4 in one go: short loops cost more than what is
// in them.
func hadamard(v []float32) {
	for i := 0; i+8 <= len(v); i += 8 {
		w := v[i : i+8 : i+8]
		a, b, c, d := w[0]+w[1], w[0]-w[1], w[2]+w[3], w[2]-w[3]
		e, f, g, h := w[4]+w[5], w[4]-w[5], w[6]+w[7], w[6]-w[7]
		a, b, c, d = a+c, b+d, a-c, b-d
		e, f, g, h = e+g, f+h, e-g, f-h
		w[0], w[1], w[2], w[3] = a+e, b+f, c+g, d+h
		w[4], w[5], w[6], w[7] = a-e, b-f, c-g, d-h
	}
	for h := 8; h < len(v); h *= 2 {
		for i := 0; i < len(v); i += 2 * h {
			a, b := v[i:i+h], v[i+h:i+2*h]
			b = b[:len(a)]
			for j, x := range a {
				y := b[j]
				a[j], b[j] = x+y, x-y
			}
		}
	}
}
