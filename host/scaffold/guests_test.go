package scaffold

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cubeset/cubeset/wasm"
)

// guestsVariable names a folder with the modules KIND-LANGUAGE.wasm that the
// tests and benchmarks of this file run: kind text is what New writes, alike the
// examples' filter, and columns that of testdata.
const guestsVariable = "CUBESET_TEST_GUESTS"

// guestsDir is that folder; the test is skipped where there is none.
func guestsDir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv(guestsVariable)
	if dir == "" {
		t.Skip("needs built filters: go run ./host/check builds them")
	}
	return dir
}

func open(t testing.TB, c wasm.Config, kind, lang, options string, blobs map[string][]byte) (*wasm.Instance, error) {
	t.Helper()
	dir := guestsDir(t)
	module, err := os.ReadFile(filepath.Join(dir, kind+"-"+lang+".wasm"))
	if err != nil {
		t.Fatal(err)
	}
	c.CacheDir = filepath.Join(dir, "compiled")
	ctx := context.Background()
	r, err := wasm.NewRuntime(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(ctx) })
	f, err := r.Load(ctx, module)
	if err != nil {
		t.Fatal(err)
	}
	return f.Open(ctx, json.RawMessage(options), blobs)
}

func mustOpen(t testing.TB, kind, lang, options string) *wasm.Instance {
	t.Helper()
	in, err := open(t, wasm.DefaultConfig(), kind, lang, options, nil)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// sample is a batch with every column. Texts have some 60 and 240 bytes.
func sample(rows, dim int) *wasm.Batch {
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"order", "when", "письмо", "пароль", "the", "friday", "ответ", "a", "дом", "привет", "🙂", "\n"}
	text := func(n int) string {
		var s strings.Builder
		for s.Len() < r.IntN(2*n) {
			s.WriteString(words[r.IntN(len(words))] + " ")
		}
		return s.String()
	}
	vector := func() []float32 {
		v, sum := make([]float32, dim), 0.0
		for i := range v {
			v[i] = float32(r.NormFloat64() + 0.5)
			sum += float64(v[i] * v[i])
		}
		for i := range v {
			v[i] /= float32(math.Sqrt(sum))
		}
		return v
	}
	b := &wasm.Batch{Dim: dim, RowBase: 1<<33 + 5}
	b.Scores = []wasm.ScoreColumn{{Name: "length"}, {Name: "echo"}}
	for i := range rows {
		b.Questions, b.Answers = append(b.Questions, text(60)), append(b.Answers, text(240))
		b.Contexts, b.IDs = append(b.Contexts, text(20)), append(b.IDs, fmt.Sprint("row-", i))
		b.Langs, b.Sources = append(b.Langs, []string{"en", "ru", ""}[i%3]), append(b.Sources, text(3))
		b.DialogueIDs, b.Turns = append(b.DialogueIDs, fmt.Sprint(i/3)), append(b.Turns, int32(i%4)-1)
		b.Similarity = append(b.Similarity, r.Float32())
		b.QuestionEmbeddings, b.AnswerEmbeddings = append(b.QuestionEmbeddings, vector()), append(b.AnswerEmbeddings, vector())
		for k := range b.Scores {
			b.Scores[k].Values = append(b.Scores[k].Values, float32(i*k)/7)
		}
	}
	return b
}

// The kinds of guests, as they would be here.
var native = map[string]func(b *wasm.Batch, i int) wasm.Verdict{"text": nativeText, "alike": nativeAlike}

func nativeText(b *wasm.Batch, i int) wasm.Verdict {
	n := utf8.RuneCountInString(b.Answers[i])
	return verdict(map[bool]uint16{true: 1}[n < 10], float32(n))
}

func nativeAlike(b *wasm.Batch, i int) wasm.Verdict {
	d := dot(b.QuestionEmbeddings[i], b.AnswerEmbeddings[i])
	switch {
	case min(utf8.RuneCountInString(b.Questions[i]), utf8.RuneCountInString(b.Answers[i])) < 20:
		return verdict(1, d)
	case d < 0.2:
		return verdict(2, d)
	}
	return verdict(0, d)
}

