package plugins

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	messageBytesMax = 300  // of a teacher's message in an error
	lineBytesMax    = 1024 // of a teacher's line in the log
	windowBytes     = 12   // a message may share this much with a text, less one byte
)

// clean makes foreign text safe to print: one short line, with control, bidi
// and broken characters as escapes.
func clean(s string) string { return cleanTo(s, messageBytesMax) }

func cleanTo(s string, limit int) string {
	var b strings.Builder
	for s = strings.TrimSpace(s); s != ""; {
		if b.Len() >= limit {
			b.WriteString("…")
			break
		}
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case r == '\n', r == '\t':
			b.WriteByte(' ')
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		s = s[n:]
	}
	return b.String()
}

// redact blanks what a teacher's message quotes of the texts it was given: any
// windowBytes bytes in a row that stand in a text, and short texts where they
// stand as a whole. The protocol forbids such quotes; this keeps a careless
// teacher from putting dialogue into logs.
func redact(message string, texts []string) string {
	if len(message) > 4*messageBytesMax {
		message = message[:4*messageBytesMax]
	}
	hide := make([]bool, len(message))
	windows := map[string][]int{}
	for i := 0; i+windowBytes <= len(message); i++ {
		w := message[i : i+windowBytes]
		windows[w] = append(windows[w], i)
	}
	for _, t := range texts {
		if len(t) < windowBytes {
			hideWord(hide, message, t)
			continue
		}
		for i := 0; i+windowBytes <= len(t); i++ {
			w := t[i : i+windowBytes]
			for _, at := range windows[w] {
				mark(hide[at : at+windowBytes])
			}
			delete(windows, w) // once is enough, whatever the text repeats
		}
	}
	var b strings.Builder
	for i := range len(message) {
		switch {
		case !hide[i]:
			b.WriteByte(message[i])
		case i == 0 || !hide[i-1]:
			b.WriteString("[text]")
		}
	}
	return clean(b.String())
}

// hideWord hides word in message wherever no letter or digit adjoins it.
func hideWord(hide []bool, message, word string) {
	if word == "" {
		return
	}
	for from := 0; ; {
		i := strings.Index(message[from:], word)
		if i < 0 {
			return
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(message[:i])
		after, _ := utf8.DecodeRuneInString(message[i+len(word):])
		if !inWord(before) && !inWord(after) {
			mark(hide[i : i+len(word)])
		}
		from = i + len(word)
	}
}

func inWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

func mark(b []bool) {
	for i := range b {
		b[i] = true
	}
}
