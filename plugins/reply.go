package plugins

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/cubeset/cubeset/sdk/teacher/teacherpb"
)

// read checks a reply against what was asked and copies it into s.
func (t *Teacher) read(r *teacherpb.EmbedResponse, s span) error {
	n, dims := len(s.texts), t.description.Dims
	switch {
	case int(r.GetRows()) != n:
		return fail(t.name, ErrShape, "returned %d rows for %d texts", r.GetRows(), n)
	case int(r.GetDims()) != dims:
		return fail(t.name, ErrShape, "wrong vector length: got %d values a row, want %d", r.GetDims(), dims)
	case len(r.GetVectors()) != n*dims*4:
		return fail(t.name, ErrShape, "wrong vector length: got %d bytes for %d rows, want %d", len(r.GetVectors()), n, n*dims*4)
	case len(r.GetTokens()) != 0 && len(r.GetTokens()) != n:
		return fail(t.name, ErrProtocol, "returned %d token counts for %d texts", len(r.GetTokens()), n)
	case len(r.GetTruncated()) != 0 && len(r.GetTruncated()) != n:
		return fail(t.name, ErrProtocol, "returned %d truncation marks for %d texts", len(r.GetTruncated()), n)
	}
	for i, n := range r.GetTokens() {
		s.rows[i].Tokens = int(n)
	}
	for i, cut := range r.GetTruncated() {
		s.rows[i].Truncated = cut
	}
	for _, e := range r.GetErrors() {
		if int(e.GetRow()) >= n || s.rows[e.GetRow()].Err != nil {
			return fail(t.name, ErrProtocol, "returned an error for row %d of %d, or two", e.GetRow(), n)
		}
		s.rows[e.GetRow()] = refusal(e.GetCode(), redact(e.GetMessage(), s.texts))
	}
	for i := range n {
		dst := s.dst[i*dims : (i+1)*dims]
		if s.rows[i].Err != nil {
			clear(dst)
			continue
		}
		if kind, err := decode(dst, r.GetVectors()[i*dims*4:]); err != nil {
			return &Error{Teacher: t.name, Kind: kind, Row: s.first + i, Err: err}
		}
	}
	return nil
}

// decode fills dst with little-endian float32 values and checks that they make
// a vector with a length, finite and above zero as a float32: what reads the
// vectors later computes in float32 too.
func decode(dst []float32, b []byte) (Kind, error) {
	var even, odd float32 // two chains keep the adder busy
	for i := range dst {
		v := math.Float32frombits(binary.LittleEndian.Uint32(b[i*4:]))
		dst[i] = v
		even, odd = odd, even+v*v
	}
	norm2 := even + odd
	switch {
	case norm2 == 0:
		return ErrZeroNorm, errZero
	case norm2 > math.MaxFloat32 || norm2 != norm2:
		return ErrNotFinite, explainNotFinite(dst)
	}
	return "", nil
}

var (
	errZero = errors.New("the vector is zero")
	errHuge = errors.New("the vector is too long for float32")
)

func explainNotFinite(v []float32) error {
	for i, x := range v {
		if f := float64(x); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("value %d of the vector is %v", i, x)
		}
	}
	return errHuge
}
