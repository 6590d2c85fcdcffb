package host

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/cubeset/cubeset/formats/dialogue"
	"github.com/cubeset/cubeset/formats/tensor"
)

const (
	// similarityBins is how many bars the histogram of cosines has, from -1 to 1.
	similarityBins = 40
	// turnsMax is the last turn that is counted by itself; later ones are
	// counted together, so that no input can make the table long.
	turnsMax = 50
	// namesMax bounds the tables by source and by language in the same way.
	namesMax = 1000
)

// stats is what a chunk, or a whole dataset, measures of its rows. Merging
// those of the chunks in order gives the dataset's, to the last bit.
type stats struct {
	Embedded Cosines `json:"embedded"` // rows that got vectors, before vector filters
	Kept     Cosines `json:"kept"`

	QuestionLength Moments `json:"question_length"` // of rows kept, in Unicode characters
	AnswerLength   Moments `json:"answer_length"`
	QuestionNorm   Moments `json:"question_norm"` // lengths of the teacher's own vectors
	AnswerNorm     Moments `json:"answer_norm"`

	Sources map[string]map[string]int64 `json:"sources,omitempty"` // source → "kept" or what became of it
	Langs   map[string]int64            `json:"langs,omitempty"`   // of rows kept
	Turns   map[string]int64            `json:"turns,omitempty"`   // of rows kept

	Rules   map[string]int64 `json:"rules,omitempty"`   // how dialogues were read that left a choice, and how many
	Ignored map[string]int64 `json:"ignored,omitempty"` // fields of the inputs that say something and are not read

	RepeatedIDs int64 `json:"repeated_ids"` // rows whose id an earlier row had, before vector filters
}

// Moments describe some numbers.
type Moments struct {
	N       int64   `json:"n"`
	Sum     float64 `json:"sum"`
	Squares float64 `json:"squares"`
	Min     float64 `json:"min"`
	Max     float64 `json:"max"`
}

// Cosines are Moments with a histogram: bin i is [-1+i/20, -1+(i+1)/20).
type Cosines struct {
	Moments
	Histogram []int64 `json:"histogram,omitempty"`
}

func (m *Moments) add(x float64) { m.merge(Moments{1, x, float64(x * x), x, x}) }

func (m *Moments) merge(o Moments) {
	if o.N == 0 {
		return
	}
	if m.N == 0 {
		*m = o
		return
	}
	m.N, m.Sum, m.Squares = m.N+o.N, m.Sum+o.Sum, m.Squares+o.Squares
	m.Min, m.Max = min(m.Min, o.Min), max(m.Max, o.Max)
}

// Mean is the mean, 0 of nothing.
func (m Moments) Mean() float64 { return m.Sum / math.Max(1, float64(m.N)) }

// Deviation is the standard deviation, 0 of nothing.
func (m Moments) Deviation() float64 {
	mean := m.Mean()
	return math.Sqrt(max(0, m.Squares/math.Max(1, float64(m.N))-float64(mean*mean)))
}

func (c *Cosines) add(x float32) {
	if c.Histogram == nil {
		c.Histogram = make([]int64, similarityBins)
	}
	c.Moments.add(float64(x))
	c.Histogram[max(0, min(similarityBins-1, int(math.Floor((float64(x)+1)*similarityBins/2))))]++
}

func (c *Cosines) merge(o Cosines) {
	c.Moments.merge(o.Moments)
	if c.Histogram == nil && o.Histogram != nil {
		c.Histogram = make([]int64, similarityBins)
	}
	for i, n := range o.Histogram {
		c.Histogram[i] += n
	}
}

func (s *stats) embedded(r *row) { s.Embedded.add(r.similarity) }

func (s *stats) kept(r *row) {
	s.QuestionNorm.add(r.questionNorm)
	s.AnswerNorm.add(r.answerNorm)
	s.written(&r.Pair, r.similarity)
}

// written is kept for a row of which only what a dataset holds is known.
func (s *stats) written(r *dialogue.Pair, similarity float32) {
	s.Kept.add(similarity)
	s.QuestionLength.add(float64(utf8.RuneCountInString(r.Question)))
	s.AnswerLength.add(float64(utf8.RuneCountInString(r.Answer)))
	s.source(r.Source, "kept", 1)
	if r.Lang != "" {
		count(&s.Langs, r.Lang, 1)
	}
	switch {
	case r.Turn > turnsMax:
		count(&s.Turns, "more", 1)
	case r.Turn >= 0:
		count(&s.Turns, strconv.Itoa(int(r.Turn)), 1)
	}
}

