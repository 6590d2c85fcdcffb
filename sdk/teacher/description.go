package teacher

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cubeset/cubeset/sdk/teacher/teacherpb"
)

// Limits of a Description. A host refuses a teacher outside them.
const (
	DimsMax      = 65_536    // values a vector
	RowsMax      = 65_536    // texts a call
	textBytesMax = 4_096     // bytes of any one string of a Description
	intMax       = 1<<31 - 1 // token counts and API dimensions
)

// Determinism says whether the same text always gives the same bits.
type Determinism string

const (
	// Exact: same bits for the same text, in any batch, on any machine.
	Exact Determinism = "exact"
	// Close: equal up to rounding.
	Close Determinism = "close"
)

// Description says which model a teacher is. The first block decides the
// vector: together it is the identity under which vectors are cached, so a
// change of weights, tokenizer or code that moves a single bit must change one
// of these fields.
type Description struct {
	Model           string // the model's own name, "org/model" where it has one
	Revision        string // commit, date or version of model and code
	WeightsDigest   string // "sha256:…" of the weights, where known
	TokenizerDigest string // "sha256:…" of the tokenizer, where known
	Pooling         string // "mean", "cls", "sum", …
	Truncation      string // what becomes of a long text: "end", "none", …
	Normalised      bool   // vectors have Euclidean length 1
	Dims            int    // values a vector
	MaxTokens       int    // tokens read of a text, 0 = all
	APIDimensions   int    // size asked of a remote API, 0 = its own

	Name           string // label for people and logs
	MaxRows        int    // texts accepted in one call, 0 = the host chooses
	Determinism    Determinism
	Licence        string  // of the model, SPDX where it has one
	Languages      string  // for people
	MinSimilarity  float64 // cosine above which a pair is kept, NaN = no advice
	QuestionPrefix string  // put before a question by the host
	AnswerPrefix   string  // put before an answer by the host
	Matryoshka     bool    // trained so that the first values of a vector are an embedding by themselves
}

// Validate returns everything that is wrong with d, joined.
func (d Description) Validate() error {
	var errs []error
	for _, f := range []struct {
		name, value string
		lines       bool // may hold a line break, as prompts do
	}{
		{"name", d.Name, false}, {"model", d.Model, false}, {"revision", d.Revision, false},
		{"weights digest", d.WeightsDigest, false}, {"tokenizer digest", d.TokenizerDigest, false},
		{"pooling", d.Pooling, false}, {"truncation", d.Truncation, false},
		{"licence", d.Licence, false}, {"languages", d.Languages, false},
		{"question prefix", d.QuestionPrefix, true}, {"answer prefix", d.AnswerPrefix, true},
	} {
		if err := checkText(f.value, f.lines); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", f.name, err))
		}
	}
	for _, f := range []struct {
		name      string
		n, lo, hi int
	}{
		{"dims", d.Dims, 1, DimsMax}, {"max rows", d.MaxRows, 0, RowsMax},
		{"max tokens", d.MaxTokens, 0, intMax}, {"api dimensions", d.APIDimensions, 0, intMax},
	} {
		if f.n < f.lo || f.n > f.hi {
			errs = append(errs, fmt.Errorf("%s: %d is outside %d..%d", f.name, f.n, f.lo, f.hi))
		}
	}
	if d.Name == "" {
		errs = append(errs, errors.New("name: missing"))
	}
	if d.Model == "" {
		errs = append(errs, errors.New("model: missing"))
	}
	if d.Determinism != Exact && d.Determinism != Close {
		errs = append(errs, fmt.Errorf("determinism: neither %q nor %q", Exact, Close))
	}
	if m := d.MinSimilarity; m < -1 || m > 1 {
		errs = append(errs, fmt.Errorf("min similarity: %v is outside -1..1", m))
	}
	return errors.Join(errs...)
}

func checkText(s string, lines bool) error {
	if len(s) > textBytesMax {
		return fmt.Errorf("%d bytes, at most %d", len(s), textBytesMax)
	}
	if !utf8.ValidString(s) {
		return errors.New("not UTF-8")
	}
	bad := func(r rune) bool { return !unicode.IsPrint(r) && !(lines && (r == '\n' || r == '\t')) }
	if strings.ContainsFunc(s, bad) {
		return errors.New("holds a character that cannot be printed")
	}
	return nil
}

// Proto is d as it travels. d must be valid.
func (d Description) Proto() *teacherpb.DescribeResponse {
	p := &teacherpb.DescribeResponse{
		Name: d.Name, Model: d.Model, Revision: d.Revision,
		WeightsDigest: d.WeightsDigest, TokenizerDigest: d.TokenizerDigest,
		Pooling: d.Pooling, Truncation: d.Truncation, Normalised: d.Normalised,
		Dims: uint32(d.Dims), MaxTokens: uint32(d.MaxTokens), ApiDimensions: uint32(d.APIDimensions),
		MaxRows: uint32(d.MaxRows), Determinism: string(d.Determinism),
		Licence: d.Licence, Languages: d.Languages,
		QuestionPrefix: d.QuestionPrefix, AnswerPrefix: d.AnswerPrefix,
		Matryoshka: d.Matryoshka,
	}
	if !math.IsNaN(d.MinSimilarity) {
		p.MinSimilarity = &d.MinSimilarity
	}
	return p
}

// FromProto is the other way. What comes out is not yet validated.
func FromProto(p *teacherpb.DescribeResponse) Description {
	d := Description{
		Name: p.GetName(), Model: p.GetModel(), Revision: p.GetRevision(),
		WeightsDigest: p.GetWeightsDigest(), TokenizerDigest: p.GetTokenizerDigest(),
		Pooling: p.GetPooling(), Truncation: p.GetTruncation(), Normalised: p.GetNormalised(),
		Dims: int(p.GetDims()), MaxTokens: int(p.GetMaxTokens()), APIDimensions: int(p.GetApiDimensions()),
		MaxRows: int(p.GetMaxRows()), Determinism: Determinism(p.GetDeterminism()),
		Licence: p.GetLicence(), Languages: p.GetLanguages(), MinSimilarity: math.NaN(),
		QuestionPrefix: p.GetQuestionPrefix(), AnswerPrefix: p.GetAnswerPrefix(),
		Matryoshka: p.GetMatryoshka(),
	}
	if p.MinSimilarity != nil {
		d.MinSimilarity = p.GetMinSimilarity()
	}
	return d
}
