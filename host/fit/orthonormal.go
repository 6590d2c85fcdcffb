package fit

import (
	"fmt"
	"math"
	"runtime"
	"sync"

	"github.com/cubeset/cubeset/host/metrics"
)

// NewOrthonormal makes the map along orthonormal directions that in and out
// alone decide, the same bits in every program that follows these lines:
//
//   - k = min(in, out) vectors of n = max(in, out) values each, one after the
//     other, are drawn with SplitMix64 from the seed in·2^32 + out: each value is
//     (u >> 11)·2^-52 - 1 of the next number u.
//   - In float64, with every operation rounded and every sum from the first
//     index to the last: for each vector in turn, it is divided by its length,
//     and then its share is taken out of every later vector, v -= (q·v)·q.
//     (This is the modified Gram-Schmidt process.)
//   - The values are rounded to float32. The k vectors are the rows of the map
//     if it narrows, and its columns if it widens.
//
// It takes time in proportion to k²·n: half a second from 1024 to 768.
func NewOrthonormal(in, out int) (*Map, error) {
	if in < 1 || out < 1 || in > sizeMax || out > sizeMax {
		return nil, fmt.Errorf("%w: %d values to %d", ErrMap, in, out)
	}
	k, n := min(in, out), max(in, out)
	vectors := directions(k, n, int64(in)<<32+int64(out))
	m := &Map{Kind: Orthonormal, In: in, Out: out, matrix: make([]float32, in*out)}
	for i, v := range vectors {
		for j, x := range v {
			if in >= out {
				m.matrix[i*in+j] = float32(x)
			} else {
				m.matrix[j*in+i] = float32(x)
			}
		}
	}
	return m, nil
}

// directions is k orthonormal vectors of n values.
func directions(k, n int, seed int64) [][]float64 {
	g := metrics.NewGenerator(seed)
	vectors := make([][]float64, k)
	for i := range vectors {
		vectors[i] = make([]float64, n)
		for j := range vectors[i] {
			vectors[i][j] = float64(g.Next()>>11)*0x1p-52 - 1
		}
	}
	for i, q := range vectors {
		length := math.Sqrt(dot(q, q))
		for j := range q {
			q[j] /= length
		}
		each(vectors[i+1:], func(v []float64) {
			share := dot(q, v)
			for j := range v {
				v[j] -= float64(share * q[j]) // rounded: some processors would fuse it
			}
		})
	}
	return vectors
}

func dot(x, y []float64) (sum float64) {
	y = y[:len(x)]
	for i := range x {
		sum += float64(x[i] * y[i])
	}
	return sum
}

// each calls do with every vector, side by side.
func each(vectors [][]float64, do func([]float64)) {
	workers := min(runtime.NumCPU(), 1+len(vectors)/32)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := w; i < len(vectors); i += workers {
				do(vectors[i])
			}
		})
	}
	all.Wait()
}
