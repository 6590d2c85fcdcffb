package dialogue

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// nameBytesMax is the longest name of a field that Options.Fields may give.
const nameBytesMax = 256

// named are the fields that Options.Fields may name, besides role and content,
// which are of a message rather than of a record.
var named = []field{
	fieldQuestion, fieldAnswer, fieldInput, fieldInstruction, fieldContext, fieldID, fieldDialogue, fieldTurn,
	fieldLang, fieldSource, fieldSystem, fieldHistory, fieldMessages,
}

// names are what a file calls the fields. A nil *names is the table alone.
type names struct {
	own           map[string]field // by the user's name, in lower case
	given         fieldSet         // what own names: the table's names of these mean nothing
	role, content []byte           // of a message; nil: as turnFields has them
}

// newNames turns Options.Fields round. It reports everything that is wrong.
func newNames(fields map[string]string) (*names, error) {
	if len(fields) == 0 {
		return nil, nil
	}
	var (
		n     = &names{own: map[string]field{}}
		taken = map[string]string{}
		errs  []error
	)
	for _, ours := range slices.Sorted(maps.Keys(fields)) {
		theirs := fields[ours]
		lower := string(lowerASCII([]byte(theirs)))
		level := "record"
		f := namedField(ours)
		switch {
		case ours == "role":
			level, n.role = "message", []byte(lower)
		case ours == "content":
			level, n.content = "message", []byte(lower)
		case f == fieldNone:
			errs = append(errs, fmt.Errorf("fields: %q is not one of %s, role, content", ours, fieldNames(named)))
			continue
		default:
			n.own[lower] = f
			n.given |= setOf(f)
		}
		switch other := taken[level+lower]; {
		case theirs == "" || len(theirs) > nameBytesMax || !utf8.ValidString(theirs) || strings.ContainsFunc(theirs, func(r rune) bool { return r < ' ' }):
			errs = append(errs, fmt.Errorf("fields: the name of %s is not a text of 1 to %d bytes", ours, nameBytesMax))
		case other != "":
			errs = append(errs, fmt.Errorf("fields: %s and %s have the same name", other, ours))
		}
		taken[level+lower] = ours
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return n, nil
}

// rank is fieldRank with the names of the user.
func (n *names) rank(name []byte) (field, uint8) {
	if n == nil || n.given == 0 {
		return fieldRank(name)
	}
	if len(name) <= nameBytesMax {
		if f, ok := n.own[string(lowerASCII(name))]; ok {
			return f, 0
		}
	}
	f, rank := fieldRank(name)
	if n.given.has(f) {
		return fieldNone, 0
	}
	return f, rank
}

// ofTurn are the user's names for the role and the content of a turn, nil where
// there is none.
func (n *names) ofTurn() (role, content []byte) {
	if n == nil {
		return nil, nil
	}
	return n.role, n.content
}

func namedField(name string) field {
	for _, f := range named {
		if f.String() == name {
			return f
		}
	}
	return fieldNone
}

func fieldNames(all []field) string {
	names := make([]string, len(all))
	for i, f := range all {
		names[i] = f.String()
	}
	return strings.Join(names, ", ")
}

// lowerASCII is b with the letters A to Z in lower case.
func lowerASCII(b []byte) []byte {
	if !bytes.ContainsFunc(b, func(r rune) bool { return 'A' <= r && r <= 'Z' }) {
		return b
	}
	b = bytes.Clone(b)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return b
}
