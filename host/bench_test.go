package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/cubeset/cubeset/host/internal/fsx"
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
	if _, err := Build(context.Background(), c, testOptions(b, fsx.OS{})); err != nil {
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
					s, err := Build(context.Background(), c, testOptions(b, fsx.OS{}))
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

// BenchmarkRebuild builds a real corpus again after one row was appended.
func BenchmarkRebuild(b *testing.B) {
	c := DefaultConfig()
	c.Cache, c.Out = b.TempDir(), filepath.Join(b.TempDir(), "out")
	c.Inputs = []string{filepath.Join(b.TempDir(), "chats.jsonl")}
	if err := os.WriteFile(c.Inputs[0], realPairs(b), 0o644); err != nil {
		b.Fatal(err)
	}
	rebuild := func() {
		s, err := Build(context.Background(), c, testOptions(b, fsx.OS{}))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(s.Parts.Built), "parts")
	}
	rebuild()
	b.Run("cached", func(b *testing.B) {
		for b.Loop() {
			os.RemoveAll(c.Out)
			rebuild()
		}
	})
	b.Run("append", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n++
			f, err := os.OpenFile(c.Inputs[0], os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				b.Fatal(err)
			}
			fmt.Fprintf(f, "{\"question\": \"What is the number of this row of the file?\", \"answer\": \"The number of this row of the file is %d\"}\n", n)
			f.Close()
			rebuild()
		}
	})
}

// realPairs is the real corpus, unpacked.
func realPairs(b *testing.B) []byte {
	packed, err := os.ReadFile(sgd)
	if err != nil {
		b.Skipf("%s is not there", sgd)
	}
	r, err := zstd.NewReader(nil)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	lines, err := r.DecodeAll(packed, nil)
	if err != nil {
		b.Fatal(err)
	}
	return lines
}
