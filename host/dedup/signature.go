package dedup

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/zeebo/xxh3"
)

// Signature is what Near needs to know of a pair: its shingles, and keys under
// which pairs with many shingles in common find one another. It takes 88 bytes
// and 8 for each shingle, of which there are about as many as words.
//
// It is specified, so that it is the same on every system and in every version:
//
//   - A shingle is the xxh3 hash of 64 bits, with a seed of its own for
//     question and answer, of three words' hashes in a row, or of five
//     characters where words do not serve, as in Chinese; equal ones count once.
//   - MinHash k of 128 is the least h·a + b (mod 2^64) over the shingles h.
//     b and, with the lowest bit set, a are the outputs 2k+1 and 2k of SplitMix64
//     from the state 0x63756265736574.
//   - Key i of 16 is the low half of the xxh3 hash of the MinHashes 8i to 8i+7,
//     little-endian.
//
// What is a letter is up to the Unicode version of package unicode.
type Signature struct {
	keys     keys
	shingles []uint64 // ascending, each once
}

// Sign makes the signature of a pair of folded texts. It may be called from
// several goroutines.
func Sign(question, answer string) Signature {
	var room [256]uint64
	s := appendShingles(room[:0], question, questionSeed)
	s = appendShingles(s, answer, answerSeed)
	slices.Sort(s)
	s = slices.Compact(s)
	own := make([]uint64, len(s)) // room is on the stack, for all but long texts
	copy(own, s)
	return Signature{keys: bandKeys(own), shingles: own}
}

// jaccard is the share of the shingles of both that both have.
func jaccard(a, b []uint64) float64 {
	all, both := len(a)+len(b), 0
	if all == 0 {
		return 1
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		x, y := a[i], b[j]
		if x == y {
			both++
		}
		if x <= y {
			i++
		}
		if y <= x {
			j++
		}
	}
	return float64(both) / float64(all-both)
}

const (
	permutations = 128
	bandRows     = permutations / bands // MinHashes in a key
	minHashSeed  = 0x63756265736574
)

// multiply and add are the numbers of each permutation.
var multiply, add = func() (a, b [permutations]uint64) {
	s := splitMix(minHashSeed)
	for k := range a {
		a[k], b[k] = s.next()|1, s.next()
	}
	return a, b
}()

func bandKeys(shingles []uint64) (k keys) {
	var b [8 * bandRows]byte
	for band := range k {
		for i := 0; i < bandRows; i += 4 {
			for j, m := range minHashes(shingles, band*bandRows+i) {
				binary.LittleEndian.PutUint64(b[8*(i+j):], m)
			}
		}
		k[band] = uint32(xxh3.Hash(b[:]))
	}
	return k
}

// minHashes is the MinHashes k to k+3: four at a time keep the processor busy
// while each waits for its last minimum.
func minHashes(shingles []uint64, k int) [4]uint64 {
	a, b := multiply[k:k+4:k+4], add[k:k+4:k+4]
	a0, a1, a2, a3 := a[0], a[1], a[2], a[3]
	b0, b1, b2, b3 := b[0], b[1], b[2], b[3]
	m0, m1, m2, m3 := uint64(math.MaxUint64), uint64(math.MaxUint64), uint64(math.MaxUint64), uint64(math.MaxUint64)
	for _, h := range shingles {
		m0 = min(m0, h*a0+b0)
		m1 = min(m1, h*a1+b1)
		m2 = min(m2, h*a2+b2)
		m3 = min(m3, h*a3+b3)
	}
	return [4]uint64{m0, m1, m2, m3}
}
