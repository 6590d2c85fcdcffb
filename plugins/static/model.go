package static

import (
	"math"

	"github.com/cubeset/cubeset/sdk/teacher"
)

// model is a table of vectors and the way from a text to its rows.
type model struct {
	dims      int
	values    []float32 // row after row
	rows      []int32   // row of a token; nil: the token's own number
	weights   []float32 // of a token; nil: 1
	tokenizer tokenizer
	unknown   int32 // token that has no vector
	maxTokens int   // of a text, 0 = all
	maxRunes  int   // of a text, 0 = all
	normalise bool
}

// A tokenizer turns a text into tokens.
type tokenizer interface {
	// tokens appends the tokens of a text to s.ids, of which it may use the rest.
	tokens(s *scratch, text []byte)
}

// scratch is what one text after the other is worked out in.
type scratch struct {
	raw, text []byte
	words     [][]byte
	ids       []int32
	sum       []float64
}

// embed writes the mean of the vectors of a text's tokens.
func (m *model) embed(s *scratch, text string, dst []float32) (r teacher.RowResult) {
	if text == "" {
		return teacher.RowResult{Err: errEmpty, Code: "empty"}
	}
	text, r.Truncated = cutRunes(text, m.maxRunes)
	s.raw, s.ids = append(s.raw[:0], text...), s.ids[:0]
	m.tokenizer.tokens(s, s.raw)
	if m.maxTokens > 0 && len(s.ids) > m.maxTokens {
		s.ids, r.Truncated = s.ids[:m.maxTokens], true
	}
	r.Tokens = len(s.ids)
	clear(s.sum)
	n := 0
	for _, id := range s.ids {
		if id != m.unknown {
			m.add(s.sum, id)
			n++
		}
	}
	if n == 0 {
		r.Err, r.Code = errUnknown, "unknown_words"
		return r
	}
	if !m.finish(s.sum, n, dst) {
		r.Err, r.Code = errCancel, "no_vector"
	}
	return r
}

func (m *model) add(sum []float64, id int32) {
	row, weight := int(id), 1.0
	if m.rows != nil {
		row = int(m.rows[id])
	}
	if m.weights != nil {
		weight = float64(m.weights[id])
	}
	for i, x := range m.values[row*m.dims:][:len(sum)] {
		sum[i] += float64(float64(x) * weight) // rounded, so that no machine fuses it
	}
}

// finish divides by n, or by the length, and reports whether there is one.
func (m *model) finish(sum []float64, n int, dst []float32) bool {
	square := 0.0
	for _, x := range sum {
		square += float64(x * x)
	}
	if !(square > 0) || math.IsInf(square, 0) {
		return false
	}
	by := float64(n)
	if m.normalise {
		by = math.Sqrt(square)
	}
	for i, x := range sum {
		dst[i] = float32(x / by)
	}
	return true
}

// cutRunes returns the first n characters, and whether there are more.
func cutRunes(text string, n int) (string, bool) {
	if n == 0 || len(text) <= n {
		return text, false
	}
	for i := range text {
		if n == 0 {
			return text[:i], true
		}
		n--
	}
	return text, false
}
