package main

import (
	"math"
	"testing"

	"github.com/cubeset/cubeset/sdk/filter"
)

func TestRow(t *testing.T) {
	o := options{CharactersMin: 3, DotMin: 0.5}
	x, y := []float32{1, 0, 0, 0}, []float32{0.6, 0.8, 0, 0}
	for _, c := range []struct {
		question, answer string
		a, b             []float32
		want             filter.Verdict
	}{
		{"Why?", "Because.", x, y, filter.Keep(0.6)},
		{"Why?", "So", x, y, filter.Drop(short, 0.6)},
		{"да", "Because.", x, x, filter.Drop(short, 1)},
		{"Why?", "Because.", x, []float32{0, 1, 0, 0}, filter.Drop(apart, 0)},
	} {
		got := o.Row(&filter.Row{Question: c.question, Answer: c.answer, QuestionEmbedding: c.a, AnswerEmbedding: c.b})
		if got != c.want {
			t.Errorf("%q, %q: got %v, want %v", c.question, c.answer, got, c.want)
		}
	}
}

func TestDotIsFinite(t *testing.T) {
	big := []float32{math.MaxFloat32, math.MaxFloat32, 1, 1}
	for want, b := range map[float32][]float32{1: big, -1: {-math.MaxFloat32, math.MaxFloat32, 1, 1}} {
		if got := dot(big, b); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}
