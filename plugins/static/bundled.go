// Package static holds the teachers that add up a vector a word. static-768 is
// bundled: it adds the meaning of English words to the wording of hash-768 and
// is exact to the bit everywhere. The teacher static reads a table of the
// user's: a Model2Vec folder, a word2vec or a GloVe file. README.md describes
// both.
package static

import (
	"context"
	_ "embed" // table.bin
	"errors"
	"math"
	"sync"
	"unicode/utf8"

	"github.com/cubeset/cubeset/plugins/hashing"
	"github.com/cubeset/cubeset/sdk/teacher"
)

const (
	// Name of the bundled teacher.
	Name = "static-768"
	// Dims is the length of its vectors.
	Dims = hashing.Dims

	// version changes with any change that moves a bit of any vector.
	version = "1"
	// tableDigest is of table.bin.
	tableDigest = "sha256:f2137dd4557d55ccf77401ab017e60a36c0649f80bb7f8108385a11f9312c155"

	// minSimilarity lets through the share of random pairs that 0.3 does for
	// all-MiniLM-L6-v2; README.md tells how it was measured.
	minSimilarity = 0.18

	meaningShare = 0.5 // of the squared length, where every word is in the table
	copies       = Dims / packedDims
)

//go:embed table.bin
var table string

// Describe is the bundled teacher's description, known without running it.
func Describe() teacher.Description {
	words := hashing.Describe()
	return teacher.Description{
		Name:          Name,
		Model:         "cubeset/" + Name,
		Revision:      version + "+" + hashing.Name + "-" + words.Revision,
		WeightsDigest: tableDigest,
		Pooling:       "sum",
		Truncation:    "none",
		Normalised:    true,
		Dims:          Dims,
		MaxRows:       words.MaxRows,
		Determinism:   teacher.Exact,
		Licence:       "Apache-2.0",
		Languages:     "meaning: English; wording: any",
		MinSimilarity: minSimilarity,
	}
}

// Bundled is the teacher static-768. It may be used from any goroutine.
type Bundled struct {
	words *hashing.Embedder
	load  func() (meaning, error)
}

// meaning is the table and the tokenizer of its words.
type meaning struct {
	table  packed
	fold   *bertNormalizer
	pieces *wordPiece
}

const wordRunesMax = 100 // BERT's

// unknownWord stands among ids for a word the table does not have.
const unknownWord = -1

// NewBundled returns static-768. Its table is read at the first text.
func NewBundled() *Bundled {
	return &Bundled{hashing.New(), sync.OnceValues(func() (meaning, error) {
		t, tokens, err := readPacked(table)
		if err != nil {
			return meaning{}, err
		}
		fold := newBert(bertRules{clean: true, chinese: true, strip: true, lower: true})
		return meaning{t, fold, newWordPiece(tokens, "##", wordRunesMax, unknownWord)}, nil
	})}
}

// Describe implements teacher.Embedder.
func (b *Bundled) Describe(context.Context) (teacher.Description, error) { return Describe(), nil }

// Embed implements teacher.Embedder. It fails if a text is empty.
func (b *Bundled) Embed(ctx context.Context, texts []string, dst []float32) error {
	rows, err := b.EmbedRows(ctx, texts, dst)
	for _, r := range rows {
		err = errors.Join(err, r.Err)
	}
	return err
}

// EmbedRows implements teacher.RowEmbedder. It refuses empty texts. Any other
// text has a vector of length 1.
func (b *Bundled) EmbedRows(ctx context.Context, texts []string, dst []float32) ([]teacher.RowResult, error) {
	m, err := b.load()
	if err != nil {
		return nil, err
	}
	rows, err := b.words.EmbedRows(ctx, texts, dst)
	if err != nil {
		return nil, err
	}
	var s sketch
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if rows[i].Err == nil {
			m.add(&s, text, (*[Dims]float32)(dst[i*Dims:]))
		}
	}
	return rows, nil
}

// sketch is what one text after the other is worked out in.
type sketch struct {
	raw, text []byte
	words     [][]byte
	ids       []int32
	sum       [packedDims]int64
}

// add turns the vector of a text's wording into that of its wording and
// meaning. The more of its words the table knows, the more meaning it gets.
func (m meaning) add(s *sketch, text string, v *[Dims]float32) {
	known, all := m.read(s, text)
	if known == 0 {
		return
	}
	m.table.sum(&s.sum, s.ids)
	square, common := 0.0, 0.0 // of the meaning's length; meaning by wording
	for i, sum := range s.sum {
		x := float64(sum)
		part := v[i*copies : i*copies+copies]
		square += float64(x * x) // rounded, so that no machine fuses it
		common += float64(x * float64(part[0]+part[1]+part[2]))
	}
	if square == 0 {
		return
	}
	// The wording has length 1. With the length of what comes out known before
	// it is there, one more pass will do.
	share := meaningShare * float64(known) / float64(all)
	wording, scale := math.Sqrt(1-share), math.Sqrt(share/copies/square)
	length := math.Sqrt(1 + float64(2*wording*scale*common))
	if !(length > 0) { // the two are opposites: leave the wording
		return
	}
	a, b := float32(wording/length), float32(scale/length)
	for i, sum := range s.sum {
		y := float32(float32(sum) * b)
		part := v[i*copies : i*copies+copies]
		part[0] = float32(part[0]*a) + y
		part[1] = float32(part[1]*a) + y
		part[2] = float32(part[2]*a) + y
	}
}

// read puts the ids of the text's tokens into s. It returns how many of its
// words are known, and of how many, punctuation aside.
func (m meaning) read(s *sketch, text string) (known, all int) {
	s.raw = append(s.raw[:0], text...)
	s.text = m.fold.normalize(s.text[:0], s.raw)
	s.words = bertSplitter{}.split(s.words[:0], s.text, true)
	s.ids = s.ids[:0]
	for _, w := range s.words {
		mark := len(s.ids)
		s.ids = m.pieces.tokens(s.ids, w)
		found := s.ids[mark] != unknownWord
		if !found {
			s.ids = s.ids[:mark]
		}
		if r, _ := utf8.DecodeRune(w); !isPunctuation(r) {
			all++
			if found {
				known++
			}
		}
	}
	return known, all
}
