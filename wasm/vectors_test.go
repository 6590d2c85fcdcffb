package wasm_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/vectors"
)

// tight is a budget small enough that a hostile loop ends at once.
func tight() wasm.Config {
	c := wasm.DefaultConfig()
	c.FuelBase, c.FuelPerRow, c.MemoryPages = 4_000_000, 1000, 2048
	return c
}

func open(t testing.TB, c wasm.Config) *wasm.Runtime {
	t.Helper()
	r, err := wasm.NewRuntime(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}

func rows(n int) *wasm.Batch {
	return &wasm.Batch{Questions: slices.Repeat([]string{"what?"}, n), Answers: slices.Repeat([]string{"that."}, n)}
}

// run loads, opens and runs a module on eight rows.
func run(r *wasm.Runtime, module []byte) ([]wasm.Verdict, error) {
	ctx := context.Background()
	f, err := r.Load(ctx, module)
	if err != nil {
		return nil, err
	}
	in, err := f.Open(ctx, nil, nil)
	if err != nil {
		return nil, err
	}
	defer in.Close(ctx)
	return in.Filter(ctx, rows(8), nil)
}

// numbered are the vectors as they are on disk.
func numbered(t testing.TB) []vectors.Vector {
	t.Helper()
	all, err := vectors.Read(vectors.Files())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestVectors(t *testing.T) {
	for _, v := range numbered(t) {
		t.Run(v.ID+" "+v.Name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			switch v.Kind {
			case vectors.KindHost:
				hosted(t, &v)
			case vectors.KindGuest:
				handed(t, &v)
			case vectors.KindPack:
				packed(t, &v)
			default:
				t.Errorf("kind %q", v.Kind)
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// limited is the configuration of a vector.
func limited(l *vectors.Limits) wasm.Config {
	c := wasm.DefaultConfig()
	if l == nil {
		return c
	}
	for _, s := range []struct {
		value int64
		to    *int64
	}{{l.FuelBase, &c.FuelBase}, {l.FuelPerRow, &c.FuelPerRow}, {l.FuelPerByte, &c.FuelPerByte}} {
		if s.value != 0 {
			*s.to = max(0, s.value)
		}
	}
	if l.MemoryPages != 0 {
		c.MemoryPages = uint32(l.MemoryPages)
	}
	if l.DeadlineMS != 0 {
		c.Deadline = time.Duration(l.DeadlineMS) * time.Millisecond
	}
	return c
}

// hosted runs a vector in this host.
func hosted(t *testing.T, v *vectors.Vector) {
	c := limited(v.Limits)
	var heard []vectors.Message
	c.Log = func(_ string, level int, msg string) { heard = append(heard, vectors.Message{Level: level, Text: msg}) }
	r := open(t, c)
	f, err := r.Load(ctx, v.Wasm())
	if err != nil {
		failed(t, v, vectors.AtLoad, err)
		return
	}
	if s := v.Expect.Stage; s != "" && f.Manifest().Stage() != s {
		t.Errorf("stage %s, want %s", f.Manifest().Stage(), s)
	}
	blobs := map[string][]byte{}
	for name, data := range v.Blobs {
		blobs[name] = []byte(data)
	}
	in, err := f.Open(ctx, v.Config, blobs)
	if err != nil {
		failed(t, v, vectors.AtOpen, err)
		return
	}
	defer in.Close(ctx)
	var out []wasm.Verdict
	for i, input := range v.Batches {
		b := batchOf(t, input.Rows)
		if out, err = in.Filter(ctx, b, nil); err == nil {
			continue
		}
		failed(t, v, vectors.AtFilter, err)
		if i != len(v.Batches)-1 {
			t.Errorf("batch %d of %d failed", i+1, len(v.Batches))
		}
		if _, err := in.Filter(ctx, b, nil); code(err) != wasm.CodeDeadInstance {
			t.Errorf("called again: %v", err)
		}
		culprit(t, v, f, b, blobs)
		break
	}
	switch {
	case err != nil:
	case v.Expect.Code != "":
		t.Errorf("no error, want %s", v.Expect.Code)
	default:
		same(t, v, out)
		if v.Expect.Fuel != nil && in.Fuel() != *v.Expect.Fuel {
			t.Errorf("%d ticks, want %d", in.Fuel(), *v.Expect.Fuel)
		}
	}
	if v.Expect.Log != nil && !slices.Equal(heard, v.Expect.Log) {
		t.Errorf("heard %+v, want %+v", heard, v.Expect.Log)
	}
}

// failed holds an error against what a vector expects.
func failed(t *testing.T, v *vectors.Vector, at string, err error) {
	t.Helper()
	var g *wasm.GuestError
	want := v.Expect
	row := -1
	if want.Row != nil {
		row = *want.Row
	}
	if !errors.As(err, &g) || string(g.Code) != want.Code || at != want.At || g.Row != row || !strings.Contains(err.Error(), want.Text) {
		t.Errorf("got %v at %s, want %+v", err, at, want)
	}
}

// culprit bisects a batch whose guilty row is known.
func culprit(t *testing.T, v *vectors.Vector, f *wasm.Filter, b *wasm.Batch, blobs map[string][]byte) {
	t.Helper()
	if v.Expect.Culprit == nil {
		return
	}
	row, g, err := f.Bisect(ctx, v.Config, blobs, b)
	if err != nil || row != *v.Expect.Culprit || string(g.Code) != v.Expect.Code {
		t.Errorf("row %d, %v, %v, want row %d", row, g, err, *v.Expect.Culprit)
	}
}

// same compares verdicts; -0 is not 0.
func same(t *testing.T, v *vectors.Vector, got []wasm.Verdict) {
	t.Helper()
	var want []wasm.Verdict
	for _, w := range v.Expect.Verdicts {
		want = append(want, wasm.Verdict{Keep: w.Keep, Reason: w.Reason, Score: w.Score})
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// batchOf reads a file of rows.
func batchOf(t testing.TB, name string) *wasm.Batch {
	t.Helper()
	raw, err := fs.ReadFile(vectors.Files(), name)
	if err != nil {
		t.Fatal(err)
	}
	var r vectors.Rows
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	b := &wasm.Batch{
		Questions: r.Questions, Answers: r.Answers, Contexts: r.Contexts, IDs: r.IDs, Langs: r.Langs, Sources: r.Sources,
		DialogueIDs: r.DialogueIDs, Turns: r.Turns, Similarity: r.Similarity,
		QuestionEmbeddings: r.QuestionEmbeddings, AnswerEmbeddings: r.AnswerEmbeddings, RowBase: r.RowBase,
	}
	if len(r.QuestionEmbeddings) > 0 {
		b.Dim = len(r.QuestionEmbeddings[0])
	}
	for _, s := range r.Scores {
		b.Scores = append(b.Scores, wasm.ScoreColumn{Name: s.Name, Values: s.Values})
	}
	return b
}

// handed gives a guest the bytes of a batch as they are, without this host.
func handed(t *testing.T, v *vectors.Vector) {
	rt := wazero.NewRuntime(ctx)
	defer rt.Close(ctx)
	mod, err := rt.Instantiate(ctx, v.Wasm())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := fs.ReadFile(vectors.Files(), v.Batches[0].Batch)
	if err != nil {
		t.Fatal(err)
	}
	call := func(name string, args ...uint64) uint64 {
		out, err := mod.ExportedFunction(name).Call(ctx, args...)
		if err != nil {
			t.Fatal(err)
		}
		return out[0]
	}
	p := call("cs_reserve", uint64(len(raw)))
	if !mod.Memory().Write(uint32(p), raw) || call("cs_filter", p, uint64(len(raw))) != 0 {
		t.Fatal("no room, or a status")
	}
	rows, at := binary.LittleEndian.Uint32(raw[8:]), binary.LittleEndian.Uint32(raw[44:])
	written, _ := mod.Memory().Read(uint32(p)+at, 8*rows)
	var out []wasm.Verdict
	for ; len(written) > 0; written = written[8:] {
		out = append(out, wasm.Verdict{Keep: written[0] == 1 && written[1] == 0, Reason: binary.LittleEndian.Uint16(written[2:]), Score: math.Float32frombits(binary.LittleEndian.Uint32(written[4:]))})
	}
	same(t, v, out)
}

// packed puts a manifest into a module.
func packed(t *testing.T, v *vectors.Vector) {
	m, err := wasm.ParseManifest([]byte(v.Manifest))
	if (err == nil) != (v.Expect.Code == "") {
		t.Fatalf("got %v, want %q", err, v.Expect.Code)
	}
	if err != nil {
		return
	}
	module, err := wasm.Pack(v.Wasm(), m)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := wasm.ReadManifest(module); err != nil || got.Version != m.Version {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestVectorsOfEveryRule: each rule of ABI.md has a vector, and each vector is of
// rules that are there.
func TestVectorsOfEveryRule(t *testing.T) {
	doc, err := os.ReadFile("ABI.md")
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^(?:\| )?(\d+\.\d+) `).FindAllStringSubmatch(string(doc), -1) {
		if rules[m[1]] {
			t.Errorf("two rules %s", m[1])
		}
		rules[m[1]] = true
	}
	if len(rules) < 80 {
		t.Errorf("only %d rules", len(rules))
	}
	seen := map[string]bool{}
	for _, v := range numbered(t) {
		for _, rule := range v.Rules {
			if seen[rule] = true; !rules[rule] {
				t.Errorf("%s is about %s, which ABI.md does not have", v.ID, rule)
			}
		}
	}
	for rule := range rules {
		if !seen[rule] {
			t.Errorf("rule %s has no vector", rule)
		}
	}
}

// TestVectorsOfEveryCode: each error that a guest can cause has a vector.
func TestVectorsOfEveryCode(t *testing.T) {
	seen := map[string]bool{
		string(wasm.CodeDeadInstance): true, // of every failure: see hosted
		string(wasm.CodeCompilePanic): true, // which no module is known to cause
	}
	for _, v := range numbered(t) {
		seen[v.Expect.Code] = true
	}
	doc, err := os.ReadFile("ABI.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(doc), "11.1 ")
	table, _, _ = strings.Cut(table, "11.2 ")
	codes := regexp.MustCompile("(?m)^\\| (`[a-z_]+`(?:, `[a-z_]+`)*) \\|").FindAllStringSubmatch(table, -1)
	if len(codes) < 20 {
		t.Errorf("only %d codes", len(codes))
	}
	for _, c := range codes {
		for name := range strings.SplitSeq(c[1], ", ") {
			if !seen[strings.Trim(name, "`")] {
				t.Errorf("%s has no vector", name)
			}
		}
	}
}
