package main

import (
	"unicode/utf8"

	"github.com/cubeset/cubeset/wasm"
)

// native are the kinds of filters as functions of Go.
func native(kind string) judge {
	rule := nativeText
	if kind == kindAlike {
		rule = nativeAlike
	}
	return func(b *wasm.Batch, out []wasm.Verdict) ([]wasm.Verdict, error) {
		out = out[:0]
		for i := range b.Rows() {
			out = append(out, rule(b, i))
		}
		return out, nil
	}
}

func nativeText(b *wasm.Batch, i int) wasm.Verdict {
	n := utf8.RuneCountInString(b.Answers[i])
	if n < 10 {
		return wasm.Verdict{Reason: 1, Score: float32(n)}
	}
	return wasm.Verdict{Keep: true, Score: float32(n)}
}

func nativeAlike(b *wasm.Batch, i int) wasm.Verdict {
	d := dot(b.QuestionEmbeddings[i], b.AnswerEmbeddings[i])
	switch {
	case min(utf8.RuneCountInString(b.Questions[i]), utf8.RuneCountInString(b.Answers[i])) < 20:
		return wasm.Verdict{Reason: 1, Score: d}
	case d < 0.2:
		return wasm.Verdict{Reason: 2, Score: d}
	}
	return wasm.Verdict{Keep: true, Score: d}
}

// dot has four sums, as the guests have, so that all have the same bits.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	for i := 0; i+4 <= len(a) && i+4 <= len(b); i += 4 {
		x, y := a[i:i+4:i+4], b[i:i+4:i+4]
		s0 += float32(x[0] * y[0])
		s1 += float32(x[1] * y[1])
		s2 += float32(x[2] * y[2])
		s3 += float32(x[3] * y[3])
	}
	return min(max((s0+s1)+(s2+s3), -1), 1)
}
