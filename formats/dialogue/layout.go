package dialogue

import (
	"bytes"
	"fmt"
	"strings"
)

// Format is a kind of file, or a shape of record, that this package reads.
type Format struct {
	Name, Doc, Example string
}

// Formats lists what Open reads, each but parquet plain or packed with gzip,
// bzip2 or Zstandard, or a member of a zip archive.
func Formats() []Format {
	return []Format{
		{"jsonl", "a JSON record a line", `{"question":"How do I …?","answer":"Open …"}`},
		{"json", "an array of records, or an object that holds one under dialogues, conversations, data, rows, examples, records or items, or an object of conversations by their ids", `{"dialogues":[{"messages":[{"role":"user","content":"…"}]}]}`},
		{"flat", "a JSON message a line, each with the id of the one it answers; the messages of a tree are a record and stand together, answers behind what they answer", `{"message_id":"1","text":"How do I …?","role":"prompter"}` + "\n" + `{"message_id":"2","parent_id":"1","text":"Open …","role":"assistant"}`},
		{"parquet", "a table whose rows are records, with columns named as the fields of JSON are; lists and structs may be in them", `{"question":"How do I …?","answer":"Open …"}`},
		{"csv", "comma-separated, RFC 4180, with a header line", "question,answer"},
		{"tsv", "tab-separated, quoted as CSV is, with a header line", "question\tanswer"},
		{"qa", "plain text, blocks of lines that begin with Q: and A: (also Question:/Answer:, В:/О:, Вопрос:/Ответ:)", "Q: How do I …?\nA: Open …"},
		{"transcript", "plain text, lines that begin with User: or Assistant: (also Human:, Customer:, Bot:, AI:, Agent: and their like in Russian, Chinese and Arabic); a line of --- or two blank lines part dialogues", "User: How do I …?\nAssistant: Open …"},
		{"parlai", "ParlAI: a line says something and has the answers to it, as fields behind tabs or as JSON; the lines up to one that is episode_done are a record", "text:How do I …?\tlabels:Open …\tepisode_done:True"},
		{"eou", "a dialogue a line, each utterance ended by __eou__ (DailyDialog)", "How do I …? __eou__ Open … __eou__"},
		{"yaml", "the lists of texts under conversations, a dialogue each (ChatterBot); block style only", "conversations:\n- - How do I …?\n  - Open …"},
	}
}

// layout is what a parser must know of a file besides the record: its format
// and, for a table, which field each column is.
type layout struct {
	format  string
	columns []field // of csv and tsv
}

// parseLayout reads what layout.String writes.
func parseLayout(s string) (layout, error) {
	format, columns, listed := strings.Cut(s, ":")
	var l layout
	var known []string
	for _, f := range Formats() {
		known = append(known, f.Name)
		if f.Name == format {
			l.format = format
		}
	}
	if l.format == "" || listed && l.comma() == 0 {
		return l, fmt.Errorf("%w: %q is not auto, %s", ErrFormat, s, strings.Join(known, ", "))
	}
	if !listed {
		return l, nil
	}
	for name := range strings.SplitSeq(columns, ",") {
		f, _ := fieldRank([]byte(name))
		if f == fieldNone && name != "-" {
			return l, fmt.Errorf("%w: %q is not a column of %s", ErrFormat, name, format)
		}
		l.columns = append(l.columns, f)
	}
	if !l.has(fieldInstruction) {
		for i, f := range l.columns {
			if f == fieldInput {
				l.columns[i] = fieldQuestion
			}
		}
	}
	return l, l.check()
}

// check says what is missing from the columns of a table.
func (l layout) check() error {
	if l.comma() == 0 {
		return nil
	}
	var has fieldSet
	for _, f := range l.columns {
		if f != fieldNone && has.has(f) {
			return fmt.Errorf("%w: two columns of %s are both %s", ErrFormat, l.format, f)
		}
		has |= setOf(f)
	}
	for _, f := range []field{fieldQuestion, fieldAnswer} {
		if !has.has(f) && !(f == fieldQuestion && has.has(fieldInstruction)) {
			return fmt.Errorf("%w: no column of %s is named %s", ErrFormat, l.format, strings.Join(fields[f], ", "))
		}
	}
	return nil
}

func (l layout) has(f field) bool { return setOf(l.columns...).has(f) }

// importer is what reads the rows of a table: their columns say which.
func (l layout) importer() *importer {
	if l.has(fieldQuestion) {
		return importerOf("pair")
	}
	return importerOf("instruction")
}

// comma is what separates the fields of a table, and 0 for other formats.
func (l layout) comma() byte {
	switch l.format {
	case "csv":
		return ','
	case "tsv":
		return '\t'
	}
	return 0
}

func (l layout) String() string {
	if l.columns == nil {
		return l.format
	}
	names := make([]string, len(l.columns))
	for i, f := range l.columns {
		names[i] = f.String()
	}
	return l.format + ":" + strings.Join(names, ",")
}

// csvColumns reads a header line. Of two columns with the same meaning, that
// with the earlier name counts.
func csvColumns(header []byte, comma byte, names *names) ([]field, *csvFault) {
	var cells cells
	fault := cells.read(header, comma)
	var (
		columns = make([]field, len(cells.spans))
		holder  [fieldCount]int // the column that is a field, from 1
		ranks   [fieldCount]uint8
	)
	take := func(i int, f field, rank uint8) {
		if f == fieldNone || holder[f] > 0 && ranks[f] < rank {
			return
		}
		if holder[f] > 0 {
			columns[holder[f]-1] = fieldNone
		}
		columns[i], holder[f], ranks[f] = f, i+1, rank
	}
	for i, name := range cells.spans {
		f, rank := names.rank(bytes.TrimSpace(name.of(cells.text)))
		take(i, f, rank)
	}
	if i := holder[fieldInput] - 1; i >= 0 && holder[fieldInstruction] == 0 {
		columns[i] = fieldNone
		take(i, fieldQuestion, rankInput)
	}
	return columns, fault
}
