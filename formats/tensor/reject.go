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

type rejectRecord struct {
	ID       string   `parquet:"id,plain,zstd"`
	Question string   `parquet:"question,plain,zstd"`
	Answer   string   `parquet:"answer,plain,zstd"`
	Source   string   `parquet:"source,plain,zstd"`
	File     string   `parquet:"file,plain,zstd"`
	Line     int64    `parquet:"line,plain,zstd"`
	Filter   string   `parquet:"filter,plain,zstd"`
	Reason   string   `parquet:"reason,plain,zstd"`
	Score    *float32 `parquet:"score,plain,zstd,optional"`
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
	t := newTable[rejectRecord](w, rejectColumns(), Fast.layout(), map[string]string{
		rejectsKey: `{"format_version":"` + FormatVersion + `"}`,
	})
	rec := make([]rejectRecord, 1)
	var n, weight int
	for r := range rows {
		rec[0] = r.record()
		if err := t.write(rec); err != nil {
			return Stat{}, fmt.Errorf("rejects: row %d: %w", t.rows, err)
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

func (r *Reject) record() rejectRecord {
	rec := rejectRecord{
		ID: mend(r.ID), Question: mend(r.Question), Answer: mend(r.Answer),
		Source: mend(r.Source), File: mend(r.File), Line: r.Line,
		Filter: mend(r.Filter), Reason: mend(r.Reason),
	}
	if !math.IsNaN(float64(r.Score)) {
		rec.Score = &r.Score
	}
	return rec
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
