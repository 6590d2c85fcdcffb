package metrics

import (
	"fmt"
	"math"
)

// Quantile is the value that the share q of values does not exceed, q from 0 to
// 1: in order, values stand at 0, 1/(n-1), … 1, and between two it is
// interpolated (what numpy.quantile does by default).
func Quantile(values []float64, q float64) (float64, error) {
	if !(q >= 0 && q <= 1) {
		return 0, fmt.Errorf("%w: quantile %v is outside 0..1", ErrInput, q)
	}
	s, err := sorted("value", values)
	if err != nil {
		return 0, err
	}
	return quantile(s, q), nil
}

func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := math.Floor(at)
	a, b := sorted[int(low)], sorted[int(math.Ceil(at))]
	part := float64((b - a) * (at - low)) // not fused with the sum: the same everywhere
	return min(a+part, b)
}
