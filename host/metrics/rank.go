// Package metrics says how well scores find what belongs together: where the
// right answer ranks in a pool, whether true pairs score above shuffled ones,
// and how sure one can be of it. It takes slices and touches nothing else.
//
// A number that is not finite is an error here, never a score: compared with
// anything it is neither less nor greater, and would come out as a perfect
// result.
package metrics

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
)

// ErrInput is what every refusal of input matches.
var ErrInput = errors.New("cannot be scored")

// Rank is the place from 1 of scores[right], the greatest first: 1 and one for
// each greater score, and a half for each equal one, so that a scorer which
// cannot tell answers apart has the rank that guessing has. labels says which
// scores are of the same answer: those that share right's label count neither
// for nor against it. nil labels mean that all answers differ.
func Rank(scores []float64, right int, labels []int) (float64, error) {
	if right < 0 || right >= len(scores) || labels != nil && len(labels) != len(scores) {
		return 0, fmt.Errorf("%w: answer %d of %d scores with %d labels", ErrInput, right, len(scores), len(labels))
	}
	best, greater, equal := scores[right], 0, 0
	for i, s := range scores {
		if !finite(s) {
			return 0, fmt.Errorf("%w: score %d is %v", ErrInput, i, s)
		}
		if s < best || i == right || labels != nil && labels[i] == labels[right] {
			continue
		}
		if s > best {
			greater++
		} else {
			equal++
		}
	}
	return 1 + float64(greater) + float64(equal)/2, nil
}

// Ranks is the Rank of answer i for question i among all answers, by cosine,
// for every i. All vectors have the same length. The result is the same on
// every platform and with any number of processors.
func Ranks(questions, answers [][]float32, labels []int) ([]float64, error) {
	if len(questions) != len(answers) || labels != nil && len(labels) != len(answers) {
		return nil, fmt.Errorf("%w: %d questions, %d answers, %d labels", ErrInput, len(questions), len(answers), len(labels))
	}
	if len(answers) == 0 {
		return nil, nil
	}
	dims := len(answers[0])
	if err := check("question", questions, dims); err != nil {
		return nil, err
	}
	if err := check("answer", answers, dims); err != nil {
		return nil, err
	}
	pool := newPool(answers, dims)
	ranks, errs := make([]float64, len(questions)), make([]error, len(questions))
	blocks := make(chan int)
	var work sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() {
			var t tile
			for first := range blocks {
				last := min(first+tileRows, len(questions))
				for i, scores := range t.score(pool, questions[first:last]) {
					ranks[first+i], errs[first+i] = Rank(scores, first+i, labels)
				}
			}
		})
	}
	for first := 0; first < len(questions); first += tileRows {
		blocks <- first
	}
	close(blocks)
	work.Wait()
	return ranks, errors.Join(errs...)
}

// check refuses vectors that have no direction, or another length than dims.
func check(what string, vectors [][]float32, dims int) error {
	for i, v := range vectors {
		if len(v) != dims {
			return fmt.Errorf("%w: %s %d has %d values, want %d", ErrInput, what, i, len(v), dims)
		}
		if n := norm(v); !finite(n) || n == 0 {
			return fmt.Errorf("%w: %s %d has length %v", ErrInput, what, i, n)
		}
	}
	return nil
}

func finite(x float64) bool { return x-x == 0 }

// norm is the length of v.
func norm(v []float32) float64 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}
