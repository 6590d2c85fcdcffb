// Package hashing is the teacher hash-768: it needs no model and no file, is
// exact to the bit everywhere, and embeds several hundred thousand texts a
// second. It is lexical: texts are near when they share words or pieces of
// words, whatever they mean. README.md describes the vector step by step.
package hashing

import (
	"context"
	"errors"
	"math"
	"unicode"

	"github.com/cubeset/cubeset/sdk/teacher"
)

const (
	// Name of the teacher.
	Name = "hash-768"
	// Dims is the length of its vectors.
	Dims = 768

	// version changes with any change that moves a bit of any vector. What
	// is a letter is Unicode's say, so its version is part of the revision.
	version = "1"
	rowsMax = 2048

	// minSimilarity lets through the share of random pairs that 0.3 does for
	// all-MiniLM-L6-v2; README.md tells how it was measured.
	minSimilarity = 0.10
)

// Describe is the teacher's description, known without running it.
func Describe() teacher.Description {
	return teacher.Description{
		Name:          Name,
		Model:         "cubeset/" + Name,
		Revision:      version + "+unicode-" + unicode.Version,
		Pooling:       "sum",
		Truncation:    "none",
		Normalised:    true,
		Dims:          Dims,
		MaxRows:       rowsMax,
		Determinism:   teacher.Exact,
		Licence:       "Apache-2.0",
		Languages:     "any; stop words of English and Russian",
		MinSimilarity: minSimilarity,
	}
}

// Embedder is the teacher. It holds no state between texts, so it may be used
// from any goroutine.
type Embedder struct {
	stop  map[uint64]struct{} // hashes of the stop words
	folds *folds
}

// New returns a hash-768.
func New() *Embedder { return &Embedder{stop: stopWords(), folds: newFolds()} }

// Describe implements teacher.Embedder.
func (e *Embedder) Describe(context.Context) (teacher.Description, error) { return Describe(), nil }

// Embed implements teacher.Embedder. It fails if a text is empty.
func (e *Embedder) Embed(ctx context.Context, texts []string, dst []float32) error {
	rows, err := e.EmbedRows(ctx, texts, dst)
	for _, r := range rows {
		err = errors.Join(err, r.Err)
	}
	return err
}

// EmbedRows implements teacher.RowEmbedder. It refuses empty texts: they have
// no direction. Any other text has a vector of length 1.
func (e *Embedder) EmbedRows(ctx context.Context, texts []string, dst []float32) ([]teacher.RowResult, error) {
	rows := make([]teacher.RowResult, len(texts))
	s := sketch{folds: e.folds, stop: e.stop}
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if text == "" {
			rows[i] = teacher.RowResult{Err: errEmpty, Code: "empty"}
			continue
		}
		s.out = (*[Dims]float32)(dst[i*Dims:])
		rows[i].Tokens = s.text(text)
		if !normalise(s.out) { // nothing but spaces, or opposite features met
			s.whole(text)
			normalise(s.out)
		}
	}
	return rows, nil
}

var errEmpty = errors.New("the text is empty")

// normalise scales v to length 1. Every product is rounded before it is added,
// and the sums have a fixed order: the bits are the same on every machine.
// It reports whether v has a length.
func normalise(v *[Dims]float32) bool {
	var a, b, c, d float64
	for i := 0; i < Dims; i += 4 {
		a += float64(float32(v[i] * v[i]))
		b += float64(float32(v[i+1] * v[i+1]))
		c += float64(float32(v[i+2] * v[i+2]))
		d += float64(float32(v[i+3] * v[i+3]))
	}
	sum := (a + b) + (c + d)
	if sum == 0 {
		return false
	}
	scale := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] = float32(v[i] * scale)
	}
	return true
}
