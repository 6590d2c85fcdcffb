package static

import (
	"context"
	"testing"
)

func BenchmarkBundled(b *testing.B) {
	e := NewBundled()
	texts := make([]string, 256)
	sample := []string{
		"What is the difference between a cube and a flat embedding?",
		"Sure, I found 7 restaurants near you. Would you like to hear about the first one?",
		"Is there anything else I can help you with?",
		"Как мне вернуть деньги за билет, если рейс отменили?",
	}
	bytes := 0
	for i := range texts {
		texts[i] = sample[i%len(sample)]
		bytes += len(texts[i])
	}
	dst := make([]float32, len(texts)*Dims)
	b.SetBytes(int64(bytes))
	b.ReportAllocs()
	for b.Loop() {
		clear(dst)
		if err := e.Embed(context.Background(), texts, dst); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(texts))/b.Elapsed().Seconds(), "texts/s")
}
