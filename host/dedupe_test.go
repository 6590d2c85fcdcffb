package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

// pointing is a vector of length 1 at an angle, in degrees, from the axis.
func pointing(axis int, degrees float64) []float32 {
	v := make([]float32, 12)
	v[axis], v[(axis+1)%12] = float32(math.Cos(degrees*math.Pi/180)), float32(math.Sin(degrees*math.Pi/180))
	return v
}

// askAnswer is a row whose vectors have these angles; its id says so.
func askAnswer(axis int, question, answer float64) tensor.Row {
	return tensor.Row{
		ID: fmt.Sprintf("%d/%v/%v", axis, question, answer), Question: "q", Answer: "a", Turn: -1, Source: "chats", Scores: []float32{1},
		QuestionEmbedding: pointing(axis, question), AnswerEmbedding: pointing(axis+3, answer),
	}
}

// thinnable writes a dataset of three parts and one reject. 0.95 is 18.2 degrees.
func thinnable(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "in")
	m := tensor.Manifest{
		FormatVersion: tensor.FormatVersion, Cubeset: "0", Shape: tensor.Shape{2, 2, 3}, Profile: tensor.Compat, Normalised: true,
		Teacher: tensor.TeacherInfo{Name: "test", Dims: 12, EmbedID: "e", SpaceID: "s", Determinism: "exact"},
		Scores:  []string{"length"}, Filters: []tensor.FilterInfo{{Name: "length", Stage: "text", Digest: "d"}},
		Inputs: []tensor.Input{{Name: "chats.jsonl", Records: 9}}, Dropped: map[string]int64{"length/short": 1}, Splits: map[string]int64{},
	}
	schema := tensor.Schema{Shape: m.Shape, Scores: m.Scores, Profile: m.Profile, Meta: tensor.Meta{
		Normalised: true, Teacher: "test", EmbedID: "e", SpaceID: "s", Determinism: "exact"}}
	o := &outdir{fs: fsx.Quick{}, dir: dir}
	write := func(path string, do func(f fsx.File) (tensor.Stat, error)) tensor.PartInfo {
		os.MkdirAll(filepath.Dir(path), 0o755)
		f, err := o.fs.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		stat, err := do(f)
		if err != nil {
			t.Fatal(err)
		}
		return tensor.PartInfo{Rows: stat.Rows, Bytes: stat.Bytes, SHA256: stat.SHA256}
	}
	for i, part := range []struct {
		split string
		rows  []tensor.Row
	}{
		{"train", []tensor.Row{askAnswer(0, 0, 0), askAnswer(1, 0, 0), askAnswer(0, 10, 10), askAnswer(0, 25, 0), askAnswer(0, 0, 25)}},
		{"validation", []tensor.Row{askAnswer(1, 5, 5), askAnswer(1, 0, 0)}}, // nothing stays of it
		{"validation", []tensor.Row{askAnswer(2, 0, 0)}},
	} {
		base := fmt.Sprintf("%s-%d.parquet", part.split, i)
		p := write(filepath.Join(o.partsDir(), base), func(f fsx.File) (tensor.Stat, error) {
			w, err := tensor.NewWriter(f, schema)
			if err != nil {
				t.Fatal(err)
			}
			for i := range part.rows {
				part.rows[i].Split = part.split
			}
			if err := w.Write(part.rows); err != nil {
				t.Fatal(err)
			}
			return w.Close()
		})
		p.Path, p.Split = "data/"+base, part.split
		m.Parts, m.Kept = append(m.Parts, p), m.Kept+p.Rows
		m.Splits[part.split] += p.Rows
	}
	m.Read = m.Kept + 1
	p := write(filepath.Join(dir, tmpDir, "parts", rejectsName), func(f fsx.File) (tensor.Stat, error) {
		return tensor.WriteRejects(f, slices.Values([]tensor.Reject{{ID: "short", File: "chats.jsonl", Line: 9, Filter: "length", Reason: "short", Score: 2}}))
	})
	p.Path = "rejects/" + rejectsName
	m.Rejects = []tensor.PartInfo{p}
	if err := tensor.Commit(o.fs, dir, m, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

func dedupeOf(t testing.TB, in, out string, o DedupeOptions) (DedupeSummary, tensor.Manifest) {
	t.Helper()
	sum, err := Dedupe(context.Background(), in, out, o)
	if err != nil {
		t.Fatal(err)
	}
	m, err := tensor.ReadManifest(fsx.OS{}, out)
	if err != nil {
		t.Fatal(err)
	}
	if faults, err := tensor.Verify(fsx.OS{}, out, tensor.VerifyOptions{}); err != nil || len(faults) > 0 {
		t.Fatal(faults, err)
	}
	return sum, m
}

// idsOf is the ids of a dataset's rows in order, by part.
func idsOf(t testing.TB, dir string, m tensor.Manifest) (ids []string) {
	t.Helper()
	for _, p := range m.Parts {
		part, err := tensor.Open(filepath.Join(dir, filepath.FromSlash(p.Path)))
		if err != nil {
			t.Fatal(err)
		}
		line := p.Split
		for r, err := range part.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			line += " " + r.ID
		}
		ids = append(ids, line)
		part.Close()
	}
	return ids
}

