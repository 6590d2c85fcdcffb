package dialogue

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
)

// Fold returns s with letters that differ only in case made equal (full
// Unicode case folding) and every run of white space made one space, none at
// the ends. It serves to find equal texts, not to be read.
func Fold(s string) string {
	if folded(s) {
		return s
	}
	if f, ok := foldSimple(s); ok {
		return f
	}
	return strings.Join(strings.Fields(cases.Fold().String(s)), " ")
}

// folded reports whether s is ASCII that Fold would not change.
func folded(s string) bool {
	space := true // so far, or so it looks at the start
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' || '\t' <= c && c <= '\r' || c == ' ' && space {
			return false
		}
		space = c == ' '
	}
	return s == "" || !space
}

// foldSimple is Fold for texts whose every character folds to one that is as
// long; false means that s has others.
func foldSimple(s string) (string, bool) {
	out := make([]byte, 0, 512) // on the stack, for all but long texts
	gap := false                // white space is due before the next character
	for _, r := range s {
		if r <= ' ' && (r == ' ' || '\t' <= r && r <= '\r') || r == 0xA0 || r == 0x3000 {
			gap = len(out) > 0
			continue
		}
		if gap {
			out, gap = append(out, ' '), false
		}
		if r < utf8.RuneSelf {
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			out = append(out, byte(r))
			continue
		}
		r, ok := foldRune(r)
		if !ok {
			return "", false
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out), true
}

// foldRune is r case-folded, for the characters beyond ASCII that are in most
// texts and are no white space; false means that it does not know r.
func foldRune(r rune) (rune, bool) {
	switch {
	case r == 0xAB || r == 0xBB: // guillemets
	case 0x400 <= r && r <= 0x40F: // Ѐ to Џ
		r += 0x50
	case 0x410 <= r && r <= 0x42F: // А to Я
		r += 0x20
	case 0x430 <= r && r <= 0x45F: // а to џ
	case 0x621 <= r && r <= 0x64A: // Arabic
	case 0x2010 <= r && r <= 0x2027 || 0x2030 <= r && r <= 0x205E: // punctuation
	case 0x3001 <= r && r <= 0x30FF || 0x4E00 <= r && r <= 0x9FFF: // Chinese, Japanese
	default:
		return 0, false
	}
	return r, true
}
