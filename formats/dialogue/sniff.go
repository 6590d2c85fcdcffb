package dialogue

import (
	"bytes"
	"path/filepath"
	"strings"
)

// sniffBytes is how much of a file is looked at to tell its format.
const sniffBytes = 64 << 10

// sniff tells the format of a file from its name and its first bytes, which may
// be all of it; "" if it cannot.
func sniff(name string, head []byte) string {
	name = strings.ToLower(name)
	for _, packed := range []string{".gz", ".zst", ".zstd"} {
		name = strings.TrimSuffix(name, packed)
	}
	ext := filepath.Ext(name)
	switch ext {
	case ".jsonl", ".ndjson":
		return "jsonl"
	case ".csv", ".tsv":
		return ext[1:]
	}
	first, rest := cutLine(head)
	switch {
	case len(first) == 0:
		return "jsonl" // nothing in it, whatever the format
	case first[0] == '{' || first[0] == '[':
		if linesOfJSON(first, rest) {
			return "jsonl"
		}
		return "json"
	case ext == ".json":
		return "json"
	case isHeader(first, '\t'):
		return "tsv"
	case isHeader(first, ','):
		return "csv"
	case ext == ".txt" || hasMark(head):
		return "qa"
	}
	return ""
}

// linesOfJSON reports whether the first two lines that are not blank look like
// records rather than like the start of one long value. One of the two may be
// broken.
func linesOfJSON(first, rest []byte) bool {
	second, _ := cutLine(rest)
	var members []member
	switch {
	case len(second) == 0:
		return false
	case checkJSON(first, &members) == nil:
		return true
	}
	return first[0] == '{' && second[0] == '{' && checkJSON(second, &members) == nil
}

// cutLine is the first line of b that is not blank, trimmed, and what follows.
func cutLine(b []byte) (line, rest []byte) {
	b = bytes.TrimLeft(b, " \t\r\n")
	line, rest, _ = bytes.Cut(b, []byte{'\n'})
	return bytes.TrimSpace(line), rest
}

func isHeader(line []byte, comma byte) bool {
	var has [fieldCount]bool
	var names cells
	names.read(line, comma) // what is wrong with it shows when it is read
	for _, name := range names.spans {
		has[fieldOf(bytes.TrimSpace(name.of(names.text)))] = true
	}
	return has[fieldQuestion] && has[fieldAnswer]
}

func hasMark(b []byte) bool {
	for line := range bytes.Lines(b) {
		if _, ok := cutMark(line, questionMarks); ok {
			return true
		}
	}
	return false
}
