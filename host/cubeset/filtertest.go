package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host"
	"github.com/cubeset/cubeset/host/internal/term"
	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/kit"
)

// filterSettings are how a command is told to configure a filter.
type filterSettings struct {
	options, blobs []string
	dim            int
}

func (s *filterSettings) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVar(&s.options, "option", nil, "option of the filter, `KEY=VALUE`; may be repeated")
	f.StringArrayVar(&s.blobs, "blob", nil, "a file that the filter is given by a name, `NAME=FILE`; may be repeated")
	f.IntVar(&s.dim, "dim", 0, "values of the embeddings it is given (default: what the manifest or the cases say, or 768)")
}

// kit is what the settings say, for the conformance kit.
func (s *filterSettings) kit() (kit.Options, error) {
	o := kit.DefaultOptions()
	o.Dim, o.Blobs = s.dim, map[string][]byte{}
	config := map[string]json.RawMessage{}
	for _, option := range s.options {
		key, value, ok := strings.Cut(option, "=")
		if !ok || key == "" {
			return o, usageError{fmt.Errorf("option: %q is not KEY=VALUE", option)}
		}
		config[key] = optionValue(value)
	}
	var err error
	if o.Config, err = json.Marshal(config); err != nil {
		return o, err
	}
	for _, blob := range s.blobs {
		name, file, ok := strings.Cut(blob, "=")
		if !ok || name == "" {
			return o, usageError{fmt.Errorf("blob: %q is not NAME=FILE", blob)}
		}
		if o.Blobs[name], err = readSmall(file, packBytesMax); err != nil {
			return o, err
		}
	}
	if err := o.Validate(); err != nil {
		return o, usageError{err}
	}
	return o, nil
}

// optionValue is JSON, or else a string, as in --filter-option.
func optionValue(value string) json.RawMessage {
	raw := json.RawMessage(value)
	if !json.Valid(raw) {
		raw, _ = json.Marshal(value)
	}
	return raw
}

func filterTestCommand() *cobra.Command {
	var s filterSettings
	var junit, row string
	var asJSON bool
	c := &cobra.Command{
		Use: "test X.wasm|X.js|NAME [CASES.jsonl]", Short: "Test a filter",
		Long: `Test whether a filter keeps to the ABI (wasm/ABI.md), in whatever language it is
written. It is run as a build runs it, with ordinary rows, with texts and vectors
that nobody would think of, in batches of every size, and some hundred times
over; and with CASES, rows of your own with what must become of them:

  {"id": "too-short", "question": "Why?", "answer": "So.", "reason": "answer_short"}

Each check is a line, with the rules it is about; a failure says what to change,
and where the filter traps, the row and the functions that ran. Exit code 5 if
anything failed. --row runs one case alone and shows what the filter says of it.`,
		Example: `  cubeset filter test polite.wasm
  cubeset filter test polite.wasm cases.jsonl --option words=3 --junit polite.xml
  cubeset filter test polite.wasm cases.jsonl --row too-short`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 && len(args) != 2 {
				return usageError{errors.New("filter test: want a filter, and perhaps a file of cases; for example: cubeset filter test polite.wasm cases.jsonl")}
			}
			return nil
		},
	}
	s.flags(c)
	c.Flags().StringVar(&junit, "junit", "", "also write the result to this `FILE`, as JUnit XML")
	c.Flags().StringVar(&row, "row", "", "run only the case with this `ID`, and show the verdict")
	jsonFlag(c, &asJSON)
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		defer stop()
		err := func() error {
			module, err := host.FilterModule(args[0])
			if err != nil {
				return err
			}
			o, err := s.kit()
			if err != nil {
				return err
			}
			if len(args) == 2 {
				if o.Cases, err = readCases(args[1]); err != nil {
					return err
				}
			}
			if c.Flags().Changed("row") {
				return judgeCase(ctx, args[0], module, o, row, asJSON)
			}
			return testFilter(ctx, args[0], module, o, junit, asJSON)
		}()
		switch {
		case err == nil:
			return nil
		case errors.Is(err, context.Canceled):
			return fmt.Errorf("filter test: %w", host.ErrInterrupted)
		case errors.Is(err, kit.ErrOptions):
			return usageError{fmt.Errorf("filter test: %w", err)}
		}
		return fmt.Errorf("filter test: %w", err)
	}
	return c
}

func readCases(name string) ([]kit.Case, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cases, err := kit.ReadCases(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return cases, nil
}

// testFilter runs every check.
func testFilter(ctx context.Context, name string, module []byte, o kit.Options, junit string, asJSON bool) error {
	if !asJSON {
		o.Each = printCheck(kit.Document)
	}
	report, err := kit.Check(ctx, module, o)
	if err != nil {
		return err
	}
	if report.Filter == "" { // it is no filter at all
		report.Filter = filepath.Base(name)
	}
	if err := writeJUnit(junit, report.JUnit); err != nil {
		return err
	}
	if asJSON {
		err = printJSON(report)
	}
	if n := report.Failures(); n > 0 && err == nil {
		return notFilter{fmt.Errorf("%s: %d of %s failed", name, n, plural(int64(len(report.Checks)), "check"))}
	}
	return err
}

// levels are the names of a log message's level.
var levels = [...]string{wasm.LevelDebug: "debug", wasm.LevelInfo: "info", wasm.LevelWarn: "warning", wasm.LevelError: "error"}

// judgeCase runs one case.
func judgeCase(ctx context.Context, name string, module []byte, o kit.Options, id string, asJSON bool) error {
	for _, c := range o.Cases {
		if c.ID != id {
			continue
		}
		j, err := kit.Judge(ctx, module, o, c)
		var g *wasm.GuestError
		if errors.As(err, &g) {
			for _, f := range g.Stack {
				fmt.Fprintf(os.Stderr, "in %s\n", term.Clean(f, errorMax))
			}
			return notFilter{fmt.Errorf("%s: case %q: %w", name, id, err)}
		} else if err != nil {
			return err
		}
		if asJSON {
			err = printJSON(j)
		} else {
			printJudgement(j)
		}
		if j.Want != "" && err == nil {
			return notFilter{fmt.Errorf("%s: case %q: want %s", name, id, j.Want)}
		}
		return err
	}
	return usageError{fmt.Errorf("row: no case has the id %q", id)}
}

func printJudgement(j kit.Judgement) {
	said := "kept"
	if !j.Keep {
		said = "dropped for " + j.Reason
	}
	fmt.Printf("%s: %s, score %v, %s ticks, %s of memory\n", term.Clean(j.ID, cellMax), said, j.Score, count(j.Fuel), size(int64(j.Memory)))
	for _, m := range j.Log {
		fmt.Printf("  %s: %s\n", levels[m.Level], m.Text)
	}
}
