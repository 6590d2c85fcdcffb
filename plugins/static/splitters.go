package static

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// A splitter cuts a text into words, which it appends to words. They may be
// parts of text. first says that nothing stands before the text.
type splitter interface {
	split(words [][]byte, text []byte, first bool) [][]byte
}

// parseSplitter reads a "pre_tokenizer" of tokenizer.json.
func parseSplitter(b json.RawMessage) (splitter, error) {
	if len(b) == 0 || string(b) == "null" {
		return splitters(nil), nil
	}
	f := struct {
		Type          string
		PreTokenizers []json.RawMessage `json:"pretokenizers"`
		Replacement   string
		Scheme        string `json:"prepend_scheme"`
		Prefix        *bool  `json:"add_prefix_space"`
		Split         *bool
		Regex         *bool `json:"use_regex"`
		Behavior      string
		Individual    bool `json:"individual_digits"`
	}{}
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, err
	}
	switch f.Type {
	case "Sequence":
		var out splitters
		for i, b := range f.PreTokenizers {
			s, err := parseSplitter(b)
			if err != nil {
				return nil, fmt.Errorf("%d: %w", i+1, err)
			}
			out = append(out, s)
		}
		return out, nil
	case "BertPreTokenizer":
		return bertSplitter{}, nil
	case "WhitespaceSplit":
		return splitFunc(func(r rune) (int, bool) { return 0, unicode.IsSpace(r) }), nil
	case "Whitespace":
		return splitFunc(func(r rune) (int, bool) {
			if isWordRune(r) {
				return 1, false
			}
			return 2, unicode.IsSpace(r)
		}), nil
	case "Digits":
		if f.Individual {
			return splitFunc(func(r rune) (int, bool) { return flag(unicode.IsNumber(r), alone), false }), nil
		}
		return splitFunc(func(r rune) (int, bool) { return flag(unicode.IsNumber(r), 1), false }), nil
	case "Punctuation":
		if f.Behavior == "" || f.Behavior == "Isolated" {
			return splitFunc(func(r rune) (int, bool) { return flag(isPunctuation(r), alone), false }), nil
		}
		return nil, fmt.Errorf("punctuation: behavior %q is not supported", clip(f.Behavior))
	case "Metaspace":
		m := metaspace{space: f.Replacement, prepend: f.Scheme, whole: f.Split != nil && !*f.Split}
		if m.prepend == "" {
			m.prepend = "always"
			if f.Prefix != nil && !*f.Prefix {
				m.prepend = "never"
			}
		}
		if m.space == "" {
			m.space = "▁"
		}
		return m, nil
	case "ByteLevel":
		return byteLevel{prefix: f.Prefix == nil || *f.Prefix, whole: f.Regex != nil && !*f.Regex}, nil
	}
	return nil, fmt.Errorf("type %q is not supported", clip(f.Type))
}

// splitters are applied one after the other.
type splitters []splitter

func (s splitters) split(words [][]byte, text []byte, first bool) [][]byte {
	if len(s) == 0 {
		return append(words, text)
	}
	for i, part := range s[0].split(nil, text, first) {
		words = s[1:].split(words, part, first && i == 0)
	}
	return words
}

// alone is the class of characters of which each is a word.
const alone = -1

func flag(yes bool, class int) int {
	if yes {
		return class
	}
	return 0
}

// splitFunc cuts between characters of different classes, and drops some.
type splitFunc func(r rune) (class int, drop bool)

func (f splitFunc) split(words [][]byte, text []byte, _ bool) [][]byte {
	start, open := 0, 0
	cut := func(i int) {
		if i > start {
			words = append(words, text[start:i])
		}
		start = i
	}
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		class, drop := f(r)
		if class != open || class == alone || drop {
			cut(i)
		}
		if i += n; drop {
			start = i
		}
		open = class
	}
	cut(len(text))
	return words
}

// metaspace writes spaces as a visible character and cuts before each.
type metaspace struct {
	space   string // stands for a space
	prepend string // "always", "first" or "never": put one before the text
	whole   bool   // do not cut
}

func (m metaspace) split(words [][]byte, text []byte, first bool) [][]byte {
	mark := []byte(m.space)
	text = bytes.ReplaceAll(text, []byte(" "), mark)
	if (m.prepend == "always" || m.prepend == "first" && first) && !bytes.HasPrefix(text, mark) {
		text = append(bytes.Clone(mark), text...)
	}
	if m.whole {
		return append(words, text)
	}
	for len(text) > 0 {
		end := len(text)
		if i := bytes.Index(text[min(len(mark), len(text)):], mark); i >= 0 && bytes.HasPrefix(text, mark) {
			end = i + len(mark)
		} else if i := bytes.Index(text, mark); i > 0 {
			end = i
		}
		words, text = append(words, text[:end]), text[end:]
	}
	return words
}

// byteLevel writes each byte as a visible character, as GPT-2 does, after
// cutting the text as GPT-2's regular expression does:
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
type byteLevel struct {
	prefix bool // put a space before the text
	whole  bool // do not cut
}

func (b byteLevel) split(words [][]byte, text []byte, _ bool) [][]byte {
	if b.prefix && len(text) > 0 && text[0] != ' ' {
		text = append([]byte{' '}, text...)
	}
	for len(text) > 0 {
		n := len(text)
		if !b.whole {
			n = gpt2Word(text)
		}
		words, text = append(words, visible(text[:n])), text[n:]
	}
	return words
}

// gpt2Word is the length of the first word of text.
func gpt2Word(text []byte) int {
	for _, s := range []string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"} {
		if bytes.HasPrefix(text, []byte(s)) {
			return len(s)
		}
	}
	lead := 0
	if text[0] == ' ' && len(text) > 1 {
		lead = 1
	}
	first, _ := utf8.DecodeRune(text[lead:])
	if c := gpt2Class(first); c != 0 {
		return lead + run(text[lead:], func(r rune) bool { return gpt2Class(r) == c })
	}
	n := run(text, unicode.IsSpace)
	if n < len(text) { // the last space goes with the word behind it
		if _, last := utf8.DecodeLastRune(text[:n]); n > last {
			n -= last
		}
	}
	return n
}

// gpt2Class is 0 for white space.
func gpt2Class(r rune) int {
	switch {
	case unicode.IsSpace(r):
		return 0
	case unicode.IsLetter(r):
		return 1
	case unicode.IsNumber(r):
		return 2
	}
	return 3
}

// run is the length of the characters at the start that are is.
func run(text []byte, is func(rune) bool) int {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if !is(r) {
			return i
		}
		i += n
	}
	return len(text)
}

// visible writes each byte as a character: printable ones of Latin-1 stand for
// themselves, the others follow from U+0100 on.
func visible(b []byte) []byte {
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = utf8.AppendRune(out, visibleByte(c))
	}
	return out
}

func visibleByte(c byte) rune {
	switch {
	case c <= ' ':
		return 0x100 + rune(c)
	case c >= 0x7f && c <= 0xa0:
		return 0x100 + 33 + rune(c) - 0x7f
	case c == 0xad:
		return 0x143
	}
	return rune(c)
}
