package dialogue

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Text returns s in the form text/v1, which is what every later step sees:
//
//  1. s must be valid UTF-8; if it is not, Text returns "" and false.
//  2. CR LF becomes LF.
//  3. The control characters U+0000 to U+001F are removed, except LF and TAB.
//  4. Unicode normalisation form C, of the Unicode version of golang.org/x/text.
//     More than 30 combining marks on one character are broken up with U+034F,
//     as the Stream-Safe Text Format of UAX #15 asks.
//  5. White space (Unicode's White_Space) is trimmed at both ends.
//
// Text(Text(s)) is Text(s). It allocates only if the result is not a part of s.
func Text(s string) (string, bool) {
	l := lookAt([]byte(s)) // this conversion does not copy, nor does the next
	if l.wide && !utf8.ValidString(s) {
		return "", false
	}
	if l.controls {
		s = string(dropControls([]byte(s)))
	}
	if l.wide && !settled([]byte(s)) {
		s = norm.NFC.String(s)
	}
	return strings.TrimSpace(s), true
}

// appendText appends the text/v1 of s, which is valid UTF-8, to dst.
func appendText(dst, s []byte) []byte {
	l := lookAt(s)
	if l.controls {
		s = dropControls(bytes.Clone(s))
	}
	if l.wide && !settled(s) {
		s = norm.NFC.Bytes(s)
	}
	return append(dst, bytes.TrimSpace(s)...)
}

// look is what a text needs done to it.
type look struct {
	controls bool // it has control characters other than LF and TAB
	wide     bool // it has bytes that are not ASCII
}

func lookAt(s []byte) (l look) {
	var wide uint64
	for ; len(s) >= 8; s = s[8:] {
		w := binary.LittleEndian.Uint64(s)
		wide |= w & eachHigh
		if below(w, 0x20) == 0 {
			continue
		}
		for _, c := range s[:8] {
			l.controls = l.controls || c < 0x20 && c != '\n' && c != '\t'
		}
	}
	for _, c := range s {
		wide |= uint64(c & 0x80)
		l.controls = l.controls || c < 0x20 && c != '\n' && c != '\t'
	}
	l.wide = wide != 0
	return l
}

// Eight bytes at once, the first of them lowest.
const (
	eachOne  = 0x0101010101010101
	eachHigh = 0x8080808080808080
)

// below marks the high bit of the bytes of w that are below n, which is at
// most 0x80. Bytes above the first one marked may be marked wrongly.
func below(w uint64, n byte) uint64 { return (w - eachOne*uint64(n)) &^ w & eachHigh }

// equal marks the bytes that are c in the same way.
func equal(w uint64, c byte) uint64 { return below(w^eachOne*uint64(c), 1) }

// dropControls removes, in place, all control characters that text/v1 does not
// keep. As CR is one of them, it also makes LF of CR LF.
func dropControls(s []byte) []byte {
	kept := s[:0]
	for _, c := range s {
		if c >= 0x20 || c == '\n' || c == '\t' {
			kept = append(kept, c)
		}
	}
	return kept
}

// settled reports whether s is made only of characters that normalisation form
// C leaves alone whatever stands beside them. It knows the common ones and is
// many times faster than to normalise; false means only that it does not know.
// s is valid UTF-8.
func settled(s []byte) bool {
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c < utf8.RuneSelf:
			i++
		case c <= 0xCB || c == 0xD0 || c == 0xD1: // up to U+02FF; Cyrillic up to U+047F
			i += 2
		case 0xE4 <= c && c <= 0xE9: // U+4000 to U+9FFF: ideographs
			i += 3
		default:
			r, n := utf8.DecodeRune(s[i:])
			if !settledRune(r) {
				return false
			}
			i += n
		}
	}
	return true
}

// settledRune knows what the first byte alone does not tell.
func settledRune(r rune) bool {
	switch {
	case r < 0x2000:
		return 0x5D0 <= r && r <= 0x5EA || // Hebrew
			0x621 <= r && r <= 0x64A // Arabic
	case r < 0xA000:
		return 0x2010 <= r && r <= 0x205E || 0x20A0 <= r && r <= 0x20BF || // punctuation, currencies
			0x3000 <= r && r <= 0x3029 || // CJK punctuation
			0x3041 <= r && r <= 0x3096 || 0x30A1 <= r && r <= 0x30FF // kana
	default:
		return 0xAC00 <= r && r <= 0xD7A3 || // Hangul syllables
			0xFF01 <= r && r <= 0xFF60 || // full width
			0x1F300 <= r && r <= 0x1FAFF // pictographs
	}
}
