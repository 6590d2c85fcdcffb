package static

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// each calls do for each part of text between added tokens, and with nil for
// each added token. first says that a part begins the text. Empty parts are
// left out. Of tokens that begin at one place the longest counts.
func (a added) each(text []byte, do func(part []byte, id int32, first bool)) {
	start := 0
	for i := 0; i < len(text) && len(a) > 0; {
		t, ok := a.at(text, i)
		if !ok {
			i++
			continue
		}
		end := i + len(t.Content)
		if t.LStrip {
			i = start + len(bytes.TrimRightFunc(text[start:i], unicode.IsSpace))
		}
		if i > start {
			do(text[start:i], 0, start == 0)
		}
		do(nil, t.ID, false)
		if t.RStrip {
			end = len(text) - len(bytes.TrimLeftFunc(text[end:], unicode.IsSpace))
		}
		start, i = end, end
	}
	if start < len(text) {
		do(text[start:], 0, start == 0)
	}
}

// at returns the added token that begins at text[i].
func (a added) at(text []byte, i int) (addedToken, bool) {
	for _, t := range a {
		if t.Content == "" || text[i] != t.Content[0] || !strings.HasPrefix(string(text[i:min(len(text), i+len(t.Content))]), t.Content) {
			continue
		}
		if t.SingleWord {
			before, _ := utf8.DecodeLastRune(text[:i])
			after, _ := utf8.DecodeRune(text[i+len(t.Content):])
			if i > 0 && isWordRune(before) || i+len(t.Content) < len(text) && isWordRune(after) {
				continue
			}
		}
		return t, true
	}
	return addedToken{}, false
}

// isWordRune is \w of Unicode's regular expressions.
func isWordRune(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Other_Alphabetic, unicode.Join_Control)
}
