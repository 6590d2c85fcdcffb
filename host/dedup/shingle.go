package dedup

import (
	"encoding/binary"
	"unicode"
	"unicode/utf8"

	"github.com/zeebo/xxh3"
)

const (
	wordRun = 3 // words in a shingle
	runeRun = 5 // characters in one, where words do not serve
)

// Seeds of the shingles' hashes: a shingle of words is none of characters, and
// one of the question is none of the answer.
const (
	questionSeed = 1
	answerSeed   = 2
	runeSeeds    = 2 // is added
)

// appendShingles appends the hashes of text's shingles to dst, repeated ones
// as often as they are there.
//
// A word is a run of letters, marks and digits, or one symbol such as + or an
// emoji; all else, punctuation among it, only separates words. Every three
// words in a row are a shingle. A text of fewer words than that, or whose
// letters are for the greater part of scripts that put no space between words,
// has as shingles every five characters in a row, separators left out. A text
// of nothing but separators is taken as it is.
func appendShingles(dst []uint64, text string, seed uint64) []uint64 {
	var last [wordRun]uint64 // hashes of the last words
	words, runes, spaceless, begin := 0, 0, 0, len(dst)
	for rest := text; ; words++ {
		var w word
		if w, rest = nextWord(rest); w.text == "" {
			break
		}
		runes += w.runes
		spaceless += w.spaceless
		copy(last[:], last[1:])
		last[wordRun-1] = xxh3.HashString(w.text)
		if words+1 >= wordRun {
			dst = append(dst, hashWords(&last, seed))
		}
	}
	if words < wordRun || 2*spaceless > runes {
		return appendRunes(dst[:begin], text, seed+runeSeeds)
	}
	return dst
}

func hashWords(w *[wordRun]uint64, seed uint64) uint64 {
	var b [8 * wordRun]byte
	for i, h := range w {
		binary.LittleEndian.PutUint64(b[8*i:], h)
	}
	return xxh3.HashSeed(b[:], seed)
}

// appendRunes appends the hashes of text's runs of runeRun characters; one of
// all of them if there are fewer.
func appendRunes(dst []uint64, text string, seed uint64) []uint64 {
	var room [1024]byte
	kept := room[:0]
	for rest := text; ; {
		var w word
		if w, rest = nextWord(rest); w.text == "" {
			break
		}
		kept = append(kept, w.text...)
	}
	if len(kept) == 0 {
		kept = append(kept, text...)
	}
	begin, end := 0, 0
	for range runeRun {
		end += runeLen(kept[end:])
	}
	for end > begin {
		dst = append(dst, xxh3.HashSeed(kept[begin:end], seed))
		if end == len(kept) {
			break
		}
		begin += runeLen(kept[begin:])
		end += runeLen(kept[end:])
	}
	return dst
}

func runeLen(b []byte) int {
	_, n := utf8.DecodeRune(b)
	return n
}

// word is a word of a text. Its text is empty if there is none left.
type word struct {
	text      string
	runes     int
	spaceless int // runes of scripts that put no space between words
}

// nextWord returns the first word of text and what follows it.
func nextWord(text string) (w word, rest string) {
	begin := -1
	for i, r := range text {
		switch {
		case inWord(r):
			if begin < 0 {
				begin = i
			}
			w.runes++
			if r >= firstSpaceless && unicode.IsOneOf(spacelessScripts, r) {
				w.spaceless++
			}
		case begin >= 0:
			w.text = text[begin:i]
			return w, text[i:]
		case unicode.IsSymbol(r):
			_, n := utf8.DecodeRuneInString(text[i:]) // one byte where it is not UTF-8
			return word{text: text[i : i+n], runes: 1}, text[i+n:]
		}
	}
	if begin >= 0 {
		w.text = text[begin:]
	}
	return w, ""
}

// inWord is told apart by hand for ASCII, which most texts are made of.
func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z'
	}
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r)
}

// firstSpaceless is the first character of spacelessScripts, or before it.
const firstSpaceless = 0x0E00

var spacelessScripts = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}
