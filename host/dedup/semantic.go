package dedup

import (
	"fmt"
	"math"
	"slices"
)

const (
	semanticThresholdMin = 0.9 // below it, too many near rows are not found
	semanticWalkMax      = 1024
	semanticChecksMax    = 256
	distanceDeviations   = 4 // how much further apart than expected two sketches may be
)

// Semantic keeps the first of every set of rows whose vectors point the same
// way. A row has one vector or several; two rows are near if the cosine of each
// vector with its counterpart is at least a threshold. Each row is held against
// those kept before it.
//
// No row below the threshold is ever dropped: the cosine of every candidate is
// computed from the vectors themselves, in float64, and rounded to float32. The
// candidates come from sketches of 256 bits (see rotation) and 16 tables, each
// of 16 bits. A near row is found with a probability that grows with the cosine:
//
//	0.90   0.95   0.97   0.98   0.99
//	75 %   96 %   99.4 %  99.9 %  all
//
// Of more than 1024 kept rows in one bucket only the newest are looked at, and
// of those only the 256 whose sketches are nearest are computed, so that the
// time of a call has a bound.
//
// It holds 4 bytes for each value of every kept vector, and some 250 bytes a
// row: 3.3 kB for one vector of 768 values, 6.4 kB for two. It is not safe for
// use by several goroutines: the order of the calls is what "first" means.
type Semantic struct {
	threshold   float32
	distanceMax int
	dims        int
	rotation    rotation
	buckets     buckets
	rows        []semanticRow
	kept        int64
	found       []uint64 // scratch: distance<<32 | row
}

type semanticRow struct {
	sketch  sketch
	vectors []float32 // all of the row's, one after the other
	squares []float64 // the dot product of each vector with itself
}

// NewSemantic makes a Semantic that has seen nothing, for vectors of dims
// values. The threshold is a cosine in 0.9..1; the seed chooses the planes.
func NewSemantic(dims int, threshold float32, seed uint64) (*Semantic, error) {
	if dims < 1 {
		return nil, fmt.Errorf("vectors of %d values", dims)
	}
	if !(threshold >= semanticThresholdMin && threshold <= 1) {
		return nil, fmt.Errorf("threshold %v is outside %v..1", threshold, semanticThresholdMin)
	}
	differ := math.Acos(float64(threshold)) / math.Pi // probability of a bit
	deviation := math.Sqrt(sketchBits * differ * (1 - differ))
	return &Semantic{
		threshold:   threshold,
		distanceMax: 1 + int(math.Ceil(sketchBits*differ+distanceDeviations*deviation)),
		dims:        dims,
		rotation:    newRotation(dims, seed),
		buckets:     newBuckets(semanticWalkMax),
	}, nil
}

// First says whether a row is near no row kept so far, and then keeps a copy of
// it. Every row has the same number of vectors, which need not be of length 1;
// a vector of zeros, or with a value that is not finite, is near none.
//
// The kept rows are numbered from 0 in the order in which they came: twin is
// the number of one that this row is near, or this row's own if ok; cosine is
// that of the two rows' least alike vectors, or 0 if ok.
func (s *Semantic) First(vectors ...[]float32) (twin int64, cosine float32, ok bool) {
	sketch, squares := s.sketch(vectors), make([]float64, len(vectors))
	for i, v := range vectors {
		squares[i] = dot(v, v)
	}
	keys := sketch.keys()
	s.found = s.found[:0]
	for row := range s.buckets.sharing(&keys) {
		if d := sketch.distance(&s.rows[row].sketch); d <= s.distanceMax {
			s.found = append(s.found, uint64(d)<<32|uint64(row))
		}
	}
	slices.Sort(s.found)
	for i, f := range slices.Compact(s.found) {
		if i == semanticChecksMax {
			break
		}
		row := uint32(f)
		if c := s.cosine(&s.rows[row], vectors, squares); c >= s.threshold {
			return int64(row), c, false
		}
	}
	if s.buckets.add(&keys) {
		s.rows = append(s.rows, semanticRow{sketch, slices.Concat(vectors...), squares})
	}
	s.kept++
	return s.kept - 1, 0, true
}

// Len is the number of rows kept.
func (s *Semantic) Len() int64 { return s.kept }

// sketch takes each bit from one of the vectors in turn, so that each decides
// an equal share of every key.
func (s *Semantic) sketch(vectors [][]float32) (all sketch) {
	for i, v := range vectors {
		one := s.rotation.sketch(v)
		for bit := i; bit < sketchBits; bit += len(vectors) {
			all[bit/64] |= one[bit/64] & (1 << (bit % 64))
		}
	}
	return all
}

func (s *sketch) keys() (k keys) {
	for i := range k {
		k[i] = uint32(uint16(s[i/4] >> (i % 4 * 16)))
	}
	return k
}

// cosine is that of the least alike of the row's vectors and their
// counterparts, whose dot products with themselves are given. It ends at the
// first that is below the threshold, or NaN because one has no direction.
func (s *Semantic) cosine(row *semanticRow, vectors [][]float32, squares []float64) float32 {
	least := float32(1)
	for i, v := range vectors {
		d := dot(row.vectors[i*s.dims:(i+1)*s.dims], v)
		if least = min(least, float32(d/math.Sqrt(row.squares[i]*squares[i]))); !(least >= s.threshold) {
			break
		}
	}
	return least
}

// dot sums in float64, where the product of two float32 is exact, and in a
// fixed order: the result is the same on every machine.
func dot(a, b []float32) float64 {
	var s0, s1, s2, s3 float64
	b = b[:len(a)]
	for len(a) >= 4 && len(b) >= 4 {
		s0 += float64(a[0]) * float64(b[0])
		s1 += float64(a[1]) * float64(b[1])
		s2 += float64(a[2]) * float64(b[2])
		s3 += float64(a[3]) * float64(b[3])
		a, b = a[4:], b[4:]
	}
	for i, x := range a {
		s0 += float64(x) * float64(b[i])
	}
	return (s0 + s1) + (s2 + s3)
}
