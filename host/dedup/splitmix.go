package dedup

// splitMix is the generator SplitMix64: the constants of this package come
// from it and not from math/rand, so that no version of Go can change them.
type splitMix uint64

// next is the generator's next number.
func (s *splitMix) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
