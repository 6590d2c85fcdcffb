package main

import (
	"encoding/json"
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
		Long: `Show the columns, counts, teacher, norms, similarity histogram and first rows of a
dataset, reading all of it. Control and invisible characters in texts are shown
as escapes; long texts are cut, but not with --json.`,
		Example: "  cubeset inspect first-dataset\n  cubeset inspect first-dataset -n 10\n  cubeset inspect part.parquet -n 0\n  cubeset inspect first-dataset --json",
		RunE: func(_ *cobra.Command, args []string) error {
			if rows < 0 {
				return usageError{fmt.Errorf("inspect: rows: %d is less than 0", rows)}
			}
			r, err := inspect(args[0], rows)
			if err != nil {
				return damaged("inspect", err, args[0])
			}
			if asJSON {
				return printJSON(r)
			}
			r.print(os.Stdout)
			return nil
		},
	}
	c.Flags().IntVarP(&rows, "rows", "n", 3, "rows to show")
	jsonFlag(c, &asJSON)
	return c
}

// inspection is what inspect finds; it is the JSON it prints.
type inspection struct {
	Path       string           `json:"path"`
	Columns    []string         `json:"columns"`
	Types      []string         `json:"types"` // of the columns
	Rows       int64            `json:"rows"`
	Splits     map[string]int64 `json:"splits"`
	Parts      int              `json:"parts"`
	Bytes      int64            `json:"bytes"`
	Profile    tensor.Profile   `json:"profile"`
	Meta       tensor.Meta      `json:"meta"`
	Norms      *[2]float64      `json:"norms"`      // least and greatest length of an embedding; null without any
	NotFinite  int64            `json:"not_finite"` // rows with a number that is NaN or infinite; in no other figure
	Similarity *spread          `json:"similarity"` // of the rows; null without any
	First      []sample         `json:"first"`
}

// spread is a histogram of cosines: bin i is [-1+i/10, -1+(i+1)/10).
type spread struct {
	Min       float32     `json:"min"`
	Mean      float64     `json:"mean"`
	Max       float32     `json:"max"`
	Histogram [bins]int64 `json:"histogram"`
	rows      int64
}

type sample struct {
	ID         string  `json:"id"`
	Question   string  `json:"question"`
	Answer     string  `json:"answer"`
	Context    string  `json:"context"`
	Split      string  `json:"split"`
	Similarity *number `json:"similarity"`
}

// number is a float32 as JSON can say it: null if it is not finite.
type number float32

func (n *number) finite() bool { return !math.IsNaN(float64(*n)) && !math.IsInf(float64(*n), 0) }

func (n *number) MarshalJSON() ([]byte, error) {
	if !n.finite() {
		return []byte("null"), nil
	}
	return json.Marshal(float32(*n))
}

func inspect(path string, first int) (*inspection, error) {
	files, err := parquetFiles(path)
	if err != nil {
		return nil, err
	}
	r := &inspection{Path: path, Splits: map[string]int64{}, Parts: len(files), First: []sample{}}
	for _, name := range files {
		if err := r.add(name, first); err != nil {
			return nil, err
		}
	}
	if s := r.Similarity; s != nil {
		s.Mean /= float64(s.rows)
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
		schema, err := p.Schema()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.Profile = schema.Profile
		for _, c := range r.Columns {
			r.Types = append(r.Types, columnType(c, schema.Shape))
		}
	}
	for row, err := range p.Rows() {
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.Rows++
		r.Splits[row.Split]++
		r.measure(&row)
		if len(r.First) < first {
			r.First = append(r.First, sample{row.ID, row.Question, row.Answer, row.Context, row.Split, (*number)(&row.Similarity)})
		}
	}
	return nil
}

// columnType is how formats/SPEC.md calls what a column of a part holds.
func columnType(name string, shape tensor.Shape) string {
	switch {
	case strings.HasSuffix(name, "_embedding"):
		return fmt.Sprintf("float32[%s]", strings.ReplaceAll(shape.String(), "x", ","))
	case name == "similarity" || strings.HasPrefix(name, "score_"):
		return "float32"
	case name == "turn":
		return "int32"
	}
	return "string"
}

// measure takes a row into the norms and the histogram.
func (r *inspection) measure(row *tensor.Row) {
	question, answer, s := norm(row.QuestionEmbedding), norm(row.AnswerEmbedding), row.Similarity
	if n := question + answer + float64(s); math.IsNaN(n) || math.IsInf(n, 0) {
		r.NotFinite++
		return
	}
	if r.Norms == nil {
		r.Norms, r.Similarity = &[2]float64{math.Inf(1), 0}, &spread{Min: s, Max: s}
	}
	r.Norms[0], r.Norms[1] = min(r.Norms[0], question, answer), max(r.Norms[1], question, answer)
	r.Similarity.add(s)
}

func (s *spread) add(cosine float32) {
	s.rows++
	s.Min, s.Max = min(s.Min, cosine), max(s.Max, cosine)
	s.Mean += float64(cosine)
	bin := math.Floor((float64(cosine) + 1) * bins / 2)
	s.Histogram[int(max(0, min(bins-1, bin)))]++
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
	clean := func(s string) string { return term.Clean(s, cellMax) }
	line("dataset", "%s", term.Clean(r.Path, 1000))
	line("rows", "%s (%s) in %s, %s, profile %s", count(r.Rows), clean(splits(r.Splits)), plural(int64(r.Parts), "part"), size(r.Bytes), clean(string(r.Profile)))
	line("teacher", "%s (embed_id %.16s, space_id %.16s, %s)", clean(r.Meta.Teacher), clean(r.Meta.EmbedID), clean(r.Meta.SpaceID), clean(r.Meta.Determinism))
	for i, t := range r.Types {
		name := ""
		if i == 0 {
			name = "columns"
		} else if t == r.Types[i-1] {
			continue
		}
		same := 1
		for i+same < len(r.Types) && r.Types[i+same] == t {
			same++
		}
		line(name, "%s: %s", t, term.Clean(strings.Join(r.Columns[i:i+same], ", "), 2000))
	}
	if r.NotFinite > 0 {
		line("not finite", "%s hold a NaN or an infinity", plural(r.NotFinite, "row"))
	}
	if r.Norms != nil {
		line("norms", "%.6f to %.6f", r.Norms[0], r.Norms[1])
		line("similarity", "%.3f to %.3f, mean %.3f", r.Similarity.Min, r.Similarity.Max, r.Similarity.Mean)
		r.Similarity.print(w)
	}
	for _, s := range r.First {
		fmt.Fprintf(w, "\n%s (%s, similarity %.3f)\n  Q: %s\n  A: %s\n", clean(s.ID), clean(s.Split), float32(*s.Similarity), clean(s.Question), clean(s.Answer))
		if s.Context != "" {
			fmt.Fprintf(w, "  context: %s\n", clean(s.Context))
		}
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
