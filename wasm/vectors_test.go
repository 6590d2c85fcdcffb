package wasm_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/vectors"
)

// tight is a budget small enough that a hostile loop ends at once.
func tight() wasm.Config {
	c := wasm.DefaultConfig()
	c.FuelBase, c.FuelPerRow, c.MemoryPages = 4_000_000, 1000, 2048
	return c
}

func open(t testing.TB, c wasm.Config) *wasm.Runtime {
	t.Helper()
	r, err := wasm.NewRuntime(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}

func rows(n int) *wasm.Batch {
	return &wasm.Batch{Questions: slices.Repeat([]string{"what?"}, n), Answers: slices.Repeat([]string{"that."}, n)}
}

// run loads, opens and runs a module on eight rows.
func run(r *wasm.Runtime, module []byte) ([]wasm.Verdict, error) {
	ctx := context.Background()
	f, err := r.Load(ctx, module)
	if err != nil {
		return nil, err
	}
	in, err := f.Open(ctx, nil, nil)
	if err != nil {
		return nil, err
	}
	defer in.Close(ctx)
	return in.Filter(ctx, rows(8), nil)
}

func TestVectors(t *testing.T) {
	r := open(t, tight())
	good := vectors.Guest().Bytes()
	for _, v := range vectors.All() {
		t.Run(v.Name, func(t *testing.T) {
			start := time.Now()
			out, err := run(r, v.Module)
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %s", took)
			}
			var g *wasm.GuestError
			switch {
			case v.Want == "" && (err != nil || len(out) != 8):
				t.Errorf("got %d verdicts and %v", len(out), err)
			case v.Want != "" && (!errors.As(err, &g) || string(g.Code) != v.Want || g.Row != v.Row):
				t.Errorf("got %v, want %s at row %d", err, v.Want, v.Row)
			}
			if out, err := run(r, good); err != nil || len(out) != 8 || !out[7].Keep {
				t.Errorf("the next filter: %v", err)
			}
		})
	}
}
