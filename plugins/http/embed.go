package httpteacher

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/cubeset/cubeset/sdk/teacher"
)

var (
	errEmpty  = errors.New("the text is empty")
	errLong   = errors.New("the text is longer than the model reads")
	errInput  = errors.New("the service does not accept the text")
	errVector = errors.New("the text's vector is zero or not finite")
)

// EmbedRows implements teacher.RowEmbedder. Requests go out side by side. What
// the service does not take is halved, down to the text to refuse: too_long,
// refused, bad_vector or empty. A call that fails keeps the vectors it got for
// the next, since they are paid for.
func (e *embedder) EmbedRows(caller context.Context, texts []string, dst []float32) ([]teacher.RowResult, error) {
	ctx, cancel := soon(caller)
	defer cancel()
	c, err := e.client()
	if err != nil {
		return nil, err
	}
	if _, f := c.choose(ctx, nil); f != nil {
		return nil, ended(caller, f)
	}
	call := &call{client: c, texts: texts, dst: dst, rows: make([]teacher.RowResult, len(texts)), done: make([]bool, len(texts))}
	e.kept.fill(call)
	var group errgroup.Group
	group.SetLimit(c.config.concurrency())
	requests := call.requests(c.limits())
	faults := make([]*fault, len(requests))
	for i, r := range requests {
		group.Go(func() error {
			faults[i] = call.run(ctx, r)
			return nil
		})
	}
	group.Wait()
	if f := telling(faults); f != nil {
		e.kept.keep(call)
		return nil, ended(caller, f)
	}
	return call.rows, nil
}

// telling is the fault that says most, nil without one: that nothing helps, what
// was wrong, or only that time was over before a request could go out; of several
// the first.
func telling(faults []*fault) (most *fault) {
	for _, f := range faults {
		if f != nil && (most == nil || f.weight() > most.weight()) {
			most = f
		}
	}
	return most
}

// call is one batch of the host.
type call struct {
	client *client
	texts  []string
	dst    []float32
	rows   []teacher.RowResult
	done   []bool // dst and rows have it; each request writes those of its own texts
}

// request is a part of a call that is asked for at once.
type request struct {
	texts     []string // without marks
	at        []int    // their places in the call
	inputType string
}

func (r request) halves() (a, b request) {
	m := len(r.texts) / 2
	return request{r.texts[:m], r.at[:m], r.inputType}, request{r.texts[m:], r.at[m:], r.inputType}
}

// run gets the vectors of r.
func (c *call) run(ctx context.Context, r request) *fault {
	got, f := c.client.ask(ctx, r.texts, r.inputType)
	if f == nil {
		c.take(r, got)
		return nil
	}
	if f.class != big && f.class != input {
		return f
	}
	if len(r.texts) == 1 {
		if doubt := c.client.stillTakes(ctx, r.inputType); doubt != nil {
			return doubt
		}
		if f.class == big {
			c.refuse(r.at[0], errLong, "too_long")
		} else {
			c.refuse(r.at[0], errInput, "refused")
		}
		return nil
	}
	a, b := r.halves()
	if f := c.run(ctx, a); f != nil {
		return f
	}
	return c.run(ctx, b)
}

func (c *call) refuse(at int, err error, code string) {
	c.rows[at] = teacher.RowResult{Err: err, Code: code}
	c.done[at] = true
}

// take puts vectors in their places.
func (c *call) take(r request, got reply) {
	dims := c.client.dims
	shares := share(got.tokens, r.texts)
	for i, at := range r.at {
		c.rows[at] = teacher.RowResult{Tokens: shares[i]}
		if !normalise(c.dst[at*dims:(at+1)*dims], got.vectors[i]) {
			c.rows[at] = teacher.RowResult{Tokens: shares[i], Err: errVector, Code: "bad_vector"}
		}
		c.done[at] = true
	}
}

// share divides the tokens of a request among its texts by their bytes: the
// services count only the whole. The shares add up to tokens.
func share(tokens int, texts []string) []int {
	shares := make([]int, len(texts))
	total := 0
	for _, t := range texts {
		total += len(t)
	}
	seen, given := 0, 0
	for i, t := range texts {
		seen += len(t)
		shares[i] = int(int64(tokens)*int64(seen)/int64(max(1, total))) - given
		given += shares[i]
	}
	return shares
}
