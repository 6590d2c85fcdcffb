package host

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"path/filepath"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

// thinPart writes what stays of a part, if anything does, as a part of the same
// split, and gives the rest to reject.
func (d *dedupe) thinPart(ctx context.Context, p tensor.PartInfo, yield func(tensor.Reject) bool) error {
	f, err := d.open(p)
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
	stat, err := d.create(path, func(w io.Writer) (tensor.Stat, error) {
		t, err := tensor.NewWriter(w, schema)
		if err != nil {
			return tensor.Stat{}, err
		}
		for row, err := range d.firsts(ctx, p, part, yield) {
			if err == nil {
				err = t.Write([]tensor.Row{row})
			}
			if err != nil {
				return tensor.Stat{}, err
			}
		}
		return t.Close()
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
			_, cosine, ok := d.twins.First(d.vectors(&r)...)
			if ok {
				d.progress.Kept.Add(1)
				if !yield(r, nil) {
					return
				}
				continue
			}
			d.dropped++
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

// open opens a file of the dataset if its bytes are those the manifest knows.
func (d *dedupe) open(p tensor.PartInfo) (fsx.File, error) {
	f, err := d.fs.Open(filepath.Join(d.in, filepath.FromSlash(p.Path)))
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	if sum := hex.EncodeToString(h.Sum(nil)); err == nil && (n != p.Bytes || sum != p.SHA256) {
		err = fmt.Errorf("%w: %d bytes with sha256 %s, want %d with %s", tensor.ErrDamaged, n, sum, p.Bytes, p.SHA256)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", p.Path, err)
	}
	return f, nil
}

// create makes a file of what write writes, durably.
func (d *dedupe) create(path string, write func(io.Writer) (tensor.Stat, error)) (tensor.Stat, error) {
	f, err := d.fs.Create(path)
	if err != nil {
		return tensor.Stat{}, err
	}
	buffer := bufio.NewWriterSize(f, writeBuffer)
	stat, err := write(buffer)
	if err == nil {
		err = buffer.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		d.fs.Remove(path)
	}
	return stat, err
}
