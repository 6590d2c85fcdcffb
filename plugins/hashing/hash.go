package hashing

// The hash is FNV-1a of 64 bits over code points, one step a character, then
// two rounds of the finaliser of MurmurHash3. Words, pieces and whole texts
// start from different seeds, so that none is mistaken for another.
const (
	fnvOffset uint64 = 14695981039346656037
	fnvPrime  uint64 = 1099511628211
	mix       uint64 = 0xff51afd7ed558ccd

	wordSeed = fnvOffset ^ 1
	gramSeed = fnvOffset ^ 2
	textSeed = fnvOffset ^ 3
)

func step(h uint64, r rune) uint64 { return (h ^ uint64(r)) * fnvPrime }

func finish(h uint64) uint64 {
	h ^= h >> 33
	h *= mix
	return h ^ h>>33
}

func wordHash(word []rune) uint64 {
	h := wordSeed
	for _, r := range word {
		h = step(h, r)
	}
	return finish(h)
}
