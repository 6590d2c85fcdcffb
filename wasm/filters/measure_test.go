package filters_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/formats/dialogue"
	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/filters"
)

// measuredRows is how many rows of a file are judged: enough for a tenth of a
// percent.
const measuredRows = 20000

// realFiles are real dialogues: of tasks, of tasks, of sums, of a chat assistant,
// and of one question asked in many ways.
var realFiles = []string{"sgd-train.jsonl.zst", "raw/taskmaster4-00.json", "raw/gsm8k-test.jsonl", "raw/oasst-trees.jsonl", "raw/sharegpt.json"}

// dropsMost is the largest share of any of these files that a filter made for
// dialogue may drop.
var dropsMost = map[string]float64{"echo": 0.01, "repetition": 0.01, "junk": 0.01, "url": 0.01, "pii": 0.01, "language": falseDropsMost}

// TestDropRates judges real dialogues with every filter as it is by default, and
// logs how many it drops and why: the numbers in the READMEs. Go test -v shows
// them.
func TestDropRates(t *testing.T) {
	r := runtime(t)
	for _, file := range realFiles {
		t.Run(filepath.Base(file), func(t *testing.T) {
			b := realRows(t, file)
			t.Logf("%d rows", b.Rows())
			dropped := map[string][]bool{}
			for _, f := range filters.All() {
				if f.Name == "similarity" || f.Name == "wordlist" {
					continue // one needs a teacher, the other a list
				}
				config := ""
				if f.Name == "language" {
					config = `{"wanted":"en"}`
				}
				rows, reasons := drops(t, r, f, config, b)
				dropped[f.Name] = rows
				t.Logf("%-18s %6.2f %%  %s", f.Name, 100*count(rows), reasons)
				if most, ok := dropsMost[f.Name]; ok && count(rows) > most {
					t.Errorf("%s drops %.2f %%, want at most %g %%", f.Name, 100*count(rows), 100*most)
				}
			}
			for _, p := range filters.Presets() {
				names, _ := filters.Preset(p)
				any := make([]bool, b.Rows())
				for _, name := range names {
					for i, d := range dropped[name] {
						any[i] = any[i] || d
					}
				}
				t.Logf("preset %-11s %6.2f %%, similarity left out", p, 100*count(any))
			}
		})
	}
}

// count is the share of true.
func count(rows []bool) float64 {
	n := 0
	for _, d := range rows {
		if d {
			n++
		}
	}
	return float64(n) / float64(len(rows))
}

// realRows are the pairs of a file of ../shared/data, beside the module's folder.
func realRows(t *testing.T, file string) *wasm.Batch {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil && filepath.Dir(dir) != dir {
		if _, e := os.Stat(filepath.Join(dir, "go.mod")); e == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "..", "shared", "data", filepath.FromSlash(file))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no real dialogues: %v", err)
	}
	in, err := dialogue.Open(path, dialogue.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	b, p := &wasm.Batch{}, in.Parser()
	for r, err := range in.Records() {
		if err != nil {
			t.Fatal(err)
		}
		p.Pairs(r, func(pair *dialogue.Pair) {
			b.Questions, b.Answers = append(b.Questions, pair.Question), append(b.Answers, pair.Answer)
		}, func(dialogue.Skip) {})
		if b.Rows() >= measuredRows {
			break
		}
	}
	return b
}

// drops says which rows a filter drops, and the percentage of each reason.
func drops(t *testing.T, r *wasm.Runtime, bundled filters.Bundled, config string, b *wasm.Batch) ([]bool, string) {
	t.Helper()
	ctx := context.Background()
	f, err := r.Load(ctx, bundled.Module)
	if err != nil {
		t.Fatal(err)
	}
	in, err := f.Open(ctx, json.RawMessage(config), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close(ctx)
	counts, dropped := map[string]int{}, []bool{}
	var out []wasm.Verdict
	for i := 0; i < b.Rows(); i += 1024 {
		part := b.Slice(i, min(i+1024, b.Rows()))
		if out, err = in.Filter(ctx, &part, out); err != nil {
			t.Fatal(err)
		}
		for _, v := range out {
			dropped = append(dropped, !v.Keep)
			if !v.Keep {
				counts[f.ReasonName(v.Reason)]++
			}
		}
	}
	var reasons []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		reasons = append(reasons, fmt.Sprintf("%s %.2f", name, 100*float64(counts[name])/float64(b.Rows())))
	}
	return dropped, strings.Join(reasons, ", ")
}
