package static

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// expected is what model2vec says to a text; testdata/make.py wrote it.
type expected struct {
	Text   string
	IDs    []int32
	Vector []float64
}

func readExpected(t *testing.T, folder string) (out []expected) {
	b, err := os.ReadFile(filepath.Join(folder, "expected.json"))
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil || len(out) == 0 {
		t.Fatal(len(out), err)
	}
	return out
}

// The same tokens and the same vectors as the Python package, for each kind of
// tokenizer.
func TestModel2Vec(t *testing.T) {
	for name, tolerance := range map[string]float64{
		"wordpiece": 1e-6, "cased": 1e-6, "unigram": 1e-6, "bytebpe": 1e-5, "charbpe": 1e-6, "wordlevel": 1e-6,
		// bytebpe has no limit: the package adds thousands of vectors in float32.
		"spaced": 2e-3, // float16: the package computes in it, we in float64
	} {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join("testdata", name)
			e, err := New(json.RawMessage(`{"path":"` + folder + `"}`))
			if err != nil {
				t.Fatal(err)
			}
			d, err := e.Describe(context.Background())
			if err != nil || d.Validate() != nil {
				t.Fatal(d, err, d.Validate())
			}
			m, err := e.(*File).model()
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range readExpected(t, folder) {
				s := scratch{sum: make([]float64, m.dims)}
				m.tokenizer.tokens(&s, []byte(x.Text))
				if m.maxTokens > 0 {
					s.ids = s.ids[:min(len(s.ids), m.maxTokens)]
				}
				got := slices.DeleteFunc(s.ids, func(id int32) bool { return id == m.unknown })
				if !slices.Equal(got, x.IDs) {
					t.Errorf("%.40q: tokens %v, want %v", x.Text, got, x.IDs)
					continue
				}
				v := make([]float32, m.dims)
				r := m.embed(&s, x.Text, v)
				if (r.Err != nil) != !slices.ContainsFunc(x.Vector, func(x float64) bool { return x != 0 }) {
					t.Errorf("%.40q: %v", x.Text, r.Err)
				}
				for i := range v {
					if math.Abs(float64(v[i])-x.Vector[i]) > tolerance {
						t.Errorf("%.40q: %v, want %v", x.Text, v, x.Vector)
						break
					}
				}
			}
		})
	}
}

func TestModel2VecTruncates(t *testing.T) {
	text := strings.Repeat("the ", 600)
	for _, c := range []struct {
		config    string
		tokens    int
		truncated bool
	}{
		{`{"path":"testdata/wordpiece"}`, 384, true},              // characters run out before tokens, as in model2vec
		{`{"path":"testdata/wordpiece","max_tokens":7}`, 6, true}, // median token: three characters
		{`{"path":"testdata/bytebpe"}`, 601, false},               // max_length is null; a space is left over
	} {
		e, err := New(json.RawMessage(c.config))
		if err != nil {
			t.Fatal(err)
		}
		f := e.(*File)
		d, err := f.Describe(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		rows, err := f.EmbedRows(context.Background(), []string{text}, make([]float32, d.Dims))
		if err != nil || rows[0].Tokens != c.tokens || rows[0].Truncated != c.truncated {
			t.Errorf("%s: %+v, %v", c.config, rows, err)
		}
	}
}
