package hashing

import (
	"math"
	"unicode"
)

const (
	stopWeight = 0.1 // of a stop word and its pieces
	gramsLeast = 3   // characters of the shortest piece of a word …
	gramsMost  = 5   // … and of the longest
	gramsShare = 1.5 // Euclidean length of a word's pieces together; the word has 1

	loneWeight = 0.5 // of one character of a script without spaces
	pairWeight = 1   // of two neighbours of it
)

// sketch adds the features of a text to out.
type sketch struct {
	out   *[Dims]float32
	word  []rune // the word under way, folded, with a fence at either end
	folds *folds
	stop  map[uint64]struct{}
}

// text adds one text and returns how many words it has.
func (s *sketch) text(text string) int {
	words := 0
	open := separator
	s.word = append(s.word[:0], fenceLeft)
	flush := func() {
		if open != separator {
			words++
			s.add(open)
		}
		s.word = append(s.word[:0], fenceLeft)
	}
	for _, r := range text {
		r, k := s.folds.of(r)
		if k == joiner { // a mark or modifier belongs to what it follows
			k = open
			if open == separator {
				k = spaced
			}
		}
		if k != open {
			flush()
			open = k
		}
		if k != separator {
			s.word = append(s.word, r)
		}
	}
	flush()
	if words == 0 {
		s.symbols(text)
	}
	return words
}

// add adds the word that lies behind the fence.
func (s *sketch) add(k kind) {
	if k == unspaced {
		s.run(s.word[1:])
		return
	}
	h := wordHash(s.word[1:])
	weight := float32(1)
	if _, ok := s.stop[h]; ok {
		weight = stopWeight
	}
	s.feature(h, weight)

	s.word = append(s.word, fenceRight)
	w, n := s.word, 0
	for k := gramsLeast; k <= gramsMost; k++ {
		n += max(0, len(w)-k+1)
	}
	if n == 0 {
		return
	}
	g := float32(gramsShare / math.Sqrt(float64(n)))
	g = float32(g * weight)
	for i := 0; i+gramsLeast <= len(w); i++ {
		h := step(step(gramSeed, w[i]), w[i+1])
		for _, r := range w[i+2 : min(i+gramsMost, len(w))] {
			h = step(h, r)
			s.feature(finish(h), g)
		}
	}
}

// run adds the characters of a script that puts no spaces between words, each
// alone and with its neighbour.
func (s *sketch) run(w []rune) {
	for i, r := range w {
		h := step(gramSeed, r)
		s.feature(finish(h), loneWeight)
		if i+1 < len(w) {
			s.feature(finish(step(h, w[i+1])), pairWeight)
		}
	}
}

// symbols adds what a text without words has: punctuation, emoji, anything.
func (s *sketch) symbols(text string) {
	last := rune(0)
	for _, r := range text {
		if unicode.IsSpace(r) {
			continue
		}
		s.feature(finish(step(gramSeed, r)), 1)
		if last != 0 {
			s.feature(finish(step(step(gramSeed, last), r)), 1)
		}
		last = r
	}
}

// whole adds a text as a single feature.
func (s *sketch) whole(text string) {
	h := textSeed
	for _, r := range text {
		h = step(h, r)
	}
	s.feature(finish(h), 1)
}

// feature adds weight to the place the hash names, with the sign of its top bit.
func (s *sketch) feature(h uint64, weight float32) {
	sign := uint32(h>>32) & (1 << 31)
	s.out[h%Dims] += math.Float32frombits(math.Float32bits(weight) ^ sign)
}
