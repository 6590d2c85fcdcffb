package dedup

import (
	"fmt"
	"slices"
)

// NearThreshold is the usual threshold of Near.
const NearThreshold = 0.8

const (
	nearThresholdMin = 0.75 // below it, too many near twins are not found
	nearWalkMax      = 128
)

// Near keeps the first of every set of near twins: pairs whose Jaccard
// similarity, the share of the shingles of both that both have, is at least a
// threshold. Each pair is held against those kept before it, so of a chain in
// which only neighbours are near, every other pair stays.
//
// No pair below the threshold is ever taken for a twin. One above it is found
// with a probability that grows with the similarity, for those of MinHash:
//
//	0.75   0.80   0.85   0.90   0.95
//	81 %   95 %   99 %   99.99 %   all
//
// Of more than 128 kept pairs with a key in common only the newest are looked
// at, so that the time of a call has a bound.
//
// It holds some 200 bytes a kept pair, and 8 more for each of its shingles. It
// is not safe for use by several goroutines: the order of the calls is what
// "first" means.
type Near struct {
	threshold float64
	buckets   buckets
	shingles  [][]uint64 // of the rows filed
	kept      int64
	found     []uint32 // scratch
}

// NewNear makes a Near that has seen nothing. The threshold lies in 0.75..1.
func NewNear(threshold float64) (*Near, error) {
	if !(threshold >= nearThresholdMin && threshold <= 1) {
		return nil, fmt.Errorf("near threshold %v is outside %v..1", threshold, nearThresholdMin)
	}
	return &Near{threshold: threshold, buckets: newBuckets(nearWalkMax)}, nil
}

// First says whether s is near no pair kept so far, and then keeps it. The kept
// pairs are numbered from 0 in the order in which they came: twin is the number
// of the one that stays, s itself if ok, else the first of those found near it.
func (n *Near) First(s Signature) (twin int64, ok bool) {
	n.found = n.found[:0]
	for row := range n.buckets.sharing(&s.keys) {
		if n.sizesFit(len(n.shingles[row]), len(s.shingles)) {
			n.found = append(n.found, row)
		}
	}
	slices.Sort(n.found)
	for _, row := range slices.Compact(n.found) {
		if jaccard(n.shingles[row], s.shingles) >= n.threshold {
			return int64(row), false
		}
	}
	if n.buckets.add(&s.keys) {
		n.shingles = append(n.shingles, s.shingles)
	}
	n.kept++
	return n.kept - 1, true
}

// sizesFit is false where the sizes of two sets alone say that their Jaccard
// similarity is below the threshold.
func (n *Near) sizesFit(a, b int) bool {
	return a == b || float64(min(a, b))/float64(max(a, b)) >= n.threshold
}

// Similarity is the Jaccard similarity of s and a kept pair, as First numbers
// them.
func (n *Near) Similarity(twin int64, s Signature) float64 {
	return jaccard(n.shingles[twin], s.shingles)
}

// Len is the number of pairs kept.
func (n *Near) Len() int64 { return n.kept }
