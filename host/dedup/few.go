package dedup

import "encoding/binary"

// Few are some hashes that are looked for among many. Most of the many are told
// apart from them by their first bits, in memory as near as can be.
type Few[K Hash] struct {
	bits  [1 << fewBits / 64]uint64
	found map[K]bool
}

// fewBits is how many first bits tell hashes apart: with a bit for each of their
// values, 32 KB.
const fewBits = 18

// Add adds k to what is looked for.
func (f *Few[K]) Add(k K) {
	if f.found == nil {
		f.found = map[K]bool{}
	}
	f.found[k] = false
	i := binary.BigEndian.Uint32([]byte{k[0], k[1], k[2], k[3]}) >> (32 - fewBits)
	f.bits[i/64] |= 1 << (i % 64)
}

// Look looks among the hashes that stand in run, one behind the other.
func (f *Few[K]) Look(run []byte) {
	for size := len(*new(K)); len(run) > 0; run = run[size:] {
		i := binary.BigEndian.Uint32(run) >> (32 - fewBits)
		if f.bits[i/64]&(1<<(i%64)) == 0 {
			continue
		}
		k := K(run)
		if _, ok := f.found[k]; ok {
			f.found[k] = true
		}
	}
}

// Found says whether k was among those that were looked at.
func (f *Few[K]) Found(k K) bool { return f.found[k] }
