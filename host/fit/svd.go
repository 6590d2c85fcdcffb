package fit

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Fitting gathers vectors of one teacher and finds the directions along which
// they are longest.
type Fitting struct {
	in   int
	rows int
	gram *mat.SymDense // the sum of v·vᵀ
	v    []float64
}

// NewFitting starts with no vectors. It takes 8·in² bytes.
func NewFitting(in int) (*Fitting, error) {
	if in < 2 || in > fitMax {
		return nil, fmt.Errorf("%w: vectors of %d values, want 2..%d", ErrMap, in, fitMax)
	}
	return &Fitting{in: in, gram: mat.NewSymDense(in, nil), v: make([]float64, in)}, nil
}

// fitMax bounds what a Fitting takes: at 8192 values it needs 0.5 GB, and its
// Map an hour.
const fitMax = 8192

// Add adds a vector, scaled to length 1, so that long ones weigh no more.
func (f *Fitting) Add(v []float32) error {
	if len(v) != f.in {
		return fmt.Errorf("%w: %d values, want %d", ErrMap, len(v), f.in)
	}
	sum := 0.0
	for i, x := range v {
		f.v[i] = float64(x)
		sum += f.v[i] * f.v[i]
	}
	if !(sum > 0) || math.IsInf(sum, 0) {
		return fmt.Errorf("%w: a vector of length %v", ErrMap, math.Sqrt(sum))
	}
	f.gram.SymRankOne(f.gram, 1/sum, mat.NewVecDense(f.in, f.v))
	f.rows++
	return nil
}

// Rows is how many vectors were added.
func (f *Fitting) Rows() int { return f.rows }

// Map is the map along the out directions in which the vectors are longest, and
// the share of their squared length that it keeps. The vectors are not centred:
// taking the mean away would change every cosine. Each direction's largest value
// is positive, which is all that the vectors leave open.
func (f *Fitting) Map(out int) (*Map, float64, error) {
	if out < 1 || out >= f.in {
		return nil, 0, fmt.Errorf("%w: %d values to %d: only a narrower tensor leaves directions to choose", ErrMap, f.in, out)
	}
	if f.rows < out {
		return nil, 0, fmt.Errorf("%w: %d vectors cannot show %d directions", ErrMap, f.rows, out)
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(f.gram, true) {
		return nil, 0, fmt.Errorf("%w: no directions found", ErrMap)
	}
	values := eigen.Values(nil) // ascending
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	m := &Map{Kind: SVD, In: f.in, Out: out, matrix: make([]float32, f.in*out)}
	kept, all := 0.0, 0.0
	for i, value := range values {
		all += value
		if i >= f.in-out {
			kept += value
		}
	}
	for i := range out {
		column := mat.Col(nil, f.in-1-i, &vectors)
		sign, largest := 1.0, 0.0
		for _, x := range column {
			if math.Abs(x) > largest {
				largest, sign = math.Abs(x), math.Copysign(1, x)
			}
		}
		row := m.row(i)
		for j, x := range column {
			row[j] = float32(sign * x)
		}
	}
	return m, kept / all, nil
}
