package teachertest

import (
	"fmt"
	"strconv"
)

// fault is a rule that is not kept: what was seen, and what the author has to
// change.
type fault struct {
	what, change string
	should       bool // a rule with SHOULD
}

func (f *fault) Error() string { return f.what }

// broke is a fault against a rule with MUST. args must be safe to print: what
// a teacher said goes through quoted.
func broke(change, format string, args ...any) error {
	return &fault{what: fmt.Sprintf(format, args...), change: change}
}

// fellShort is a fault against a rule with SHOULD.
func fellShort(change, format string, args ...any) error {
	return &fault{what: fmt.Sprintf(format, args...), change: change, should: true}
}

const quotedBytesMax = 200

// quoted makes what a teacher said safe to print, and short.
func quoted(s string) string {
	if len(s) > quotedBytesMax {
		return strconv.Quote(s[:quotedBytesMax]) + "…"
	}
	return strconv.Quote(s)
}
