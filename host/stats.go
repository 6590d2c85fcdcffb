package host

import (
	"maps"
	"math"
	"slices"
	"unicode/utf8"
)

// similarityBins is how many bars the histogram of cosines has, from -1 to 1.
const similarityBins = 40

// stats is what a chunk, or a whole dataset, measures of its rows. Merging
// those of the chunks in order gives the dataset's, to the last bit.
type stats struct {
	Embedded Similarity       `json:"embedded"` // rows that got vectors, before vector filters
	Kept     Similarity       `json:"kept"`
	Question Length           `json:"question"`
	Answer   Length           `json:"answer"`
	Sources  map[string]int64 `json:"sources,omitempty"`
	Langs    map[string]int64 `json:"langs,omitempty"`

	RepeatedIDs int64 `json:"repeated_ids"` // rows whose id an earlier row had, before vector filters
}

// Similarity describes the question-answer cosines of some rows. Bin i of the
// histogram is [-1+i/20, -1+(i+1)/20).
type Similarity struct {
	Rows      int64   `json:"rows"`
	Sum       float64 `json:"sum"`
	Squares   float64 `json:"squares"`
	Min       float32 `json:"min"`
	Max       float32 `json:"max"`
	Histogram []int64 `json:"histogram,omitempty"`
}

// Length describes the lengths of some texts in Unicode characters.
type Length struct {
	Sum     int64 `json:"sum"`
	Squares int64 `json:"squares"`
	Min     int64 `json:"min"`
	Max     int64 `json:"max"`
}

func (s *stats) embedded(similarity float32) { s.Embedded.add(similarity) }

func (s *stats) kept(r *row) {
	s.Question.add(int64(utf8.RuneCountInString(r.Question)), s.Kept.Rows == 0)
	s.Answer.add(int64(utf8.RuneCountInString(r.Answer)), s.Kept.Rows == 0)
	s.Kept.add(r.similarity)
	count(&s.Sources, r.Source, 1)
	if r.Lang != "" {
		count(&s.Langs, r.Lang, 1)
	}
}

func (s *stats) merge(t *stats) {
	if t.Kept.Rows > 0 {
		s.Question.merge(t.Question, s.Kept.Rows == 0)
		s.Answer.merge(t.Answer, s.Kept.Rows == 0)
	}
	s.Embedded.merge(&t.Embedded)
	s.Kept.merge(&t.Kept)
	for k, n := range t.Sources {
		count(&s.Sources, k, n)
	}
	for k, n := range t.Langs {
		count(&s.Langs, k, n)
	}
}

func count(m *map[string]int64, key string, n int64) {
	if *m == nil {
		*m = map[string]int64{}
	}
	(*m)[key] += n
}

func (s *Similarity) add(x float32) {
	if s.Rows == 0 {
		s.Min, s.Max, s.Histogram = x, x, make([]int64, similarityBins)
	}
	s.Rows++
	s.Sum += float64(x)
	s.Squares += float64(x) * float64(x) // exact product: the same fused or not
	s.Min, s.Max = min(s.Min, x), max(s.Max, x)
	s.Histogram[similarityBin(x)]++
}

func (s *Similarity) merge(t *Similarity) {
	if t.Rows == 0 {
		return
	}
	if s.Rows == 0 {
		s.Min, s.Max, s.Histogram = t.Min, t.Max, make([]int64, similarityBins)
	}
	s.Rows += t.Rows
	s.Sum += t.Sum
	s.Squares += t.Squares
	s.Min, s.Max = min(s.Min, t.Min), max(s.Max, t.Max)
	for i, n := range t.Histogram {
		s.Histogram[i] += n
	}
}

func similarityBin(x float32) int {
	return max(0, min(similarityBins-1, int(math.Floor((float64(x)+1)*similarityBins/2))))
}

// Mean is the mean cosine, and Deviation its standard deviation.
func (s *Similarity) Mean() float64 { return s.Sum / float64(s.Rows) }

// Deviation is the standard deviation of the cosines.
func (s *Similarity) Deviation() float64 {
	m := s.Mean()
	return math.Sqrt(max(0, s.Squares/float64(s.Rows)-float64(m*m)))
}

func (l *Length) add(n int64, first bool) {
	l.merge(Length{Sum: n, Squares: n * n, Min: n, Max: n}, first)
}

func (l *Length) merge(m Length, first bool) {
	if first {
		*l = m
		return
	}
	l.Sum += m.Sum
	l.Squares += m.Squares
	l.Min, l.Max = min(l.Min, m.Min), max(l.Max, m.Max)
}

// keys are a map's keys in order.
func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
