package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/internal/fsx"
	"github.com/cubeset/cubeset/host/internal/term"
)

// Sizes of what inspect shows.
const (
	cellMax = 72 // characters of a text
	barMax  = 50 // characters of a histogram's longest bar
	bins    = 20 // of the histogram, from -1 to 1
)

func inspectCommand() *cobra.Command {
	var asJSON bool
	var rows int
	c := &cobra.Command{
		Use: "inspect DIR|FILE", Short: "Show what a dataset, or one Parquet file of it, holds", Args: oneArg("dataset folder or Parquet file"),
		Long:    "Show the columns, counts, first rows, norms and the similarity histogram of a\ndataset. Control characters in texts are shown as escapes.",
		Example: "  cubeset inspect first-dataset\n  cubeset inspect first-dataset --rows 10\n  cubeset inspect first-dataset --json",
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := inspect(args[0], rows)
			if err != nil {
				return fmt.Errorf("inspect: %w", err)
			}
			if asJSON {
				return printJSON(r)
			}
			r.print(os.Stdout)
			return nil
		},
	}
	c.Flags().IntVar(&rows, "rows", 3, "rows to show")
	jsonFlag(c, &asJSON)
	return c
}

// inspection is what inspect finds; it is the JSON it prints.
type inspection struct {
	Path       string           `json:"path"`
	Columns    []string         `json:"columns"`
	Rows       int64            `json:"rows"`
	Splits     map[string]int64 `json:"splits"`
	Parts      int              `json:"parts"`
	Bytes      int64            `json:"bytes"`
	Meta       tensor.Meta      `json:"meta"`
	Norms      [2]float64       `json:"norms"`      // least and greatest length of an embedding
	Similarity spread           `json:"similarity"` // of the rows
	First      []sample         `json:"first"`
}

// spread is a histogram of cosines: bin i is [-1+i/10, -1+(i+1)/10).
type spread struct {
	Min       float32     `json:"min"`
	Mean      float64     `json:"mean"`
	Max       float32     `json:"max"`
	Histogram [bins]int64 `json:"histogram"`
}

type sample struct {
	ID         string  `json:"id"`
	Question   string  `json:"question"`
	Answer     string  `json:"answer"`
	Context    string  `json:"context"`
	Split      string  `json:"split"`
	Similarity float32 `json:"similarity"`
}

func inspect(path string, first int) (*inspection, error) {
	files, err := parquetFiles(path)
	if err != nil {
		return nil, err
	}
	r := &inspection{Path: path, Splits: map[string]int64{}, Parts: len(files), First: []sample{}}
	r.Norms = [2]float64{math.Inf(1), 0}
	r.Similarity.Min, r.Similarity.Max = 2, -2
	for _, name := range files {
		if err := r.add(name, first); err != nil {
			return nil, err
		}
	}
	if r.Rows > 0 {
		r.Similarity.Mean /= float64(r.Rows)
	}
	return r, nil
}

// parquetFiles is the one file path names, or the parts of the dataset there.
func parquetFiles(path string) ([]string, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !fi.IsDir() {
		return []string{path}, nil
	}
	m, err := tensor.ReadManifest(fsx.OS{}, path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, p := range m.Parts {
		files = append(files, filepath.Join(path, filepath.FromSlash(p.Path)))
	}
	return files, nil
}

func (r *inspection) add(name string, first int) error {
	p, err := tensor.Open(name)
	if err != nil {
		return err
	}
	defer p.Close()
	if fi, err := os.Stat(name); err == nil {
		r.Bytes += fi.Size()
	}
	if r.Columns == nil {
		r.Columns = p.Columns()
		r.Meta, _ = p.Meta()
	}
	for row, err := range p.Rows() {
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.Rows++
		r.Splits[row.Split]++
		for _, v := range [][]float32{row.QuestionEmbedding, row.AnswerEmbedding} {
			n := norm(v)
			r.Norms = [2]float64{math.Min(r.Norms[0], n), math.Max(r.Norms[1], n)}
		}
		s := &r.Similarity
		s.Min, s.Max = min(s.Min, row.Similarity), max(s.Max, row.Similarity)
		s.Mean += float64(row.Similarity)
		s.Histogram[max(0, min(bins-1, int(math.Floor((float64(row.Similarity)+1)*bins/2))))]++
		if len(r.First) < first {
			r.First = append(r.First, sample{row.ID, row.Question, row.Answer, row.Context, row.Split, row.Similarity})
		}
	}
	return nil
}

func norm(v []float32) float64 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

func (r *inspection) print(w io.Writer) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-12s%s\n", name, fmt.Sprintf(format, args...))
	}
	line("dataset", "%s", term.Clean(r.Path, 1000))
	line("rows", "%s (%s) in %s, %s", count(r.Rows), splits(r.Splits), plural(int64(r.Parts), "part"), size(r.Bytes))
	for i, c := range r.Columns {
		r.Columns[i] = term.Clean(c, cellMax)
	}
	line("columns", "%s", strings.Join(r.Columns, ", "))
	line("tensors", "question_embedding, answer_embedding: %v float32, row-major", r.Meta.Shape)
	line("teacher", "%s (embed_id %.16s, space_id %.16s, %s)", term.Clean(r.Meta.Teacher, cellMax), term.Clean(r.Meta.EmbedID, cellMax), term.Clean(r.Meta.SpaceID, cellMax), term.Clean(r.Meta.Determinism, cellMax))
	if r.Rows == 0 {
		return
	}
	line("norms", "%.6f to %.6f", r.Norms[0], r.Norms[1])
	line("similarity", "%.3f to %.3f, mean %.3f", r.Similarity.Min, r.Similarity.Max, r.Similarity.Mean)
	r.Similarity.print(w)
	for _, s := range r.First {
		fmt.Fprintf(w, "\n%s (%s, similarity %.3f)\n  Q: %s\n  A: %s\n", term.Clean(s.ID, cellMax), term.Clean(s.Split, cellMax), s.Similarity, term.Clean(s.Question, cellMax), term.Clean(s.Answer, cellMax))
	}
}

// print draws the bars between the first and the last that are not empty.
func (s *spread) print(w io.Writer) {
	low, high, most := bins, -1, int64(0)
	for i, n := range s.Histogram {
		if n > 0 {
			low, high, most = min(low, i), i, max(most, n)
		}
	}
	for i := low; i <= high; i++ {
		n := s.Histogram[i]
		fmt.Fprintf(w, "  %5.1f  %-*s %s\n", -1+float64(i)*2/bins, barMax, strings.Repeat("█", int((n*barMax+most-1)/most)), count(n))
	}
}
