package host

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

// sound fails the test unless dir holds a whole dataset.
func sound(t testing.TB, dir string) tensor.Manifest {
	t.Helper()
	if faults, err := tensor.Verify(fsx.OS{}, dir, tensor.VerifyOptions{}); err != nil || len(faults) > 0 {
		t.Fatalf("%v, %v", faults, err)
	}
	m, err := tensor.ReadManifest(fsx.OS{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// rejected is how many rejects a dataset has.
func rejected(m tensor.Manifest) (n int64) {
	for _, p := range m.Rejects {
		n += p.Rows
	}
	return n
}

// twoToMerge are datasets of one space, of 8 and 5 rows and no part in common.
func twoToMerge(t testing.TB) (a, b string) {
	a, b = thinnable(t), filepath.Join(t.TempDir(), "thin")
	if _, err := Dedupe(context.Background(), a, b, DefaultDedupeOptions()); err != nil {
		t.Fatal(err)
	}
	return a, b
}

func TestMergeHoldsEveryRow(t *testing.T) {
	a, b := twoToMerge(t)
	out := filepath.Join(t.TempDir(), "out")
	s, err := Merge(context.Background(), []string{a, b}, out, MergeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m, ma, mb := sound(t, out), sound(t, a), sound(t, b)
	if s.Kept != ma.Kept+mb.Kept || s.Read != s.Kept || m.Read != ma.Read+mb.Read || rejected(m) != rejected(ma)+rejected(mb) {
		t.Errorf("%+v of %d and %d rows", s, ma.Kept, mb.Kept)
	}
	for split, n := range m.Splits {
		if n != ma.Splits[split]+mb.Splits[split] {
			t.Errorf("%s has %d rows of %d and %d", split, n, ma.Splits[split], mb.Splits[split])
		}
	}
	ids := func(dir string) (all []string) {
		for _, r := range allRows(t, dir) {
			all = append(all, r.ID)
		}
		return all
	}
	if got, want := ids(out), append(ids(a), ids(b)...); !slices.Equal(got, want) {
		t.Errorf("rows are %q, want %q", got, want)
	}
	// Only the filter that all rows passed is claimed.
	if len(m.Filters) != 1 || m.Filters[0].Name != "length" {
		t.Errorf("filters are %+v", m.Filters)
	}
	for _, p := range m.Parts { // copies: what becomes of one is nothing to the other
		one, _ := os.Stat(filepath.Join(out, p.Path))
		for _, dir := range []string{a, b} {
			if two, err := os.Stat(filepath.Join(dir, p.Path)); err == nil && os.SameFile(one, two) {
				t.Errorf("%s is the same file in %s", p.Path, dir)
			}
		}
	}
}

func TestMergeTakesEqualPartsOnce(t *testing.T) {
	a, b := twoToMerge(t)
	out := filepath.Join(t.TempDir(), "out")
	s, err := Merge(context.Background(), []string{a, b, a}, out, MergeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m, ma := sound(t, out), sound(t, a)
	if s.Read-s.Kept != ma.Kept || m.Dropped[mergeKey] != ma.Kept || len(m.Inputs) != 3*len(ma.Inputs) {
		t.Errorf("%+v, dropped %v", s, m.Dropped)
	}
}

// A name that two datasets use for different parts is no reason to lose one.
func TestMergeKeepsPartsOfOneName(t *testing.T) {
	a, b := twoToMerge(t)
	mb := sound(t, b)
	same := filepath.Join(t.TempDir(), "same")
	for i, p := range mb.Parts { // as the parts of a are called
		mb.Parts[i].Path = "data/" + p.Split + "-" + map[string]string{"train": "0", "validation": "2"}[p.Split] + ".parquet"
		copyTo(t, filepath.Join(b, p.Path), filepath.Join(same, tmpDir, "parts", filepath.Base(mb.Parts[i].Path)))
	}
	for _, p := range mb.Rejects {
		copyTo(t, filepath.Join(b, p.Path), filepath.Join(same, tmpDir, "parts", filepath.Base(p.Path)))
	}
	if err := tensor.Commit(fsx.OS{}, same, mb, nil); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	s, err := Merge(context.Background(), []string{a, same, same}, out, MergeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ma := sound(t, a)
	unlike := int64(0) // a's third part is in both, to the byte
	for _, p := range mb.Parts {
		if !slices.ContainsFunc(ma.Parts, func(q tensor.PartInfo) bool { return q.SHA256 == p.SHA256 }) {
			unlike += p.Rows
		}
	}
	if sound(t, out); s.Kept != ma.Kept+unlike || unlike == 0 {
		t.Errorf("%d rows of %d and %d others", s.Kept, ma.Kept, unlike)
	}
}

func copyTo(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o755)
	}
	if err == nil {
		err = os.WriteFile(to, b, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestMergeRefuses(t *testing.T) {
	a := thinnable(t)
	for field, change := range map[string]func(*tensor.Manifest){
		`space_id "s" and "other"`:             func(m *tensor.Manifest) { m.Teacher.SpaceID = "other" },
		`embed_id "e" and "other"`:             func(m *tensor.Manifest) { m.Teacher.EmbedID = "other" },
		`projection "" and "random"`:           func(m *tensor.Manifest) { m.Teacher.Projection = "random" },
		`determinism "exact" and "close"`:      func(m *tensor.Manifest) { m.Teacher.Determinism = "close" },
		`normalised "true" and "false"`:        func(m *tensor.Manifest) { m.Normalised = false },
		`shape "2x2x3" and "3x2x2"`:            func(m *tensor.Manifest) { m.Shape = tensor.Shape{3, 2, 2} },
		`profile "compat" and "fast"`:          func(m *tensor.Manifest) { m.Profile = tensor.Fast },
		`score columns "length" and "similar"`: func(m *tensor.Manifest) { m.Scores = []string{"similar"} },
		`seed "0" and "7"`:                     func(m *tensor.Manifest) { m.Split.Seed = 7 },
		`validation "" and "1/10"`:             func(m *tensor.Manifest) { m.Split.Validation = "0.10" },
	} {
		b := thinnable(t)
		m := sound(t, b)
		change(&m)
		doc, err := m.Encode()
		if err == nil {
			err = os.WriteFile(filepath.Join(b, "manifest.json"), doc, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(t.TempDir(), "out")
		_, err = Merge(context.Background(), []string{a, b}, out, MergeOptions{})
		if err == nil || !strings.HasSuffix(err.Error(), "do not fit together: "+field) {
			t.Errorf("%v, want %s", err, field)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: something is written", field)
		}
	}
}

// Whichever call fails, and every few calls are tried, the sources stay whole,
// and out holds nothing or the merged dataset; the same merge then comes to its
// end.
func TestMergeThatFailsLeavesADataset(t *testing.T) {
	a, b := twoToMerge(t)
	count := &fsx.Fault{FS: fsx.Quick{}}
	whole := filepath.Join(t.TempDir(), "out")
	if _, err := Merge(context.Background(), []string{a, b}, whole, MergeOptions{fs: count}); err != nil {
		t.Fatal(err)
	}
	want := sound(t, whole)
	const step = 7
	for first, stop := range map[int]bool{1: false, 4: true} {
		for n := first; n <= count.Calls(); n += step {
			out := filepath.Join(t.TempDir(), "out")
			f := &fsx.Fault{FS: fsx.Quick{}, At: n, Stop: stop}
			_, err := Merge(context.Background(), []string{a, b}, out, MergeOptions{fs: f})
			if m, readErr := tensor.ReadManifest(fsx.OS{}, out); readErr == nil {
				if m.Kept != want.Kept {
					t.Fatalf("call %d: %d rows", n, m.Kept)
				}
			} else if err == nil || !errors.Is(readErr, tensor.ErrNoManifest) {
				t.Fatalf("call %d: %v, then %v", n, err, readErr)
			}
			if _, err := Merge(context.Background(), []string{a, b}, out, MergeOptions{}); err != nil {
				t.Fatalf("call %d: again: %v", n, err)
			}
			if m := sound(t, out); !maps.Equal(m.Splits, want.Splits) {
				t.Fatalf("call %d: %v", n, m.Splits)
			}
		}
	}
	sound(t, a)
	sound(t, b)
}

func TestMergeStopsWhenAsked(t *testing.T) {
	a, b := twoToMerge(t)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	out := filepath.Join(t.TempDir(), "out")
	if _, err := Merge(ctx, []string{a, b}, out, MergeOptions{}); !errors.Is(err, ErrInterrupted) {
		t.Error(err)
	}
	if _, err := tensor.ReadManifest(fsx.OS{}, out); !errors.Is(err, tensor.ErrNoManifest) {
		t.Error(err)
	}
}
