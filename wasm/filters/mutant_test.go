package filters_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/filters"
)

const (
	mutantsDefault = 50 // of each filter; CUBESET_MUTANTS asks for another number, as host/check does
	mutantsTime    = 3 * time.Second
	mutantsRuntime = 100 // that share a runtime
)

// TestMutants damages a few bytes of each bundled filter and runs the result: it
// may do anything but harm. Without CUBESET_MUTANTS it stops early on a slow
// machine.
func TestMutants(t *testing.T) {
	most, limit := mutantsDefault, mutantsTime
	if s := os.Getenv("CUBESET_MUTANTS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		most, limit = n, time.Hour
	}
	for _, b := range filters.All() {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			codes := map[wasm.Code]int{}
			start, n := time.Now(), 0
			for n < most && time.Since(start) < limit {
				rt := tightRuntime(t)
				for end := min(n+mutantsRuntime, most); n < end && time.Since(start) < limit; n++ {
					codes[mutant(t, rt, b, uint64(n))]++
				}
				rt.Close(context.Background())
			}
			t.Logf("%d mutants in %s: %v", n, time.Since(start).Round(time.Millisecond), codes)
			if codes[wasm.CodeDeadline] > 0 {
				t.Error("a mutant was stopped by the clock, not by fuel")
			}
		})
	}
}

func tightRuntime(t *testing.T) *wasm.Runtime {
	c := wasm.DefaultConfig()
	c.FuelBase, c.FuelPerRow, c.MemoryPages = 2_000_000, 10_000, 512
	rt, err := wasm.NewRuntime(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return rt
}

// mutant runs one damaged module and returns how it ended; "" means well.
func mutant(t *testing.T, rt *wasm.Runtime, bundled filters.Bundled, seed uint64) wasm.Code {
	ctx := context.Background()
	r := rand.New(rand.NewPCG(seed, 0))
	damaged := append([]byte(nil), bundled.Module...)
	for range 1 + r.IntN(3) {
		damaged[r.IntN(len(damaged))] = byte(r.Uint32())
	}
	b := &wasm.Batch{Questions: []string{"как дела?", "你好", ""}, Answers: []string{"хорошо, спасибо", "你好!", "x"}, Similarity: []float32{1, 0, -1}}
	f, err := rt.Load(ctx, damaged)
	if err == nil {
		var in *wasm.Instance
		if in, err = f.Open(ctx, json.RawMessage(needed[bundled.Name]), nil); err == nil {
			_, err = in.Filter(ctx, b, nil)
		}
	}
	var g *wasm.GuestError
	if err != nil && !errors.As(err, &g) && !errors.Is(err, wasm.ErrBatch) {
		t.Fatalf("seed %d: %v", seed, err)
	}
	if g != nil {
		return g.Code
	}
	return ""
}
