package metrics

import "math/bits"

// Generator is SplitMix64, whose numbers are the same in every program that
// follows its seven lines: the k-th, from 1, comes of z = seed + k·0x9e3779b97f4a7c15
// through z = (z ^ z>>30)·0xbf58476d1ce4e5b9, z = (z ^ z>>27)·0x94d049bb133111eb,
// z ^ z>>31, all modulo 2^64.
type Generator struct{ state uint64 }

// NewGenerator starts at a seed.
func NewGenerator(seed int64) *Generator { return &Generator{uint64(seed)} }

// Next is the next 64 bits.
func (g *Generator) Next() uint64 {
	g.state += 0x9e3779b97f4a7c15
	z := g.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Below is a number from 0 to n-1: the upper 64 bits of Next times n. n is
// positive. For n far below 2^64 the numbers are as good as equally likely.
func (g *Generator) Below(n int) int {
	high, _ := bits.Mul64(g.Next(), uint64(n))
	return int(high)
}

// Shuffle brings n things into a random order: for i from n-1 down to 1 it
// swaps i with Below(i+1).
func (g *Generator) Shuffle(n int, swap func(i, j int)) {
	for i := n - 1; i > 0; i-- {
		swap(i, g.Below(i+1))
	}
}