// dot is that of the examples.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	for i := 0; i+4 <= len(a) && i+4 <= len(b); i += 4 {
		x, y := a[i:i+4:i+4], b[i:i+4:i+4]
		s0 += float32(x[0] * y[0])
		s1 += float32(x[1] * y[1])
		s2 += float32(x[2] * y[2])
		s3 += float32(x[3] * y[3])
	}
	return min(max((s0+s1)+(s2+s3), -1), 1)
}

// columnsOf is what testdata/columns makes of the rows.
func columnsOf(number float64, flag bool, text, words string) func(b *wasm.Batch, i int) wasm.Verdict {
	return func(b *wasm.Batch, i int) wasm.Verdict {
		h := fnv.New32a()
		word := func(v uint32) { h.Write([]byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)}) }
		long := func(v uint64) { word(uint32(v)); word(uint32(v >> 32)) }
		str := func(s string) { h.Write([]byte(s + "\x00")) }
		long(math.Float64bits(number))
		word(map[bool]uint32{true: 1}[flag])
		str(text)
		str(words)
		long(b.RowBase + uint64(i))
		for _, column := range [][]string{b.Questions, b.Answers, b.Contexts, b.IDs, b.Langs, b.Sources, b.DialogueIDs} {
			str(column[i])
		}
		word(uint32(b.Turns[i]))
		word(math.Float32bits(b.Similarity[i]))
		for k, x := range b.QuestionEmbeddings[i] {
			word(math.Float32bits(x))
			word(math.Float32bits(b.AnswerEmbeddings[i][k]))
		}
		for _, s := range b.Scores {
			str(s.Name)
			word(math.Float32bits(s.Values[i]))
		}
		sum := h.Sum32()
		return verdict(map[uint32]uint16{1: 7}[sum>>24&1], float32(sum&0xffffff))
	}
}

func verdict(reason uint16, score float32) wasm.Verdict {
	return wasm.Verdict{Keep: reason == 0, Reason: reason, Score: score}
}

// compare has batches of several sizes judged, and every verdict must be want's.
func compare(t *testing.T, in *wasm.Instance, b *wasm.Batch, want func(*wasm.Batch, int) wasm.Verdict) {
	t.Helper()
	var got []wasm.Verdict
	for _, n := range []int{b.Rows(), 1, 0, 2, b.Rows()} {
		part, err := b.Slice(0, n), error(nil)
		if got, err = in.Filter(context.Background(), &part, got); err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if w := want(b, i); v != w {
				t.Fatalf("row %d of %d: got %+v, want %+v", i, n, v, w)
			}
		}
	}
	dropped := 0
	for _, v := range got {
		if !v.Keep {
			dropped++
		}
	}
	t.Logf("%d rows, %d dropped, %d ticks a row", len(got), dropped, in.Fuel()/int64(max(1, len(got))))
	if dropped == 0 || dropped == len(got) {
		t.Errorf("%d of %d dropped: the comparison says little", dropped, len(got))
	}
}

func TestGuestsAgree(t *testing.T) {
	guestsDir(t)
	b := sample(256, 768)
	for kind, want := range native {
		for _, l := range languages {
			t.Run(kind+"/"+l.Name, func(t *testing.T) { compare(t, mustOpen(t, kind, l.Name, ""), b, want) })
		}
	}
}

