package dialogue

import (
	"bytes"
	"path/filepath"
	"strings"

	"github.com/cubeset/cubeset/formats/foreign"
)

// sniffBytes is how much of a file is looked at to tell its format.
const sniffBytes = 64 << 10

// packedEndings end the names of packed files.
var packedEndings = []string{".gz", ".zst", ".zstd", ".bz2"}

// sniff tells the format of a file from its name and its first bytes, which may
// be all of it; "" if it cannot.
func sniff(name string, head []byte, names *names) string {
	if bytes.HasPrefix(head, []byte(foreign.Magic)) {
		return "parquet"
	}
	ext := filepath.Ext(unpackedName(name))
	switch ext {
	case ".parquet":
		return "parquet" // which it is not: opening it says so
	case ".jsonl", ".ndjson":
		return jsonLines(head, names)
	case ".csv", ".tsv":
		return ext[1:]
	case ".yml", ".yaml":
		return "yaml"
	}
	first, rest := cutLine(head)
	switch {
	case len(first) == 0:
		return "jsonl" // nothing in it, whatever the format
	case first[0] == '{' || first[0] == '[':
		if linesOfJSON(first, rest) {
			return jsonLines(head, names)
		}
		return "json"
	case ext == ".json":
		return "json"
	case isHeader(first, '\t', names):
		return "tsv"
	case isHeader(first, ',', names):
		return "csv"
	case isParlai(first):
		return "parlai"
	case bytes.Contains(first, []byte(endOfUtterance)):
		return "eou"
	}
	switch format := firstMark(head); {
	case format != "":
		return format
	case ext == ".txt":
		return "qa"
	}
	return ""
}

// unpackedName is a name in lower case without what says how it is packed.
func unpackedName(name string) string {
	name = strings.ToLower(name)
	for _, packed := range packedEndings {
		name = strings.TrimSuffix(name, packed)
	}
	return name
}

// linesOfJSON reports whether the first two lines that are not blank look like
// records rather than like the start of one long value. One of the two may be
// broken.
func linesOfJSON(first, rest []byte) bool {
	second, _ := cutLine(rest)
	var found members
	switch {
	case len(second) == 0:
		return false
	case checkJSON(first, &found) == nil:
		return true
	}
	return first[0] == '{' && second[0] == '{' && checkJSON(second, &found) == nil
}

// cutLine is the first line of b that is not blank, trimmed, and what follows.
func cutLine(b []byte) (line, rest []byte) {
	b = bytes.TrimLeft(b, " \t\r\n")
	line, rest, _ = bytes.Cut(b, []byte{'\n'})
	return bytes.TrimSpace(line), rest
}

// jsonLines tells lines that are messages of trees, or of episodes, from those
// that are records.
func jsonLines(head []byte, names *names) string {
	first, _ := cutLine(head)
	var found members
	if len(first) == 0 || first[0] != '{' || checkJSON(first, &found) != nil {
		return "jsonl"
	}
	if _, ok := flatMessage(first, valueOf(first, span{0, int32(len(first))}), names); ok {
		return "flat"
	}
	if isParlai(first) {
		return "parlai"
	}
	return "jsonl"
}

func isHeader(line []byte, comma byte, names *names) bool {
	columns, _ := csvColumns(line, comma, names) // what is wrong with it shows when it is read
	has := setOf(columns...)
	return (has.has(fieldQuestion) || has.has(fieldInstruction)) && has.has(fieldAnswer)
}

// firstMark is the format that the first line with a mark belongs to.
func firstMark(b []byte) string {
	for line := range bytes.Lines(b) {
		if _, ok := cutMark(line, questionMarks); ok {
			return "qa"
		}
		if _, who := cutSpeaker(line); who != nobody {
			return "transcript"
		}
		if conversationsKey(line) {
			return "yaml"
		}
	}
	return ""
}
