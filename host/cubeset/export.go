package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host"
	"github.com/cubeset/cubeset/host/internal/term"
)

func exportCommand() *cobra.Command {
	var out string
	var asJSON bool
	var o host.ExportOptions
	c := &cobra.Command{
		Use:   "export DIR --to npy|safetensors|jsonl -o OUT",
		Short: "Write a dataset as arrays or as lines of JSON",
		Long: `Write the rows of the dataset in DIR to OUT, for programs that read no Parquet:

  npy          a folder with question_embedding.npy and answer_embedding.npy,
               float32 of the shape (rows, 8, 8, 12), and rows.jsonl with the ids,
               texts and scores; line i of it belongs to row i of the arrays
  safetensors  a file with the two tensors, rows in the same order, and the
               identity of their space as metadata
  jsonl        a file with a line for each row; with --vectors, the tensors are
               flat lists of 768 numbers in it, each read back to the same float32

The rows are in the dataset's own order, which is also that of inspect. Nothing
may be at OUT; it appears when everything is written. Memory does not grow with
the dataset.`,
		Example: `  cubeset export first-dataset --to npy -o arrays --split train
  cubeset export first-dataset --to safetensors -o first.safetensors
  cubeset export first-dataset --to jsonl -o first.jsonl --vectors`,
		Args: oneArg("dataset folder"),
		RunE: func(c *cobra.Command, args []string) error {
			if o.To == "" {
				return usageError{fmt.Errorf("export: no form to write; give --to with one of %s", strings.Join(host.Exports(), ", "))}
			}
			if out == "" {
				return usageError{errors.New("export: no place to write to (-o OUT)")}
			}
			var sum host.ExportSummary
			err := withHost(c.Context(), nil, false, func(ctx context.Context, ho host.Options) (err error) {
				o.Progress = ho.Progress
				sum, err = host.Export(ctx, args[0], out, o)
				return err
			})
			if err != nil {
				return damaged("export", err, args[0])
			}
			if asJSON {
				return printJSON(sum)
			}
			printExport(os.Stdout, sum)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&o.To, "to", "", "`FORM` to write: npy, safetensors or jsonl")
	f.StringVarP(&out, "out", "o", "", "`OUT`, the file or folder to write; must not be there yet")
	f.StringVar(&o.Split, "split", "", "only the rows of the split `NAME` (default all)")
	f.BoolVar(&o.Vectors, "vectors", false, "jsonl: with the tensors")
	jsonFlag(c, &asJSON)
	return c
}

func printExport(w io.Writer, s host.ExportSummary) {
	fmt.Fprintf(w, "%s: %s exported in %s\n", term.Clean(s.Out, 1000), plural(s.Rows, "row"), seconds(s.Seconds))
	for _, f := range s.Files {
		fmt.Fprintf(w, "  %s  %s\n", term.Clean(f.Path, 1000), size(f.Bytes))
	}
}
