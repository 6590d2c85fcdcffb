package httpteacher

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// vector is an embedding in a reply: a list of numbers or, where it was asked
// for and the service knows how, float32 values in base64, little-endian, which
// takes less than half the bytes and a seventh of the time to read.
type vector []float32

// UnmarshalJSON takes either form, whatever was asked for.
func (v *vector) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '"' {
		return json.Unmarshal(b, (*[]float32)(v))
	}
	raw := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	n, err := base64.StdEncoding.Decode(raw, b[1:len(b)-1])
	if err != nil {
		return errors.New("a vector is not base64")
	}
	if n%4 != 0 {
		return fmt.Errorf("a vector of %d bytes, not of whole float32 values", n)
	}
	*v = make([]float32, n/4)
	for i := range *v {
		(*v)[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[i*4:]))
	}
	return nil
}

// withoutValue is an error of encoding/json that quotes nothing of the reply.
func withoutValue(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("at byte %d", syntax.Offset)
	case errors.As(err, &kind):
		return fmt.Errorf("at byte %d: want a %v", kind.Offset, kind.Type)
	}
	return err
}

// normalise scales v to Euclidean length 1. It is false if v has no length, or
// none that is finite.
func normalise(dst, v []float32) bool {
	var sum float64
	for _, x := range v {
		sum += float64(float64(x) * float64(x))
	}
	length := math.Sqrt(sum)
	if length == 0 || math.IsNaN(length) || math.IsInf(length, 0) {
		return false
	}
	for i, x := range v {
		dst[i] = float32(float64(x) / length)
	}
	return true
}

// cosine of two vectors of length 1.
func cosine(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(float64(a[i]) * float64(b[i]))
	}
	return sum
}
