package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host"
	"github.com/cubeset/cubeset/host/internal/term"
)

// errorMax is how much of a teacher's error the table shows, in characters.
const errorMax = 400

func compareCommand(self []string) *cobra.Command {
	var file string
	var asJSON, verbose bool
	o := host.DefaultCompareOptions()
	c := &cobra.Command{
		Use:   "compare INPUT… --teacher A --teacher B…",
		Short: "Compare teachers on your own dialogues",
		Long: `Read pairs as a build does, take a sample of those the text filters keep, have
each teacher embed it, and show side by side how well each finds the answer to a
question among all answers of the sample:

  MRR, R@1, R@10   mean reciprocal rank, and how often the right answer is the
                   first, or among the first ten; more is better
  AUC              how often a true pair scores above a shuffled one; 0.5 is chance
  true, shuffled   mean cosine of the true pairs, and of the shuffled ones
  kept             true pairs kept at the teacher's own threshold, and at 0.3
  texts/s          of those embedded now; what is in the cache is not embedded again

The best is the first. A teacher that fails is a row with its error, and makes
the exit code 4. Teachers of any number of dimensions can be compared.`,
		Example: `  cubeset compare dialogues.jsonl --teacher hash-768 --teacher ./my-teacher
  cubeset compare a.jsonl b.csv --teacher ./small --teacher ./large --sample 5000 --json`,
		Args: someInputs("compare", "cubeset compare dialogues.jsonl --teacher hash-768 --teacher ./my-teacher"),
	}
	f := c.Flags()
	f.StringVarP(&file, "config", "c", "", "configuration `FILE` (default ./"+configName+" if it is there)")
	f.BoolVarP(&verbose, "verbose", "v", false, "say more, the teachers' and the filters' own words among it")
	f.StringArrayVar(&o.Teachers, "teacher", nil, "`NAME|PATH` of a bundled teacher, or of your own; give it once for each")
	f.IntVar(&o.Sample, "sample", o.Sample, "look at `N` pairs at most; each question is compared with all their answers")
	jsonFlag(c, &asJSON)
	flags := settingFlags(f, readingFlags...)
	c.RunE = func(c *cobra.Command, args []string) error {
		config, err := configure(file, flags)
		if err != nil {
			return usageError{err}
		}
		if len(o.Teachers) == 0 {
			return usageError{errors.New("compare: no teacher; for example: --teacher hash-768 --teacher ./my-teacher")}
		}
		config.Inputs = args
		var result host.Comparison
		err = withHost(c.Context(), self, verbose, func(ctx context.Context, ho host.Options) (err error) {
			result, err = host.Compare(ctx, config, ho, o)
			return err
		})
		if err != nil {
			err = fmt.Errorf("compare: %w", err)
		}
		if len(result.Teachers) < len(o.Teachers) { // it did not come to an end
			return err
		}
		if asJSON {
			return errors.Join(printJSON(result), err)
		}
		printComparison(os.Stdout, result)
		return err
	}
	return c
}

func printComparison(w io.Writer, c host.Comparison) {
	fmt.Fprintf(w, "%s of %s read\n\n", plural(int64(c.Sample), "pair"), plural(c.Read, "row"))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "MRR\tR@1\tR@10\tAUC\ttrue\tshuffled\tkept at own\tkept at 0.3\ttexts/s\tseconds\t  teacher")
	for _, r := range c.Teachers {
		name := term.Clean(r.Teacher, cellMax)
		if s := r.TeacherScore; s != nil {
			speed := "cached"
			if s.TextsPerSecond != nil {
				speed = count(int64(*s.TextsPerSecond))
			}
			fmt.Fprintf(t, "%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\t%s (%s)\t%s\t%s\t%.2f\t  %s\n",
				s.MRR, s.Recall1, s.Recall10, s.AUC, s.Cosine.True, s.Cosine.Shuffled,
				percent(s.Own.True), threshold(s.Own.Min), percent(s.Default.True), speed, s.Seconds, name)
			continue
		}
		fmt.Fprintf(t, "failed\t\t\t\t\t\t\t\t\t\t  %s\n", name)
	}
	t.Flush()
	for _, r := range c.Teachers {
		switch {
		case r.TeacherScore == nil:
			fmt.Fprintf(w, "\n%s: %s\n", term.Clean(r.Teacher, cellMax), term.Clean(r.Error, errorMax))
		case r.Rejected > 0:
			fmt.Fprintf(w, "\n%s rejects %s; it is compared on the other %s\n", term.Clean(r.Teacher, cellMax), plural(int64(r.Rejected), "pair"), count(int64(r.Pool)))
		}
	}
}
