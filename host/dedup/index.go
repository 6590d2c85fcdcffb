package dedup

import (
	"encoding/binary"
	"iter"
	"math/bits"
	"slices"
)

// Hash is a value that has been hashed already: any of its bits are as good as
// any others.
type Hash interface{ ~[8]byte | ~[16]byte }

// Index is a fixed set of hashes, in order of their first bits. It takes no more
// room than they do, and is made many times faster than a map.
type Index[K Hash] struct {
	shift  int
	starts []uint32 // of each bucket in hashes, and of what would be next
	hashes []K
}

// bucketSize is about how many hashes share their first bits: fewer are found
// sooner, and more are sorted faster.
const bucketSize = 1000

// NewIndex makes an Index of the hashes in all, where they stand in runs, one
// behind the other. They may repeat. It goes through all twice.
func NewIndex[K Hash](all iter.Seq[[]byte]) *Index[K] {
	n, size := 0, len(*new(K))
	for run := range all {
		n += len(run) / size
	}
	width := min(bits.Len(uint(n/bucketSize)), 24)
	x := &Index[K]{shift: 32 - width, starts: make([]uint32, 1<<width+1), hashes: make([]K, n)}
	for run := range all {
		for ; len(run) > 0; run = run[size:] {
			x.starts[x.bucket(run)+1]++
		}
	}
	for i := 1; i < len(x.starts); i++ {
		x.starts[i] += x.starts[i-1]
	}
	next := slices.Clone(x.starts)
	for run := range all {
		for ; len(run) > 0; run = run[size:] {
			b := x.bucket(run)
			x.hashes[next[b]] = K(run)
			next[b]++
		}
	}
	return x
}

func (x *Index[K]) bucket(hash []byte) uint32 { return binary.BigEndian.Uint32(hash) >> x.shift }

// Has says whether k is in the set.
func (x *Index[K]) Has(k K) bool {
	b := x.bucket([]byte{k[0], k[1], k[2], k[3]})
	for _, h := range x.hashes[x.starts[b]:x.starts[b+1]] {
		if h == k {
			return true
		}
	}
	return false
}
