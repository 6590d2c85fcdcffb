package tensor

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// textBytesMax bounds one text of a row, so that a page stays readable under
// the reader's limits.
const textBytesMax = 16 << 20

// Row is one question and answer with their embeddings.
type Row struct {
	ID, Question, Answer string

	// "" is written as null in these three, -1 in Turn.
	Context, DialogueID, Lang string
	Turn                      int32

	Source, Split string

	Similarity float32   // cosine of the teacher's own vectors
	Scores     []float32 // one a filter, in the order of Schema.Scores

	// Shape.Size() values each, row-major: the last direction runs fastest.
	QuestionEmbedding, AnswerEmbedding []float32
}

// check says what keeps r out of a part of this schema.
func (r *Row) check(size, scores int) error {
	for _, e := range [...]struct {
		name string
		v    []float32
	}{{questionEmbedding, r.QuestionEmbedding}, {answerEmbedding, r.AnswerEmbedding}} {
		if len(e.v) != size {
			return fmt.Errorf("%s: %w: got %d values, want %d", e.name, ErrShape, len(e.v), size)
		}
		if i := notFinite(e.v); i >= 0 {
			return fmt.Errorf("%s[%d]: %w: %v", e.name, i, ErrNotFinite, e.v[i])
		}
	}
	if len(r.Scores) != scores {
		return fmt.Errorf("scores: %w: got %d values, want %d", ErrShape, len(r.Scores), scores)
	}
	if i := notFinite(r.Scores); i >= 0 {
		return fmt.Errorf("scores[%d]: %w: %v", i, ErrNotFinite, r.Scores[i])
	}
	if notFinite([]float32{r.Similarity}) >= 0 {
		return fmt.Errorf("similarity: %w: %v", ErrNotFinite, r.Similarity)
	}
	return checkTexts(r.ID, r.Question, r.Answer, r.Context, r.DialogueID, r.Lang, r.Source, r.Split)
}

// textBytes is the weight of a row's texts, by which pages and row groups of
// long texts are cut early.
func (r *Row) textBytes() int {
	return len(r.ID) + len(r.Question) + len(r.Answer) + len(r.Context) +
		len(r.DialogueID) + len(r.Lang) + len(r.Source) + len(r.Split)
}

func checkTexts(texts ...string) error {
	for i, t := range texts {
		if len(t) > textBytesMax {
			return fmt.Errorf("text column %d: %w: %d bytes, at most %d", i, ErrText, len(t), textBytesMax)
		}
		if !utf8.ValidString(t) {
			return fmt.Errorf("text column %d: %w: not UTF-8", i, ErrText)
		}
	}
	return nil
}

// notFinite is the place of the first NaN or infinity in v, or -1. All ones in
// the exponent is what both have in common and no other float has; one more
// then carries into the sign.
func notFinite(v []float32) int {
	const exponent, one = 0x7f800000, 0x00800000
	var carry uint32
	for _, f := range v {
		carry |= math.Float32bits(f)&exponent + one
	}
	if carry>>31 == 0 {
		return -1
	}
	return slices.IndexFunc(v, func(f float32) bool { return math.Float32bits(f)&exponent == exponent })
}
