package host

import (
	"context"
	"fmt"
	"io"
	"iter"
	"path/filepath"

	"github.com/cubeset/cubeset/formats/dialogue"
	"github.com/cubeset/cubeset/formats/tensor"
)

// thinPart writes what stays of a part, if anything does, as a part of the same
// split, and gives the rest to reject.
func (d *dedupe) thinPart(ctx context.Context, p tensor.PartInfo, yield func(tensor.Reject) bool) error {
	f, err := openPart(d.fs, d.in, p)
	if err != nil {
		return err
	}
	defer f.Close()
	part, err := tensor.OpenReader(f, p.Bytes)
	if err != nil {
		return fmt.Errorf("%s: %w", p.Path, err)
	}
	schema, err := part.Schema()
	if err != nil {
		return fmt.Errorf("%s: %w", p.Path, err)
	}
	schema.Profile = d.source.Profile
	d.key = digest(d.key, p.SHA256)
	base := p.Split + "-" + d.key[:16] + ".parquet"
	path := filepath.Join(d.out.partsDir(), base)
	var stat tensor.Stat
	err = createFile(d.fs, path, func(w io.Writer) error {
		t, err := tensor.NewWriter(w, schema)
		if err != nil {
			return err
		}
		for row, err := range d.firsts(ctx, p, part, yield) {
			if err == nil {
				err = t.Write([]tensor.Row{row})
			}
			if err != nil {
				return err
			}
		}
		stat, err = t.Close()
		return err
	})
	if err == nil && stat.Rows == 0 {
		return d.fs.Remove(path)
	}
	if err != nil {
		return err
	}
	d.parts = append(d.parts, tensor.PartInfo{Path: "data/" + base, Split: p.Split, Rows: stat.Rows, Bytes: stat.Bytes, SHA256: stat.SHA256, Key: d.key})
	return nil
}

// firsts yields the rows of a part that stay; the others go to reject.
func (d *dedupe) firsts(ctx context.Context, p tensor.PartInfo, part *tensor.Part, reject func(tensor.Reject) bool) iter.Seq2[tensor.Row, error] {
	return func(yield func(tensor.Row, error) bool) {
		var line int64
		for r, err := range part.Rows() {
			if err != nil {
				yield(r, fmt.Errorf("%s: %w", p.Path, err))
				return
			}
			if ctx.Err() != nil {
				yield(r, ErrInterrupted)
				return
			}
			line++
			d.progress.Read.Add(1)
			d.stats.Embedded.add(r.Similarity)
			_, cosine, ok := d.twins.First(d.vectors(&r)...)
			if ok {
				d.progress.Kept.Add(1)
				d.stats.written(&dialogue.Pair{Question: r.Question, Answer: r.Answer, Source: r.Source, Lang: r.Lang, Turn: r.Turn}, r.Similarity)
				if !yield(r, nil) {
					return
				}
				continue
			}
			d.dropped++
			d.stats.source(r.Source, semanticKey, 1)
			if !reject(tensor.Reject{ID: r.ID, Question: r.Question, Answer: r.Answer, Source: r.Source,
				File: p.Path, Line: line, Filter: "dedup", Reason: "semantic", Score: cosine}) {
				yield(r, errUnwanted)
				return
			}
		}
	}
}

func (d *dedupe) vectors(r *tensor.Row) [][]float32 {
	switch d.options.On {
	case "question":
		return [][]float32{r.QuestionEmbedding}
	case "answer":
		return [][]float32{r.AnswerEmbedding}
	}
	return [][]float32{r.QuestionEmbedding, r.AnswerEmbedding}
}
