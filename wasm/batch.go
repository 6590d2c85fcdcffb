package wasm

import (
	"errors"
	"fmt"
	"slices"
)

// ErrBatch is wrapped when a batch is not what the filter needs; it is the
// caller's mistake, and the instance stays usable.
var ErrBatch = errors.New("wrong batch")

const batchRowsMax = 1 << 20

// Batch is rows in columns. Each column has one value a row, or is nil. Of a nil
// text column that a filter needs, each row is empty; embeddings and similarity
// that a filter needs must be there.
type Batch struct {
	Questions, Answers                         []string
	Contexts, IDs, Langs, Sources, DialogueIDs []string
	Turns                                      []int32 // -1 if unknown, as when nil
	Similarity                                 []float32
	QuestionEmbeddings, AnswerEmbeddings       [][]float32 // each of Dim values
	Dim                                        int
	RowBase                                    uint64 // number of the first row in its chunk
	Scores                                     []ScoreColumn
}

// ScoreColumn is what an earlier filter said of the rows.
type ScoreColumn struct {
	Name   string // of the filter
	Values []float32
}

// Rows is the number of rows.
func (b *Batch) Rows() int { return len(b.Questions) }

// Slice returns rows [i,j), sharing the columns.
func (b *Batch) Slice(i, j int) Batch {
	s := Batch{
		Questions: b.Questions[i:j], Answers: b.Answers[i:j],
		Contexts: part(b.Contexts, i, j), IDs: part(b.IDs, i, j), Langs: part(b.Langs, i, j),
		Sources: part(b.Sources, i, j), DialogueIDs: part(b.DialogueIDs, i, j), Turns: part(b.Turns, i, j),
		Similarity:         part(b.Similarity, i, j),
		QuestionEmbeddings: part(b.QuestionEmbeddings, i, j), AnswerEmbeddings: part(b.AnswerEmbeddings, i, j),
		Dim: b.Dim, RowBase: b.RowBase + uint64(i),
	}
	for _, c := range b.Scores {
		s.Scores = append(s.Scores, ScoreColumn{c.Name, c.Values[i:j]})
	}
	return s
}

func part[T any](column []T, i, j int) []T {
	if column == nil {
		return nil
	}
	return column[i:j]
}

// check compares the shape of the batch with what the filter needs.
func (b *Batch) check(m *Manifest, needs needSet) (err error) {
	n := b.Rows()
	if n > batchRowsMax {
		return fmt.Errorf("%w: %d rows, at most %d", ErrBatch, n, batchRowsMax)
	}
	column := func(name string, rows int, need bool) {
		if need && rows != n && err == nil {
			err = fmt.Errorf("%w: filter %s: %d of %s, want %d", ErrBatch, m.Name, rows, name, n)
		}
	}
	column("answers", len(b.Answers), true)
	column(NeedContext, len(b.Contexts), b.Contexts != nil)
	column(NeedID, len(b.IDs), b.IDs != nil)
	column(NeedLang, len(b.Langs), b.Langs != nil)
	column(NeedSource, len(b.Sources), b.Sources != nil)
	column(NeedDialogue, len(b.DialogueIDs), b.DialogueIDs != nil)
	column("turn", len(b.Turns), b.Turns != nil)
	column(NeedSimilarity, len(b.Similarity), needs.has(needSimilarity))
	column("question embeddings", len(b.QuestionEmbeddings), needs.has(needEmbeddings))
	column("answer embeddings", len(b.AnswerEmbeddings), needs.has(needEmbeddings))
	if err != nil {
		return err
	}
	for i := range b.Scores {
		if len(b.Scores[i].Values) != n {
			return fmt.Errorf("%w: %d scores of %s, want %d", ErrBatch, len(b.Scores[i].Values), b.Scores[i].Name, n)
		}
	}
	if !needs.has(needEmbeddings) {
		return nil
	}
	if b.Dim <= 0 || b.Dim > dimMax || (m.Dim != 0 && m.Dim != b.Dim) {
		return fmt.Errorf("%w: filter %s: embeddings have %d values, want %d", ErrBatch, m.Name, b.Dim, m.Dim)
	}
	wrong := func(v []float32) bool { return len(v) != b.Dim }
	if slices.ContainsFunc(b.QuestionEmbeddings, wrong) || slices.ContainsFunc(b.AnswerEmbeddings, wrong) {
		return fmt.Errorf("%w: an embedding does not have %d values", ErrBatch, b.Dim)
	}
	return nil
}
