package wasm

import (
	"context"
	"encoding/json"
	"math"
	"testing"
	"unicode/utf8"
)

// open opens a bundled filter, metered or not.
func openBench(b *testing.B, name, config string) *Instance {
	ctx := context.Background()
	r, err := NewRuntime(ctx, DefaultConfig())
	if err != nil {
		b.Fatal(err)
	}
	f, err := r.Load(ctx, bundled(b, name))
	if err != nil {
		b.Fatal(err)
	}
	in, err := f.Open(ctx, json.RawMessage(config), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.Close(ctx) })
	return in
}

func benchmark(b *testing.B, name, config string, rows, dim int) {
	in := openBench(b, name, config)
	batch := randomBatch(rows, dim, 1)
	l, err := plan(batch, in.f.needs)
	if err != nil {
		b.Fatal(err)
	}
	var out []Verdict
	b.SetBytes(int64(l.total))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if out, err = in.Filter(context.Background(), batch, out); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
	b.ReportMetric(float64(in.Fuel())/float64(rows), "ticks/row")
}

func BenchmarkLength1024(b *testing.B)     { benchmark(b, "length", "", 1024, 0) }
func BenchmarkEcho1024(b *testing.B)       { benchmark(b, "echo", "", 1024, 0) }
func BenchmarkSimilarity1024(b *testing.B) { benchmark(b, "similarity", "", 1024, 0) }

// BenchmarkCosine1024 is the probe, which needs every column there is: it
// computes the cosine of 768 values a row.
func BenchmarkCosine1024(b *testing.B) { benchmark(b, "probe", "", 1024, 768) }

// BenchmarkCall1 is one row: what a call costs.
func BenchmarkCall1(b *testing.B) { benchmark(b, "similarity", "", 1, 0) }

func BenchmarkNativeLength1024(b *testing.B) {
	batch := randomBatch(1024, 0, 1)
	out := make([]Verdict, 1024)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		for i, q := range batch.Questions {
			n, m := utf8.RuneCountInString(q), utf8.RuneCountInString(batch.Answers[i])
			out[i] = Verdict{Keep: n >= 5 && n <= 512 && m >= 10 && m <= 1024, Score: float32(m)}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1024), "ns/row")
}

func BenchmarkNativeCosine1024(b *testing.B) {
	batch := randomBatch(1024, 768, 1)
	out := make([]Verdict, 1024)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		for i, q := range batch.QuestionEmbeddings {
			a := batch.AnswerEmbeddings[i]
			var dot, x, y float32
			for k, v := range q {
				dot, x, y = dot+v*a[k], x+v*v, y+a[k]*a[k]
			}
			out[i] = Verdict{Keep: true, Score: dot / float32(math.Sqrt(float64(x)*float64(y)))}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1024), "ns/row")
}

func BenchmarkPack1024x768(b *testing.B) {
	batch := randomBatch(1024, 768, 1)
	l, err := plan(batch, needEmbeddings)
	if err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, l.total)
	b.SetBytes(int64(l.total))
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		pack(buf, batch, &l)
	}
}

func BenchmarkLoad(b *testing.B) {
	module := bundled(b, "echo")
	b.SetBytes(int64(len(module)))
	b.ReportAllocs()
	for range b.N {
		ctx := context.Background()
		r, err := NewRuntime(ctx, DefaultConfig())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.Load(ctx, module); err != nil {
			b.Fatal(err)
		}
		r.Close(ctx)
	}
}

func BenchmarkScan(b *testing.B) {
	module := bundled(b, "echo")
	b.SetBytes(int64(len(module)))
	b.ReportAllocs()
	for range b.N {
		if err := Scan(module); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMeter(b *testing.B) {
	module := bundled(b, "echo")
	b.SetBytes(int64(len(module)))
	b.ReportAllocs()
	for range b.N {
		if _, err := Meter(module); err != nil {
			b.Fatal(err)
		}
	}
}

// TestFilterAllocatesNothing holds the steady state to no allocation a batch.
func TestFilterAllocatesNothing(t *testing.T) {
	ctx := context.Background()
	r, err := NewRuntime(ctx, DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close(ctx)
	f, err := r.Load(ctx, bundled(t, "length"))
	if err != nil {
		t.Fatal(err)
	}
	in, err := f.Open(ctx, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	batch := randomBatch(256, 0, 1)
	var out []Verdict
	if n := testing.AllocsPerRun(20, func() {
		if out, err = in.Filter(ctx, batch, out); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a batch", n)
	}
}