func TestDedupeKeepsTheFirstOfNearRows(t *testing.T) {
	in := thinnable(t)
	before := promised(t, in)
	for _, c := range []struct {
		name    string
		on      string
		least   float32
		kept    []string
		rejects []string
	}{
		{"both", "both", 0.95, []string{"train 0/0/0 1/0/0 0/25/0 0/0/25", "validation 2/0/0"},
			[]string{"data/train-0.parquet:3 0/10/10 0.985", "data/validation-1.parquet:1 1/5/5 0.996", "data/validation-1.parquet:2 1/0/0 1.000"}},
		{"question", "question", 0.95, []string{"train 0/0/0 1/0/0 0/25/0", "validation 2/0/0"},
			[]string{"data/train-0.parquet:3 0/10/10 0.985", "data/train-0.parquet:5 0/0/25 1.000", "data/validation-1.parquet:1 1/5/5 0.996", "data/validation-1.parquet:2 1/0/0 1.000"}},
		{"answer", "answer", 0.95, []string{"train 0/0/0 1/0/0 0/0/25", "validation 2/0/0"},
			[]string{"data/train-0.parquet:3 0/10/10 0.985", "data/train-0.parquet:4 0/25/0 1.000", "data/validation-1.parquet:1 1/5/5 0.996", "data/validation-1.parquet:2 1/0/0 1.000"}},
		{"equal alone", "both", 1, []string{"train 0/0/0 1/0/0 0/10/10 0/25/0 0/0/25", "validation 1/5/5", "validation 2/0/0"},
			[]string{"data/validation-1.parquet:2 1/0/0 1.000"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			sum, m := dedupeOf(t, in, out, DedupeOptions{Threshold: c.least, On: c.on})
			if ids := idsOf(t, out, m); !slices.Equal(ids, c.kept) {
				t.Errorf("kept %q", ids)
			}
			f, err := os.Open(filepath.Join(out, "rejects", rejectsName))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			var rejects []string
			for r, err := range tensor.ReadRejects(f, m.Rejects[0].Bytes) {
				if err != nil {
					t.Fatal(err)
				}
				if r.Filter == "dedup" && r.Reason == "semantic" && r.Question == "q" && r.Answer == "a" && r.Source == "chats" {
					rejects = append(rejects, fmt.Sprintf("%s:%d %s %.3f", r.File, r.Line, r.ID, r.Score))
				} else if r.ID != "short" || r.File != "chats.jsonl" || r.Line != 9 || r.Score != 2 {
					t.Errorf("reject %+v", r)
				}
			}
			if !slices.Equal(rejects, c.rejects) || m.Rejects[0].Rows != int64(len(rejects)+1) {
				t.Errorf("rejects %q, %d in all", rejects, m.Rejects[0].Rows)
			}
			n := int64(len(c.rejects))
			if m.Read != 9 || m.Kept != 8-n || !maps.Equal(m.Dropped, map[string]int64{"length/short": 1, "dedup/semantic": n}) {
				t.Errorf("read %d, kept %d, dropped %v", m.Read, m.Kept, m.Dropped)
			}
			if sum.Read != 8 || sum.Kept != 8-n || sum.Dropped["dedup/semantic"] != n || !maps.Equal(sum.Splits, m.Splits) || sum.Parts != len(m.Parts) {
				t.Errorf("summary %+v", sum)
			}
			var config struct {
				On        string
				Threshold float32
			}
			step := m.Filters[len(m.Filters)-1]
			if err := json.Unmarshal(step.Config, &config); err != nil || len(m.Filters) != 2 || step.Name != "dedup" || config.On != c.on || config.Threshold != c.least {
				t.Errorf("filters %+v, %v", m.Filters, err)
			}
			again := filepath.Join(t.TempDir(), "again")
			dedupeOf(t, in, again, DedupeOptions{Threshold: c.least, On: c.on})
			requireSame(t, promised(t, again), promised(t, out))
		})
	}
	requireSame(t, promised(t, in), before)
}

