package plugins

import (
	"fmt"
)

// Kind is what went wrong with a teacher, to be matched with errors.Is.
type Kind string

// Kinds of an Error. After ErrBusy the same teacher may be asked again; after
// ErrStart, ErrDied and ErrTimeout a new one may be started; the others would
// happen again.
const (
	ErrStart     Kind = "teacher did not start"
	ErrDied      Kind = "teacher died"
	ErrTimeout   Kind = "teacher did not answer in time"
	ErrBusy      Kind = "teacher is busy"                // ResourceExhausted, or Unavailable from a living process
	ErrShape     Kind = "wrong vector shape"             // values a row, rows a reply, bytes
	ErrNotFinite Kind = "vector is not finite"           // NaN, infinity, or a length beyond float32
	ErrZeroNorm  Kind = "vector is zero"                 // or too short for its length to be a float32
	ErrProtocol  Kind = "teacher broke the protocol"     // see PROTOCOL.md
	ErrStop      Kind = "teacher cannot go on"           // FailedPrecondition
	ErrFailed    Kind = "teacher failed on a batch"      // Internal, a panic, any other code
	ErrSeal      Kind = "teacher's files have changed"   // Spec.Seal; nothing of them ran
	ErrOther     Kind = "teacher is another one"         // its embed_id is not the one it had
	ErrClosed    Kind = "teacher was closed by its host" // Embed after or during Close
)

func (k Kind) Error() string { return string(k) }

// Error is a failure of a teacher as a whole. A text the teacher refused is no
// Error but a Row.
type Error struct {
	Teacher string
	Kind    Kind
	Row     int // index of the text whose vector is bad, -1 = not one text
	Err     error
}

func (e *Error) Error() string {
	if e.Row >= 0 {
		return fmt.Sprintf("teacher %s: text %d: %v", clean(e.Teacher), e.Row, e.Err)
	}
	return fmt.Sprintf("teacher %s: %v", clean(e.Teacher), e.Err)
}

// Unwrap makes both the kind and the cause match.
func (e *Error) Unwrap() []error { return []error{e.Kind, e.Err} }

// fail makes an Error that is about no single text.
func fail(teacher string, k Kind, format string, args ...any) *Error {
	return &Error{Teacher: teacher, Kind: k, Row: -1, Err: fmt.Errorf(format, args...)}
}