// source counts what became of rows of a source.
func (s *stats) source(name, key string, n int64) {
	if s.Sources == nil {
		s.Sources = map[string]map[string]int64{}
	}
	if s.Sources[name] == nil && len(s.Sources) >= namesMax {
		name = "more"
	}
	m := s.Sources[name]
	count(&m, key, n)
	s.Sources[name] = m
}

func (s *stats) merge(o *stats) {
	s.Embedded.merge(o.Embedded)
	s.Kept.merge(o.Kept)
	s.QuestionLength.merge(o.QuestionLength)
	s.AnswerLength.merge(o.AnswerLength)
	s.QuestionNorm.merge(o.QuestionNorm)
	s.AnswerNorm.merge(o.AnswerNorm)
	for _, name := range keys(o.Sources) {
		for key, n := range o.Sources[name] {
			s.source(name, key, n)
		}
	}
	for _, k := range keys(o.Langs) {
		count(&s.Langs, k, o.Langs[k])
	}
	for k, n := range o.Turns {
		count(&s.Turns, k, n)
	}
	for k, n := range o.Rules {
		count(&s.Rules, k, n)
	}
	for k, n := range o.Ignored {
		count(&s.Ignored, k, n)
	}
}

// count adds n to m[key], or to "more" once m is long.
func count(m *map[string]int64, key string, n int64) {
	if *m == nil {
		*m = map[string]int64{}
	}
	if _, ok := (*m)[key]; !ok && len(*m) >= namesMax {
		key = "more"
	}
	(*m)[key] += n
}

// keys are a map's keys in order.
func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// described is how Moments stand in stats.json.
type described struct {
	Rows      int64   `json:"rows"`
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
	Min       float64 `json:"min"`
	Max       float64 `json:"max"`
	Histogram []int64 `json:"histogram,omitempty"`
}

func (m Moments) described() described {
	return described{m.N, m.Mean(), m.Deviation(), m.Min, m.Max, nil}
}

func (c Cosines) described() described {
	d := c.Moments.described()
	d.Histogram = c.Histogram
	return d
}

// statsJSON is stats.json: what a dataset is like, and nothing that differs from
// run to run.
func statsJSON(m tensor.Manifest, s *stats, dedup string) ([]byte, error) {
	type settings struct {
		Filters   []string `json:"filters"`
		Dedup     string   `json:"dedup"`
		Normalise bool     `json:"normalise"`
	}
	return indented(struct {
		Read           int64                       `json:"read"`
		Kept           int64                       `json:"kept"`
		Dropped        map[string]int64            `json:"dropped"`
		Skipped        map[string]int64            `json:"skipped"`
		Splits         map[string]int64            `json:"splits"`
		RepeatedIDs    int64                       `json:"repeated_ids"`
		Teacher        string                      `json:"teacher"`
		Dims           int                         `json:"embedding_dimension"`
		Settings       settings                    `json:"settings"`
		Before         described                   `json:"similarity_before_filters"`
		After          described                   `json:"similarity"`
		QuestionLength described                   `json:"question_length"`
		AnswerLength   described                   `json:"answer_length"`
		QuestionNorm   described                   `json:"question_norm"`
		AnswerNorm     described                   `json:"answer_norm"`
		Sources        map[string]map[string]int64 `json:"sources"`
		Langs          map[string]int64            `json:"langs"`
		Turns          map[string]int64            `json:"turns"`
		Rules          map[string]int64            `json:"rules"`
		Ignored        map[string]int64            `json:"ignored"`
	}{
		m.Read, m.Kept, m.Dropped, m.Skipped, m.Splits, s.RepeatedIDs,
		m.Teacher.Name, m.Teacher.Dims, settings{append([]string{}, m.Scores...), dedup, m.Normalised},
		s.Embedded.described(), s.Kept.described(),
		s.QuestionLength.described(), s.AnswerLength.described(), s.QuestionNorm.described(), s.AnswerNorm.described(),
		s.Sources, s.Langs, s.Turns, s.Rules, s.Ignored,
	})
}
