package host

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/cubeset/cubeset/formats/array"
	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

// The forms a dataset can be exported to.
const (
	ExportNPY         = "npy"         // a folder: two .npy files, and rows.jsonl
	ExportSafetensors = "safetensors" // a file with two tensors
	ExportJSONL       = "jsonl"       // a file with a line for each row
)

// Exports are all forms, in the order in which they are listed.
func Exports() []string { return []string{ExportNPY, ExportSafetensors, ExportJSONL} }

// ExportOptions says what Export writes. The zero ExportOptions is not valid: To
// is needed.
type ExportOptions struct {
	To       string    // one of Exports
	Split    string    // only the rows of this one; "" takes all
	Vectors  bool      // ExportJSONL: with the tensors, as flat lists
	Progress *Progress // if not nil, kept up to date

	fs fsx.FS // nil: the real one
}

// ExportSummary is what came of Export. Its JSON is what `export --json` prints.
type ExportSummary struct {
	SchemaVersion int            `json:"schema_version"`
	To            string         `json:"to"`
	Split         string         `json:"split"` // "" is all
	Rows          int64          `json:"rows"`
	Shape         tensor.Shape   `json:"shape"`
	Files         []ExportedFile `json:"files"`
	Seconds       float64        `json:"seconds"`
	Out           string         `json:"out"`
}

// ExportedFile is one file that Export wrote.
type ExportedFile struct {
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
}

// Export writes the rows of the dataset in the folder in to out, in the order
// of the manifest. Nothing may be at out but an empty folder; it appears when
// all is done, and not at all after an error. Memory does not grow with the
// dataset.
//
// ExportNPY makes a folder of question_embedding.npy and answer_embedding.npy,
// arrays of float32 of the shape [rows, shape of a tensor], and rows.jsonl with
// everything else of the same rows. ExportSafetensors makes a file of two
// tensors with the same names, and the identity of their space as metadata.
// ExportJSONL makes a file with an object for each row.
func Export(ctx context.Context, in, out string, o ExportOptions) (ExportSummary, error) {
	begin := time.Now()
	e, err := openExport(in, out, o)
	if err != nil {
		return ExportSummary{}, err
	}
	write := map[string]func(context.Context) error{ExportNPY: e.npy, ExportSafetensors: e.safetensors, ExportJSONL: e.jsonl}[o.To]
	err = e.fs.RemoveAll(e.tmp)
	if err == nil {
		err = write(ctx)
	}
	if err == nil {
		err = e.publish()
	}
	if err != nil {
		e.fs.RemoveAll(e.tmp)
		return ExportSummary{}, err
	}
	return ExportSummary{
		SchemaVersion: 1, To: o.To, Split: o.Split, Rows: e.rows, Shape: e.source.Shape,
		Files: e.files, Seconds: time.Since(begin).Seconds(), Out: out,
	}, nil
}

// export is one run of Export.
type export struct {
	options  ExportOptions
	progress *Progress
	fs       fsx.FS
	in, out  string
	tmp      string // beside out, with its file system
	source   tensor.Manifest
	parts    []tensor.PartInfo
	rows     int64
	files    []ExportedFile
}

// Validate returns all complaints at once.
func (o ExportOptions) Validate() error {
	var errs []error
	if !slices.Contains(Exports(), o.To) {
		errs = append(errs, fmt.Errorf("to: unknown value %q%s", o.To, suggest(o.To, Exports())))
	}
	if o.Vectors && o.To != ExportJSONL {
		errs = append(errs, fmt.Errorf("vectors: they are always in %s; it is a choice for %s", o.To, ExportJSONL))
	}
	return errors.Join(errs...)
}

func openExport(in, out string, o ExportOptions) (_ *export, err error) {
	e := &export{options: o, progress: o.Progress, fs: o.fs, in: in, out: filepath.Clean(out)}
	e.tmp = filepath.Join(filepath.Dir(e.out), "."+filepath.Base(e.out)+".cubeset-tmp")
	if e.fs == nil {
		e.fs = fsx.OS{}
	}
	if e.progress == nil {
		e.progress = &Progress{}
	}
	if err := errors.Join(o.Validate(), checkApart(in, out)); err != nil {
		return nil, as(ErrConfig, err)
	}
	if e.source, err = tensor.ReadManifest(e.fs, in); err != nil {
		return nil, fmt.Errorf("%s: %w", in, err)
	}
	splits := slices.Sorted(maps.Keys(e.source.Splits))
	if o.Split != "" && !slices.Contains(splits, o.Split) {
		return nil, as(ErrConfig, fmt.Errorf("split: the dataset has no %q%s; it has %q", o.Split, suggest(o.Split, splits), splits))
	}
	passes := int64(1)
	if o.To == ExportSafetensors {
		passes = 2
	}
	var total int64
	for _, p := range e.source.Parts {
		if o.Split == "" || p.Split == o.Split {
			e.parts = append(e.parts, p)
			e.rows += p.Rows
			total += p.Bytes
		}
	}
	e.progress.BytesTotal.Store(passes * total)
	return e, as(ErrOutput, e.checkFree())
}

// checkFree refuses to write over anything: what is at out may be dear.
func (e *export) checkFree() error {
	if _, err := e.fs.Stat(e.out); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if entries, err := e.fs.ReadDir(e.out); e.options.To == ExportNPY && err == nil && len(entries) == 0 {
		return nil
	}
	return fmt.Errorf("%s is there already; remove it or give another name", e.out)
}

