package dialogue

import (
	"errors"
	"fmt"
	"strings"
)

const (
	recordBytesMax      = 16 << 20  // the default of Options.RecordBytesMax
	recordBytesMaxLimit = 256 << 20 // so that 32 bits count its text, which NFC may treble
	plainBytesMax       = 1 << 40   // the default of Options.PlainBytesMax
)

// Options say how a file is read. Start from DefaultOptions.
type Options struct {
	// Format is "auto" or the Name of one of Formats. "csv" and "tsv" may be
	// followed by the columns of a file that has no header line, as in
	// "csv:id,question,-,answer"; "-" is a column that is not read.
	Format string
	// RecordBytesMax is the longest record that is read, in bytes with its line
	// end; a longer one is skipped. At most 256 MiB.
	RecordBytesMax int
	// PlainBytesMax is how many bytes a compressed file may unpack to.
	PlainBytesMax int64
}

// DefaultOptions tells the format by itself, reads records of up to 16 MiB and
// unpacks up to 1 TiB. Unpacking takes little memory whatever the limit, so it
// only bounds the time a file made to expand can take.
func DefaultOptions() Options {
	return Options{Format: "auto", RecordBytesMax: recordBytesMax, PlainBytesMax: plainBytesMax}
}

// Validate reports everything that is wrong with o.
func (o Options) Validate() error {
	var errs []error
	if o.Format != "auto" {
		_, err := parseLayout(o.Format)
		errs = append(errs, err)
	}
	if o.RecordBytesMax < 1 || o.RecordBytesMax > recordBytesMaxLimit {
		errs = append(errs, fmt.Errorf("record bytes max: %d is outside 1..%d", o.RecordBytesMax, recordBytesMaxLimit))
	}
	if o.PlainBytesMax < 1 {
		errs = append(errs, fmt.Errorf("plain bytes max: %d is less than 1", o.PlainBytesMax))
	}
	return errors.Join(errs...)
}

// Format is a kind of file this package reads.
type Format struct {
	Name, Doc, Example string
}

// Formats lists what Open reads, each plain or packed with gzip or Zstandard.
func Formats() []Format {
	return []Format{
		{"jsonl", "a JSON record a line", `{"question":"How do I …?","answer":"Open …"}`},
		{"json", "an array of records, or an object that holds one under dialogues, conversations, data, rows, examples, records or items", `{"dialogues":[{"messages":[{"role":"user","content":"…"}]}]}`},
		{"csv", "comma-separated, RFC 4180, with a header line", "question,answer"},
		{"tsv", "tab-separated, quoted as CSV is, with a header line", "question\tanswer"},
		{"qa", "plain text, blocks of lines that begin with Q: and A: (also Question:/Answer:, В:/О:, Вопрос:/Ответ:)", "Q: How do I …?\nA: Open …"},
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
	for _, f := range Formats() {
		if f.Name == format {
			l.format = format
		}
	}
	if l.format == "" || listed && l.comma() == 0 {
		return l, fmt.Errorf("%w: %q is not auto, jsonl, json, csv, tsv or qa", ErrFormat, s)
	}
	if !listed {
		return l, nil
	}
	for name := range strings.SplitSeq(columns, ",") {
		f := fieldOf([]byte(name))
		if f == fieldNone && name != "-" {
			return l, fmt.Errorf("%w: %q is not a column of %s", ErrFormat, name, format)
		}
		l.columns = append(l.columns, f)
	}
	return l, l.check()
}

// check says what is missing from the columns of a table.
func (l layout) check() error {
	if l.comma() == 0 {
		return nil
	}
	var has [fieldCount]bool
	for _, f := range l.columns {
		if f != fieldNone && has[f] {
			return fmt.Errorf("%w: two columns of %s are both %s", ErrFormat, l.format, f)
		}
		has[f] = true
	}
	for _, f := range []field{fieldQuestion, fieldAnswer} {
		if !has[f] {
			return fmt.Errorf("%w: no column of %s is named %s", ErrFormat, l.format, strings.Join(fields[f], ", "))
		}
	}
	if has[fieldInstruction] {
		return fmt.Errorf("%w: a %s with a column named %s is not read: its input is no question", ErrFormat, l.format, fieldInstruction)
	}
	return nil
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
