package host

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/formats/array"
	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

// allRows is every row of a dataset, in its order.
func allRows(t testing.TB, dir string) (rows []tensor.Row) {
	t.Helper()
	m, err := tensor.ReadManifest(fsx.OS{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Parts {
		part, err := tensor.Open(filepath.Join(dir, p.Path))
		if err != nil {
			t.Fatal(err)
		}
		for r, err := range part.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, r)
		}
		part.Close()
	}
	return rows
}

func TestExportHoldsEveryRow(t *testing.T) {
	in, dir := thinnable(t), t.TempDir()
	rows := allRows(t, in)
	out := func(to string) string {
		path := filepath.Join(dir, to)
		s, err := Export(context.Background(), in, path, ExportOptions{To: to, Vectors: to == ExportJSONL})
		if err != nil {
			t.Fatal(err)
		}
		if s.Rows != int64(len(rows)) || !s.Shape.Equal(tensor.Shape{2, 2, 3}) || s.Out != path {
			t.Errorf("%s: %+v", to, s)
		}
		return path
	}
	npy := out(ExportNPY)
	for _, c := range []struct {
		name string
		of   func(tensor.Row) []float32
	}{
		{"question_embedding", func(r tensor.Row) []float32 { return r.QuestionEmbedding }},
		{"answer_embedding", func(r tensor.Row) []float32 { return r.AnswerEmbedding }},
	} {
		var want []float32
		for _, r := range rows {
			want = append(want, c.of(r)...)
		}
		f, err := os.Open(filepath.Join(npy, c.name+".npy"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		fi, _ := f.Stat()
		h, err := array.ReadNPY(f, fi.Size())
		if err != nil || !slices.Equal(h.Shape, []int{len(rows), 2, 2, 3}) {
			t.Fatalf("%s: %+v, %v", c.name, h, err)
		}
		got := make([]float32, h.Size())
		if err := h.Floats(f, got, 0); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s.npy differs, or %v", c.name, err)
		}
		g, err := os.Open(filepath.Join(dir, ExportSafetensors))
		if os.IsNotExist(err) {
			g, err = os.Open(out(ExportSafetensors))
		}
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		fi, _ = g.Stat()
		hs, metadata, err := array.ReadSafetensors(g, fi.Size())
		if err != nil || metadata["space_id"] != "s" || len(hs) != 2 {
			t.Fatalf("safetensors: %v, %v, %v", hs, metadata, err)
		}
		if err := hs[c.name].Floats(g, got, 0); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s in the safetensors differs, or %v", c.name, err)
		}
	}
	doc, err := os.ReadFile(out(ExportJSONL))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(doc)), "\n")
	for i, l := range lines {
		var got struct {
			ID       string
			Turn     *int32
			Score    float32   `json:"score_length"`
			Question []float32 `json:"question_embedding"`
			Answer   []float32 `json:"answer_embedding"`
		}
		if err := json.Unmarshal([]byte(l), &got); err != nil {
			t.Fatalf("line %d: %v", i, err)
		}
		r := rows[i]
		if got.ID != r.ID || got.Turn != nil || got.Score != 1 || !slices.Equal(got.Question, r.QuestionEmbedding) || !slices.Equal(got.Answer, r.AnswerEmbedding) {
			t.Errorf("line %d is %+v, want %+v", i, got, r)
		}
	}
	if len(lines) != len(rows) {
		t.Errorf("%d lines, want %d", len(lines), len(rows))
	}
}

// Whatever fails, there is either all of the export or nothing.
func TestExportThatFailsLeavesNothing(t *testing.T) {
	in := thinnable(t)
	for _, to := range Exports() {
		count := &fsx.Fault{FS: fsx.Quick{}}
		if _, err := Export(context.Background(), in, filepath.Join(t.TempDir(), "out"), ExportOptions{To: to, fs: count}); err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= count.Calls(); n++ {
			dir := t.TempDir()
			f := &fsx.Fault{FS: fsx.Quick{}, At: n}
			_, err := Export(context.Background(), in, filepath.Join(dir, "out"), ExportOptions{To: to, fs: f})
			entries, _ := os.ReadDir(dir)
			if err != nil && len(entries) > 0 && !(len(entries) == 1 && entries[0].Name() == "out") {
				t.Errorf("%s, call %d fails: %v is left (%v)", to, n, entries, err)
			}
			if err == nil && (len(entries) != 1 || entries[0].Name() != "out") {
				t.Errorf("%s, call %d: no error, and %v", to, n, entries)
			}
		}
	}
}

func TestExportStopsWhenAsked(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	dir := t.TempDir()
	_, err := Export(ctx, thinnable(t), filepath.Join(dir, "out"), ExportOptions{To: ExportJSONL})
	if entries, _ := os.ReadDir(dir); !errors.Is(err, ErrInterrupted) || len(entries) > 0 {
		t.Errorf("%v, and %v is left", err, entries)
	}
}
