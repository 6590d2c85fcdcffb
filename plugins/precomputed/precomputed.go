package precomputed

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"sync"

	"github.com/cubeset/cubeset/plugins/internal/origin"
	"github.com/cubeset/cubeset/sdk/teacher"
)

const (
	// Name of the teacher.
	Name = "precomputed"

	// version changes with any change that gives a text another vector.
	version = "1"
	callMax = 2048 // texts a call
)

// Embedder is the teacher. It may be used from any goroutine.
type Embedder struct {
	config Config
	told   func() (told, error)
	table  func() (table, error)
}

// told is a description and the files it was made from.
type told struct {
	description teacher.Description
	files       origin.Files
}

// table is the texts and their vectors.
type table struct {
	index   index
	vectors vectors
}

func newEmbedder(c Config) *Embedder {
	e := &Embedder{config: c}
	e.told = sync.OnceValues(e.tell)
	e.table = sync.OnceValues(e.load)
	return e
}

// Describe implements teacher.Embedder. It hashes the files, once, which takes
// as long as reading them from disk.
func (e *Embedder) Describe(context.Context) (teacher.Description, error) {
	t, err := e.told()
	return t.description, stop(err)
}

func (e *Embedder) tell() (told, error) {
	files, err := origin.Look(e.config.files())
	if err != nil {
		return told{}, err
	}
	dims, err := e.dims()
	if err != nil {
		return told{}, err
	}
	d := teacher.Description{
		Name: Name, Model: Name, Revision: version, Pooling: "none", Truncation: "none", Dims: dims,
		MaxRows: callMax, Determinism: teacher.Exact, MinSimilarity: math.NaN(),
	}
	if e.config.Model != "" {
		d.Model = e.config.Model
	}
	if d.WeightsDigest, err = origin.Digest(e.config.Vectors); err != nil {
		return told{}, err
	}
	if e.config.Texts != "" {
		if d.TokenizerDigest, err = origin.Digest(e.config.Texts); err != nil {
			return told{}, err
		}
	}
	return told{d, files}, nil
}

// dims reads how long the vectors are.
func (e *Embedder) dims() (int, error) {
	f, err := os.Open(e.config.Vectors)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if extension(e.config.Vectors) == parquet {
		return parquetDims(f)
	}
	v, err := openVectors(f, e.config)
	if err != nil {
		return 0, err
	}
	return v.dims(), nil
}

// load reads the texts and leaves the vectors where they are, in a file that
// stays open as long as the process lives.
func (e *Embedder) load() (t table, err error) {
	place := e.config.Texts + ":"
	if extension(e.config.Vectors) == parquet {
		place = e.config.Vectors + ": row "
		t, err = loadParquet(e.config.Vectors)
	} else {
		t, err = loadArray(e.config)
	}
	if err != nil {
		return t, err
	}
	line := func(row uint32) string { return fmt.Sprintf("%s%d", place, int64(row)+1) }
	return t, t.index.sort(t.vectors.read, t.vectors.dims(), line)
}

func loadArray(c Config) (t table, err error) {
	f, err := os.Open(c.Vectors)
	if err != nil {
		return t, err
	}
	if t.vectors, err = openVectors(f, c); err == nil {
		t.index, err = readTexts(c.Texts)
	}
	if n := int64(len(t.index)); err == nil && n != t.vectors.rows() {
		err = fmt.Errorf("%d texts in %s, %d vectors in %s", n, c.Texts, t.vectors.rows(), c.Vectors)
	}
	if err != nil {
		return t, errors.Join(err, f.Close())
	}
	return t, nil
}

// Embed implements teacher.Embedder. It fails if a text is not in the file.
func (e *Embedder) Embed(ctx context.Context, texts []string, dst []float32) error {
	rows, err := e.EmbedRows(ctx, texts, dst)
	for _, r := range rows {
		err = errors.Join(err, r.Err)
	}
	return err
}

var (
	errEmpty    = errors.New("the text is empty")
	errNotFound = errors.New("the text is not in the file")
	errVector   = errors.New("the text's vector is zero or not finite")
)

// EmbedRows implements teacher.RowEmbedder. It refuses texts that are not in
// the file (not_found) and those whose vector is none (bad_vector).
func (e *Embedder) EmbedRows(ctx context.Context, texts []string, dst []float32) ([]teacher.RowResult, error) {
	told, err := e.told()
	if err != nil {
		return nil, stop(err)
	}
	t, err := e.table()
	if err != nil {
		return nil, stop(err)
	}
	if err := told.files.Unchanged(); err != nil {
		return nil, stop(err)
	}
	rows, dims := make([]teacher.RowResult, len(texts)), t.vectors.dims()
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if text == "" {
			rows[i] = teacher.RowResult{Err: errEmpty, Code: "empty"}
			continue
		}
		row, ok := t.index.find(text)
		if !ok {
			rows[i] = teacher.RowResult{Err: errNotFound, Code: "not_found"}
			continue
		}
		v := dst[i*dims:][:dims]
		if err := t.vectors.read(row, v); err != nil {
			return nil, stop(fmt.Errorf("%s: %w", e.config.Vectors, err))
		}
		if !usable(v) {
			rows[i] = teacher.RowResult{Err: errVector, Code: "bad_vector"}
		}
	}
	return rows, nil
}

func usable(v []float32) bool {
	some := false
	for _, x := range v {
		if x-x != 0 {
			return false
		}
		some = some || x != 0
	}
	return some
}

func stop(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("precomputed: %w: %w", teacher.ErrStop, err)
}
