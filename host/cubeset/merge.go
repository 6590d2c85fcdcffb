package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host"
	"github.com/cubeset/cubeset/host/internal/term"
)

func mergeCommand() *cobra.Command {
	var out string
	var asJSON bool
	var o host.MergeOptions
	c := &cobra.Command{
		Use:   "merge DIR… -o DIR2",
		Short: "Put datasets of one space together",
		Long: `Write to DIR2 a dataset of all rows of the datasets in the folders DIR, one after
the other, with all their rejects. The folders DIR are not touched.

Only what can be compared is put together: the datasets need the same space_id
(teacher and projection), shape, score columns and profile. They also need the
same seed, validation and test shares. A dialogue that is in several of them is
then in the same split of each, and none comes to be in two.

Parts are copied as they are and rows are not compared: ids may repeat. A part
that is in several datasets, to the byte, is taken once; its rows are counted as
dropped, merge/twice. Of the filters, the new manifest lists those that every
row has passed. To thin out rows that mean the same, run dedup on DIR2.`,
		Example: `  cubeset merge monday tuesday -o week
  cubeset merge monday tuesday -o week --json`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usageError{fmt.Errorf("merge: want two dataset folders or more, got %d; for example: cubeset merge monday tuesday -o week", len(args))}
			}
			if out == "" {
				return usageError{errors.New("merge: no folder to write to (-o DIR2)")}
			}
			var sum host.MergeSummary
			err := withHost(c.Context(), nil, false, func(ctx context.Context, ho host.Options) (err error) {
				o.Progress = ho.Progress
				sum, err = host.Merge(ctx, args, out, o)
				return err
			})
			if err != nil {
				return damaged("merge", err, "DIR")
			}
			if asJSON {
				return printJSON(sum)
			}
			printMerge(os.Stdout, sum)
			return nil
		},
	}
	c.Flags().StringVarP(&out, "out", "o", "", "folder of the new dataset; made if absent")
	jsonFlag(c, &asJSON)
	return c
}

func printMerge(w io.Writer, s host.MergeSummary) {
	fmt.Fprintf(w, "%s: %s (%s) of %s in %s, %s\n", term.Clean(s.Out, 1000), plural(s.Kept, "row"), splits(s.Splits), plural(int64(s.Datasets), "dataset"), plural(int64(s.Parts), "part"), seconds(s.Seconds))
	if twice := s.Read - s.Kept; twice > 0 {
		fmt.Fprintf(w, "  %s in parts that several datasets have, taken once\n", plural(twice, "row"))
	}
}
