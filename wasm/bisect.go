package wasm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrNotReproduced is returned by Bisect for a batch that passes on a fresh
// instance.
var ErrNotReproduced = errors.New("the batch does not fail on a fresh instance")

// Bisect finds the row that makes a batch fail: the last row of a run of rows,
// from the first, that fails on a fresh instance while the run without it does
// not. err is how that run fails, with Row set. e is for what is not the guest's
// doing alone: a deadline, a cancelled context, a wrong batch.
func (f *Filter) Bisect(ctx context.Context, config json.RawMessage, blobs map[string][]byte, b *Batch) (row int, err *GuestError, e error) {
	try := func(rows int) (*GuestError, error) {
		part := b.Slice(0, rows)
		return f.try(ctx, config, blobs, &part)
	}
	failed, e := try(b.Rows())
	if e != nil {
		return -1, nil, e
	}
	if failed == nil {
		return -1, nil, fmt.Errorf("filter %s: %w", f.manifest.Name, ErrNotReproduced)
	}
	good, bad := 0, b.Rows()
	for bad-good > 1 {
		middle := good + (bad-good)/2
		g, e := try(middle)
		switch {
		case e != nil:
			return -1, nil, e
		case g == nil:
			good = middle
		default:
			bad, failed = middle, g
		}
	}
	failed.Row = bad - 1
	return failed.Row, failed, nil
}

// try runs a batch on a fresh instance.
func (f *Filter) try(ctx context.Context, config json.RawMessage, blobs map[string][]byte, b *Batch) (*GuestError, error) {
	in, err := f.Open(ctx, config, blobs)
	if err != nil {
		return nil, err
	}
	_, err = in.Filter(ctx, b, nil)
	var g *GuestError
	if errors.As(err, &g) && g.Deterministic() {
		return g, in.Close(ctx)
	}
	return nil, errors.Join(err, in.Close(ctx))
}
