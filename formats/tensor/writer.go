package tensor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

const (
	batchRowsMax     = 64
	rowGroupsMax     = 1024
	rowGroupBytesMax = 48 << 20 // a row group of very long texts ends early
)

// Writer writes one part. The bytes depend on the schema and the rows alone,
// not on how the rows are cut into calls of Write. It is for one goroutine,
// and useless after an error.
type Writer struct {
	schema Schema
	table  *table[record]
	err    error

	// The rows not yet given to the table, with room for their numbers.
	batch  []record
	turns  []int32
	values []float32
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
	var codec compress.Codec = &parquet.Uncompressed
	if s.Profile == Compat {
		codec = new(allLiterals)
	}
	cs := columns(s.Scores)
	batch := min(max(pageBytes/4/s.Shape.Size(), 1), batchRowsMax)
	return &Writer{
		schema: s,
		table: newTable[record](w, cs, codec, map[string]string{
			metaKey:  string(meta),
			arrowKey: arrowSchema(cs, s.Shape),
		}, scoreTags(s.Scores)...),
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
	return w.err
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
	q := w.values[2*n*size : (2*n+1)*size : (2*n+1)*size]
	a := w.values[(2*n+1)*size : (2*n+2)*size : (2*n+2)*size]
	copy(q, r.QuestionEmbedding)
	copy(a, r.AnswerEmbedding)
	w.batch = append(w.batch, record{
		ID: r.ID, Question: r.Question, Answer: r.Answer,
		Context: r.Context, DialogueID: r.DialogueID, Lang: r.Lang,
		Source: r.Source, Split: r.Split, Similarity: r.Similarity,
		QuestionEmbedding: q, AnswerEmbedding: a,
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
	w.batch, w.weight = w.batch[:0], 0
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
