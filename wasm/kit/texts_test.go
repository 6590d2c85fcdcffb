package kit

import (
	"math"
	"testing"
)

// TestOddTextsAreSendable: the kit gives a filter nothing that no host would.
func TestOddTextsAreSendable(t *testing.T) {
	for _, o := range oddTexts() {
		if err := sendable(o.text); err != nil {
			t.Errorf("%s: %v", o.name, err)
		}
	}
	for _, dim := range []int{1, 2, 7, 768} {
		b := ordinary(dim)
		for i := range b.Rows() {
			for _, s := range []string{b.Questions[i], b.Answers[i], b.Contexts[i]} {
				if err := sendable(s); err != nil {
					t.Errorf("row %d: %v", i, err)
				}
			}
			if c := cosine(b.QuestionEmbeddings[i], b.AnswerEmbeddings[i]); dim > 1 && math.Abs(float64(c-b.Similarity[i])) > 1e-5 {
				t.Errorf("%d values, row %d: cosine %v, want %v", dim, i, c, b.Similarity[i])
			}
		}
		for _, v := range oddVectors(dim) {
			for _, x := range v.vector {
				if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
					t.Errorf("%s: %v", v.name, x)
				}
			}
		}
	}
}
