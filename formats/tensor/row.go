package tensor

import (
	"fmt"
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

// check says what keeps r out of a part of this schema, but for tensors that
// are not finite, which show as they are copied.
func (r *Row) check(size, scores int) error {
	for _, e := range r.embeddings() {
		if len(e.v) != size {
			return fmt.Errorf("%s: %w: got %d values, want %d", e.name, ErrShape, len(e.v), size)
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

// notFinite names the first value of a tensor that is not.
func (r *Row) notFinite() error {
	for _, e := range r.embeddings() {
		if i := notFinite(e.v); i >= 0 {
			return fmt.Errorf("%s[%d]: %w: %v", e.name, i, ErrNotFinite, e.v[i])
		}
	}
	return nil
}

type embedding struct {
	name string
	v    []float32
}

func (r *Row) embeddings() [2]embedding {
	return [2]embedding{{questionEmbedding, r.QuestionEmbedding}, {answerEmbedding, r.AnswerEmbedding}}
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
