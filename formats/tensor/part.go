package tensor

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go/format"
)

// Part is an open part. Its methods may be called from several goroutines.
type Part struct {
	r      io.ReaderAt
	closer io.Closer
	footer *footer
	schema Schema
	meta   bool
}

// Open opens the part at path and checks its footer, but reads no row.
func Open(path string) (*Part, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	p, err := openFile(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return p, nil
}

func openFile(f File) (*Part, error) {
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	p, err := OpenReader(f, fi.Size())
	if err != nil {
		return nil, err
	}
	p.closer = f
	return p, nil
}

// OpenReader is Open for size bytes of r. It fails with ErrNotDataset if they
// are no part, and with ErrDamaged if they were one.
func OpenReader(r io.ReaderAt, size int64) (*Part, error) {
	p := &Part{r: r}
	f, err := readFooter(r, size, func(cs []column) (err error) {
		p.schema.Scores, err = readScores(cs)
		return err
	})
	if err != nil {
		return nil, err
	}
	p.footer = f
	values, err := f.tensorSize()
	if err != nil {
		return nil, err
	}
	p.schema.Shape = Shape{values}
	meta, ok := f.keys[metaKey]
	if !ok {
		return p, nil
	}
	if err := json.Unmarshal([]byte(meta), &p.schema.Meta); err != nil {
		return nil, fmt.Errorf("footer: %w: key %q is no JSON object of the format", ErrDamaged, metaKey)
	}
	m := &p.schema.Meta
	if m.FormatVersion != FormatVersion {
		return nil, fmt.Errorf("footer: %w: %q, this program reads %q", ErrVersion, clip(m.FormatVersion), FormatVersion)
	}
	if err := m.Shape.Validate(); err != nil {
		return nil, fmt.Errorf("footer: %w: %w", ErrDamaged, err)
	}
	if len(f.groups) > 0 && m.Shape.Size() != values {
		return nil, fmt.Errorf("footer: %w: %w: rows hold %d values, the shape is %s", ErrDamaged, ErrShape, values, m.Shape)
	}
	p.schema.Shape, p.meta = m.Shape, true
	return p, nil
}

// readScores checks that a file has the columns of a part and returns the
// filters that it has scores of.
func readScores(cs []column) ([]string, error) {
	var scores []string
	for _, c := range cs {
		if s, ok := strings.CutPrefix(c.name, scorePrefix); ok {
			scores = append(scores, s)
		}
	}
	if err := validateScores(scores); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotDataset, err)
	}
	want := columns(scores)
	for i, w := range want {
		w.bare = false // no property of a file
		if i >= len(cs) || cs[i] != w {
			return nil, fmt.Errorf("%w: column %d is not the %s %s", ErrNotDataset, i, w.kind, w.name)
		}
	}
	if len(cs) != len(want) {
		return nil, fmt.Errorf("%w: column %q is one too many", ErrNotDataset, clip(cs[len(want)].name))
	}
	return scores, nil
}

// tensorSize is the number of values a row holds in each tensor column, which
// every row group must agree on; 0 without rows.
func (f *footer) tensorSize() (int, error) {
	var size int64
	for i, g := range f.groups {
		for j, c := range f.columns {
			if c.kind != tensors {
				continue
			}
			n := g.chunks[j].values / g.rows
			if size == 0 {
				size = n
			}
			if n != size {
				return 0, fmt.Errorf("footer: row group %d: column %s: %w: %w: %d values a row, elsewhere %d", i, c.name, ErrDamaged, ErrShape, n, size)
			}
		}
	}
	return int(size), nil
}

// Schema is the part's schema. A part that lost its metadata has a flat shape.
func (p *Part) Schema() (Schema, error) {
	s := p.schema
	s.Shape, s.Scores = slices.Clone(s.Shape), slices.Clone(s.Scores)
	s.Profile = p.profile()
	if s.Shape.Size() == 0 {
		return s, fmt.Errorf("%w: no rows and no metadata tell its shape", ErrNotDataset)
	}
	return s, nil
}

// profile looks at the first of the tensors; without one, the profiles are the
// same.
func (p *Part) profile() Profile {
	if len(p.footer.groups) == 0 {
		return Compat
	}
	switch c := p.footer.groups[0].chunks[len(p.footer.columns)-1]; {
	case c.split:
		return Compact
	case c.codec == format.Uncompressed:
		return Fast
	}
	return Compat
}

// Meta is what the part says of itself, and whether it does.
func (p *Part) Meta() (Meta, bool) { return p.schema.Meta, p.meta }

// NumRows is the number of rows.
func (p *Part) NumRows() int64 { return p.footer.rows }

// Tensors is the room that the tensors take, by the footer.
func (p *Part) Tensors() (v Volume) {
	for _, g := range p.footer.groups {
		for i, c := range p.footer.columns {
			if c.kind == tensors {
				v = v.Add(Volume{4 * g.chunks[i].values, g.chunks[i].size})
			}
		}
	}
	return v
}

// Columns are the names of the columns, in order.
func (p *Part) Columns() []string { return columnNames(p.footer.columns) }

// Close closes the file if Open opened it.
func (p *Part) Close() error {
	if p.closer == nil {
		return nil
	}
	return p.closer.Close()
}

// Rows yields the rows in order, each with slices of its own, and stops at the
// first that cannot be read. Memory does not grow with the part.
func (p *Part) Rows() iter.Seq2[Row, error] {
	size, scores := p.schema.Shape.Size(), len(p.schema.Scores)
	return scan(p.r, p.footer, rowCells(scores), func() Row {
		v := make([]float32, 2*size+scores)
		return Row{
			QuestionEmbedding: v[:size:size],
			AnswerEmbedding:   v[size : 2*size : 2*size],
			Scores:            v[2*size:],
		}
	})
}

// rowCells are in the order of columns.
func rowCells(scores int) []cell[Row] {
	cells := []cell[Row]{
		textCell(func(r *Row) *string { return &r.ID }),
		textCell(func(r *Row) *string { return &r.Question }),
		textCell(func(r *Row) *string { return &r.Answer }),
		textCell(func(r *Row) *string { return &r.Context }),
		textCell(func(r *Row) *string { return &r.DialogueID }),
		int32Cell(func(r *Row) *int32 { return &r.Turn }, -1),
		textCell(func(r *Row) *string { return &r.Lang }),
		textCell(func(r *Row) *string { return &r.Source }),
		textCell(func(r *Row) *string { return &r.Split }),
		floatCell(func(r *Row) *float32 { return &r.Similarity }),
	}
	for i := range scores {
		cells = append(cells, floatCell(func(r *Row) *float32 { return &r.Scores[i] }))
	}
	return append(cells,
		tensorCell(func(r *Row) []float32 { return r.QuestionEmbedding }),
		tensorCell(func(r *Row) []float32 { return r.AnswerEmbedding }))
}
