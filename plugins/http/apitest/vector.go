package apitest

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
)

// embed is the sum of a random vector for each word, of length 1.
func embed(text string, dims, space int) []float32 {
	sum := make([]float64, dims)
	for _, w := range strings.Fields(strings.ToLower(text)) {
		h := fnv.New64a()
		h.Write([]byte(w))
		r := rand.New(rand.NewPCG(h.Sum64(), uint64(space)))
		for i := range sum {
			sum[i] += r.NormFloat64()
		}
	}
	length := 0.0
	for _, x := range sum {
		length += x * x
	}
	v := make([]float32, dims)
	for i, x := range sum {
		v[i] = float32(x / math.Sqrt(length))
	}
	return v
}

// encode writes a vector as the request asked for it.
func encode(v []float32, asBase64 bool) any {
	if !asBase64 {
		return v
	}
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(b)
}
