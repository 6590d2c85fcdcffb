package httpteacher

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

const (
	callTime  = 60 * time.Second // of a call without a deadline
	marginMax = 2 * time.Second  // before the host's deadline, so that it hears a reason and not a silence
	tellWait  = 10 * time.Second // a rest that is worth a word to the user
)

// client asks the endpoints of one model.
type client struct {
	config    Config
	api       api
	dims      int
	key       secret
	http      *http.Client
	timeout   time.Duration
	log       hclog.Logger
	endpoints []*endpoint // in the order of preference

	mu        sync.Mutex
	reference [][]float32 // the probes' vectors of the first endpoint that gave any
	using     *endpoint   // the last that worked
}

func newClient(c Config, a api, key secret, transport http.RoundTripper, log hclog.Logger) *client {
	urls := c.urls(a.facts())
	k := &client{config: c, api: a, dims: c.describe(a).Dims, key: key, timeout: c.timeout(len(urls)), log: log}
	k.http = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the key goes to nobody else
	}
	for _, u := range urls {
		k.endpoints = append(k.endpoints, newEndpoint(c, u))
	}
	return k
}

// soon is ctx until shortly before its end.
func soon(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		end = time.Now().Add(callTime)
	}
	return context.WithDeadline(ctx, end.Add(-min(marginMax, time.Until(end)/10)))
}

// ask returns the vectors of texts, from whichever endpoint gives them first.
// It tries as long as ctx allows. A fault of class big or input is about the
// texts; any other is the end of this call.
func (c *client) ask(ctx context.Context, texts []string, inputType string) (reply, *fault) {
	var last *fault
	for {
		e, f := c.choose(ctx, last)
		if f != nil {
			return reply{}, f
		}
		if err := e.gate.enter(ctx); err != nil {
			return reply{}, late(last)
		}
		began := time.Now()
		if refused, wait, _ := e.state(began); refused != nil || wait > 0 { // it failed while this one waited
			e.gate.leave(nothing, began, began)
			continue
		}
		r, f := c.exchange(ctx, e, texts, inputType, false)
		e.gate.leave(verdictOf(f), began, time.Now())
		switch {
		case f == nil:
			c.use(e)
			return r, nil
		case f.class == big || f.class == input:
			return reply{}, f
		}
		last = f
		c.note(e, f, began)
		if ctx.Err() != nil {
			return reply{}, late(last)
		}
	}
}

// choose waits for an endpoint that may be asked and has proved to be the
// model.
func (c *client) choose(ctx context.Context, last *fault) (*endpoint, *fault) {
	for {
		e, wait, f := c.next()
		if f != nil {
			return nil, f
		}
		if !sleepIf(ctx, wait) {
			return nil, late(last)
		}
		if wait > 0 {
			continue
		}
		if _, _, proven := e.state(time.Now()); proven {
			return e, nil
		}
		began := time.Now()
		if f := c.prove(ctx, e); f != nil {
			last = f
			c.note(e, f, began)
		}
	}
}

// next is the first endpoint that may be asked now, or the one that may be
// first.
func (c *client) next() (*endpoint, time.Duration, *fault) {
	var best *endpoint
	var least time.Duration
	var refused *fault
	for _, e := range c.endpoints {
		f, wait, _ := e.state(time.Now())
		if f != nil {
			refused = f
			continue
		}
		if best == nil || wait < least {
			best, least = e, wait
		}
	}
	if best == nil {
		return nil, 0, refused
	}
	return best, least, nil
}

// note takes in that e failed.
func (c *client) note(e *endpoint, f *fault, began time.Time) {
	if f.ours {
		return
	}
	if f.class == stop {
		if e.refuse(f) && len(c.endpoints) > 1 {
			c.log.Warn(fmt.Sprintf("endpoint %s is not used any more: %s", e.url, f.what))
		}
		return
	}
	rest := e.failed(f, began, time.Now())
	line := fmt.Sprintf("%s; asked again in %v", f.what, rest.Round(time.Millisecond))
	if rest >= tellWait {
		c.log.Warn(line)
	} else {
		c.log.Debug(line)
	}
}

// use says which endpoint works, when that is another than before.
func (c *client) use(e *endpoint) {
	if len(c.endpoints) == 1 {
		return
	}
	c.mu.Lock()
	changed := c.using != e && c.using != nil
	c.using = e
	c.mu.Unlock()
	if changed {
		c.log.Warn("texts now go to endpoint " + e.url)
	}
}

func verdictOf(f *fault) verdict {
	switch {
	case f == nil:
		return fine
	case f.class == busy || f.class == again:
		return tooFast
	}
	return nothing
}

// late is the end of a call whose time is over; last is what went wrong until
// then, nil = nothing did.
func late(last *fault) *fault {
	switch {
	case last == nil:
		return &fault{class: again, what: "no answer in time", unheard: true}
	case last.class == stop: // of one endpoint; another may still come back
		return &fault{class: again, what: last.what}
	}
	return last
}

func sleepIf(ctx context.Context, d time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	return d <= 0 || sleep(ctx, d)
}

// ended is the error of a call that ended with f: of the caller's own context,
// if that is over.
func ended(caller context.Context, f *fault) error {
	if err := caller.Err(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return f.err()
}
