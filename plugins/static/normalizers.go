package static

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// parseNormalizer reads a "normalizer" of tokenizer.json.
func parseNormalizer(b json.RawMessage) (normalizer, error) {
	if len(b) == 0 || string(b) == "null" {
		return normalizers(nil), nil
	}
	var f struct {
		Type        string
		Normalizers []json.RawMessage
		Clean       bool  `json:"clean_text"`
		Chinese     bool  `json:"handle_chinese_chars"`
		Accents     *bool `json:"strip_accents"` // null: as lowercase
		Lowercase   bool
		Left        bool `json:"strip_left"`
		Right       bool `json:"strip_right"`
		Prepend     string
		Pattern     struct{ String, Regex *string }
		Content     string
		Charsmap    []byte `json:"precompiled_charsmap"`
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, err
	}
	switch f.Type {
	case "Sequence":
		var out normalizers
		for i, b := range f.Normalizers {
			n, err := parseNormalizer(b)
			if err != nil {
				return nil, fmt.Errorf("%d: %w", i+1, err)
			}
			out = append(out, n)
		}
		return out, nil
	case "BertNormalizer":
		strip := f.Lowercase
		if f.Accents != nil {
			strip = *f.Accents
		}
		return newBert(bertRules{clean: f.Clean, chinese: f.Chinese, strip: strip, lower: f.Lowercase}), nil
	case "NFC":
		return form(norm.NFC), nil
	case "NFD":
		return form(norm.NFD), nil
	case "NFKC":
		return form(norm.NFKC), nil
	case "NFKD":
		return form(norm.NFKD), nil
	case "Lowercase":
		return eachRune(appendLower), nil
	case "StripAccents":
		return eachRune(dropMarks), nil
	case "Strip":
		return strip{f.Left, f.Right}, nil
	case "Prepend":
		return prepend(f.Prepend), nil
	case "Replace":
		return newReplace(f.Pattern.String, f.Pattern.Regex, f.Content)
	case "Precompiled":
		return parseCharsmap(f.Charsmap)
	}
	return nil, fmt.Errorf("type %q is not supported", clip(f.Type))
}

// normalizers are applied one after the other.
type normalizers []normalizer

func (n normalizers) normalize(dst, text []byte) []byte {
	for i, one := range n {
		if i == len(n)-1 {
			return one.normalize(dst, text)
		}
		text = one.normalize(nil, text)
	}
	return append(dst, text...)
}

// form is one of Unicode's normal forms.
type form norm.Form

func (f form) normalize(dst, text []byte) []byte { return norm.Form(f).Append(dst, text...) }

// eachRune appends what becomes of each character.
type eachRune func(dst []byte, r rune) []byte

func (f eachRune) normalize(dst, text []byte) []byte {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		dst, text = f(dst, r), text[n:]
	}
	return dst
}

func dropMarks(dst []byte, r rune) []byte {
	if unicode.Is(unicode.Mn, r) {
		return dst
	}
	return utf8.AppendRune(dst, r)
}

// strip drops white space at the ends.
type strip struct{ left, right bool }

func (s strip) normalize(dst, text []byte) []byte {
	if s.left {
		text = bytes.TrimLeftFunc(text, unicode.IsSpace)
	}
	if s.right {
		text = bytes.TrimRightFunc(text, unicode.IsSpace)
	}
	return append(dst, text...)
}

// prepend puts something before a text that is not empty.
type prepend string

func (p prepend) normalize(dst, text []byte) []byte {
	if len(text) == 0 {
		return dst
	}
	return append(append(dst, p...), text...)
}

// replace puts content in place of a string.
type replace struct{ old, content string }

func (r replace) normalize(dst, text []byte) []byte {
	return append(dst, bytes.ReplaceAll(text, []byte(r.old), []byte(r.content))...)
}

// squeeze puts content in place of runs of at least n characters.
type squeeze struct {
	is      func(rune) bool
	n       int
	content string
}

func (q squeeze) normalize(dst, text []byte) []byte {
	for len(text) > 0 {
		end, count := 0, 0
		for end < len(text) {
			r, n := utf8.DecodeRune(text[end:])
			if !q.is(r) {
				break
			}
			end, count = end+n, count+1
		}
		if count >= q.n {
			dst, text = append(dst, q.content...), text[end:]
			continue
		}
		_, n := utf8.DecodeRune(text)
		n = max(n, end)
		dst, text = append(dst, text[:n]...), text[n:]
	}
	return dst
}

// newReplace makes a Replace. Of regular expressions it knows those that
// tokenizers use here.
func newReplace(text, regex *string, content string) (normalizer, error) {
	space := func(r rune) bool { return r == ' ' }
	switch {
	case text != nil && *text != "":
		return replace{*text, content}, nil
	case regex == nil:
		return nil, errors.New("replace: no pattern")
	case *regex == `\s+`:
		return squeeze{unicode.IsSpace, 1, content}, nil
	case *regex == ` {2,}`:
		return squeeze{space, 2, content}, nil
	case *regex == ` +`:
		return squeeze{space, 1, content}, nil
	}
	return nil, fmt.Errorf("replace: the expression %q is not supported", clip(*regex))
}

// clip keeps foreign text in an error message short.
func clip(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
