package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host"
	"github.com/cubeset/cubeset/host/internal/term"
)

func explainCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "explain DIR ID",
		Short: "Say what became of a row, and why",
		Long: `Say where a row stands in its input, what each step said of it up to the first
no, which row it repeats if it is a duplicate, and in which split and part it is.`,
		Example: "  cubeset explain first-dataset qa-003\n  cubeset explain first-dataset bad-echo-1 --json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usageError{fmt.Errorf("want a dataset folder and an id, got %d arguments", len(args))}
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			found, err := host.Explain(args[0], args[1])
			if err != nil {
				return fmt.Errorf("explain: %w", err)
			}
			if asJSON {
				return printJSON(found)
			}
			for _, e := range found {
				printExplanation(os.Stdout, e)
			}
			return nil
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

func printExplanation(w io.Writer, e host.Explanation) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %-12s%s\n", name, fmt.Sprintf(format, args...))
	}
	state := "not in the dataset"
	if e.Kept {
		state = "kept"
	}
	fmt.Fprintf(w, "%s: %s\n", term.Clean(e.ID, cellMax), state)
	switch {
	case e.File != "" && e.Line > 0:
		line("from", "%s:%d", term.Clean(e.File, 1000), e.Line)
	case e.File != "":
		line("from", "%s", term.Clean(e.File, 1000))
	}
	for _, v := range e.Verdicts {
		text := "yes"
		if !v.Keep {
			text = "no: " + term.Clean(v.Reason, cellMax)
		}
		if v.Score != nil {
			text += fmt.Sprintf(" (score %.4g)", *v.Score)
		}
		line(term.Clean(v.By, cellMax), "%s", text)
	}
	if e.Twin != "" {
		line("twin of", "%s, which came first", term.Clean(e.Twin, cellMax))
	}
	if e.Kept {
		line("split", "%s", term.Clean(e.Split, cellMax))
		line("part", "%s, row %d", term.Clean(e.Part, cellMax), e.Row)
	}
}
