package filters_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/filters"
)

func runtime(t testing.TB) *wasm.Runtime {
	t.Helper()
	r, err := wasm.NewRuntime(context.Background(), wasm.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(context.Background()) })
	return r
}

// judge runs one bundled filter and returns the reasons' names ("" is kept) and
// the scores.
func judge(t *testing.T, r *wasm.Runtime, name, config string, b *wasm.Batch) (reasons []string, scores []float32) {
	t.Helper()
	ctx := context.Background()
	bundled, ok := filters.Find(name)
	if !ok {
		t.Fatalf("no filter %s", name)
	}
	f, err := r.Load(ctx, bundled.Module)
	if err != nil {
		t.Fatal(err)
	}
	in, err := f.Open(ctx, json.RawMessage(config), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close(ctx)
	out, err := in.Filter(ctx, b, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range out {
		reasons, scores = append(reasons, f.ReasonName(v.Reason)), append(scores, v.Score)
	}
	return reasons, scores
}

type pair struct{ question, answer, want string }

func check(t *testing.T, name, config string, scores []float32, pairs []pair) {
	t.Helper()
	b := &wasm.Batch{}
	for _, p := range pairs {
		b.Questions, b.Answers = append(b.Questions, p.question), append(b.Answers, p.answer)
	}
	reasons, got := judge(t, runtime(t), name, config, b)
	for i, p := range pairs {
		if reasons[i] != p.want {
			t.Errorf("%q / %q: got %q, want %q", p.question, p.answer, reasons[i], p.want)
		}
		if got[i] != scores[i] {
			t.Errorf("%q / %q: score %v, want %v", p.question, p.answer, got[i], scores[i])
		}
	}
}

func TestLength(t *testing.T) {
	long := func(s string, n int) string { return strings.Repeat(s, n) }
	check(t, "length", "", []float32{25, 10, 10, 10, 9, 9, 1024, 1025, 10, 10, 10, 0, 4, 10}, []pair{
		{"How are you?", "I am fine, thanks for you", ""},
		{"Привет", "Здравствуй", ""},
		{"你好吗你好", "我很好我很好谢谢你们", ""},
		{"كيف ?", long("م", 10), ""},
		{"Привет", "Здравству", "answer_short"},
		{"你好吗你好", "我很好我很好谢谢你", "answer_short"},
		{"Привет", long("я", 1024), ""},
		{"Привет", long("я", 1025), "answer_long"},
		{"你好吗你", long("好", 10), "question_short"},
		{long("ж", 512), long("好", 10), ""},
		{long("ж", 513), long("好", 10), "question_long"},
		{"", "", "question_short"},
		{"🙂🙂🙂🙂🙂", "👍🏽👍🏽", "answer_short"},
		{"🙂🙂🙂🙂", "0123456789", "question_short"},
	})
	check(t, "length", `{"question_min":0,"answer_min":0,"answer_max":3}`, []float32{0, 3, 4}, []pair{
		{"", "", ""}, {"", "как", ""}, {"", "каак", "answer_long"},
	})
}

func TestEcho(t *testing.T) {
	check(t, "echo", "", []float32{1, 1, 0, 1, 1, 1, 0.5, 0.9, 0, 0, 1, 0, 1, 0.8}, []pair{
		{"How are you?", "HOW ARE YOU!!!", "same"},
		{"Как дела, Ёж?", "как   дела — ёж", "same"},
		{"Как дела?", "Хорошо, спасибо", ""},
		{"你好，世界", "你好世界！", "same"},
		{"كيف حالك؟", "كيف حالك", "same"},
		{"one two three", "three two one", "overlap"},
		{"你好吗", "你好他", ""},
		{"a b c d e f g h i j", "a b c d e f g h i", "overlap"},
		{"كيف حالك؟", "بخير شكرا", ""},
		{"", "anything", ""},
		{"", "", "same"},
		{"🙂", "🙃", ""},
		{"?", "?", "same"},
		{"do you like tea", "you like tea do not", ""},
	})
	check(t, "echo", `{"contains":true,"overlap_max":1.5}`, []float32{0.75, 0.75, 1, 0.5, 2.0 / 3}, []pair{
		{"Do you like tea?", "You like tea.", "contains"},
		{"Do you like tea?", "Do like tea.", ""},
		{"one two three", "three two one", ""},
		{"кофе чай", "Чай", "contains"},
		{"你好吗", "好吗", "contains"},
	})
}

func TestSimilarity(t *testing.T) {
	cosines := []float32{-1, 0.29999998, 0.3, 0.30000001, 1}
	b := &wasm.Batch{Questions: make([]string, 5), Answers: make([]string, 5), Similarity: cosines}
	reasons, scores := judge(t, runtime(t), "similarity", "", b)
	if want := []string{"low", "low", "", "", ""}; !slices.Equal(reasons, want) || !slices.Equal(scores, cosines) {
		t.Errorf("got %q, %v, want %q", reasons, scores, want)
	}
	if reasons, _ = judge(t, runtime(t), "similarity", `{"min":-1}`, b); !slices.Equal(reasons, make([]string, 5)) {
		t.Errorf("min -1: %q", reasons)
	}
	b.Similarity = []float32{0.7, 0.1, 0.2, 0.7, 0.6}
	if reasons, _ = judge(t, runtime(t), "similarity", `{"min":0.7}`, b); !slices.Equal(reasons, []string{"", "low", "low", "", "low"}) {
		t.Errorf("min 0.7: %q", reasons)
	}
}

func TestEveryFilterIsInOrder(t *testing.T) {
	for _, b := range filters.All() {
		m, err := wasm.ReadManifest(b.Module)
		if err != nil {
			t.Fatalf("%s: %v", b.Name, err)
		}
		stage := wasm.StageText
		if b.Name == "similarity" {
			stage = wasm.StageVector
		}
		if m.Name != b.Name || m.Stage() != stage || m.Version == "" {
			t.Errorf("%s: manifest says %q, stage %q, version %q; want stage %q and a version", b.Name, m.Name, m.Stage(), m.Version, stage)
		}
		for _, r := range m.Reasons {
			if !strings.Contains(b.Doc, "| `"+r.Name+"` |") {
				t.Errorf("%s: reason %s is not documented", b.Name, r.Name)
			}
		}
		var defaults map[string]any
		if err := json.Unmarshal(m.ConfigDefaults, &defaults); err != nil {
			t.Error(err)
		}
		for option := range defaults {
			if !strings.Contains(b.Doc, "| `"+option+"` |") {
				t.Errorf("%s: option %s is not documented", b.Name, option)
			}
		}
		for _, path := range []string{"/root", "/home", "/Users", "/tmp"} {
			if strings.Contains(string(b.Module), path) {
				t.Errorf("%s names a folder of the machine that built it", b.Name)
			}
		}
	}
	for _, p := range filters.Presets() {
		names, ok := filters.Preset(p)
		if !ok {
			t.Errorf("no preset %s", p)
		}
		for _, n := range names {
			if _, ok := filters.Find(n); !ok {
				t.Errorf("preset %s: no filter %s", p, n)
			}
		}
	}
	if _, ok := filters.Preset("nonsense"); ok {
		t.Error("a preset nonsense")
	}
}
