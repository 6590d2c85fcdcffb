package dialogue

import (
	"errors"
	"fmt"
)

const (
	recordBytesMax      = 16 << 20  // the default of Options.RecordBytesMax
	recordBytesMaxLimit = 256 << 20 // so that 32 bits count its text, which NFC may treble
	plainBytesMax       = 1 << 40   // the default of Options.PlainBytesMax
	contextTurns        = 2         // the default of Options.ContextTurns
	contextTurnsMax     = 64        // each turn may stand in that many contexts
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

	// Fields says what the file calls a field: "question": "prompt_text" reads
	// the question from prompt_text and from nowhere else. The fields are
	// question, answer, input, instruction, context, id, dialogue_id, turn,
	// lang, source, system, history, messages, and of a message role and
	// content. Letters A to Z are not told from a to z.
	Fields map[string]string
	// ContextTurns is how many messages before the question go into
	// Pair.Context, each as "user: …" or "assistant: …" on a line of its own.
	// They are never part of the question. At most 64; 0 leaves it empty.
	ContextTurns int
	// MaxTurns is how many pairs are taken of one dialogue; each more is
	// skipped as ReasonMaxTurns. 0 takes them all.
	MaxTurns int
	// Branches says which answers of a tree are read where there are several
	// to one question: "best", which "" means too, the one with the lowest
	// rank, or "all".
	Branches string
	// System says what becomes of system prompts: "drop", which "" means too,
	// or "context": the last one before the question is the first line of
	// Pair.Context, as "system: …".
	System string
}

// DefaultOptions tells the format by itself, reads records of up to 16 MiB,
// unpacks up to 1 TiB and gives pairs of a conversation the two messages before
// them as context. Unpacking takes little memory whatever the limit, so it only
// bounds the time a file made to expand can take.
func DefaultOptions() Options {
	return Options{
		Format: "auto", RecordBytesMax: recordBytesMax, PlainBytesMax: plainBytesMax,
		ContextTurns: contextTurns, Branches: "best", System: "drop",
	}
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
	if _, err := newNames(o.Fields); err != nil {
		errs = append(errs, err)
	}
	if o.ContextTurns < 0 || o.ContextTurns > contextTurnsMax {
		errs = append(errs, fmt.Errorf("context turns: %d is outside 0..%d", o.ContextTurns, contextTurnsMax))
	}
	if o.MaxTurns < 0 {
		errs = append(errs, fmt.Errorf("max turns: %d is less than 0", o.MaxTurns))
	}
	if o.Branches != "" && o.Branches != "best" && o.Branches != "all" {
		errs = append(errs, fmt.Errorf("branches: %q is not best or all", o.Branches))
	}
	if o.System != "" && o.System != "drop" && o.System != "context" {
		errs = append(errs, fmt.Errorf("system: %q is not drop or context", o.System))
	}
	return errors.Join(errs...)
}
