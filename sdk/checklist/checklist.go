// Package checklist is what the conformance kits of teachers and filters share: checks one after the
// other, each with the rules it is about, and the report of them.
package checklist

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Status is what became of a check.
type Status string

// Every Status.
const (
	Passed  Status = "passed"
	Warned  Status = "warned" // a rule with SHOULD is not kept: what was checked works
	Failed  Status = "failed"
	Skipped Status = "skipped"
)

// Result is one check, done. Detail, Change and Trace are safe to print.
type Result struct {
	Name    string   `json:"name"`
	Rules   []string `json:"rules"`
	Status  Status   `json:"status"`
	Detail  string   `json:"detail,omitempty"` // what was seen
	Change  string   `json:"change,omitempty"` // what the author has to change
	Trace   []string `json:"trace,omitempty"`  // the functions it happened in, innermost first
	Seconds float64  `json:"seconds"`
}

// Advice is what to change, and where that is written: "… (ABI.md, 5.2)".
func (r Result) Advice(document string) string {
	return fmt.Sprintf("%s (%s, %s)", r.Change, document, strings.Join(r.Rules, ", "))
}

// Failures is how many checks failed.
func Failures(results []Result) int {
	n := 0
	for _, r := range results {
		if r.Status == Failed {
			n++
		}
	}
	return n
}

// Check is one line of a report about a K.
type Check[K any] struct {
	Name  string
	Rules []string
	Level int  // gates before it that must have been passed
	Gate  bool // the checks of higher levels make no sense without it
	Run   func(context.Context, K) (detail string, err error)
}

// List is the checks of one kit.
type List[K any] struct {
	Checks []Check[K]
	Change string       // what to do about an error that does not say
	Each   func(Result) // gets each result as soon as it is there; nil = nobody
	Failed func()       // clears up after a failure; nil = nothing to do
}

// Run does every check that makes sense, until ctx ends.
func (l List[K]) Run(ctx context.Context, k K) []Result {
	var results []Result
	passed := 0
	for _, c := range l.Checks {
		if ctx.Err() != nil {
			break
		}
		began := time.Now()
		r := Result{Name: c.Name, Rules: c.Rules, Status: Skipped, Detail: "an earlier check failed"}
		if c.Level <= passed {
			detail, err := c.Run(ctx, k)
			r.tell(detail, err, l.Change)
			switch {
			case r.Status == Failed && l.Failed != nil:
				l.Failed()
			case r.Status != Failed && c.Gate:
				passed++
			}
		}
		r.Seconds = time.Since(began).Seconds()
		results = append(results, r)
		if l.Each != nil {
			l.Each(r)
		}
	}
	return results
}

func (r *Result) tell(detail string, err error, change string) {
	r.Status, r.Detail = Passed, detail
	if err == nil {
		return
	}
	r.Status, r.Detail, r.Change = Failed, err.Error(), change
	var skip Skip
	var f *Fault
	var a interface {
		error
		Advice() string // what to change
	}
	switch {
	case errors.As(err, &skip):
		r.Status, r.Change = Skipped, ""
	case errors.As(err, &f):
		r.Change, r.Trace = f.Change, f.Trace
		if f.Should {
			r.Status = Warned
		}
	case errors.As(err, &a):
		r.Change = a.Advice()
	}
}

// Subtests tells the results as subtests of t.
func Subtests(t *testing.T, document string, results []Result) {
	t.Helper()
	for _, r := range results {
		t.Run(r.Name, func(t *testing.T) {
			switch r.Status {
			case Failed:
				t.Errorf("%s\n%s\n%s", r.Detail, r.Advice(document), strings.Join(r.Trace, "\n"))
			case Warned:
				t.Logf("%s\n%s", r.Detail, r.Advice(document))
			case Skipped:
				t.Skip(r.Detail)
			}
		})
	}
}
