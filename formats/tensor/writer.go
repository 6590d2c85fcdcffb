package tensor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const (
	rowGroupsMax     = 1024
	rowGroupBytesMax = 32 << 20 // larger tensors or longer texts end a row group early: a writer holds all of it
)

// Writer writes one part. The bytes depend on the schema and the rows alone,
// not on how the rows are cut into calls of Write. It holds one row group: at
// most 80 MB, however many rows, unless a text is longer than 64 KiB or a
// tensor than 256 KiB. It is for one goroutine, and useless after an error.
type Writer struct {
	schema Schema
	table  *table
	err    error

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
	cs := columns(s.Scores)
	return &Writer{schema: s, table: newTable(w, cs, s.Profile.layout(), s.Shape.Size(), map[string]string{
		metaKey:  string(meta),
		arrowKey: arrowSchema(cs, s.Shape),
	})}, nil
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
	err := r.check(size, len(w.schema.Scores))
	if err == nil && !w.append(r) {
		err = r.notFinite()
	}
	if err == nil {
		err = w.table.endRow()
	}
	if err != nil {
		return fmt.Errorf("row %d of the part: %w", w.rows, err)
	}
	w.rows++
	w.groupRows++
	w.groupBytes += r.textBytes() + 8*size
	if w.groupRows == w.schema.RowGroupRows || w.groupBytes >= rowGroupBytesMax {
		return w.endGroup()
	}
	return nil
}

// append gives the columns the values of a row, and tells whether its tensors
// are finite.
func (w *Writer) append(r *Row) bool {
	leaves := w.table.leaves
	next := func() *leaf {
		l := &leaves[0]
		leaves = leaves[1:]
		return l
	}
	for _, s := range [...]string{r.ID, r.Question, r.Answer, r.Context, r.DialogueID} {
		next().text(s)
	}
	next().int32(r.Turn, r.Turn != -1)
	for _, s := range [...]string{r.Lang, r.Source, r.Split} {
		next().text(s)
	}
	next().float32(r.Similarity, true)
	for _, v := range r.Scores {
		next().float32(v, true)
	}
	question, answer := next().tensor(r.QuestionEmbedding), next().tensor(r.AnswerEmbedding)
	return question && answer
}

func (w *Writer) endGroup() error {
	if w.groupRows == 0 {
		return nil
	}
	if w.groups == rowGroupsMax {
		return fmt.Errorf("row %d of the part: more than %d row groups", w.rows-1, rowGroupsMax)
	}
	if err := w.table.flush(); err != nil {
		return fmt.Errorf("row group %d: %w", w.groups, err)
	}
	w.groups++
	w.groupRows, w.groupBytes = 0, 0
	return nil
}
