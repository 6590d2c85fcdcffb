package static

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// bpe cuts a word into characters and then joins neighbours, the pair first
// that was learnt first.
type bpe struct {
	ids            map[string]int32
	merges         map[[2]int32]merge
	unknown        int32
	prefix, suffix string
	fuse           bool // neighbours that are unknown become one
	whole          bool // a word that is a token is not cut
	bytes          *[256]int32
}

// merge is what a pair of tokens becomes, and when.
type merge struct {
	rank int
	id   int32
}

func parseBPE(f wordModelFile, ids map[string]int32, unknown int32) (*bpe, error) {
	if f.Dropout != nil && *f.Dropout != 0 {
		return nil, errors.New("dropout: a random tokenizer is not supported")
	}
	b := &bpe{ids: ids, unknown: unknown, fuse: f.Fuse, whole: f.Whole}
	if f.Prefix != nil {
		b.prefix = *f.Prefix
	}
	if f.Suffix != nil {
		b.suffix = *f.Suffix
	}
	if f.Fallback {
		b.bytes = byteTokens(ids)
	}
	pairs, err := parseMerges(f.Merges)
	if err != nil {
		return nil, fmt.Errorf("merges: %w", err)
	}
	b.merges = make(map[[2]int32]merge, len(pairs))
	for rank, p := range pairs {
		left, ok := ids[p[0]]
		right, ok2 := ids[p[1]]
		id, ok3 := ids[p[0]+strings.TrimPrefix(p[1], b.prefix)]
		if !ok || !ok2 || !ok3 {
			return nil, fmt.Errorf("merges: %d: of or to a token that is not in the vocabulary", rank)
		}
		b.merges[[2]int32{left, right}] = merge{rank, id}
	}
	return b, nil
}

// parseMerges reads them in either of the two ways they are written in.
func parseMerges(b json.RawMessage) ([][2]string, error) {
	var pairs [][2]string
	if len(b) == 0 || json.Unmarshal(b, &pairs) == nil {
		return pairs, nil
	}
	var lines []string
	if err := json.Unmarshal(b, &lines); err != nil {
		return nil, err
	}
	pairs = make([][2]string, len(lines))
	for i, line := range lines {
		left, right, ok := strings.Cut(line, " ")
		if !ok || left == "" || right == "" || strings.Contains(right, " ") {
			return nil, fmt.Errorf("%d: want two tokens", i)
		}
		pairs[i] = [2]string{left, right}
	}
	return pairs, nil
}

func (b *bpe) tokens(ids []int32, word []byte) []int32 {
	if b.whole {
		if id, ok := b.ids[string(word)]; ok {
			return append(ids, id)
		}
	}
	mark := len(ids)
	ids = b.characters(ids, word)
	part := ids[mark:]
	for len(part) > 1 {
		at, best := -1, merge{}
		for i := range len(part) - 1 {
			if m, ok := b.merges[[2]int32{part[i], part[i+1]}]; ok && (at < 0 || m.rank < best.rank) {
				at, best = i, m
			}
		}
		if at < 0 {
			break
		}
		part[at] = best.id
		part = append(part[:at+1], part[at+2:]...)
	}
	return ids[:mark+len(part)]
}

// characters appends the tokens of the single characters. What has none is
// left out if there is no unknown token.
func (b *bpe) characters(ids []int32, word []byte) []int32 {
	lost := false // the token before was unknown
	for i := 0; i < len(word); {
		_, n := utf8.DecodeRune(word[i:])
		s := string(word[i : i+n])
		if i > 0 {
			s = b.prefix + s
		}
		if i+n == len(word) {
			s += b.suffix
		}
		id, ok := b.ids[s]
		switch {
		case ok:
			ids = append(ids, id)
		case b.bytes != nil:
			for _, c := range []byte(s) {
				ids = append(ids, b.bytes[c])
			}
			ok = true
		case b.unknown != unknownWord && !(b.fuse && lost):
			ids = append(ids, b.unknown)
		}
		lost = !ok
		i += n
	}
	return ids
}
