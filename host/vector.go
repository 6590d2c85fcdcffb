package host

import "math"

// vector is one text's embedding, or why there is none.
type vector struct {
	floats []float32
	code   string // not empty: the teacher rejected the text
}

// cosine of two vectors, and their lengths. The products of two float32 are
// exact in float64, so the result is the same whether or not the platform
// fuses them with the sum. Two sums each, over even and odd places, since one
// would wait for its own last addition.
func cosine(x, y []float32) (cos float32, xNorm, yNorm float64) {
	var xy, xx, yy [2]float64
	y = y[:len(x)]
	i := 0
	for ; i+1 < len(x); i += 2 {
		a, b, c, d := float64(x[i]), float64(y[i]), float64(x[i+1]), float64(y[i+1])
		xy[0] += a * b
		xx[0] += a * a
		yy[0] += b * b
		xy[1] += c * d
		xx[1] += c * c
		yy[1] += d * d
	}
	if i < len(x) {
		a, b := float64(x[i]), float64(y[i])
		xy[0] += a * b
		xx[0] += a * a
		yy[0] += b * b
	}
	xNorm, yNorm = math.Sqrt(xx[0]+xx[1]), math.Sqrt(yy[0]+yy[1])
	return float32((xy[0] + xy[1]) / (xNorm * yNorm)), xNorm, yNorm
}

// unit is v, of length norm, scaled to length 1, or v itself where it has that
// length already.
func unit(v []float32, norm float64) []float32 {
	if math.Abs(norm-1) <= unitTolerance {
		return v
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(float64(x) / norm)
	}
	return out
}

// unitTolerance is how far from 1 a length may be and still be called 1: what
// normalising in float32 leaves.
const unitTolerance = 1e-6
