package wasm_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/vectors"
)

var ctx = context.Background()

// instance loads and opens a module.
func instance(t testing.TB, r *wasm.Runtime, module []byte, config string, blobs map[string][]byte) *wasm.Instance {
	t.Helper()
	f, err := r.Load(ctx, module)
	if err != nil {
		t.Fatal(err)
	}
	in, err := f.Open(ctx, json.RawMessage(config), blobs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return in
}

func code(err error) wasm.Code {
	var g *wasm.GuestError
	if errors.As(err, &g) {
		return g.Code
	}
	return ""
}

func probe(t testing.TB) []byte {
	t.Helper()
	module, err := os.ReadFile("filters/probe/probe.wasm")
	if err != nil {
		t.Fatal(err)
	}
	return module
}

// hash is the probe's number for a text.
func hash(s string) float32 {
	h := uint32(0x811c9dc5)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 0x01000193
	}
	return float32(h & 0xffffff)
}

func TestColumnsReachTheGuest(t *testing.T) {
	r := open(t, wasm.DefaultConfig())
	b := &wasm.Batch{
		Questions: []string{"что?", "什么？", ""}, Answers: []string{"то", "", "ذلك"}, Contexts: []string{"c", "", "ccc"},
		IDs: []string{"1", "22", "333"}, Langs: []string{"ru", "zh", "ar"}, Sources: []string{"x", "y", "z"},
		DialogueIDs: []string{"d", "d", "e"}, Turns: []int32{0, 1, -1}, Similarity: []float32{0.25, -1, 1},
		QuestionEmbeddings: [][]float32{{1, 0, 0, 0, 0, 0, 0, 0}, {0, 3, 0, 4, 0, 0, 0, 0}, {1, 0, 0, 0, 0, 0, 0, 0}},
		AnswerEmbeddings:   [][]float32{{2, 0, 0, 0, 0, 0, 0, 0}, {0, 4, 0, -3, 0, 0, 0, 0}, {-1, 0, 0, 0, 0, 0, 0, 0}},
		Dim:                8, RowBase: 4096,
		Scores: []wasm.ScoreColumn{{Name: "a", Values: []float32{1, 2, 3}}, {Name: "bb", Values: []float32{4, 5, 6}}},
	}
	texts := func(column []string) (want []float32) {
		for _, s := range column {
			want = append(want, hash(s))
		}
		return want
	}
	scores := func(i int) float32 { return 2*(b.Scores[0].Values[i]+hash("a")) + b.Scores[1].Values[i] + hash("bb") }
	for column, want := range map[string][]float32{
		"question": texts(b.Questions), "answer": texts(b.Answers), "context": texts(b.Contexts), "id": texts(b.IDs),
		"lang": texts(b.Langs), "source": texts(b.Sources), "dialogue": texts(b.DialogueIDs), "turn": {0, 1, -1},
		"number": {4096, 4097, 4098}, "similarity": b.Similarity, "embedding": {1, 0, -1}, "blob": {5, 5, 5},
		"scores": {scores(0), scores(1), scores(2)},
	} {
		in := instance(t, r, probe(t), `{"column":"`+column+`"}`, map[string][]byte{"words": []byte("12345"), "a": nil, "z": {1}})
		out, err := in.Filter(ctx, b, nil)
		if err != nil {
			t.Fatalf("%s: %v", column, err)
		}
		for i, v := range out {
			if math.Abs(float64(v.Score-want[i])) > 1e-5 || !v.Keep {
				t.Errorf("%s of row %d: got %+v, want %v", column, i, v, want[i])
			}
		}
	}
}

