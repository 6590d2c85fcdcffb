package metrics

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestGeneratorIsSplitMix64(t *testing.T) {
	// The reference implementation's first numbers from seed 1234567.
	g := NewGenerator(1234567)
	for _, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821} {
		if got := g.Next(); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
}

func TestBelowIsSpreadEvenly(t *testing.T) {
	g, seen := NewGenerator(3), make([]int, 7)
	for range 70_000 {
		seen[g.Below(7)]++
	}
	for i, n := range seen {
		if n < 9_500 || n > 10_500 { // five standard deviations are 463
			t.Errorf("%d came %d times in 70000, want about 10000", i, n)
		}
	}
}

func TestDerange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		labels := rapid.SliceOf(rapid.IntRange(0, 6)).Draw(t, "labels")
		seed := rapid.Int64().Draw(t, "seed")
		size, most := map[int]int{}, 0
		for _, l := range labels {
			size[l]++
			most = max(most, size[l])
		}
		taken, without := map[int]bool{}, 0
		for i, j := range Derange(labels, seed) {
			if j == -1 {
				without++
				continue
			}
			if j == i || labels[j] == labels[i] || taken[j] {
				t.Fatalf("item %d of %v is given item %d (taken: %v)", i, labels, j, taken[j])
			}
			taken[j] = true
		}
		if must := max(0, 2*most-len(labels)); without != must {
			t.Fatalf("%d items go without, %d must", without, must)
		}
	})
}

func TestDerangeMixes(t *testing.T) {
	const n = 4000
	one, two := Derange(count(n), 1), Derange(count(n), 2)
	same, next := 0, 0
	for i := range one {
		if one[i] == two[i] {
			same++
		}
		if one[i] == (i+1)%n {
			next++
		}
	}
	if same > 10 || next > 10 { // one is expected of each
		t.Errorf("of %d items %d are given the same by two seeds, and %d their neighbour", n, same, next)
	}
}

func TestInterval(t *testing.T) {
	g := NewGenerator(11)
	values := make([]float64, 400)
	for i := range values {
		values[i] = normal(g, 5)
	}
	mean := func(items []int) float64 {
		var sum float64
		for _, i := range items {
			sum += values[i]
		}
		return sum / float64(len(items))
	}
	b := DefaultBootstrap()
	got, err := b.Interval(len(values), mean)
	if err != nil {
		t.Fatal(err)
	}
	if m, half := mean(count(len(values))), 1.96/20; math.Abs(got[0]-(m-half)) > 0.02 || math.Abs(got[1]-(m+half)) > 0.02 {
		t.Errorf("the interval of a mean of %v ± %v is %v", m, half, got)
	}
	if again, _ := b.Interval(len(values), mean); again != got {
		t.Errorf("the same seed gives %v, then %v", got, again)
	}
	b.Seed++
	if other, _ := b.Interval(len(values), mean); other == got {
		t.Error("another seed gives the same rounds")
	}
}

func TestIntervalsOfScores(t *testing.T) {
	g, b := NewGenerator(5), DefaultBootstrap()
	ranks, trues, shuffled := make([]float64, 300), make([]float64, 300), make([]float64, 300)
	for i := range ranks {
		ranks[i], trues[i], shuffled[i] = float64(1+g.Below(20)), normal(g, 1), normal(g, 0)
	}
	m, err := b.MRR(ranks)
	if v := MRR(ranks); err != nil || !(m[0] < v && v < m[1]) || m[1]-m[0] > 0.2 {
		t.Errorf("MRR %v in %v, %v", v, m, err)
	}
	a, err := b.AUC(trues, shuffled)
	if v, _ := AUC(trues, shuffled); err != nil || !(a[0] < v && v < a[1]) || a[1]-a[0] > 0.2 {
		t.Errorf("AUC %v in %v, %v", v, a, err)
	}
	for name, f := range map[string]func() ([2]float64, error){
		"no ranks":  func() ([2]float64, error) { return b.MRR(nil) },
		"no rank 0": func() ([2]float64, error) { return b.MRR([]float64{0}) },
		"no pairs":  func() ([2]float64, error) { return b.AUC(nil, nil) },
		"nan":       func() ([2]float64, error) { return b.AUC([]float64{math.NaN()}, shuffled) },
		"no rounds": func() ([2]float64, error) { return Bootstrap{Level: 0.9}.MRR(ranks) },
		"no level":  func() ([2]float64, error) { return Bootstrap{Rounds: 9}.MRR(ranks) },
	} {
		if _, err := f(); !errors.Is(err, ErrInput) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
