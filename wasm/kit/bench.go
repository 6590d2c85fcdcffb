package kit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/cubeset/cubeset/wasm"
)

// Work says how a filter is measured. Start from DefaultWork.
type Work struct {
	Rows    int   // judged a turn
	Turns   int   // of which the fastest counts
	Batches []int // rows in a batch, each measured for itself
}

// DefaultWork is a few seconds for a filter in Go, far less for one in C.
func DefaultWork() Work { return Work{Rows: 20_000, Turns: 5, Batches: []int{1, 64, 1024}} }

const (
	workRowsMax  = 100_000_000
	workTurnsMax = 1000
	batchMax     = 1 << 16
)

// Validate returns all complaints at once.
func (w Work) Validate() error {
	var errs []error
	check := func(name string, n, most int) {
		if n < 1 || n > most {
			errs = append(errs, fmt.Errorf("%s: %d is outside 1..%d", name, n, most))
		}
	}
	check("rows", w.Rows, workRowsMax)
	check("turns", w.Turns, workTurnsMax)
	if len(w.Batches) == 0 {
		errs = append(errs, errors.New("batches: none given"))
	}
	for _, n := range w.Batches {
		check("batch", n, batchMax)
	}
	return errors.Join(errs...)
}

// Speed is how fast a filter judges ordinary rows in batches of one size, with
// what a host does for it: packing, copying, checking verdicts.
type Speed struct {
	Batch         int     `json:"batch"` // rows
	RowsPerSecond float64 `json:"rows_per_second"`
	RowNS         float64 `json:"row_ns"`
	CallNS        float64 `json:"call_ns"` // of a batch
	RowPlainNS    float64 `json:"row_plain_ns"`
	Metering      float64 `json:"metering"` // row_ns / row_plain_ns
	RowTicks      float64 `json:"row_ticks"`
}

// Bench measures a filter with its work counted, as in a build, and without
// (plain). The error is as that of Judge.
func Bench(ctx context.Context, module []byte, o Options, w Work) ([]Speed, error) {
	if err := w.Validate(); err != nil {
		return nil, err
	}
	metered, err := newBench(ctx, module, o)
	if err != nil {
		return nil, err
	}
	defer metered.r.Close(context.WithoutCancel(ctx))
	o.Sandbox.Unmetered = true
	plain, err := newBench(ctx, module, o)
	if err != nil {
		return nil, err
	}
	defer plain.r.Close(context.WithoutCancel(ctx))
	var all []Speed
	for _, size := range w.Batches {
		s := Speed{Batch: size, RowNS: math.Inf(1), RowPlainNS: math.Inf(1)}
		b := cycled(metered.rows, size)
		for range w.Turns { // one after the other, so that both share what else the machine does
			ns, ticks, err := metered.turn(ctx, b, w.Rows)
			if err != nil {
				return nil, err
			}
			s.RowNS, s.RowTicks = min(s.RowNS, ns), ticks
			if ns, _, err = plain.turn(ctx, b, w.Rows); err != nil {
				return nil, err
			}
			s.RowPlainNS = min(s.RowPlainNS, ns)
		}
		s.RowsPerSecond, s.CallNS, s.Metering = 1e9/s.RowNS, s.RowNS*float64(size), s.RowNS/s.RowPlainNS
		all = append(all, s)
	}
	return all, nil
}

// newBench loads a module that is known to be one, and makes its rows.
func newBench(ctx context.Context, module []byte, o Options) (*kit, error) {
	k, err := newKit(ctx, module, o)
	if err != nil {
		return nil, err
	}
	if k.f, err = k.r.Load(ctx, module); err == nil {
		k.m = k.f.Manifest()
		k.rows = ordinary(k.dim())
		if _, e := k.f.MergeConfig(o.Config); e != nil {
			err = fmt.Errorf("%w: %w", ErrOptions, e)
		}
	}
	if err != nil {
		return nil, errors.Join(err, k.r.Close(context.WithoutCancel(ctx)))
	}
	return k, nil
}

// turn judges rows in batches and returns nanoseconds and ticks a row.
func (k *kit) turn(ctx context.Context, batches []wasm.Batch, rows int) (ns, ticks float64, err error) {
	in, err := k.f.Open(ctx, k.o.Config, k.o.Blobs)
	if err != nil {
		return 0, 0, err
	}
	defer in.Close(ctx)
	var out []wasm.Verdict
	if out, err = in.Filter(ctx, &batches[0], nil); err != nil { // makes room
		return 0, 0, err
	}
	done, fuel, began := 0, int64(0), time.Now()
	for i := 0; done < rows; i++ {
		b := &batches[i%len(batches)]
		if out, err = in.Filter(ctx, b, out); err != nil {
			return 0, 0, err
		}
		done, fuel = done+b.Rows(), fuel+in.Fuel()
	}
	return float64(time.Since(began).Nanoseconds()) / float64(done), float64(fuel) / float64(done), nil
}

// cycled is batches of one size that go through the rows of b, again and again.
func cycled(b *wasm.Batch, size int) []wasm.Batch {
	n := b.Rows()
	times := (size + n - 1) / n
	all := wasm.Batch{
		Questions: slices.Repeat(b.Questions, times), Answers: slices.Repeat(b.Answers, times), Contexts: slices.Repeat(b.Contexts, times),
		IDs: slices.Repeat(b.IDs, times), Langs: slices.Repeat(b.Langs, times), Sources: slices.Repeat(b.Sources, times),
		DialogueIDs: slices.Repeat(b.DialogueIDs, times), Turns: slices.Repeat(b.Turns, times), Similarity: slices.Repeat(b.Similarity, times),
		QuestionEmbeddings: slices.Repeat(b.QuestionEmbeddings, times), AnswerEmbeddings: slices.Repeat(b.AnswerEmbeddings, times), Dim: b.Dim,
	}
	for _, c := range b.Scores {
		all.Scores = append(all.Scores, wasm.ScoreColumn{Name: c.Name, Values: slices.Repeat(c.Values, times)})
	}
	var batches []wasm.Batch
	for i := 0; i+size <= all.Rows(); i += size {
		batches = append(batches, all.Slice(i, i+size))
	}
	return batches
}
