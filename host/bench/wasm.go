package main

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/filters"
	"github.com/tetratelabs/wazero"
)

const (
	wasmRows      = 4096    // different ones
	wasmTextRows  = 262_144 // judged a turn, by kind
	wasmAlikeRows = 65_536
	scriptRows    = 16_384
	extismRows    = 512 // a turn, in which it is called for each
)

// judge says what a filter says of a batch; out may be used again.
type judge func(b *wasm.Batch, out []wasm.Verdict) ([]wasm.Verdict, error)

// wasmGroups compares a filter as native code, as a guest whose work is counted,
// as the same guest without, and as a plugin of Extism.
func wasmGroups(ctx context.Context, p place) ([]Group, error) {
	built, err := buildGuests(ctx, p)
	if err != nil {
		return nil, err
	}
	config := wasm.DefaultConfig()
	config.CacheDir = filepath.Join(p.tmp, "compiled")
	rt, err := wasm.NewRuntime(ctx, config)
	if err != nil {
		return nil, err
	}
	plain, err := bareRuntime(ctx, built)
	if err != nil {
		return nil, err
	}
	x := newExtism(ctx, p)
	batch := sampleBatch(wasmRows)
	var groups []Group
	for _, kind := range []struct {
		name, title string
		rows        int
	}{{kindText, "texts only", wasmTextRows}, {kindAlike, "texts and two vectors of 768", wasmAlikeRows}} {
		for _, size := range []int{1, 64, 1024} {
			t := turn{batch: batch, size: size, rows: max(p.orRows(kind.rows), size)}
			t.want, _ = native(kind.name)(batch, nil)
			g := Group{Title: fmt.Sprintf("wasm: %s, batches of %d", kind.title, size), Unit: "ns/row", Scale: 1e9,
				Notes: []string{"Times hold packing the rows, copying them into the guest and checking its verdicts, which are native Go's to the bit."}}
			g.Cases = append(g.Cases, Case{Name: "native Go", Run: t.run(func() (judge, func(), error) { return native(kind.name), func() {}, nil })})
			for _, l := range toolchains() {
				g.Cases = append(g.Cases, t.unmetered(ctx, plain, l.language, built[[2]string{kind.name, l.language}]),
					t.metered(ctx, rt, l.language, built[[2]string{kind.name, l.language}]))
			}
			if kind.name == kindText {
				g.Cases = append(g.Cases, t.script(ctx, rt))
			}
			switch size {
			case 1:
				t.rows = min(t.rows, extismRows)
				g.Cases = append(g.Cases, Case{"Extism, JSON", []string{"native Go", "rust"}, t.run(func() (judge, func(), error) { return x.json(kind.name) })})
			case 1024:
				t.rows = min(t.rows, 8*size)
				g.Cases = append(g.Cases, Case{"Extism, packed", []string{"native Go", "rust"}, t.run(func() (judge, func(), error) { return x.packed(kind.name) })})
			}
			groups = append(groups, g)
		}
	}
	return groups, nil
}

// sampleBatch is rows with texts of some 60 and 240 bytes and two vectors.
func sampleBatch(n int) *wasm.Batch {
	v := unitVectors(2 * n)
	for i := range n { // half of the pairs are alike
		if i%2 == 0 {
			copy(v[2*i+1], v[2*i])
		}
	}
	b := &wasm.Batch{Questions: texts(n, 60, 5), Answers: texts(n, 240, 6), Dim: vectorDim}
	for i := range n {
		b.QuestionEmbeddings, b.AnswerEmbeddings = append(b.QuestionEmbeddings, v[2*i]), append(b.AnswerEmbeddings, v[2*i+1])
	}
	return b
}

// turn is one contestant's work: rows rows of the batch, again and again, in
// batches of size.
type turn struct {
	batch      *wasm.Batch
	size, rows int
	want       []wasm.Verdict
}

// metered is a guest as the host of this project runs it.
func (t turn) metered(ctx context.Context, r *wasm.Runtime, language string, g guest) Case {
	return Case{language, []string{"native Go", language + unmetered}, t.run(func() (judge, func(), error) {
		if g.missing != nil {
			return nil, nil, g.missing
		}
		f, err := r.Load(ctx, g.module)
		if err != nil {
			return nil, nil, err
		}
		in, err := f.Open(ctx, nil, nil)
		return func(b *wasm.Batch, out []wasm.Verdict) ([]wasm.Verdict, error) { return in.Filter(ctx, b, out) },
			func() { in.Close(ctx) }, err
	})}
}

// textScript is the kind text. Length counts UTF-16, which for these texts is
// what the others count.
const textScript = `const reasons = ["answer_short"];
const options = {"answer_min": 10};
function keep(row) {
  const n = row.answer.length;
  return {keep: n >= options.answer_min, score: n};
}`

// script is a filter in JavaScript, which the bundled interpreter runs.
func (t turn) script(ctx context.Context, r *wasm.Runtime) Case {
	t.rows = min(t.rows, max(scriptRows, t.size))
	var g guest
	g.module, g.missing = filters.Script("text.js", []byte(textScript))
	c := t.metered(ctx, r, "JavaScript", g)
	c.Against = []string{"native Go", "rust"}
	return c
}

const unmetered = ", not metered"

// unmetered is the same guest in a host that limits nothing.
func (t turn) unmetered(ctx context.Context, r wazero.Runtime, language string, g guest) Case {
	return Case{language + unmetered, []string{"native Go"}, t.run(func() (judge, func(), error) {
		if g.missing != nil {
			return nil, nil, g.missing
		}
		in, err := openBare(ctx, r, g)
		return func(b *wasm.Batch, out []wasm.Verdict) ([]wasm.Verdict, error) { return in.judge(ctx, b, out) },
			func() { in.module.Close(ctx) }, err
	})}
}

// run is a case's Run: open gives the contestant and what ends it.
func (t turn) run(open func() (judge, func(), error)) func(context.Context) (Sample, error) {
	return func(context.Context) (Sample, error) {
		j, end, err := open()
		if err != nil {
			return Sample{}, err
		}
		defer end()
		var batches []wasm.Batch
		for i := 0; i+t.size <= t.batch.Rows(); i += t.size {
			batches = append(batches, t.batch.Slice(i, i+t.size))
		}
		var out []wasm.Verdict
		for i := range batches[:min(len(batches), 64)] { // also makes room for the largest
			if out, err = j(&batches[i], out); err != nil {
				return Sample{}, err
			}
			if want := t.want[i*t.size : (i+1)*t.size]; !slices.Equal(out, want) {
				return Sample{}, fmt.Errorf("rows from %d have other verdicts than native Go's", i*t.size)
			}
		}
		runtime.GC() // what earlier contestants left
		done := 0
		var watch stopwatch
		err = watch.lap(func() error {
			for i := 0; done < t.rows; i++ {
				if out, err = j(&batches[i%len(batches)], out); err != nil {
					return err
				}
				done += t.size
			}
			return nil
		})
		return watch.sample(float64(done)), err
	}
}
