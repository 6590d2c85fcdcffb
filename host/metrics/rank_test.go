package metrics

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestRank(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name   string
		scores []float64
		right  int
		labels []int
		want   float64 // 0: refused
	}{
		{"first", []float64{3, 1, 2}, 0, nil, 1},
		{"last", []float64{3, 1, 2}, 1, nil, 3},
		{"alone", []float64{-1}, 0, nil, 1},
		{"nothing told apart is a guess", []float64{0, 0, 0, 0, 0}, 2, nil, 3},
		{"one equal", []float64{1, 1, 0}, 0, nil, 1.5},
		{"a greater duplicate is right", []float64{1, 2, 3}, 0, []int{7, 7, 1}, 2},
		{"an equal duplicate is right", []float64{1, 1, 1}, 0, []int{7, 7, 7}, 1},
		{"nan of another", []float64{1, nan}, 0, nil, 0},
		{"nan of the right one", []float64{1, nan}, 1, nil, 0},
		{"nan of a duplicate", []float64{1, nan}, 0, []int{7, 7}, 0},
		{"infinite", []float64{1, inf}, 0, nil, 0},
		{"no such answer", []float64{1}, 1, nil, 0},
		{"labels missing", []float64{1, 2}, 0, []int{1}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Rank(c.scores, c.right, c.labels)
			if got != c.want || errors.Is(err, ErrInput) != (c.want == 0) {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
		})
	}
}

// vectors draws n vectors with small whole values, so that ties happen.
func vectors(t *rapid.T, name string, n, dims int) [][]float32 {
	out := make([][]float32, n)
	for i := range out {
		out[i] = make([]float32, dims)
		for k := range out[i] {
			out[i][k] = float32(rapid.IntRange(-3, 3).Draw(t, name))
		}
		out[i][0] = 4 // no vector is zero
	}
	return out
}

func TestRanksAreThoseOfAPlainLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, dims := rapid.IntRange(1, 3*tileRows).Draw(t, "n"), rapid.IntRange(1, 5).Draw(t, "dims")
		q, a := vectors(t, "q", n, dims), vectors(t, "a", n, dims)
		labels := rapid.SliceOfN(rapid.IntRange(0, n), n, n).Draw(t, "labels")
		got, err := Ranks(q, a, labels)
		if err != nil {
			t.Fatal(err)
		}
		for i := range q {
			scores := make([]float64, n)
			for j := range a {
				for k := range q[i] {
					scores[j] += float64(q[i][k]) * float64(a[j][k])
				}
				scores[j] *= 1 / norm(a[j])
			}
			if want, _ := Rank(scores, i, labels); got[i] != want {
				t.Fatalf("question %d of %d: rank %v, want %v", i, n, got[i], want)
			}
		}
	})
}

func TestRanksDoNotDependOnOrderOrLength(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "n")
		q, a := vectors(t, "q", n, 3), vectors(t, "a", n, 3)
		want, err := Ranks(q, a, nil)
		if err != nil {
			t.Fatal(err)
		}
		order := rapid.Permutation(count(n)).Draw(t, "order")
		q2, a2 := make([][]float32, n), make([][]float32, n)
		for to, from := range order {
			q2[to] = q[from]
			for _, x := range a[from] {
				a2[to] = append(a2[to], 8*x) // exactly as long eight times over
			}
		}
		got, err := Ranks(q2, a2, nil)
		if err != nil {
			t.Fatal(err)
		}
		for to, from := range order {
			if got[to] != want[from] {
				t.Fatalf("pair %d has rank %v, moved to %d it has %v", from, want[from], to, got[to])
			}
		}
	})
}

func count(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func TestRanksAtTheEnds(t *testing.T) {
	g := NewGenerator(1)
	apart, same := make([][]float32, 100), make([][]float32, 100)
	for i := range apart {
		apart[i], same[i] = make([]float32, 20), []float32{1, 2}
		for k := range apart[i] {
			apart[i][k] = float32(g.Below(1000)) - 500
		}
	}
	perfect, err := Ranks(apart, apart, nil)
	if err != nil || MRR(perfect) != 1 || Recall(perfect, 1) != 1 || NDCG(perfect, 10) != 1 {
		t.Errorf("each vector is nearest to itself, but MRR is %v, R@1 %v, nDCG@10 %v (%v)", MRR(perfect), Recall(perfect, 1), NDCG(perfect, 10), err)
	}
	collapsed, err := Ranks(same, same, nil)
	if err != nil || Recall(collapsed, 10) != 0 || collapsed[3] != 50.5 {
		t.Errorf("all vectors are equal, but R@10 is %v, the rank %v (%v)", Recall(collapsed, 10), collapsed[3], err)
	}
}

func TestRanksRefuse(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	fine := [][]float32{{1, 2}, {3, 4}}
	for name, bad := range map[string][][]float32{
		"nan": {{1, 2}, {nan, 4}}, "infinite": {{inf, 2}, {3, 4}}, "zero": {{1, 2}, {0, 0}},
		"short": {{1, 2}, {3}}, "few": {{1, 2}},
	} {
		if _, err := Ranks(fine, bad, nil); !errors.Is(err, ErrInput) {
			t.Errorf("answers %s: got %v", name, err)
		}
		if _, err := Ranks(bad, fine, nil); !errors.Is(err, ErrInput) {
			t.Errorf("questions %s: got %v", name, err)
		}
	}
	if _, err := Ranks(fine, fine, []int{1}); !errors.Is(err, ErrInput) {
		t.Errorf("labels: got %v", err)
	}
	if r, err := Ranks(nil, nil, nil); len(r) != 0 || err != nil {
		t.Errorf("nothing: got %v, %v", r, err)
	}
}

func BenchmarkRanks(b *testing.B) {
	const n, dims = 2000, 768
	g := NewGenerator(1)
	q, a := make([][]float32, n), make([][]float32, n)
	for i := range q {
		q[i], a[i] = make([]float32, dims), make([]float32, dims)
		for k := range q[i] {
			q[i][k], a[i][k] = float32(g.Below(1000))-500, float32(g.Below(1000))-500
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Ranks(q, a, nil); err != nil {
			b.Fatal(err)
		}
	}
}
