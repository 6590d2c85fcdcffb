package tensor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	shapeDimsMax = 8
	shapeSizeMax = 1 << 20 // values of one tensor: 4 MiB
)

// Shape is the size of a tensor in each direction, outermost first: 1 to 8
// directions, at most 1,048,576 values.
type Shape []int

// DefaultShape is the cube of a dataset that asks for nothing else.
func DefaultShape() Shape { return Shape{8, 8, 12} }

// ParseShape reads a shape as String writes it, "8x8x12", or with commas in
// place of the x.
func ParseShape(text string) (Shape, error) {
	var s Shape
	for _, dim := range strings.Split(strings.ReplaceAll(text, ",", "x"), "x") {
		n, err := strconv.Atoi(strings.TrimSpace(dim))
		if err != nil {
			return nil, fmt.Errorf("%w: %q is not like 8x8x12", ErrShape, clip(text))
		}
		s = append(s, n)
	}
	return s, s.Validate()
}

// Size is the number of values in a tensor.
func (s Shape) Size() int {
	n := 1
	for _, d := range s {
		n *= d
	}
	return n
}

// String is the shape as people write it: "8x8x12".
func (s Shape) String() string {
	dims := make([]string, len(s))
	for i, d := range s {
		dims[i] = strconv.Itoa(d)
	}
	return strings.Join(dims, "x")
}

// Equal tells whether both shapes have the same directions and sizes.
func (s Shape) Equal(t Shape) bool { return slices.Equal(s, t) }

// Validate says what keeps s from being the shape of a dataset.
func (s Shape) Validate() error {
	if len(s) < 1 || len(s) > shapeDimsMax {
		return fmt.Errorf("%w: %d directions are outside 1..%d", ErrShape, len(s), shapeDimsMax)
	}
	n := 1
	for _, d := range s {
		if d < 1 || d > shapeSizeMax/n {
			return fmt.Errorf("%w: %s is outside 1..%d values", ErrShape, s, shapeSizeMax)
		}
		n *= d
	}
	return nil
}
