package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host"
)

func teacherFitCommand(self []string) *cobra.Command {
	var file string
	var asJSON, verbose bool
	o := host.DefaultFitOptions()
	c := &cobra.Command{
		Use:   "fit NAME INPUT… -o FILE",
		Short: "Fit a projection of a teacher's vectors to a tensor",
		Long: `A teacher whose vectors have more values than a tensor loses something when they
are projected. A projection that is fitted to its vectors of your own dialogues
loses least: it takes the directions along which they are longest (uncentred
SVD). It is fitted to rows of the train split alone, and written to a file that
builds name with --projection; the file's sha256 is part of the dataset's space.`,
		Example: `  cubeset teacher fit ./my-teacher dialogues.jsonl -o projection.safetensors
  cubeset build dialogues.jsonl -o dataset --teacher ./my-teacher --projection projection.safetensors`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usageError{fmt.Errorf("teacher fit: want a teacher and at least one input; for example: cubeset teacher fit ./my-teacher dialogues.jsonl -o projection.safetensors")}
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVarP(&file, "config", "c", "", "configuration `FILE` (default ./"+configName+" if it is there)")
	f.StringVarP(&o.File, "out", "o", "", "`FILE` to write")
	f.BoolVarP(&verbose, "verbose", "v", false, "say more, the teacher's and the filters' own words among it")
	f.IntVar(&o.Sample, "sample", o.Sample, "look at `N` pairs at most")
	jsonFlag(c, &asJSON)
	flags := settingFlags(f, append([]string{"shape", "validation", "test"}, readingFlags...)...)
	c.RunE = func(c *cobra.Command, args []string) error {
		config, err := configure(file, flags)
		if err != nil {
			return usageError{err}
		}
		config.Teacher, config.Inputs = args[0], args[1:]
		var sum host.FitSummary
		if err := withHost(c.Context(), self, verbose, func(ctx context.Context, ho host.Options) (err error) {
			sum, err = host.Fit(ctx, config, ho, o)
			return err
		}); err != nil {
			return fmt.Errorf("teacher fit: %w", err)
		}
		if asJSON {
			return printJSON(sum)
		}
		fmt.Fprintf(os.Stdout, `%s: %d values to %d, fitted to %s of %s

  kept       %s of the vectors' squared length
  cosines    of pairs change by %.4f on average; without it (%s) by %.4f

Use it:
  cubeset build %s -o DIR --teacher %s --projection %s
`, sum.File, sum.In, sum.Out, plural(int64(sum.Sample), "pair"), sum.Teacher.Name, percent(sum.Kept), sum.Change, sum.Unfitted.Kind, sum.Unfitted.Change,
			again(args[1:]), quote(args[0]), quote(sum.File))
		return nil
	}
	return c
}
