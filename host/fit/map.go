// Package fit makes a teacher's vectors fill a tensor of another size: a linear
// map after which a vector has length 1 again.
//
// Cosines survive in this order: a map that was fitted to such vectors, then
// the first values of a model trained for it, then random orthonormal
// directions. To more values than there are, orthonormal directions keep every
// cosine, and spread the vector over the whole tensor, of which zeros would
// leave a part dead.
package fit

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas/blas32"
)

// Kinds of a Map.
const (
	Native      = "native"      // the vector as it is
	Truncate    = "truncate"    // its first values
	Orthonormal = "orthonormal" // along directions that only In and Out decide
	SVD         = "svd"         // along directions fitted to vectors of the same teacher
)

// sizeMax bounds In and Out.
const sizeMax = 65_536

// ErrMap is wrapped by complaints about a map that cannot be.
var ErrMap = errors.New("wrong projection")

// Map turns vectors of In values into vectors of Out values.
type Map struct {
	Kind    string
	Digest  string // sha256 of the file a fitted map is kept in, else ""
	EmbedID string // of the teacher a fitted map is for, else ""
	In, Out int

	matrix []float32 // Out rows of In values; nil where none is needed
}

// NewNative leaves vectors of n values as they are.
func NewNative(n int) *Map { return &Map{Kind: Native, In: n, Out: n} }

// NewTruncate keeps the first out values of in, which is right for a model that
// was trained so that they are an embedding by themselves, and for no other.
func NewTruncate(in, out int) (*Map, error) {
	if out < 1 || out > in {
		return nil, fmt.Errorf("%w: the first %d of %d values", ErrMap, out, in)
	}
	return &Map{Kind: Truncate, In: in, Out: out}, nil
}

// Apply sets dst, Out values, to the image of v, In values, scaled to length 1.
// It is an error if nothing of v is left.
//
// Products are summed in float32, in an order that is the same for every call
// on one kind of processor.
func (m *Map) Apply(dst, v []float32) error {
	if len(v) != m.In || len(dst) != m.Out {
		return fmt.Errorf("%w: %d values to %d, want %d to %d", ErrMap, len(v), len(dst), m.In, m.Out)
	}
	if m.matrix == nil {
		copy(dst, v)
	} else {
		x := blas32.Vector{N: m.In, Inc: 1, Data: v}
		for i := range dst {
			dst[i] = blas32.Dot(blas32.Vector{N: m.In, Inc: 1, Data: m.row(i)}, x)
		}
	}
	return normalise(dst)
}

func (m *Map) row(i int) []float32 { return m.matrix[i*m.In : (i+1)*m.In] }

// unitTolerance is how far from 1 a length may be and still be called 1: what
// normalising in float32 leaves.
const unitTolerance = 1e-6

// normalise scales v to length 1, unless it has that length.
func normalise(v []float32) error {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x) // exact products: nothing to fuse
	}
	norm := math.Sqrt(sum)
	if !(norm > math.SmallestNonzeroFloat32) || math.IsInf(norm, 0) {
		return fmt.Errorf("%w: a vector of length %v is left", ErrMap, norm)
	}
	if math.Abs(norm-1) <= unitTolerance {
		return nil
	}
	for i, x := range v {
		v[i] = float32(float64(x) / norm)
	}
	return nil
}
