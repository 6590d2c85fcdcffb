package main

import (
	"fmt"
	"io"
	"path/filepath"
	"sort"
	"strings"

	"github.com/cubeset/cubeset/host"
	"github.com/cubeset/cubeset/host/internal/term"
	"github.com/cubeset/cubeset/host/split"
)

// printSummary says what came of a build, and ends with the commands that
// read its output.
func printSummary(w io.Writer, s host.Summary) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %-11s%s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(w, "\n%s: %s kept of %s read in %s\n\n", s.Out, count(s.Kept), plural(s.Read, "row"), seconds(s.Seconds))
	line("kept", "%s   %s", count(s.Kept), splits(s.Splits))
	line("dropped", "%s", reasons(s.Dropped))
	line("skipped", "%s", reasons(s.Skipped))
	if len(s.Rules) > 0 {
		line("read as", "%s", reasons(s.Rules))
	}
	line("similarity", "kept from %.2f up (%s)%s", s.Similarity.Min, thresholdSource[s.Similarity.From], meanSimilarity(s))
	line("teacher", "%s embedded %s in %s%s%s", s.Teacher.Name, plural(s.Teacher.Texts, "text"), seconds(s.Teacher.Seconds), spent(s.Teacher), fallback(s.Teacher))
	if lookups := s.Cache.Hits + s.Cache.Misses; lookups > 0 {
		line("cache", "%s of %s", plural(s.Cache.Hits, "hit"), plural(lookups, "lookup"))
	}
	if s.Kept == 0 {
		return
	}
	raw := s.Kept * 2 * 4 * int64(s.Shape.Size())
	line("written", "%s, %s, %.1f %% of the raw tensors' %s; %s built, %s reused", plural(s.Parts.Built+s.Parts.Reused, "part"), size(s.Bytes), 100*float64(s.Bytes)/float64(raw), size(raw), count(s.Parts.Built), count(s.Parts.Reused))
	if len(s.Dropped)+len(s.Skipped) > 0 {
		line("rejects", "%s", filepath.Join(s.Out, "rejects"))
	}
	if low := s.Dropped["similarity/low"]; 10*low > 3*s.Read {
		fmt.Fprintf(w, "\n%.0f %% of the rows are below the similarity threshold. cubeset calibrate finds one\nfor this teacher on your own rows; --min-similarity -1 keeps them all.\n", 100*float64(low)/float64(s.Read))
	}
	printReaders(w, s.Out)
}

// printDryRun says what a build would do.
func printDryRun(w io.Writer, s host.DryRunSummary) {
	if s.UpToDate {
		fmt.Fprintf(w, "%s is up to date: a build would change nothing.\n", s.Out)
		return
	}
	fmt.Fprintf(w, "\n%s: what a build would do, of which nothing is done\n\n", s.Out)
	for _, l := range [][2]string{
		{"read", count(s.Read)},
		{"dropped", reasons(s.Dropped)},
		{"skipped", reasons(s.Skipped)},
		{"chunks", fmt.Sprintf("%s to build, %s to reuse", count(s.Chunks.Build), count(s.Chunks.Reused))},
		{"texts", fmt.Sprintf("%s to embed with %s, %s in the cache", count(s.Texts.Embed), s.Teacher, count(s.Texts.Cached))},
	} {
		fmt.Fprintf(w, "  %-11s%s\n", l[0], l[1])
	}
}

// splits lists how many rows each split has.
func splits(rows map[string]int64) string {
	var all []string
	for _, name := range split.Names() {
		if n, ok := rows[name]; ok {
			all = append(all, name+" "+count(n))
		}
	}
	return strings.Join(all, ", ")
}

// thresholdSource tells a person who set the similarity threshold.
var thresholdSource = map[string]string{
	"config":  "as configured",
	"teacher": "the teacher's own value",
	"default": "the default",

	// Of a calibration alone.
	"filter_option": "an option of the filter",
	"none":          "no similarity filter in this build",
}

// spent is what a teacher read and cost, where it says so, and how often it had
// to be started again.
func spent(t host.TeacherSummary) (text string) {
	if t.Tokens > 0 {
		text += ", " + plural(t.Tokens, "token")
	}
	if t.Cost > 0 {
		text += fmt.Sprintf(", cost %.4g", t.Cost)
	}
	if t.Restarts > 0 {
		text += fmt.Sprintf(", started again %s", times(t.Restarts))
	}
	return text
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return count(n) + " times"
}

// whyMax is how much of a teacher's error the table shows, in characters.
const whyMax = 200

// fallback says that a teacher took the place of another.
func fallback(t host.TeacherSummary) string {
	if t.FallbackFor == "" {
		return ""
	}
	return fmt.Sprintf(", instead of %s, which could not be used: %s", term.Clean(t.FallbackFor, cellMax), term.Clean(t.FallbackWhy, whyMax))
}

func meanSimilarity(s host.Summary) string {
	if s.Kepts.N == 0 {
		return ""
	}
	return fmt.Sprintf(", mean %.3f ± %.3f", s.Kepts.Mean(), s.Kepts.Deviation())
}

// reasons lists counts by reason, the most frequent first.
func reasons(m map[string]int64) string {
	var names []string
	var sum int64
	for k, n := range m {
		names, sum = append(names, k), sum+n
	}
	if sum == 0 {
		return "0"
	}
	sort.Slice(names, func(i, j int) bool {
		if m[names[i]] != m[names[j]] {
			return m[names[i]] > m[names[j]]
		}
		return names[i] < names[j]
	})
	for i, k := range names {
		names[i] = k + " " + count(m[k])
	}
	return count(sum) + "   " + strings.Join(names, ", ")
}

func seconds(s float64) string {
	switch {
	case s < 1:
		return fmt.Sprintf("%.0f ms", 1000*s)
	case s < 120:
		return fmt.Sprintf("%.1f s", s)
	}
	return fmt.Sprintf("%.0f min %02.0f s", float64(int(s)/60), float64(int(s)%60))
}

// printReaders prints a command for each way of reading a dataset, to paste.
func printReaders(w io.Writer, out string) {
	data, dir := pyString(filepath.ToSlash(filepath.Join(out, "data"))), pyString(filepath.ToSlash(out))
	fmt.Fprintln(w, "\nRead it:")
	for _, r := range []struct{ name, code string }{
		{"pandas", "import pandas as pd; print(pd.read_parquet(" + data + "))"},
		{"Python", "import pyarrow.parquet as pq; print(pq.read_table(" + data + `)["question_embedding"].combine_chunks().to_numpy_ndarray().shape)`},
		{"HF", "from datasets import load_dataset; print(load_dataset(" + dir + "))"},
		{"Spark", "from pyspark.sql import SparkSession; SparkSession.builder.getOrCreate().read.parquet(" + data + ").show()"},
	} {
		fmt.Fprintf(w, "  %-9s python3 -c %s\n", r.name, quote(r.code))
	}
	fmt.Fprintf(w, "  %-9s cubeset inspect %s\n", "cubeset", quote(out))
}

// pyString is s as a Python string literal.
func pyString(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