func TestGuestsSeeEveryColumn(t *testing.T) {
	guestsDir(t)
	const text = "a \"b\" \\ \t é € 😀 \u2028 <&>"
	blobs := map[string][]byte{"words": []byte("один two"), "wordy": []byte("x"), "a": {}}
	options, err := json.Marshal(map[string]any{"number": -0.0128, "flag": false, "text": text})
	if err != nil {
		t.Fatal(err)
	}
	b := sample(64, 12)
	for _, l := range languages {
		t.Run(l.Name, func(t *testing.T) {
			var said []string
			c := wasm.DefaultConfig()
			c.Log = func(_ string, _ int, msg string) { said = append(said, msg) }
			in, err := open(t, c, "columns", l.Name, string(options), blobs)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, in, b, columnsOf(-0.0128, false, text, "один two"))
			if !slices.Equal(said, []string{"hashed the options"}) {
				t.Errorf("log is %q", said)
			}
			compare(t, mustOpen(t, "columns", l.Name, ""), b, columnsOf(0.1, true, "plain", ""))
		})
	}
}

func TestGuestsReportErrors(t *testing.T) {
	guestsDir(t)
	for _, l := range languages {
		t.Run(l.Name, func(t *testing.T) {
			_, err := open(t, wasm.DefaultConfig(), "columns", l.Name, `{"text":"fail"}`, nil)
			var e *wasm.GuestError
			if !errors.As(err, &e) || e.Code != wasm.CodeConfig || !strings.Contains(err.Error(), "asked to fail") {
				t.Errorf("refused options: %v", err)
			}
			b := sample(3, 4)
			b.Answers[1] = "a trap"
			_, err = mustOpen(t, "columns", l.Name, "").Filter(context.Background(), b, nil)
			if !errors.As(err, &e) || e.Code != wasm.CodeTrap && e.Code != wasm.CodeProcExit {
				t.Errorf("a panic: %v", err)
			}
		})
	}
}

// TestGuestsKeepTheirMemory holds guests to the memory of their largest batch.
func TestGuestsKeepTheirMemory(t *testing.T) {
	guestsDir(t)
	b := sample(64, 768)
	for _, l := range languages {
		t.Run(l.Name, func(t *testing.T) {
			in := mustOpen(t, "columns", l.Name, "")
			var out []wasm.Verdict
			var err error
			settled := uint32(0)
			for i := range 300 {
				if out, err = in.Filter(context.Background(), b, out); err != nil {
					t.Fatal(err)
				}
				if i == 100 {
					settled = in.Memory()
				}
			}
			if in.Memory() != settled {
				t.Errorf("memory grew from %d to %d bytes in 200 batches", settled, in.Memory())
			}
		})
	}
}

func BenchmarkGuests(b *testing.B) {
	guestsDir(b)
	const rows = 1024
	batch := sample(rows, 768)
	for _, kind := range []string{"text", "alike"} {
		b.Run(kind+"/native", func(b *testing.B) {
			out := make([]wasm.Verdict, rows)
			b.ReportAllocs()
			for b.Loop() {
				for i := range out {
					out[i] = native[kind](batch, i)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
		})
		for _, l := range languages {
			b.Run(kind+"/"+l.Name, func(b *testing.B) {
				in := mustOpen(b, kind, l.Name, "")
				out, err := in.Filter(context.Background(), batch, nil)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					if out, err = in.Filter(context.Background(), batch, out); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
				b.ReportMetric(float64(in.Fuel()/rows), "ticks/row")
			})
		}
	}
}

// BenchmarkGuestsStart is what a chunk pays for an instance of its own.
func BenchmarkGuestsStart(b *testing.B) {
	dir := guestsDir(b)
	for _, l := range languages {
		b.Run(l.Name, func(b *testing.B) {
			c, ctx := wasm.DefaultConfig(), context.Background()
			c.CacheDir = filepath.Join(dir, "compiled")
			r, err := wasm.NewRuntime(ctx, c)
			if err != nil {
				b.Fatal(err)
			}
			defer r.Close(ctx)
			module, err := os.ReadFile(filepath.Join(dir, "text-"+l.Name+".wasm"))
			if err != nil {
				b.Fatal(err)
			}
			f, err := r.Load(ctx, module)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				in, err := f.Open(ctx, nil, nil)
				if err != nil {
					b.Fatal(err)
				}
				in.Close(ctx)
			}
		})
	}
}
