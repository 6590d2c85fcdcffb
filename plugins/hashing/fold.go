package hashing

import "unicode"

// kind is what a character does to the word it stands in.
type kind uint8

const (
	separator kind = iota
	spaced         // a letter or digit of a script that puts spaces between words
	unspaced       // a letter of a script that does not
	joiner         // a mark or modifier letter: part of what it follows
)

// The fences mark where a word begins and ends in its pieces. No word holds
// them.
const (
	fenceLeft  = '<'
	fenceRight = '>'
)

// scripts without spaces between words.
var scripts = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}

// foldsKnown covers Latin, Greek, Cyrillic, Hebrew and Arabic.
const foldsKnown = 0x800

// folds is fold looked up.
type folds [foldsKnown]struct {
	r rune
	k kind
}

func newFolds() *folds {
	f := new(folds)
	for r := range f {
		f[r].r, f[r].k = fold(rune(r))
	}
	return f
}

func (f *folds) of(r rune) (rune, kind) {
	if r < foldsKnown {
		return f[r].r, f[r].k
	}
	return fold(r)
}

// fold returns the character without case, and its kind.
func fold(r rune) (rune, kind) {
	switch {
	case unicode.Is(unicode.M, r), unicode.Is(unicode.Lm, r):
		return r, joiner
	case unicode.IsLetter(r):
		if unicode.In(r, scripts...) {
			return r, unspaced
		}
		// Up and down again brings final sigma, long s and their like together.
		return unicode.ToLower(unicode.ToUpper(r)), spaced
	case unicode.IsDigit(r):
		return r, spaced
	}
	return r, separator
}
