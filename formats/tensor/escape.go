package tensor

import (
	"encoding/json"
	"strings"
	"unicode"
)

const cardTextMax = 300 // characters of a foreign text in a card

// printable makes one line of a foreign text: no control, no direction mark,
// no invalid byte, and not too long.
func printable(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > cardTextMax {
			b.WriteRune('…')
			break
		}
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			b.WriteByte(' ')
		case !unicode.IsPrint(r):
			b.WriteRune(unicode.ReplacementChar)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// quoted is a double-quoted YAML scalar. JSON's strings are YAML's.
func quoted(s string) string {
	b, _ := json.Marshal(printable(s)) // a string always marshals
	return string(b)
}

// markdown is s as plain text in any place of a Markdown document: Markdown
// takes a backslash before any punctuation, and HTML an entity for its own.
func markdown(s string) string {
	var b strings.Builder
	for _, r := range printable(s) {
		if i := strings.IndexRune("<>&", r); i >= 0 {
			b.WriteString([]string{"&lt;", "&gt;", "&amp;"}[i])
			continue
		}
		if r < 0x80 && (unicode.IsPunct(r) || unicode.IsSymbol(r)) && !strings.ContainsRune("-/, ", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