func TestDedupeRefuses(t *testing.T) {
	in, empty, foreign := thinnable(t), t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "thesis.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(in, link); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	with := func(least float32, on string) DedupeOptions { return DedupeOptions{Threshold: least, On: on} }
	for _, c := range []struct {
		name    string
		in, out string
		o       DedupeOptions
		class   error
		text    string
	}{
		{"the zero options", in, out, DedupeOptions{}, ErrConfig, "threshold 0 is outside 0.9..1"},
		{"threshold too low", in, out, with(0.89, "both"), ErrConfig, "threshold 0.89 is outside 0.9..1"},
		{"threshold too high", in, out, with(1.01, "both"), ErrConfig, "threshold 1.01 is outside 0.9..1"},
		{"no threshold", in, out, with(float32(math.NaN()), "both"), ErrConfig, "threshold NaN is outside 0.9..1"},
		{"on", in, out, with(0.95, "questions"), ErrConfig, `unknown value "questions" (did you mean "question"?)`},
		{"the same folder", in, in + "/.", DefaultDedupeOptions(), ErrConfig, "is the dataset's own, or inside it"},
		{"the same by another name", in, link, DefaultDedupeOptions(), ErrConfig, "is the dataset's own, or inside it"},
		{"inside", in, filepath.Join(in, "a", "b"), DefaultDedupeOptions(), ErrConfig, "is the dataset's own, or inside it"},
		{"no dataset", empty, out, DefaultDedupeOptions(), tensor.ErrNoManifest, "no manifest"},
		{"absent", filepath.Join(empty, "absent"), out, DefaultDedupeOptions(), tensor.ErrNoManifest, "no manifest"},
		{"another's folder", in, foreign, DefaultDedupeOptions(), ErrOutput, `holds "thesis.txt", which is not cubeset's`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Dedupe(context.Background(), c.in, c.out, c.o)
			if !errors.Is(err, c.class) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a refused run left a folder")
	}
}

// What is damaged is not copied, wherever the damage is.
func TestDedupeOfADamagedDataset(t *testing.T) {
	for _, name := range []string{"data/train-0.parquet", "data/validation-2.parquet", "rejects/" + rejectsName} {
		in, out := thinnable(t), filepath.Join(t.TempDir(), "out")
		path := filepath.Join(in, filepath.FromSlash(name))
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/3]++
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err = Dedupe(context.Background(), in, out, DefaultDedupeOptions())
		if !errors.Is(err, tensor.ErrDamaged) || !strings.HasPrefix(err.Error(), name+": damaged: ") {
			t.Errorf("%s: got %v", name, err)
		}
		if _, err := tensor.ReadManifest(fsx.OS{}, out); !errors.Is(err, tensor.ErrNoManifest) {
			t.Errorf("%s: a dataset was left: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(out, tmpDir)); err == nil {
			t.Errorf("%s: %s is left", name, tmpDir)
		}
	}
}

// Stopped at any file-system call, or with any one failing, a run leaves the
// dataset that was there or the new one; the next run gives what one gives
// that was never stopped.
func TestDedupeCutAnywhere(t *testing.T) {
	in, out := thinnable(t), filepath.Join(t.TempDir(), "out")
	loose, strict := DedupeOptions{Threshold: 0.95, On: "both"}, DedupeOptions{Threshold: 1, On: "both"}
	dedupeOf(t, in, out, strict)
	old := promised(t, out)
	whole := &fsx.Fault{FS: fsx.Quick{}}
	loose.fs = whole
	dedupeOf(t, in, out, loose)
	now := promised(t, out)
	for at := 1; at <= whole.Calls(); at += stride(3) {
		for _, stop := range []bool{true, false} { // there and back
			next := strict
			next.fs = &fsx.Fault{FS: fsx.Quick{}, At: at, Stop: stop}
			_, err := Dedupe(context.Background(), in, out, next)
			if err != nil && !errors.Is(err, fsx.ErrStopped) && !errors.Is(err, fsx.ErrInjected) {
				t.Fatalf("call %d: %v", at, err)
			}
			m, merr := tensor.ReadManifest(fsx.OS{}, out)
			if faults, verr := tensor.Verify(fsx.OS{}, out, tensor.VerifyOptions{}); merr != nil || verr != nil || len(faults) > 0 {
				t.Fatalf("call %d: %v, then %v %v %v", at, err, merr, faults, verr)
			}
			if _, decided := os.Stat(filepath.Join(out, tmpDir, "next", "manifest.json")); decided != nil && string(encoded(t, m)) == now["manifest.json"] {
				requireSame(t, promised(t, out), now)
			}
			next.fs = nil
			dedupeOf(t, in, out, next)
			requireSame(t, promised(t, out), old)
			old, now, strict, loose = now, old, loose, strict
		}
	}
}

func encoded(t testing.TB, m tensor.Manifest) []byte {
	t.Helper()
	b, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDedupeInterrupted(t *testing.T) {
	in, out := thinnable(t), filepath.Join(t.TempDir(), "out")
	ctx, cancel := context.WithCancel(context.Background())
	o := DefaultDedupeOptions()
	o.fs = &cancelAt{FS: fsx.Quick{}, at: 3, cancel: cancel}
	if _, err := Dedupe(ctx, in, out, o); !errors.Is(err, ErrInterrupted) {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(out, tmpDir)); err == nil {
		t.Errorf("%s is left", tmpDir)
	}
}

// What an earlier build left in the folder, and is not true of the new
// dataset, is gone: explain would believe it.
func TestDedupeOverABuild(t *testing.T) {
	c := testConfig(t, chats(40))
	mustBuild(t, c)
	in := thinnable(t)
	dedupeOf(t, in, c.Out, DefaultDedupeOptions())
	for _, name := range []string{"run.json", "report.html"} {
		if _, err := os.Stat(filepath.Join(c.Out, name)); err == nil {
			t.Errorf("%s is left", name)
		}
	}
	found, err := Explain(c.Out, "0/10/10")
	if err != nil || len(found) != 1 || found[0].Kept || found[0].File != "data/train-0.parquet" || found[0].Line != 3 {
		t.Errorf("%+v, %v", found, err)
	}
	mustBuild(t, c) // and a build may take the folder back
	if faults, err := tensor.Verify(fsx.OS{}, c.Out, tensor.VerifyOptions{}); err != nil || len(faults) > 0 {
		t.Error(faults, err)
	}
}

// A build's dataset goes through whole: every column of a row that stays.
func TestDedupeOfABuild(t *testing.T) {
	c := testConfig(t, chats(100))
	mustBuild(t, c)
	out := filepath.Join(t.TempDir(), "out")
	_, m := dedupeOf(t, c.Out, out, DedupeOptions{Threshold: 1, On: "both"})
	source, err := tensor.ReadManifest(fsx.OS{}, c.Out)
	if err != nil {
		t.Fatal(err)
	}
	if m.Dropped["dedup/semantic"] != 0 || !maps.Equal(m.Splits, source.Splits) || m.ConfigDigest != source.ConfigDigest || m.Teacher != source.Teacher {
		t.Errorf("%+v\n%+v", m, source)
	}
	var before, after map[string]any
	for dir, stats := range map[string]*map[string]any{c.Out: &before, out: &after} {
		doc, err := os.ReadFile(filepath.Join(dir, "stats.json"))
		if err == nil {
			err = json.Unmarshal(doc, stats)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"read", "kept", "splits", "question_length", "answer_length", "turns", "langs"} {
		if !reflect.DeepEqual(before[key], after[key]) {
			t.Errorf("stats.json: %s was %v, is %v", key, before[key], after[key])
		}
	}
	for i, p := range m.Parts {
		if p.SHA256 != source.Parts[i].SHA256 {
			t.Errorf("%s has other bytes than %s", p.Path, source.Parts[i].Path)
		}
	}
}
