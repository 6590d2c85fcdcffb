package wasm

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

var words = strings.Fields("the куб model вопрос answer 世界 你好 энергия кошка مرحبا كيف data слой teacher и a of для Quality фильтр ! ? … 42")

// randomBatch has n rows of random words, some of them echoes, with every column.
func randomBatch(n, dim int, seed uint64) *Batch {
	r := rand.New(rand.NewPCG(seed, 1))
	text := func(most int) string {
		s := make([]string, r.IntN(most))
		for i := range s {
			s[i] = words[r.IntN(len(words))]
		}
		return strings.Join(s, " ")
	}
	vector := func() []float32 {
		v := make([]float32, dim)
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
		return v
	}
	b := &Batch{Dim: dim}
	for i := range n {
		q, a := text(12), text(70)
		if i%5 == 0 {
			a = strings.ToUpper(q) + "!"
		}
		b.Questions, b.Answers = append(b.Questions, q), append(b.Answers, a)
		b.Similarity = append(b.Similarity, 2*r.Float32()-1)
		b.QuestionEmbeddings, b.AnswerEmbeddings = append(b.QuestionEmbeddings, vector()), append(b.AnswerEmbeddings, vector())
	}
	return b
}

func bundled(t testing.TB, name string) []byte {
	t.Helper()
	module, err := os.ReadFile("filters/" + name + "/" + name + ".wasm")
	if err != nil {
		t.Fatal(err)
	}
	return module
}

var bundledNames = []string{"length", "echo", "similarity", "probe", "repetition", "pii", "url", "junk", "language", "gopher_quality", "gopher_repetition", "c4", "fineweb"}

// Plain is what a filter's module says of a batch without the meter.
func Plain(t *testing.T, f *Filter, module []byte, config json.RawMessage, blobs map[string][]byte, b *Batch) []Verdict {
	t.Helper()
	merged, err := f.MergeConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	buffer, err := packConfig(merged, blobs)
	if err != nil {
		t.Fatal(err)
	}
	out, bad := readVerdicts(plain(t, module, f.needs, buffer, b), &f.declared, nil)
	if bad != nil {
		t.Fatal(bad)
	}
	return out
}

// needed are the options without which a filter does nothing.
var needed = map[string]string{"wordlist": `{"words":"a,the,кошка,好"}`, "language": `{"wanted":"en,zh"}`}

// plainCode is of modules that are not metered: each is run several times.
var plainCode = wazero.NewCompilationCache()

// plain runs a module that is not metered, straight in the engine.
func plain(t *testing.T, module []byte, needs needSet, config []byte, b *Batch) []byte {
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCompilationCache(plainCode))
	defer rt.Close(ctx)
	wasi_snapshot_preview1.MustInstantiate(ctx, rt)
	if _, err := rt.NewHostModuleBuilder(hostModule).NewFunctionBuilder().WithFunc(func(_, _, _ uint32) {}).Export("log").Instantiate(ctx); err != nil {
		t.Fatal(err)
	}
	clock := func() (int64, int32) { return clockStartSeconds, 0 }
	code, err := rt.CompileModule(ctx, module)
	if err != nil {
		t.Fatal(err)
	}
	now := int64(0) // a guest that sleeps finds that the time has passed
	nanotime := func() int64 { now += clockStep; return now }
	mod, err := rt.InstantiateModule(ctx, code, wazero.NewModuleConfig().WithWalltime(clock, clockStep).
		WithNanotime(nanotime, clockStep).WithNanosleep(func(ns int64) { now += ns }).WithStartFunctions(exportInitialize))
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
	room := func(n uint64) (uint64, []byte) {
		p := call(exportReserve, n)
		buf, ok := mod.Memory().Read(uint32(p), uint32(n))
		if !ok {
			t.Fatal("no room")
		}
		return p, buf
	}
	p, buf := room(uint64(len(config)))
	copy(buf, config)
	if status := call(exportConfigure, p, uint64(len(config))); status != 0 {
		t.Fatalf("status %d", status)
	}
	l, err := plan(b, needs)
	if err != nil {
		t.Fatal(err)
	}
	p, buf = room(l.total)
	pack(buf, b, &l)
	if status := call(exportFilter, p, l.total); status != 0 {
		t.Fatalf("status %d", status)
	}
	out, _ := mod.Memory().Read(uint32(p+l.verdicts), uint32(l.total-l.verdicts))
	return slices.Clone(out)
}

