package static

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// wordModelFile is the "model" of tokenizer.json, whichever it is.
type wordModelFile struct {
	Type    string          `json:"type"`
	Vocab   json.RawMessage `json:"vocab"`
	Unknown *string         `json:"unk_token"`
	Prefix  *string         `json:"continuing_subword_prefix"`

	RunesMax int `json:"max_input_chars_per_word"` // WordPiece

	UnknownID *int32 `json:"unk_id"` // Unigram
	Fallback  bool   `json:"byte_fallback"`

	Merges  json.RawMessage `json:"merges"` // BPE
	Suffix  *string         `json:"end_of_word_suffix"`
	Dropout *float64        `json:"dropout"`
	Fuse    bool            `json:"fuse_unk"`
	Whole   bool            `json:"ignore_merges"`
}

// parseModel reads a "model" of tokenizer.json. It returns the ids of its
// tokens too, and that of the unknown token.
func parseModel(b json.RawMessage) (m wordModel, ids map[string]int32, unknown int32, err error) {
	var f wordModelFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, nil, 0, err
	}
	if f.Type == "" { // old files leave it out
		f.Type = "WordPiece"
		if len(f.Merges) > 0 {
			f.Type = "BPE"
		} else if strings.HasPrefix(string(f.Vocab), "[") {
			f.Type = "Unigram"
		}
	}
	if f.Type == "Unigram" {
		return parseUnigram(f)
	}
	if err := json.Unmarshal(f.Vocab, &ids); err != nil {
		return nil, nil, 0, fmt.Errorf("vocab: %w", err)
	}
	if ids == nil {
		return nil, nil, 0, errors.New("vocab: missing")
	}
	unknown = unknownWord
	if f.Unknown != nil {
		if id, ok := ids[*f.Unknown]; ok {
			unknown = id
		}
	}
	switch f.Type {
	case "WordLevel":
		return wordLevel{ids, unknown}, ids, unknown, nil
	case "WordPiece":
		tokens, err := byID(ids)
		if err != nil {
			return nil, nil, 0, err
		}
		prefix, most := "##", wordRunesMax
		if f.Prefix != nil {
			prefix = *f.Prefix
		}
		if f.RunesMax > 0 {
			most = f.RunesMax
		}
		return newWordPiece(tokens, prefix, most, unknown), ids, unknown, nil
	case "BPE":
		m, err := parseBPE(f, ids, unknown)
		return m, ids, unknown, err
	}
	return nil, nil, 0, fmt.Errorf("type %q is not supported", clip(f.Type))
}

// wordLevel knows whole words only.
type wordLevel struct {
	ids     map[string]int32
	unknown int32
}

func (w wordLevel) tokens(ids []int32, word []byte) []int32 {
	if id, ok := w.ids[string(word)]; ok {
		return append(ids, id)
	}
	return append(ids, w.unknown)
}

// unigram cuts a word into the pieces that are the most likely together.
type unigram struct {
	ids      map[string]int32
	scores   []float64 // logarithms of probabilities, by id
	unknown  int32
	bytesMax int     // of the longest piece
	least    float64 // score of a character that is no piece
	bytes    *[256]int32
}

// unknownPenalty is how much less likely than the least likely piece a
// character is that is none.
const unknownPenalty = 10

func parseUnigram(f wordModelFile) (wordModel, map[string]int32, int32, error) {
	var pairs [][2]json.RawMessage
	if err := json.Unmarshal(f.Vocab, &pairs); err != nil {
		return nil, nil, 0, fmt.Errorf("vocab: %w", err)
	}
	u := &unigram{ids: make(map[string]int32, len(pairs)), scores: make([]float64, len(pairs)), unknown: unknownWord, least: math.Inf(1)}
	for i, p := range pairs {
		var piece string
		if err := errors.Join(json.Unmarshal(p[0], &piece), json.Unmarshal(p[1], &u.scores[i])); err != nil {
			return nil, nil, 0, fmt.Errorf("vocab: %d: %w", i, err)
		}
		u.ids[piece] = int32(i)
		u.bytesMax = max(u.bytesMax, len(piece))
		u.least = min(u.least, u.scores[i])
	}
	u.least -= unknownPenalty
	if f.UnknownID != nil {
		if u.unknown = *f.UnknownID; u.unknown < 0 || int(u.unknown) >= len(pairs) {
			return nil, nil, 0, fmt.Errorf("unk_id: %d of %d pieces", u.unknown, len(pairs))
		}
	}
	if f.Fallback {
		u.bytes = byteTokens(u.ids)
	}
	return u, u.ids, u.unknown, nil
}

// byteTokens are the tokens <0x00> to <0xFF>, nil if one is missing.
func byteTokens(ids map[string]int32) *[256]int32 {
	out := new([256]int32)
	for b := range out {
		id, ok := ids[fmt.Sprintf("<0x%02X>", b)]
		if !ok {
			return nil
		}
		out[b] = id
	}
	return out
}

// best is the best way to a place in a word.
type best struct {
	score float64
	start int // of the last piece
	id    int32
}

func (u *unigram) tokens(ids []int32, word []byte) []int32 {
	ways := make([]best, len(word)+1)
	for i := range ways {
		ways[i].start = -1
	}
	ways[0].start = 0
	for i := 0; i < len(word); {
		_, n := utf8.DecodeRune(word[i:])
		single := false
		for end := i + n; end <= min(len(word), i+u.bytesMax); {
			if id, ok := u.ids[string(word[i:end])]; ok {
				ways[end].take(ways[i].score+u.scores[id], i, id)
				single = single || end == i+n
			}
			if end == len(word) {
				break
			}
			_, next := utf8.DecodeRune(word[end:])
			end += next
		}
		if !single {
			ways[i+n].take(ways[i].score+u.least, i, u.unknown)
		}
		i += n
	}
	return u.walk(ids, word, ways)
}

func (b *best) take(score float64, start int, id int32) {
	if b.start < 0 || score > b.score {
		*b = best{score, start, id}
	}
}

// walk goes back along the best way. Neighbours that are unknown become one.
func (u *unigram) walk(ids []int32, word []byte, ways []best) []int32 {
	mark := len(ids)
	for end := len(word); end > 0; end = ways[end].start {
		w := ways[end]
		known := w.id != u.unknown
		if !known && u.bytes != nil {
			for i := end - 1; i >= w.start; i-- {
				ids = append(ids, u.bytes[word[i]])
			}
			continue
		}
		if known || len(ids) == mark || ids[len(ids)-1] != u.unknown {
			ids = append(ids, w.id)
		}
	}
	for i, j := mark, len(ids)-1; i < j; i, j = i+1, j-1 {
		ids[i], ids[j] = ids[j], ids[i]
	}
	return ids
}
