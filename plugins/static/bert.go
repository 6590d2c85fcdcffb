package static

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A normalizer rewrites a text before it is split: it appends the new text to
// dst.
type normalizer interface {
	normalize(dst, text []byte) []byte
}

// bertNormalizer is what BERT does to a text.
type bertNormalizer struct {
	bertRules
	known [knownRunes]string // rune by rune, looked up
}

// bertRules say what a bertNormalizer does.
type bertRules struct {
	clean   bool // drop control characters, make every white space a space
	chinese bool // put spaces around Han characters
	strip   bool // drop accents
	lower   bool
}

// knownRunes covers Latin, Greek, Cyrillic, Hebrew and Arabic.
const knownRunes = 0x800

func newBert(rules bertRules) *bertNormalizer {
	b := &bertNormalizer{bertRules: rules}
	for r := range rune(knownRunes) {
		b.known[r] = string(rules.rune(nil, []byte(string(r)), r))
	}
	return b
}

func (b *bertNormalizer) normalize(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			i++
			if b.lower && 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			} else if c <= ' ' || c == 0x7f {
				dst = append(dst, b.known[c]...)
				continue
			}
			dst = append(dst, c)
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		if r < knownRunes {
			dst = append(dst, b.known[r]...)
		} else {
			dst = b.rune(dst, text[i:i+n], r)
		}
		i += n
	}
	return dst
}

// rune appends what becomes of one character.
func (b bertRules) rune(dst, raw []byte, r rune) []byte {
	if b.clean {
		if r == 0 || r == utf8.RuneError || isControl(r) {
			return dst
		}
		if unicode.IsSpace(r) {
			return append(dst, ' ')
		}
	}
	if b.chinese && isChinese(r) {
		dst = append(dst, ' ')
		dst = append(dst, raw...)
		return append(dst, ' ')
	}
	if !b.strip {
		return b.lowered(dst, r)
	}
	parts := norm.NFD.Properties(raw).Decomposition()
	if r >= hangulFirst && r <= hangulLast {
		parts = norm.NFD.Bytes(raw) // made by rule, not by table
	}
	if parts == nil {
		parts = raw
	}
	for len(parts) > 0 {
		p, n := utf8.DecodeRune(parts)
		parts = parts[n:]
		if !unicode.Is(unicode.Mn, p) {
			dst = b.lowered(dst, p)
		}
	}
	return dst
}

// The syllables that Unicode composes by rule.
const hangulFirst, hangulLast = 0xac00, 0xd7a3

func (b bertRules) lowered(dst []byte, r rune) []byte {
	if !b.lower {
		return utf8.AppendRune(dst, r)
	}
	return appendLower(dst, r)
}

// appendLower appends r in lower case. One character becomes two.
func appendLower(dst []byte, r rune) []byte {
	if r == 'İ' {
		return append(dst, "i̇"...)
	}
	return utf8.AppendRune(dst, unicode.ToLower(r))
}

func isControl(r rune) bool {
	return r != '\t' && r != '\n' && r != '\r' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs)
}

// isChinese says whether BERT takes a character for a word of its own.
func isChinese(r rune) bool {
	return r >= 0x3400 && (r <= 0x4dbf || r >= 0x4e00 && r <= 0x9fff || r >= 0xf900 && r <= 0xfaff ||
		r >= 0x20000 && r <= 0x2a6df || r >= 0x2a700 && r <= 0x2ceaf || r >= 0x2f800 && r <= 0x2fa1f)
}

// isPunctuation is BERT's: all of ASCII that is no letter, digit or space, and
// what Unicode says.
func isPunctuation(r rune) bool {
	if r < utf8.RuneSelf {
		return r > ' ' && r < 0x7f && !('0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z')
	}
	return unicode.Is(unicode.P, r)
}

// bertSplitter cuts at white space; each punctuation mark is a word.
type bertSplitter struct{}

func (bertSplitter) split(words [][]byte, text []byte, _ bool) [][]byte {
	start := 0
	for i := 0; i < len(text); {
		c := text[i]
		if 'a' <= c && c <= 'z' { // most of any text
			i++
			continue
		}
		r, n := rune(c), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRune(text[i:])
		}
		if mark := isPunctuation(r); mark || unicode.IsSpace(r) {
			if i > start {
				words = append(words, text[start:i])
			}
			if mark {
				words = append(words, text[i:i+n])
			}
			start = i + n
		}
		i += n
	}
	if start < len(text) {
		words = append(words, text[start:])
	}
	return words
}
