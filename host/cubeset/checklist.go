package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/cubeset/cubeset/host/internal/term"
	"github.com/cubeset/cubeset/sdk/checklist"
)

// printCheck prints a line a check, and what to change where there is something.
// document is where the rules are.
func printCheck(document string) func(checklist.Result) {
	return func(r checklist.Result) {
		say := func(s string) string { return term.Clean(s, errorMax) }
		fmt.Printf("%-7s %-14s %s\n", r.Status, r.Name, say(r.Detail))
		for _, f := range r.Trace {
			fmt.Printf("%22s in %s\n", "", say(f))
		}
		if r.Change != "" {
			fmt.Printf("%22s change: %s\n", "", say(r.Advice(document)))
		}
	}
}

// writeJUnit writes a report to a file; without a name, it does nothing.
func writeJUnit(name string, report func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	var b strings.Builder
	if err := report(&b); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(b.String()), 0o644)
}
