package metrics

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-12 }

func TestScores(t *testing.T) {
	ranks := []float64{1, 2, 4, 10.5, 11}
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"mrr", MRR(ranks), (1 + 1./2 + 1./4 + 1/10.5 + 1./11) / 5},
		{"r@1", Recall(ranks, 1), 0.2},
		{"r@5", Recall(ranks, 5), 0.6},
		{"r@11", Recall(ranks, 11), 1},
		{"ndcg@10", NDCG(ranks, 10), (1 + 1/math.Log2(3) + 1/math.Log2(5)) / 5},
		{"mean", Mean(ranks), 28.5 / 5},
	} {
		if !near(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, c.got, c.want)
		}
	}
	for _, f := range []float64{MRR(nil), Recall(nil, 1), NDCG(nil, 1), Mean(nil)} {
		if !math.IsNaN(f) {
			t.Errorf("of nothing: got %v", f)
		}
	}
}

func TestAUC(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name            string
		trues, shuffled []float64
		want            float64 // -1: refused
	}{
		{"apart", []float64{3, 4}, []float64{1, 2}, 1},
		{"the wrong way round", []float64{1, 2}, []float64{3, 4}, 0},
		{"equal", []float64{1, 1}, []float64{1, 1, 1}, 0.5},
		{"half of a tie", []float64{1}, []float64{0, 1}, 0.75},
		{"mixed", []float64{0, 2}, []float64{1}, 0.5},
		{"nan", []float64{1, nan}, []float64{0}, -1},
		{"nan shuffled", []float64{1}, []float64{nan}, -1},
		{"infinite", []float64{math.Inf(1)}, []float64{0}, -1},
		{"no true pair", nil, []float64{0}, -1},
		{"no shuffled pair", []float64{0}, nil, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := AUC(c.trues, c.shuffled)
			if c.want < 0 && !errors.Is(err, ErrInput) || c.want >= 0 && (err != nil || got != c.want) {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
		})
	}
}

func TestAUCIsThatOfAllComparisons(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Map(rapid.IntRange(-5, 5), func(i int) float64 { return float64(i) })
		trues := rapid.SliceOfN(number, 1, 30).Draw(t, "trues")
		shuffled := rapid.SliceOfN(number, 1, 30).Draw(t, "shuffled")
		before := slices.Clone(trues)
		halves := 0
		for _, x := range trues {
			for _, y := range shuffled {
				switch {
				case x > y:
					halves += 2
				case x == y:
					halves++
				}
			}
		}
		got, err := AUC(trues, shuffled)
		if want := float64(halves) / 2 / float64(len(trues)*len(shuffled)); err != nil || !near(got, want) {
			t.Fatalf("got %v, %v, want %v", got, err, want)
		}
		if other, _ := AUC(shuffled, trues); !near(got+other, 1) {
			t.Fatalf("one way %v, the other %v", got, other)
		}
		if !slices.Equal(trues, before) {
			t.Fatal("the input was reordered")
		}
	})
}

// normal is roughly normal around mean.
func normal(g *Generator, mean float64) float64 {
	sum := 0
	for range 12 {
		sum += g.Below(1 << 20)
	}
	return mean + float64(sum)/(1<<20) - 6
}

func TestAUCOfShuffledLabelsIsHalf(t *testing.T) {
	g := NewGenerator(7)
	all := make([]float64, 8000)
	for i := range all {
		all[i] = normal(g, float64(i/4000)) // the first half around 0, the second around 1
	}
	apart, _ := AUC(all[4000:], all[:4000])
	if math.Abs(apart-0.7602) > 0.02 { // Φ(1/√2)
		t.Errorf("one deviation apart: AUC %v, want about 0.760", apart)
	}
	g.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if chance, _ := AUC(all[4000:], all[:4000]); math.Abs(chance-0.5) > 0.03 {
		t.Errorf("labels shuffled: AUC %v, want about 0.5", chance)
	}
}

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		values  []float64
		q, want float64
	}{
		{[]float64{4, 1, 3, 2}, 0, 1},
		{[]float64{4, 1, 3, 2}, 1, 4},
		{[]float64{4, 1, 3, 2}, 0.5, 2.5},
		{[]float64{4, 1, 3, 2}, 0.9, 3.7},
		{[]float64{5}, 0.3, 5},
	} {
		if got, err := Quantile(c.values, c.q); err != nil || !near(got, c.want) {
			t.Errorf("quantile %v of %v: got %v, %v, want %v", c.q, c.values, got, err, c.want)
		}
	}
	for _, q := range []float64{-0.1, 1.1, math.NaN()} {
		if _, err := Quantile([]float64{1}, q); !errors.Is(err, ErrInput) {
			t.Errorf("quantile %v: got %v", q, err)
		}
	}
	if _, err := Quantile([]float64{1, math.NaN()}, 0.5); !errors.Is(err, ErrInput) {
		t.Errorf("nan: got %v", err)
	}
}

func BenchmarkAUC(b *testing.B) {
	g := NewGenerator(1)
	t, s := make([]float64, 2000), make([]float64, 2000)
	for i := range t {
		t[i], s[i] = normal(g, 1), normal(g, 0)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := AUC(t, s); err != nil {
			b.Fatal(err)
		}
	}
}