// publish makes what was written appear under its name.
func (e *export) publish() error {
	if err := e.checkFree(); err != nil {
		return as(ErrOutput, err)
	}
	if e.options.To == ExportNPY { // Rename replaces no folder, not even an empty one
		if err := e.fs.Remove(e.out); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := e.fs.Rename(e.tmp, e.out); err != nil {
		return err
	}
	return e.fs.SyncDir(filepath.Dir(e.out))
}

// each hands over every row, in order.
func (e *export) each(ctx context.Context, take func(*tensor.Row) error) error {
	for _, p := range e.parts {
		if err := e.part(ctx, p, take); err != nil {
			return err
		}
		e.progress.Bytes.Add(p.Bytes)
	}
	return nil
}

func (e *export) part(ctx context.Context, p tensor.PartInfo, take func(*tensor.Row) error) error {
	f, err := openPart(e.fs, e.in, p)
	if err != nil {
		return err
	}
	defer f.Close()
	part, err := tensor.OpenReader(f, p.Bytes)
	if err != nil {
		return fmt.Errorf("%s: %w", p.Path, err)
	}
	if schema, err := part.Schema(); err != nil {
		return fmt.Errorf("%s: %w", p.Path, err)
	} else if !schema.Shape.Equal(e.source.Shape) || !slices.Equal(schema.Scores, e.source.Scores) || part.NumRows() != p.Rows {
		return fmt.Errorf("%s: %w: %d rows of shape %s, with scores %q; the manifest says %d of %s, with %q", p.Path, tensor.ErrDamaged,
			part.NumRows(), schema.Shape, schema.Scores, p.Rows, e.source.Shape, e.source.Scores)
	}
	for r, err := range part.Rows() {
		if err != nil {
			return fmt.Errorf("%s: %w", p.Path, err)
		}
		if ctx.Err() != nil {
			return ErrInterrupted
		}
		if err := take(&r); err != nil {
			return err
		}
		e.progress.Read.Add(1)
		e.progress.Kept.Add(1)
	}
	return nil
}

// create writes a file at path, which will be name when it is published.
func (e *export) create(path, name string, write func(io.Writer) error) error {
	err := createFile(e.fs, path, write)
	if err != nil {
		return err
	}
	fi, err := e.fs.Stat(path)
	if err == nil {
		e.files = append(e.files, ExportedFile{name, fi.Size()})
	}
	return err
}

// tensors are the two columns, and where they are in a row.
var tensors = []struct {
	name string
	of   func(*tensor.Row) []float32
}{
	{"question_embedding", func(r *tensor.Row) []float32 { return r.QuestionEmbedding }},
	{"answer_embedding", func(r *tensor.Row) []float32 { return r.AnswerEmbedding }},
}

// shape is that of all tensors of a column together.
func (e *export) shape() []int { return append([]int{int(e.rows)}, e.source.Shape...) }

// npy writes three files in one pass: each waits for the rows inside of the
// one before it.
func (e *export) npy(ctx context.Context) error {
	if err := e.fs.MkdirAll(e.tmp, 0o755); err != nil {
		return err
	}
	create := func(name string, write func(io.Writer) error) error {
		return e.create(filepath.Join(e.tmp, name), filepath.Join(e.out, name), write)
	}
	err := create("rows.jsonl", func(rows io.Writer) error {
		return create(tensors[1].name+".npy", func(answers io.Writer) error {
			return create(tensors[0].name+".npy", func(questions io.Writer) error {
				if err := errors.Join(array.WriteNPY(questions, e.shape()...), array.WriteNPY(answers, e.shape()...)); err != nil {
					return err
				}
				lines, q, a := newLines(rows, e.source.Scores, false), floats{w: questions}, floats{w: answers}
				return e.each(ctx, func(r *tensor.Row) error {
					return errors.Join(q.write(r.QuestionEmbedding), a.write(r.AnswerEmbedding), lines.write(r))
				})
			})
		})
	})
	if err != nil {
		return err
	}
	return e.fs.SyncDir(e.tmp)
}

// safetensors goes through the rows once for each tensor, since one follows the
// other in the file.
func (e *export) safetensors(ctx context.Context) error {
	return e.create(e.tmp, e.out, func(w io.Writer) error {
		t := e.source.Teacher
		metadata := map[string]string{
			"format_version": e.source.FormatVersion, "teacher": t.Name, "embed_id": t.EmbedID, "space_id": t.SpaceID,
			"projection": t.Projection, "normalised": fmt.Sprint(e.source.Normalised), "split": e.options.Split,
		}
		var named []array.Named
		for _, t := range tensors {
			named = append(named, array.Named{Name: t.name, Shape: e.shape()})
		}
		if err := array.WriteSafetensors(w, metadata, named...); err != nil {
			return err
		}
		for _, t := range tensors {
			f := floats{w: w}
			if err := e.each(ctx, func(r *tensor.Row) error { return f.write(t.of(r)) }); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e *export) jsonl(ctx context.Context) error {
	return e.create(e.tmp, e.out, func(w io.Writer) error {
		return e.each(ctx, newLines(w, e.source.Scores, e.options.Vectors).write)
	})
}

// floats writes values little-endian.
type floats struct {
	w      io.Writer
	buffer []byte
}

func (f *floats) write(v []float32) (err error) {
	if f.buffer, err = binary.Append(f.buffer[:0], binary.LittleEndian, v); err != nil {
		return err
	}
	_, err = f.w.Write(f.buffer)
	return err
}