func TestGuestMayRefuseItsConfig(t *testing.T) {
	r := open(t, wasm.DefaultConfig())
	f, err := r.Load(ctx, probe(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		config string
		blobs  map[string][]byte
		want   string
	}{
		{`{"column":"none"}`, nil, "filter probe: cs_configure: config: status 1: no such column"},
		{`{"colunm":"id"}`, nil, `filter probe: options: config: unknown option "colunm": did you mean "column"?`},
		{`{}`, map[string][]byte{"../x": nil}, `filter probe: blobs: config: blob name "../x"`},
	} {
		_, err := f.Open(ctx, json.RawMessage(c.config), c.blobs)
		if code(err) != wasm.CodeConfig || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestWrongBatchLeavesTheInstanceAlive(t *testing.T) {
	in := instance(t, open(t, wasm.DefaultConfig()), vectors.Guest().Bytes(), "", nil)
	if _, err := in.Filter(ctx, &wasm.Batch{Questions: []string{"q"}}, nil); !errors.Is(err, wasm.ErrBatch) {
		t.Fatal(err)
	}
	if out, err := in.Filter(ctx, rows(3), nil); err != nil || len(out) != 3 {
		t.Error(err)
	}
	if out, err := in.Filter(ctx, rows(0), nil); err != nil || len(out) != 0 {
		t.Error(err)
	}
}

func TestFailureKillsTheInstance(t *testing.T) {
	in := instance(t, open(t, wasm.DefaultConfig()), vectors.Filtering(vectors.TrapAt(5)).Bytes(), "", nil)
	if _, err := in.Filter(ctx, rows(8), nil); code(err) != wasm.CodeTrap {
		t.Fatal(err)
	}
	if _, err := in.Filter(ctx, rows(1), nil); code(err) != wasm.CodeDeadInstance {
		t.Error(err)
	}
}

func TestBisect(t *testing.T) {
	r := open(t, tight())
	for _, row := range []int64{100, 101, 137, 199} {
		body := vectors.Filtering(vectors.Cat(vectors.Verdicts(1), []byte{0x1a}, vectors.TrapAt(row)))
		f, err := r.Load(ctx, body.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		b := rows(100)
		b.RowBase = 100
		at, g, err := f.Bisect(ctx, nil, nil, b)
		if err != nil || at != int(row-100) || g.Code != wasm.CodeTrap || g.Row != at {
			t.Errorf("row %d: got %d, %v, %v", row-100, at, g, err)
		}
	}
	f, err := r.Load(ctx, vectors.Guest().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.Bisect(ctx, nil, nil, rows(9)); !errors.Is(err, wasm.ErrNotReproduced) {
		t.Error(err)
	}
}

func TestDeadlineAndCancel(t *testing.T) {
	spin := vectors.Filtering(vectors.Cat([]byte{0x03, 0x40, 0x0c, 0, 0x0b}, vectors.Const(0))).Bytes()
	c := wasm.DefaultConfig()
	c.Deadline, c.FuelBase = 10*time.Millisecond, 1<<40
	in := instance(t, open(t, c), spin, "", nil)
	_, err := in.Filter(ctx, rows(1), nil)
	var g *wasm.GuestError
	if !errors.As(err, &g) || g.Code != wasm.CodeDeadline || g.Deterministic() {
		t.Errorf("deadline: %v", err)
	}
	c.Deadline = time.Minute
	in = instance(t, open(t, c), spin, "", nil)
	cancelled, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	if _, err := in.Filter(cancelled, rows(1), nil); code(err) != wasm.CodeDeadline || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the caller's deadline: %v", err)
	}
	in = instance(t, open(t, c), spin, "", nil)
	stopped, stop := context.WithCancel(ctx)
	stop()
	if _, err := in.Filter(stopped, rows(1), nil); code(err) != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("cancel: %v", err)
	}
}

func TestDigest(t *testing.T) {
	digest := func(c wasm.Config, module []byte, config string, blobs map[string][]byte) string {
		f, err := open(t, c).Load(ctx, module)
		if err != nil {
			t.Fatal(err)
		}
		return f.Digest(json.RawMessage(config), blobs)
	}
	c := wasm.DefaultConfig()
	first := digest(c, probe(t), ``, nil)
	if again := digest(c, probe(t), ` {"column" : "embedding"}`, map[string][]byte{}); again != first {
		t.Error("the defaults, spelt out, change the digest")
	}
	seen := map[string]string{first: "first"}
	fuel, memory := c, c
	fuel.FuelPerRow++
	bytes := c
	bytes.FuelPerByte++
	unmetered := c
	unmetered.Unmetered = true
	memory.MemoryPages--
	for name, d := range map[string]string{
		"config":  digest(c, probe(t), `{"column":"id"}`, nil),
		"blob":    digest(c, probe(t), ``, map[string][]byte{"a": []byte("b")}),
		"blobs":   digest(c, probe(t), ``, map[string][]byte{"ab": nil}),
		"plain":   digest(unmetered, probe(t), ``, nil),
		"bytes":   digest(bytes, probe(t), ``, nil),
		"fuel":    digest(fuel, probe(t), ``, nil),
		"memory":  digest(memory, probe(t), ``, nil),
		"module":  digest(c, vectors.Guest().Bytes(), ``, nil),
		"module2": digest(c, append(vectors.Guest().Bytes(), 0, 2, 1, 'x'), ``, nil),
	} {
		if other := seen[d]; other != "" {
			t.Errorf("%s and %s have one digest", name, other)
		}
		seen[d] = name
	}
}

func TestCacheFolderAndPrecompile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "wasm")
	c := wasm.DefaultConfig()
	c.CacheDir = dir
	calls := 0
	c.Precompile = func(ctx context.Context, metered []byte) error {
		calls++
		return wasm.Compile(ctx, dir, metered)
	}
	r := open(t, c)
	f, err := r.Load(ctx, vectors.Guest().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := r.Load(ctx, vectors.Guest().Bytes()); err != nil || again != f || calls != 1 {
		t.Errorf("loaded again: %v, %d calls", err, calls)
	}
	if _, err := r.Load(ctx, vectors.Filtering([]byte{0x6a}).Bytes()); code(err) != wasm.CodeCompile {
		t.Errorf("a type error in the child: %v", err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := wasm.NewRuntime(ctx, c); err == nil || !strings.Contains(err.Error(), "has mode 0755, want 0700") {
		t.Errorf("a folder that others read: %v", err)
	}
}

func TestConfigValidate(t *testing.T) {
	if _, err := wasm.NewRuntime(ctx, wasm.Config{}); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("got %v, want three complaints", err)
	}
}

func TestMessagesAreCleaned(t *testing.T) {
	b := vectors.Importing(vectors.Import{Module: "cubeset", Name: "log", Type: vectors.TypeNone})
	b.Types[vectors.TypeNone].Params = []byte{vectors.I32, vectors.I32, vectors.I32}
	b.Data = [][]byte{vectors.Cat([]byte{0}, vectors.Const(16), []byte{0x0b}, vectors.Name("a\x1b[0m\xff"))}
	b.Funcs[vectors.FuncConfigure].Code = vectors.Cat(vectors.Const(2), vectors.Const(16), vectors.Const(6), vectors.Call(0), vectors.Const(0))
	type line struct {
		filter string
		level  int
		msg    string
	}
	var heard []line
	c := wasm.DefaultConfig()
	c.Log = func(filter string, level int, msg string) { heard = append(heard, line{filter, level, msg}) }
	instance(t, open(t, c), b.Bytes(), "", nil)
	if want := []line{{"vector", wasm.LevelWarn, `a\x1b[0m\xff`}}; !reflect.DeepEqual(heard, want) {
		t.Errorf("got %v, want %v", heard, want)
	}
}

func TestGoGuest(t *testing.T) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command")
	}
	path := filepath.Join(t.TempDir(), "guest.wasm")
	build := exec.Command(goTool, "build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", path, ".")
	build.Dir = filepath.Join("testdata", "goguest")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	module, err := wasm.Pack(raw, wasm.Manifest{
		Name: "words", ABI: 1, Reasons: []wasm.Reason{{Code: 7, Name: "bad"}}, ConfigDefaults: json.RawMessage(`{"say":"hi"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	var heard []string
	c := wasm.DefaultConfig()
	c.Log = func(_ string, _ int, msg string) { heard = append(heard, msg) }
	r := open(t, c)
	b := &wasm.Batch{Questions: []string{"q", "q", "q"}, Answers: []string{"fine", "плохо дело", "so bad"}}
	var fuel []int64
	for range 2 {
		in := instance(t, r, module, "", map[string][]byte{"words": []byte("bad плохо")})
		out, err := in.Filter(ctx, b, nil)
		if want := []wasm.Verdict{{Keep: true}, {Reason: 7}, {Reason: 7}}; err != nil || !slices.Equal(out, want) {
			t.Fatalf("got %v, %v, want %v", out, err, want)
		}
		fuel = append(fuel, in.Fuel())
	}
	if fuel[0] != fuel[1] {
		t.Errorf("fuel %v", fuel)
	}
	f, err := r.Load(ctx, module)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := wasm.Plain(t, f, module, nil, map[string][]byte{"words": []byte("bad плохо")}, b), []wasm.Verdict{{Keep: true}, {Reason: 7}, {Reason: 7}}; !slices.Equal(got, want) {
		t.Errorf("without the meter %v, want %v", got, want)
	}
	if want := []string{"configured: hi", "configured: hi"}; !slices.Equal(heard, want) {
		t.Errorf("heard %q", heard)
	}
}
