package metrics

import (
	"fmt"
	"slices"
)

// AUC is the probability that a true pair scores above a shuffled one, an equal
// score counting half: 1 if they are apart, 0.5 if nothing tells them apart.
// It is exact, over all len(trues) × len(shuffled) comparisons.
func AUC(trues, shuffled []float64) (float64, error) {
	t, err := sorted("true pair", trues)
	if err != nil {
		return 0, err
	}
	s, err := sorted("shuffled pair", shuffled)
	if err != nil {
		return 0, err
	}
	return auc(t, s), nil
}

// auc is AUC of what is sorted. Halves are counted, in whole numbers.
func auc(trues, shuffled []float64) float64 {
	var halves uint64
	below, upTo := 0, 0
	for _, t := range trues {
		for below < len(shuffled) && shuffled[below] < t {
			below++
		}
		for upTo < len(shuffled) && shuffled[upTo] <= t {
			upTo++
		}
		halves += uint64(below) + uint64(upTo)
	}
	return float64(halves) / 2 / (float64(len(trues)) * float64(len(shuffled)))
}

// sorted is a copy of scores in order, refused if it is empty or not finite.
func sorted(what string, scores []float64) ([]float64, error) {
	if len(scores) == 0 {
		return nil, fmt.Errorf("%w: no %s", ErrInput, what)
	}
	for i, s := range scores {
		if !finite(s) {
			return nil, fmt.Errorf("%w: %s %d scores %v", ErrInput, what, i, s)
		}
	}
	out := slices.Clone(scores)
	slices.Sort(out)
	return out, nil
}
