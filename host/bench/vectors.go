package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

const vectorDim = 768

// unitVectors are n Gaussian vectors of length 1, which neural embeddings
// resemble byte for byte; always the same.
func unitVectors(n int) [][]float32 {
	r := rand.New(rand.NewPCG(7, 8))
	all := make([][]float32, n)
	for i := range all {
		v, sum := make([]float32, vectorDim), 0.0
		for k := range v {
			x := r.NormFloat64()
			v[k], sum = float32(x), sum+x*x
		}
		for k := range v {
			v[k] /= float32(math.Sqrt(sum))
		}
		all[i] = v
	}
	return all
}

// texts are n questions or answers of some size bytes each; always the same for
// a seed.
func texts(n, size int, seed uint64) []string {
	r := rand.New(rand.NewPCG(seed, 2))
	words := strings.Fields("order when письмо пароль the friday ответ a дом привет table for four please reserve at seven tonight")
	all := make([]string, n)
	for i := range all {
		var s strings.Builder
		fmt.Fprintf(&s, "%d", i)
		for length := r.IntN(2 * size); s.Len() < length; {
			s.WriteString(" " + words[r.IntN(len(words))])
		}
		all[i] = s.String()
	}
	return all
}
