package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host"
)

// readingFlags are the settings of a build that also decide what a sample of
// its pairs is.
var readingFlags = []string{"format", "filter", "filter-option", "preset", "seed", "dedup", "lock", "cache", "workers", "teacher-timeout", "on-error"}

func calibrateCommand(self []string) *cobra.Command {
	var file string
	var asJSON, verbose, write bool
	o := host.DefaultCalibrateOptions()
	c := &cobra.Command{
		Use:   "calibrate INPUT…",
		Short: "Find the similarity threshold that suits a teacher and your dialogues",
		Long: `Read pairs as a build does, take a sample of those the text filters keep, embed
it with the teacher, and compare true pairs with shuffled ones: the same
questions, each beside the answer of another pair. For each share of shuffled
pairs that may slip through, the lowest threshold is shown, and how many of the
true pairs it keeps. The one that tells them apart best is recommended.

The sample depends on the seed and the pairs, not on their order. Its vectors
go through the cache, so a build afterwards does not pay for them again.`,
		Example: `  cubeset calibrate dialogues.jsonl
  cubeset calibrate dialogues.jsonl --teacher ./my-teacher --sample 5000
  cubeset calibrate dialogues.jsonl --false-accept 0.02 --write
  cubeset calibrate dialogues.jsonl --json`,
		Args: someInputs("calibrate", "cubeset calibrate dialogues.jsonl"),
	}
	f := c.Flags()
	f.StringVarP(&file, "config", "c", "", "configuration `FILE` (default ./"+configName+" if it is there)")
	f.BoolVarP(&verbose, "verbose", "v", false, "say more, the teacher's and the filters' own words among it")
	f.BoolVar(&write, "write", false, "set min_similarity in the configuration file, which keeps its comments; made if absent")
	f.IntVar(&o.Sample, "sample", o.Sample, "look at `N` pairs at most")
	f.Float64SliceVar(&o.FalseAccept, "false-accept", o.FalseAccept, "`SHARES` of shuffled pairs that may be kept")
	f.Lookup("false-accept").DefValue = "0.01,0.05,0.1"
	jsonFlag(c, &asJSON)
	flags := settingFlags(f, append([]string{"teacher", "min-similarity"}, readingFlags...)...)
	c.RunE = func(c *cobra.Command, args []string) error {
		config, err := configure(file, flags)
		if write && errors.Is(err, fs.ErrNotExist) { // it is yet to be made
			config, err = configure(os.DevNull, flags)
			if beside := lockBeside(file); config.Lock == "" && exists(beside) {
				config.Lock = beside
			}
		}
		if err != nil {
			return usageError{err}
		}
		config.Inputs = args
		var cal host.Calibration
		if err := withHost(c.Context(), self, verbose, func(ctx context.Context, ho host.Options) (err error) {
			cal, err = host.Calibrate(ctx, config, ho, o)
			return err
		}); err != nil {
			return fmt.Errorf("calibrate: %w", err)
		}
		if asJSON {
			err = printJSON(cal)
		} else {
			printCalibration(os.Stdout, cal, args)
		}
		if err == nil && write {
			err = writeThreshold(file, cal)
		}
		return err
	}
	return c
}

// someInputs refuses a command line without inputs.
func someInputs(name, example string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usageError{fmt.Errorf("%s: no input; for example: %s", name, example)}
		}
		return nil
	}
}

// writeThreshold sets what is recommended in the configuration file.
func writeThreshold(file string, cal host.Calibration) error {
	if cal.Recommended == nil {
		return errors.New("calibrate: there is no threshold to recommend, and nothing was written")
	}
	if file == "" {
		file = configName
	}
	if err := host.SetYAML(file, "min_similarity", threshold(cal.Recommended.Min)); err != nil {
		return fmt.Errorf("calibrate: %w", err)
	}
	fmt.Fprintf(os.Stderr, "cubeset: %s: min_similarity is now %s\n", file, threshold(cal.Recommended.Min))
	return nil
}

// threshold writes one without a digit too many.
func threshold(f float32) string { return strconv.FormatFloat(float64(f), 'f', -1, 32) }

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

func printCalibration(w io.Writer, c host.Calibration, inputs []string) {
	fmt.Fprintf(w, "%s of %s, with %s\n\n", plural(int64(c.Sample), "pair"), plural(c.Read, "row")+" read", c.Teacher.Name)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "  threshold\ttrue pairs kept\tshuffled pairs kept")
	line := func(x host.Threshold, note string) {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", threshold(x.Min), percent(x.True), percent(x.Shuffled), note)
	}
	line(c.Current.Threshold, "now ("+thresholdSource[c.Current.From]+")")
	for _, choice := range c.Choices {
		line(choice.Threshold, fmt.Sprintf("at most %s shuffled", strings.Replace(percent(choice.FalseAccept), ".0 ", " ", 1)))
	}
	t.Flush()
	fmt.Fprintf(w, "\n  cosine   true pairs %.3f, shuffled pairs %.3f on average\n", c.Cosine.True, c.Cosine.Shuffled)
	fmt.Fprintf(w, "  AUC      %.3f (%.3f to %.3f): how often a true pair scores above a shuffled one; 0.5 is chance\n\n", c.AUC, c.AUCInterval[0], c.AUCInterval[1])
	if c.Recommended == nil {
		fmt.Fprintf(w, "%s does not tell true pairs from shuffled ones here: no threshold helps.\nTry another teacher (cubeset compare), or keep all rows:\n  --min-similarity -1\n", c.Teacher.Name)
		return
	}
	fmt.Fprintf(w, "Recommended, to set with --write or for one build:\n  cubeset build %s -o DIR --min-similarity %s\n", again(inputs), threshold(c.Recommended.Min))
}
