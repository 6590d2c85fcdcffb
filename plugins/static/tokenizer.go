package static

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

const vocabularyMax = 1 << 24 // tokens

// pipeline is the tokenizer that a tokenizer.json of the library "tokenizers"
// describes: it takes out added tokens, rewrites and splits what is between
// them, and cuts the words into tokens of the vocabulary.
type pipeline struct {
	vocabulary []string // by id; an id nobody has is ""
	unknown    int32    // dropped from what it gives; unknownWord if there is none
	raw        added    // taken out of the text as it is …
	normal     added    // … and of the rewritten one
	normalizer normalizer
	splitter   splitter
	model      wordModel
}

// A wordModel cuts one word into tokens.
type wordModel interface {
	tokens(ids []int32, word []byte) []int32
}

// tokenizerFile is tokenizer.json.
type tokenizerFile struct {
	Added        []addedToken    `json:"added_tokens"`
	Normalizer   json.RawMessage `json:"normalizer"`
	PreTokenizer json.RawMessage `json:"pre_tokenizer"`
	Model        json.RawMessage `json:"model"`
}

// parseTokenizer reads a tokenizer.json. What it cannot do exactly as the
// library does, it refuses.
func parseTokenizer(b []byte) (*pipeline, error) {
	var f tokenizerFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, err
	}
	p := &pipeline{}
	var err error
	if p.normalizer, err = parseNormalizer(f.Normalizer); err != nil {
		return nil, fmt.Errorf("normalizer: %w", err)
	}
	if p.splitter, err = parseSplitter(f.PreTokenizer); err != nil {
		return nil, fmt.Errorf("pre_tokenizer: %w", err)
	}
	var ids map[string]int32
	if p.model, ids, p.unknown, err = parseModel(f.Model); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	for _, a := range f.Added {
		if a.Content == "" {
			return nil, errors.New("added_tokens: an empty one")
		}
		ids[a.Content] = a.ID
		if a.Normalized {
			a.Content = string(p.normalizer.normalize(nil, []byte(a.Content)))
			p.normal = append(p.normal, a)
		} else {
			p.raw = append(p.raw, a)
		}
	}
	p.raw.sort()
	p.normal.sort()
	p.vocabulary, err = byID(ids)
	return p, err
}

// byID turns the vocabulary around.
func byID(ids map[string]int32) ([]string, error) {
	n := int32(0)
	for _, id := range ids {
		if id < 0 || id >= vocabularyMax {
			return nil, fmt.Errorf("token id %d is outside 0..%d", id, vocabularyMax-1)
		}
		n = max(n, id+1)
	}
	if int(n) > 4*len(ids)+1024 {
		return nil, fmt.Errorf("%d tokens with ids up to %d", len(ids), n-1)
	}
	if n == 0 {
		return nil, errors.New("no tokens")
	}
	out := make([]string, n)
	for token, id := range ids {
		out[id] = token
	}
	return out, nil
}

// tokens implements tokenizer.
func (p *pipeline) tokens(s *scratch, text []byte) {
	p.raw.each(text, func(part []byte, id int32, first bool) {
		if part == nil {
			s.ids = append(s.ids, id)
			return
		}
		s.text = p.normalizer.normalize(s.text[:0], part)
		p.normal.each(s.text, func(part []byte, id int32, head bool) {
			if part == nil {
				s.ids = append(s.ids, id)
				return
			}
			s.words = p.splitter.split(s.words[:0], part, first && head)
			for _, w := range s.words {
				if len(w) > 0 {
					s.ids = p.model.tokens(s.ids, w)
				}
			}
		})
	})
}

// addedToken is a token that is found before all else.
type addedToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"` // only where no word goes on beside it
	LStrip     bool   `json:"lstrip"`      // takes white space before it along
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
}

// added are such tokens, the longest first.
type added []addedToken

func (a added) sort() {
	slices.SortStableFunc(a, func(x, y addedToken) int { return len(y.Content) - len(x.Content) })
}
