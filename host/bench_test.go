package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// sgd is a real corpus of 111,878 pairs, not part of the project.
const sgd = "../../shared/data/sgd-train.jsonl.zst"

// BenchmarkBuild builds a real corpus with everything kept and every vector
// in the cache.
func BenchmarkBuild(b *testing.B) {
	if _, err := os.Stat(sgd); err != nil {
		b.Skipf("%s is not there", sgd)
	}
	c := DefaultConfig()
	c.Inputs, c.Cache = []string{sgd}, b.TempDir()
	c.Preset, c.MinSimilarity, c.Dedup = "none", "-1", "none"
	c.Out = filepath.Join(b.TempDir(), "warm")
	if _, err := Build(context.Background(), c, testOptions(b, nil)); err != nil {
		b.Fatal(err)
	}
	for _, profile := range []string{"compat", "fast"} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/workers=%d", profile, workers), func(b *testing.B) {
				b.ReportAllocs()
				c.Profile, c.Workers = profile, workers
				rows := int64(0)
				for b.Loop() {
					c.Out = filepath.Join(b.TempDir(), "out")
					s, err := Build(context.Background(), c, testOptions(b, nil))
					if err != nil {
						b.Fatal(err)
					}
					if s.Cache.Misses > 0 {
						b.Fatalf("%d texts are not cached", s.Cache.Misses)
					}
					rows += s.Kept
					b.StopTimer()
					os.RemoveAll(c.Out)
					b.StartTimer()
				}
				b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "pairs/s")
			})
		}
	}
}
