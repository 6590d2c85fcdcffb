package tensor

import (
	"fmt"
	"io"
	"iter"
	"math"
	"strings"
)

// Reject is a record that did not become a row, and why.
type Reject struct {
	ID, Question, Answer, Source, File string
	Line                               int64 // in File, from 1; 0 if unknown
	Filter, Reason                     string
	Score                              float32 // the filter's; NaN is written as null
}

func rejectColumns() []column {
	return []column{
		{name: "id"}, {name: "question", bare: true}, {name: "answer", bare: true},
		{name: "source"}, {name: "file"}, {name: "line", kind: int64s},
		{name: "filter"}, {name: "reason"}, {name: "score", kind: float32s, nullable: true},
	}
}

// WriteRejects writes a rejects file. A rejected text may be anything: what is
// not UTF-8 in it is replaced, and what is longer than a row allows is cut.
func WriteRejects(w io.Writer, rows iter.Seq[Reject]) (Stat, error) {
	t := newTable(w, rejectColumns(), Compat.layout(), 0, map[string]string{
		rejectsKey: `{"format_version":"` + FormatVersion + `"}`,
	})
	var n, weight int
	for r := range rows {
		r.append(t.leaves)
		if err := t.endRow(); err != nil {
			return Stat{}, fmt.Errorf("rejects: row %d: %w", t.md.NumRows+t.rows, err)
		}
		n++
		weight += len(r.Question) + len(r.Answer)
		if n == rowGroupDefault || weight >= rowGroupBytesMax {
			if err := t.flush(); err != nil {
				return Stat{}, fmt.Errorf("rejects: %w", err)
			}
			n, weight = 0, 0
		}
	}
	if err := t.flush(); err != nil {
		return Stat{}, fmt.Errorf("rejects: %w", err)
	}
	return t.close()
}

// append gives the columns the values of a row.
func (r *Reject) append(leaves []leaf) {
	for i, s := range [...]string{r.ID, r.Question, r.Answer, r.Source, r.File} {
		leaves[i].text(mend(s))
	}
	leaves[5].int64(r.Line)
	leaves[6].text(mend(r.Filter))
	leaves[7].text(mend(r.Reason))
	leaves[8].float32(r.Score, !math.IsNaN(float64(r.Score)))
}

func mend(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), textBytesMax)], "\uFFFD")
}

// ReadRejects yields the rows of a rejects file and stops at the first that
// cannot be read.
func ReadRejects(r io.ReaderAt, size int64) iter.Seq2[Reject, error] {
	f, err := readFooter(r, size, checkRejects)
	if err != nil {
		return func(yield func(Reject, error) bool) { yield(Reject{}, err) }
	}
	return scan(r, f, []cell[Reject]{
		textCell(func(r *Reject) *string { return &r.ID }),
		textCell(func(r *Reject) *string { return &r.Question }),
		textCell(func(r *Reject) *string { return &r.Answer }),
		textCell(func(r *Reject) *string { return &r.Source }),
		textCell(func(r *Reject) *string { return &r.File }),
		int64Cell(func(r *Reject) *int64 { return &r.Line }),
		textCell(func(r *Reject) *string { return &r.Filter }),
		textCell(func(r *Reject) *string { return &r.Reason }),
		floatCell(func(r *Reject) *float32 { return &r.Score }),
	}, func() Reject { return Reject{} })
}

func checkRejects(cs []column) error {
	want := rejectColumns()
	for i, w := range want {
		w.bare = false // no property of a file
		if len(cs) != len(want) || cs[i] != w {
			return fmt.Errorf("%w: no rejects file", ErrNotDataset)
		}
	}
	return nil
}
