package cache

import (
	"context"
	"fmt"
	"math"
)

// CosineMin is the least cosine at which a vector counts as recomputed. Most
// models do not give the same bits in another batch or on another machine.
const CosineMin = 0.9999

// Recomputed compares cached vectors with a teacher's.
type Recomputed struct {
	Compared int
	Absent   int       // texts that are not in the cache
	Least    float64   // the smallest cosine, 1 if nothing was compared
	Far      []int     // texts whose cosine is below CosineMin
	Cosines  []float64 // of those in Far; 0 if one of the vectors is none at all
}

// Recompute asks a teacher again for what the cache holds of texts and compares.
// Keys are hashes, so the texts must come from elsewhere: a dataset that was
// built with this cache. embed gets some of the texts, without the recipe's
// prefix, and returns a vector each, nil for a text it refuses.
func Recompute(ctx context.Context, s *Store, r Recipe, texts []string, embed func(context.Context, []string) ([][]float32, error)) (done Recomputed, err error) {
	done.Least = 1
	keys, payloads := make([]Key, len(texts)), make([][]byte, len(texts))
	for i, t := range texts {
		keys[i] = r.Key(t)
	}
	if _, err := s.Get(keys, payloads); err != nil {
		return done, err
	}
	var ask []string
	var at []int
	for i, p := range payloads {
		if p == nil {
			done.Absent++
			continue
		}
		ask, at = append(ask, texts[i]), append(at, i)
	}
	if len(ask) == 0 {
		return done, nil
	}
	vectors, err := embed(ctx, ask)
	if err != nil {
		return done, err
	}
	if len(vectors) != len(ask) {
		return done, fmt.Errorf("cache: %d vectors for %d texts", len(vectors), len(ask))
	}
	for i, v := range vectors {
		done.Compared++
		c := cosine(Floats(payloads[at[i]]), v)
		done.Least = min(done.Least, c)
		if !(c >= CosineMin) {
			done.Far, done.Cosines = append(done.Far, at[i]), append(done.Cosines, c)
		}
	}
	return done, nil
}

// cosine of two vectors; 0 where there is none.
func cosine(x, y []float32) float64 {
	if len(x) != len(y) {
		return 0
	}
	var xy, xx, yy float64
	for i := range x {
		a, b := float64(x[i]), float64(y[i])
		xy, xx, yy = xy+a*b, xx+a*a, yy+b*b
	}
	if c := xy / math.Sqrt(xx*yy); !math.IsNaN(c) {
		return c
	}
	return 0
}
