package kit

import (
	"context"
	"fmt"
)

// Judgement is what a filter says of one case.
type Judgement struct {
	ID     string    `json:"id"`
	Keep   bool      `json:"keep"`
	Reason string    `json:"reason"` // its name; "" = kept
	Score  float32   `json:"score"`
	Want   string    `json:"want,omitempty"` // how that is not what the case expects; "" = it is
	Fuel   int64     `json:"fuel"`           // ticks of the row
	Memory uint32    `json:"memory"`         // bytes of the instance
	Log    []Message `json:"log,omitempty"`
}

// Message is what a filter said to the log.
type Message struct {
	Level int    `json:"level"` // of wasm.LevelDebug and so on
	Text  string `json:"text"`  // with escapes for what cannot be printed; it may quote the row
}

// Judge runs one case alone, on a fresh instance. The error wraps a
// *wasm.GuestError if the filter fails, and ErrOptions if it does not have these
// options.
func Judge(ctx context.Context, module []byte, o Options, c Case) (j Judgement, err error) {
	k, err := newKit(ctx, module, o)
	if err != nil {
		return j, err
	}
	defer k.r.Close(context.WithoutCancel(ctx))
	j.ID = c.ID
	k.said = func(level int, msg string) { j.Log = append(j.Log, Message{level, msg}) }
	if k.f, err = k.r.Load(ctx, module); err != nil {
		return j, err
	}
	k.m = k.f.Manifest()
	if _, err := k.f.MergeConfig(o.Config); err != nil {
		return j, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	b, err := caseBatch([]Case{c}, k.dim())
	if err != nil {
		return j, err
	}
	in, err := k.f.Open(ctx, o.Config, o.Blobs)
	if err != nil {
		return j, err
	}
	defer in.Close(ctx)
	out, err := in.Filter(ctx, b, nil)
	if err != nil {
		return j, err
	}
	v := out[0]
	j.Keep, j.Reason, j.Score = v.Keep, k.f.ReasonName(v.Reason), v.Score
	j.Want, j.Fuel, j.Memory = c.wrong(v, j.Reason), in.Fuel(), in.Memory()
	return j, nil
}
