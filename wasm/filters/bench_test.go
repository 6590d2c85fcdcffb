package filters_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/filters"
)

// BenchmarkFilters is what a row costs each filter, metered: a question of 53 and
// an answer of 252 characters, half of the rows in Russian.
func BenchmarkFilters(b *testing.B) {
	const rows = 1024
	batch := &wasm.Batch{}
	for i := range rows {
		q, a := "Could you find me a good restaurant near the station?", "There is a small Italian place two streets away, which opens at noon. "+
			"It has 24 seats, a terrace, and costs about 20 euros a person; guests like the pasta, and say that the service is quick. "+
			"Shall I book a table for two people this evening at seven?"
		if i%2 == 1 {
			q, a = "Найди мне, пожалуйста, хороший ресторан около вокзала", "В двух улицах отсюда есть небольшое итальянское кафе, которое открывается в полдень. "+
				"Там 24 места, терраса, и обед стоит около 20 евро на человека; гости хвалят пасту и говорят, что обслуживают быстро. "+
				"Забронировать столик на двоих сегодня на семь вечера?"
		}
		batch.Questions, batch.Answers = append(batch.Questions, q), append(batch.Answers, strings.ReplaceAll(a, "24", string(rune('1'+i%9))+"4"))
		batch.Similarity = append(batch.Similarity, 0.5)
	}
	for _, bundled := range filters.All() {
		b.Run(bundled.Name, func(b *testing.B) {
			ctx := context.Background()
			r, err := wasm.NewRuntime(ctx, wasm.DefaultConfig())
			if err != nil {
				b.Fatal(err)
			}
			defer r.Close(ctx)
			f, err := r.Load(ctx, bundled.Module)
			if err != nil {
				b.Fatal(err)
			}
			in, err := f.Open(ctx, json.RawMessage(needed[bundled.Name]), nil)
			if err != nil {
				b.Fatal(err)
			}
			var out []wasm.Verdict
			b.ReportAllocs()
			for b.Loop() {
				if out, err = in.Filter(ctx, batch, out); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
			b.ReportMetric(float64(in.Fuel())/rows, "ticks/row")
		})
	}
}
