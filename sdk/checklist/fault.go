package checklist

import "fmt"

// Fault is a rule that is not kept: what was seen, and what the author has to
// change. All of it must be safe to print.
type Fault struct {
	What, Change string
	Should       bool     // a rule with SHOULD
	Trace        []string // as in Result
}

func (f *Fault) Error() string { return f.What }

// Broke is a fault against a rule with MUST.
func Broke(change, format string, args ...any) error {
	return &Fault{What: fmt.Sprintf(format, args...), Change: change}
}

// FellShort is a fault against a rule with SHOULD.
func FellShort(change, format string, args ...any) error {
	return &Fault{What: fmt.Sprintf(format, args...), Change: change, Should: true}
}

// Skip is the error of a check that has nothing to look at; it says why.
type Skip string

func (s Skip) Error() string { return string(s) }
