package static

import (
	"strings"
	"unicode/utf8"
)

// wordPiece cuts a word into the longest pieces of its vocabulary, from the
// left. A word that cannot be cut so is unknown as a whole.
type wordPiece struct {
	heads    pieces // that begin a word
	tails    pieces // that go on with it, without their prefix
	runesMax int    // a longer word is unknown
	unknown  int32
}

// pieces are a vocabulary. Most words of a script it does not have are known
// not to be there by their first byte.
type pieces struct {
	ids      map[string]int32
	bytesMax [256]int // of the longest piece that begins with a byte
}

func (p *pieces) put(piece string, id int32) {
	p.ids[piece] = id
	if piece != "" {
		p.bytesMax[piece[0]] = max(p.bytesMax[piece[0]], len(piece))
	}
}

// longest returns the longest piece that a word, which is not empty, begins
// with.
func (p *pieces) longest(word []byte) (id int32, end int) {
	for end = min(len(word), p.bytesMax[word[0]]); end > 0; end-- {
		if end < len(word) && !utf8.RuneStart(word[end]) {
			continue
		}
		if id, ok := p.ids[string(word[:end])]; ok {
			return id, end
		}
	}
	return 0, 0
}

// newWordPiece makes one of the tokens by their ids.
func newWordPiece(tokens []string, prefix string, runesMax int, unknown int32) *wordPiece {
	w := &wordPiece{
		heads: pieces{ids: make(map[string]int32, len(tokens))}, tails: pieces{ids: make(map[string]int32, len(tokens)/4)},
		runesMax: runesMax, unknown: unknown,
	}
	for id, t := range tokens {
		if tail, ok := strings.CutPrefix(t, prefix); ok && tail != "" {
			w.tails.put(tail, int32(id))
		}
		w.heads.put(t, int32(id))
	}
	return w
}

// tokens appends the ids of a word.
func (w *wordPiece) tokens(ids []int32, word []byte) []int32 {
	if len(word) > w.runesMax && utf8.RuneCount(word) > w.runesMax {
		return append(ids, w.unknown)
	}
	mark, from := len(ids), &w.heads
	for len(word) > 0 {
		id, end := from.longest(word)
		if end == 0 {
			return append(ids[:mark], w.unknown)
		}
		ids = append(ids, id)
		word, from = word[end:], &w.tails
	}
	return ids
}
