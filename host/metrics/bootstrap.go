package metrics

import (
	"fmt"
	"slices"
)

// Bootstrap says how a result is resampled. It starts from DefaultBootstrap.
type Bootstrap struct {
	Rounds int     // times the result is computed anew
	Level  float64 // share of the rounds inside the interval, 0 to 1
	Seed   int64   // of the Generator
}

// DefaultBootstrap is a 95 % interval of 1,000 rounds.
func DefaultBootstrap() Bootstrap { return Bootstrap{Rounds: 1000, Level: 0.95, Seed: 42} }

// Interval is where statistic lies when the n items it is computed of are drawn
// anew, with repetition: the percentile interval over the rounds. statistic
// gets the items drawn, as indices, and may not keep them.
func (b Bootstrap) Interval(n int, statistic func(items []int) float64) ([2]float64, error) {
	if n < 1 || b.Rounds < 1 || !(b.Level > 0 && b.Level < 1) {
		return [2]float64{}, fmt.Errorf("%w: bootstrap of %d items in %d rounds at level %v", ErrInput, n, b.Rounds, b.Level)
	}
	g, items, results := NewGenerator(b.Seed), make([]int, n), make([]float64, b.Rounds)
	for r := range results {
		for i := range items {
			items[i] = g.Below(n)
		}
		results[r] = statistic(items)
		if !finite(results[r]) {
			return [2]float64{}, fmt.Errorf("%w: the result of round %d is %v", ErrInput, r, results[r])
		}
	}
	slices.Sort(results)
	tail := (1 - b.Level) / 2
	return [2]float64{quantile(results, tail), quantile(results, 1-tail)}, nil
}

// MRR is the interval of the MRR of ranks.
func (b Bootstrap) MRR(ranks []float64) ([2]float64, error) {
	return b.Interval(len(ranks), func(items []int) float64 {
		var sum float64
		for _, i := range items {
			sum += 1 / ranks[i]
		}
		return sum / float64(len(items))
	})
}

// AUC is the interval of the AUC of trues and shuffled, which are drawn
// together, the first of the one with the first of the other: each belongs to
// one question. Where their numbers differ the longer is cut.
func (b Bootstrap) AUC(trues, shuffled []float64) ([2]float64, error) {
	if _, err := AUC(trues, shuffled); err != nil {
		return [2]float64{}, err
	}
	n := min(len(trues), len(shuffled))
	t, s := make([]float64, n), make([]float64, n)
	return b.Interval(n, func(items []int) float64 {
		for k, i := range items {
			t[k], s[k] = trues[i], shuffled[i]
		}
		slices.Sort(t)
		slices.Sort(s)
		return auc(t, s)
	})
}
