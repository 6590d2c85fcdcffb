package static

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/cubeset/cubeset/plugins/internal/origin"
	"github.com/cubeset/cubeset/sdk/teacher"
)

// fileVersion changes with any change that moves a bit of any vector that is
// made from a user's file.
const fileVersion = "1"

// rowsMax is how many texts a call may have.
const rowsMax = 2048

// A source is where a model comes from.
type source interface {
	// files are what decides the model: the weights first, then the tokenizer
	// if that is a file of its own, then others.
	files() []string
	// describe fills in all but the digests. It reads headers only.
	describe() (teacher.Description, error)
	load() (*model, error)
}

// File is a teacher with a user's table of vectors. It may be used from any
// goroutine.
type File struct {
	source source
	told   func() (told, error)
	model  func() (*model, error)
}

// told is a description and the files it was made from.
type told struct {
	description teacher.Description
	files       origin.Files
}

func newFile(s source) *File {
	f := &File{source: s}
	f.told = sync.OnceValues(f.tell)
	f.model = sync.OnceValues(f.load)
	return f
}

// Describe implements teacher.Embedder. It hashes the files, once, but does not
// load them: that takes as long as reading them from disk.
func (f *File) Describe(context.Context) (teacher.Description, error) {
	t, err := f.told()
	if err != nil {
		return teacher.Description{}, fmt.Errorf("static: %w: %w", teacher.ErrStop, err)
	}
	return t.description, nil
}

func (f *File) tell() (told, error) {
	files, err := origin.Look(f.source.files())
	if err != nil {
		return told{}, err
	}
	d, err := f.source.describe()
	if err != nil {
		return told{}, err
	}
	d.Name, d.Revision = "static", fileVersion+d.Revision
	d.Pooling, d.MaxRows, d.Determinism, d.MinSimilarity = "mean", rowsMax, teacher.Exact, math.NaN()
	for i, name := range f.source.files() {
		digest, err := origin.Digest(name)
		if err != nil {
			return told{}, err
		}
		switch i {
		case 0:
			d.WeightsDigest = digest
		case 1:
			d.TokenizerDigest = digest
		}
	}
	return told{d, files}, nil
}

// load reads the model, if it is still the one that was described.
func (f *File) load() (*model, error) {
	t, err := f.told()
	if err != nil {
		return nil, err
	}
	m, err := f.source.load()
	if err != nil {
		return nil, err
	}
	if err := t.files.Unchanged(); err != nil {
		return nil, err
	}
	if m.dims != t.description.Dims {
		return nil, fmt.Errorf("%s: %d values a vector, described as %d", f.source.files()[0], m.dims, t.description.Dims)
	}
	return m, nil
}

// Embed implements teacher.Embedder. It fails if a text has no vector.
func (f *File) Embed(ctx context.Context, texts []string, dst []float32) error {
	rows, err := f.EmbedRows(ctx, texts, dst)
	for _, r := range rows {
		err = errors.Join(err, r.Err)
	}
	return err
}

var (
	errEmpty   = errors.New("the text is empty")
	errUnknown = errors.New("no word of the text is in the table")
	errCancel  = errors.New("the vectors of the text's words cancel out, or are not finite")
)

// EmbedRows implements teacher.RowEmbedder. It refuses texts none of whose
// words has a vector (unknown_words).
func (f *File) EmbedRows(ctx context.Context, texts []string, dst []float32) ([]teacher.RowResult, error) {
	m, err := f.model()
	if err != nil {
		return nil, fmt.Errorf("static: %w: %w", teacher.ErrStop, err)
	}
	rows := make([]teacher.RowResult, len(texts))
	s := scratch{sum: make([]float64, m.dims)}
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows[i] = m.embed(&s, text, dst[i*m.dims:][:m.dims])
	}
	return rows, nil
}
