package tensor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const (
	batchRowsMax     = 64
	rowGroupsMax     = 1024
	rowGroupBytesMax = 32 << 20 // larger tensors or longer texts end a row group early: a writer holds all of it
)

// Writer writes one part. The bytes depend on the schema and the rows alone,
// not on how the rows are cut into calls of Write. It holds one row group: at
// most 80 MB, however many rows, unless a text is longer than 64 KiB or a
// tensor than 256 KiB. It is for one goroutine, and useless after an error.
type Writer struct {
	schema Schema
	table  *table[record]
	err    error

	// The rows not yet given to the table, with room for their numbers. The
	// tensors of the first held of them are copies, in values.
	batch  []record
	turns  []int32
	values []float32
	held   int
	weight int

	rows, groupRows, groupBytes, groups int
}

// NewWriter starts a part on w.
func NewWriter(w io.Writer, s Schema) (*Writer, error) {
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	if s.RowGroupRows == 0 {
		s.RowGroupRows = rowGroupDefault
	}
	s.Meta.FormatVersion, s.Meta.Shape = FormatVersion, s.Shape
	meta, err := json.Marshal(s.Meta)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	cs, l := columns(s.Scores), s.Profile.layout()
	batch := min(max(pageBytes/4/s.Shape.Size(), 1), batchRowsMax)
	return &Writer{
		schema: s,
		table: newTable[record](w, cs, l, map[string]string{
			metaKey:  string(meta),
			arrowKey: arrowSchema(cs, s.Shape),
		}, tags(l, s.Scores)...),
		batch:  make([]record, 0, batch),
		turns:  make([]int32, batch),
		values: make([]float32, 2*batch*s.Shape.Size()),
	}, nil
}

// Write appends rows. It keeps no reference to their slices.
func (w *Writer) Write(rows []Row) error {
	for i := range rows {
		if w.err != nil {
			return w.err
		}
		w.err = w.add(&rows[i])
	}
	w.hold()
	return w.err
}

// hold copies the tensors that wait for the next call: those before have been
// written out of the caller's own slices.
func (w *Writer) hold() {
	size := w.schema.Shape.Size()
	for i := w.held; i < len(w.batch); i++ {
		r, v := &w.batch[i], w.values[2*i*size:][:2*size]
		copy(v, r.QuestionEmbedding)
		copy(v[size:], r.AnswerEmbedding)
		r.QuestionEmbedding, r.AnswerEmbedding = v[:size:size], v[size:]
	}
	w.held = len(w.batch)
}

// Close ends the part. It does not close the writer underneath.
func (w *Writer) Close() (Stat, error) {
	if w.err != nil {
		return Stat{}, w.err
	}
	if err := w.endGroup(); err != nil {
		return Stat{}, err
	}
	w.err = errors.New("part is closed")
	return w.table.close()
}

func (w *Writer) add(r *Row) error {
	size := w.schema.Shape.Size()
	if err := r.check(size, len(w.schema.Scores)); err != nil {
		return fmt.Errorf("row %d of the part: %w", w.rows, err)
	}
	n := len(w.batch)
	w.batch = append(w.batch, record{
		ID: r.ID, Question: r.Question, Answer: r.Answer,
		Context: r.Context, DialogueID: r.DialogueID, Lang: r.Lang,
		Source: r.Source, Split: r.Split, Similarity: r.Similarity,
		QuestionEmbedding: r.QuestionEmbedding, AnswerEmbedding: r.AnswerEmbedding,
	})
	rec := &w.batch[n]
	rec.setScores(r.Scores)
	if r.Turn != -1 {
		w.turns[n] = r.Turn
		rec.Turn = &w.turns[n]
	}
	w.rows++
	w.groupRows++
	texts := r.textBytes()
	w.weight += texts
	w.groupBytes += texts + 8*size
	if w.groupRows == w.schema.RowGroupRows || w.groupBytes >= rowGroupBytesMax {
		return w.endGroup()
	}
	if len(w.batch) == cap(w.batch) || w.weight >= pageBytes {
		return w.endBatch()
	}
	return nil
}

func (w *Writer) endBatch() error {
	if err := w.table.write(w.batch); err != nil {
		return fmt.Errorf("row %d of the part: %w", w.rows-len(w.batch), err)
	}
	clear(w.batch) // let go of the texts
	w.batch, w.weight, w.held = w.batch[:0], 0, 0
	return nil
}

func (w *Writer) endGroup() error {
	if w.groupRows == 0 {
		return nil
	}
	if w.groups == rowGroupsMax {
		return fmt.Errorf("row %d of the part: more than %d row groups", w.rows-1, rowGroupsMax)
	}
	if err := w.endBatch(); err != nil {
		return err
	}
	if err := w.table.flush(); err != nil {
		return fmt.Errorf("row group %d: %w", w.groups, err)
	}
	w.groups++
	w.groupRows, w.groupBytes = 0, 0
	return nil
}
