package teacher

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func good() Description {
	return Description{Name: "fake", Model: "test/fake", Dims: 3, Determinism: Exact, MinSimilarity: math.NaN()}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Description)
		want   string
	}{
		{"good", func(*Description) {}, ""},
		{"prompt of two lines", func(d *Description) { d.QuestionPrefix = "Instruct:\n\tQuery: " }, ""},
		{"no name", func(d *Description) { d.Name = "" }, "name: missing"},
		{"no model", func(d *Description) { d.Model = "" }, "model: missing"},
		{"no dims", func(d *Description) { d.Dims = 0 }, "dims: 0 is outside 1..65536"},
		{"many dims", func(d *Description) { d.Dims = 1 << 20 }, "dims: 1048576 is outside 1..65536"},
		{"rows", func(d *Description) { d.MaxRows = -1 }, "max rows: -1 is outside 0..65536"},
		{"tokens", func(d *Description) { d.MaxTokens = -1 }, "max tokens: -1 is outside 0..2147483647"},
		{"determinism", func(d *Description) { d.Determinism = "maybe" }, `determinism: neither "exact" nor "close"`},
		{"similarity", func(d *Description) { d.MinSimilarity = 2 }, "min similarity: 2 is outside -1..1"},
		{"escape", func(d *Description) { d.Licence = "\x1b[1m" }, "licence: holds a character that cannot be printed"},
		{"line in a name", func(d *Description) { d.Name = "a\nb" }, "name: holds a character that cannot be printed"},
		{"bytes", func(d *Description) { d.Model = "\xff" }, "model: not UTF-8"},
		{"long", func(d *Description) { d.AnswerPrefix = strings.Repeat("x", 5000) }, "answer prefix: 5000 bytes, at most 4096"},
		{"two faults", func(d *Description) { d.Model, d.Dims = "", 0 }, "dims: 0 is outside 1..65536\nmodel: missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := good()
			c.change(&d)
			got := ""
			if err := d.Validate(); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Nothing is lost on the way.
func TestProto(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, n := rapid.String(), rapid.IntRange(0, intMax)
		d := Description{
			Model: text.Draw(t, "model"), Revision: text.Draw(t, "revision"), WeightsDigest: text.Draw(t, "weights"),
			TokenizerDigest: text.Draw(t, "tokenizer"), Pooling: text.Draw(t, "pooling"), Truncation: text.Draw(t, "truncation"),
			Normalised: rapid.Bool().Draw(t, "normalised"), Dims: n.Draw(t, "dims"), MaxTokens: n.Draw(t, "tokens"),
			APIDimensions: n.Draw(t, "api"), Name: text.Draw(t, "name"), MaxRows: n.Draw(t, "rows"),
			Determinism: Determinism(text.Draw(t, "determinism")), Licence: text.Draw(t, "licence"), Languages: text.Draw(t, "languages"),
			MinSimilarity:  rapid.SampledFrom([]float64{0, -1, 0.25, math.NaN()}).Draw(t, "similarity"),
			QuestionPrefix: text.Draw(t, "question"), AnswerPrefix: text.Draw(t, "answer"),
		}
		if diff := cmp.Diff(d, FromProto(d.Proto()), cmpopts.EquateNaNs()); diff != "" {
			t.Fatal(diff)
		}
	})
}