func TestMeteringChangesNoVerdict(t *testing.T) {
	ctx := context.Background()
	r, err := NewRuntime(ctx, DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close(ctx)
	for _, name := range append([]string{"wordlist"}, bundledNames...) {
		module := bundled(t, name)
		f, err := r.Load(ctx, module)
		if err != nil {
			t.Fatal(err)
		}
		config := json.RawMessage(needed[name])
		for seed := range uint64(8) {
			b := randomBatch(100, 16, seed)
			in, err := f.Open(ctx, config, nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := in.Filter(ctx, b, nil)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, Plain(t, f, module, config, nil, b)) {
				t.Errorf("%s: seed %d: verdicts differ", name, seed)
			}
			if err := in.Close(ctx); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestFuelAndVerdictsOfSplits checks that the same rows use the same fuel twice,
// and get the same verdicts however they are cut into batches.
func TestFuelAndVerdictsOfSplits(t *testing.T) {
	ctx := context.Background()
	r, err := NewRuntime(ctx, DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close(ctx)
	for _, name := range bundledNames {
		f, err := r.Load(ctx, bundled(t, name))
		if err != nil {
			t.Fatal(err)
		}
		b := randomBatch(257, 16, 7)
		run := func(size int) (out []Verdict, fuel []int64) {
			in, err := f.Open(ctx, json.RawMessage(nil), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close(ctx)
			for i := 0; i < b.Rows(); i += size {
				part := b.Slice(i, min(i+size, b.Rows()))
				v, err := in.Filter(ctx, &part, nil)
				if err != nil {
					t.Fatal(err)
				}
				out, fuel = append(out, v...), append(fuel, in.Fuel())
			}
			return out, fuel
		}
		want, fuel := run(257)
		if _, again := run(257); !slices.Equal(fuel, again) {
			t.Errorf("%s: fuel %v, then %v", name, fuel, again)
		}
		for _, size := range []int{1, 16, 100} {
			if got, _ := run(size); !slices.Equal(got, want) {
				t.Errorf("%s: batches of %d give other verdicts", name, size)
			}
		}
		t.Logf("%s: %d ticks a row", name, fuel[0]/257)
	}
}

// TestFuelBudgetIsExact checks that a budget one tick below what a batch uses is
// too small, and the same budget is enough.
func TestFuelBudgetIsExact(t *testing.T) {
	ctx := context.Background()
	run := func(base int64) (int64, error) {
		c := DefaultConfig()
		c.FuelBase, c.FuelPerRow, c.FuelPerByte = base, 0, 0
		r, err := NewRuntime(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close(ctx)
		f, err := r.Load(ctx, bundled(t, "length")) // its manifest asks for no fuel of its own
		if err != nil {
			t.Fatal(err)
		}
		in, err := f.Open(ctx, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close(ctx)
		_, err = in.Filter(ctx, randomBatch(30_000, 0, 3), nil)
		return in.Fuel(), err
	}
	used, err := run(1 << 40)
	if err != nil {
		t.Fatal(err)
	}
	if used < 10*fuelSlice {
		t.Fatalf("only %d ticks: too few to try the refuelling", used)
	}
	if _, err := run(used); err != nil {
		t.Errorf("with exactly enough: %v", err)
	}
	if _, err := run(used - 1); err == nil {
		t.Error("one tick less is enough too")
	}
}

// TestMeteredShape checks the metered module's own import, and that it has
// lost its custom sections.
func TestMeteredShape(t *testing.T) {
	metered, err := Meter(bundled(t, "length"))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	rt := wazero.NewRuntime(ctx)
	defer rt.Close(ctx)
	c, err := rt.CompileModule(ctx, metered)
	if err != nil {
		t.Fatal(err)
	}
	var imports []string
	for _, f := range c.ImportedFunctions() {
		m, n, _ := f.Import()
		imports = append(imports, fmt.Sprint(m, ".", n, f.ParamTypes(), f.ResultTypes()))
	}
	if want := []string{fmt.Sprint("cubeset.refuel", []api.ValueType{api.ValueTypeI64}, []api.ValueType{api.ValueTypeI64})}; !slices.Equal(imports, want) {
		t.Errorf("imports %v, want %v", imports, want)
	}
	for id := range sections(metered) {
		if id == sectionCustom {
			t.Error("a custom section is left")
		}
	}
	if again, err := Meter(bundled(t, "length")); err != nil || !slices.Equal(again, metered) {
		t.Error("metering twice gives two modules")
	}
	if _, err := Meter(metered); err == nil {
		t.Error("a metered module was metered")
	}
}

func TestTimes(t *testing.T) {
	for _, c := range [][3]int64{{2, 3, 6}, {0, 5, 0}, {5, 0, 0}, {math.MaxInt64, 2, math.MaxInt64 / 4}} {
		if got := times(c[0], c[1]); got != c[2] {
			t.Errorf("%d times %d is %d, want %d", c[0], c[1], got, c[2])
		}
	}
}
