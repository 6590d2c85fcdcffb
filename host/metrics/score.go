package metrics

import "math"

// MRR is the mean reciprocal rank: 1 if every right answer is first. It is NaN
// if there are no ranks.
func MRR(ranks []float64) float64 {
	return mean(ranks, func(r float64) float64 { return 1 / r })
}

// Recall is the share of right answers among the first k (recall@k). It is NaN
// if there are no ranks.
func Recall(ranks []float64, k int) float64 {
	return mean(ranks, func(r float64) float64 {
		if r > float64(k) {
			return 0
		}
		return 1
	})
}

// NDCG is the normalised discounted cumulative gain of the first k (nDCG@k)
// where each question has one right answer: the mean of 1/log2(1+rank), or 0
// beyond k. It is NaN if there are no ranks.
func NDCG(ranks []float64, k int) float64 {
	return mean(ranks, func(r float64) float64 {
		if r > float64(k) {
			return 0
		}
		return 1 / math.Log2(1+r)
	})
}

// Mean is the arithmetic mean, NaN of no values.
func Mean(values []float64) float64 {
	return mean(values, func(v float64) float64 { return v })
}

func mean(values []float64, of func(float64) float64) float64 {
	var sum float64
	for _, v := range values {
		sum += of(v)
	}
	return sum / float64(len(values))
}
