// Package dialogue reads files of dialogues: a file becomes records, a record
// becomes question/answer pairs, and each pair knows the line it came from.
//
//	in, err := dialogue.Open("chats.jsonl.zst", dialogue.DefaultOptions())
//	…
//	defer in.Close()
//	p := in.Parser()
//	for r, err := range in.Records() {
//		if err != nil {
//			return err // the file itself is unusable from here on
//		}
//		p.Pairs(r, func(pair *dialogue.Pair) { … }, func(s dialogue.Skip) { … })
//	}
//
// Reading is in two steps so that the slow one, parsing, can run on many
// goroutines (a Parser each) and can be left out for records already known.
// Memory is bounded by the largest record, never by the file.
//
// A bad record is data: it is reported as a Skip with a reason and a line, and
// the records around it are read as if it were not there. Only a file that
// cannot be read on is an error.
package dialogue

import (
	"errors"
	"fmt"
)

// Pos is a place in a file.
type Pos struct {
	File string // as the user named it
	Line int64  // from 1; of Parquet, the row
}

func (p Pos) String() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// Record is one record of a file: what can be read without the rest, as a JSON
// value, a row of a table, a Q/A block, a dialogue or a tree of messages.
type Record struct {
	Raw  []byte // the record's bytes, without what separates it from its neighbours; valid until the next record is asked for
	Line int64  // where it begins, from 1; of Parquet, the row
	Skip string // if not empty, the reader gave up on it for this reason, and Raw may be empty
}

// Pair is a question, its answer and what the file says about them. Question,
// Answer and Context are text/v1 (see Text); the other strings are verbatim.
type Pair struct {
	ID, Question, Answer, Context, DialogueID, Lang, Source string

	Turn    int32 // index of the question in its dialogue, from 0; -1 if the file does not say
	Line    int64 // where the question's record, or its message in a conversation or tree, begins
	Ordinal int32 // of the pair among the pairs of its record, from 0
}

// Skip says that a record, or one pair of a conversation, was left out.
type Skip struct {
	Line   int64
	Reason string // one of the reasons below
	Detail string // for people; it holds no text of the dialogue
}

// The reasons of a Skip. They are counted by these names, which do not change.
const (
	ReasonJSON    = "json"     // not well-formed JSON
	ReasonUTF8    = "utf8"     // not UTF-8, or half of a surrogate pair
	ReasonTooLong = "too_long" // longer than Options.RecordBytesMax, or its contexts are
	ReasonEmpty   = "empty"    // no question or no answer is left after text/v1
	ReasonNoPair  = "no_pair"  // no known shape, or no question with an answer in it
	ReasonField   = "field"    // a field holds a value of the wrong type
	ReasonCSV     = "csv"      // not RFC 4180, or not as many fields as the header

	ReasonYAML     = "yaml"      // not the part of YAML that is read
	ReasonDeleted  = "deleted"   // a message of a tree that was deleted, with what answers it
	ReasonReview   = "review"    // one that did not pass its review, with what answers it
	ReasonMaxTurns = "max_turns" // behind as many pairs of its dialogue as Options.MaxTurns allows
)

var (
	// ErrFormat is returned by Open when a file's format is unknown, cannot be
	// told from its content, or does not fit the content.
	ErrFormat = errors.New("unknown format")
	// ErrTruncated means that compressed data ends too early.
	ErrTruncated = errors.New("compressed data ends too early")
	// ErrDamaged means that compressed data, or a Parquet file, is not what its
	// checksum or its format says.
	ErrDamaged = errors.New("compressed data is damaged")
	// ErrTooLarge means that a file unpacks to more than Options.PlainBytesMax.
	ErrTooLarge = errors.New("unpacks to too many bytes")
	// ErrOutside means that a name in a folder or an archive leads out of it.
	ErrOutside = errors.New("leads out of where it is")
)

// Error is an error that makes a file unusable, with the place reached.
type Error struct {
	Pos Pos
	Err error
}

func (e *Error) Error() string { return fmt.Sprintf("%v: %v", e.Pos, e.Err) }
func (e *Error) Unwrap() error { return e.Err }
