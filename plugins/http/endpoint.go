package httpteacher

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	replySlack  = 1 << 20 // bytes of a reply besides its vectors
	numberBytes = 32      // at most, that a number of a vector takes as text
)

// endpoint is one address of the model.
type endpoint struct {
	url  string
	gate *gate
	pace *pace

	proving chan struct{} // holds one token: taken while the endpoint shows that it is the model

	mu       sync.Mutex
	proven   bool
	rows     int       // texts a request it says it takes, 0 = it says nothing
	refused  *fault    // it is not to be used any more
	failures int       // in a row
	rested   time.Time // when the last of them was counted
	rests    time.Time // it is not asked before then
}

func newEndpoint(c Config, address string) *endpoint {
	e := &endpoint{url: address, gate: newGate(c.concurrency()), pace: newPace(c), proving: make(chan struct{}, 1)}
	e.proving <- struct{}{}
	return e
}

// host is what the endpoint is called in messages.
func (e *endpoint) host() string {
	if u, err := url.Parse(e.url); err == nil {
		return u.Host
	}
	return "the endpoint"
}

// state is whether e may be asked, and when.
func (e *endpoint) state(now time.Time) (refused *fault, wait time.Duration, proven bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.refused, max(0, e.rests.Sub(now)), e.proven
}

// refuse ends the use of e; it is false if that has ended already.
func (e *endpoint) refuse(f *fault) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	first := e.refused == nil
	if first {
		e.refused = f
	}
	return first
}

// failed counts a failure of a request that began at the given time and gives
// e a rest. Of several that were on their way together one counts.
func (e *endpoint) failed(f *fault, began, now time.Time) (rest time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if began.After(e.rested) || e.failures == 0 {
		e.failures++
		e.rested = now
		e.rests = now.Add(backoff(e.failures, f.wait))
	} else if until := now.Add(f.wait); f.wait > 0 && until.After(e.rests) {
		e.rests = until
	}
	return e.rests.Sub(now)
}

func (e *endpoint) succeeded(rest time.Duration, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failures = 0
	if rest > 0 {
		e.rests = now.Add(min(rest, waitMax))
	}
}

// exchange asks e for vectors once. own says that texts are this program's.
func (c *client) exchange(ctx context.Context, e *endpoint, texts []string, inputType string, own bool) (reply, *fault) {
	path, doc := c.api.request(c.config, texts, inputType)
	body, err := json.Marshal(doc)
	if err != nil {
		return reply{}, &fault{class: stop, what: "the request cannot be written"}
	}
	size := 0
	for _, t := range texts {
		size += len(t)
	}
	estimate := e.pace.estimate(size)
	if err := e.pace.wait(ctx, estimate); err != nil {
		return reply{}, &fault{class: busy, what: "the limit a minute is used up", ours: true}
	}
	answer, h, f := c.fetch(ctx, e, http.MethodPost, path, body, replySlack+len(texts)*c.dims*numberBytes, own)
	if f != nil {
		return reply{}, f
	}
	r, err := c.api.read(answer, h, len(texts))
	if err != nil {
		f := &fault{class: again, what: e.host() + ": the reply is wrong: " + err.Error()}
		if own { // it has never been right
			f.class = stop
		}
		return reply{}, f
	}
	if err := c.checkDims(r); err != nil {
		return reply{}, &fault{class: stop, what: e.host() + ": " + err.Error()}
	}
	e.pace.used(size, estimate, r.tokens)
	e.succeeded(exhausted(h), time.Now())
	return r, nil
}

// exhausted is how long a service that answered says that it will not answer.
func exhausted(h http.Header) time.Duration {
	left := http.Header{}
	for name, values := range h {
		if name != "Retry-After" && name != "Retry-After-Ms" {
			left[name] = values
		}
	}
	return retryAfter(left, time.Time{})
}

func (c *client) checkDims(r reply) error {
	for _, v := range r.vectors {
		if len(v) != c.dims {
			return fmt.Errorf("a vector has %d numbers, want %d", len(v), c.dims)
		}
	}
	return nil
}

// fetch makes one HTTP request and returns the body of a success.
func (c *client) fetch(ctx context.Context, e *endpoint, method, path string, body []byte, most int, own bool) ([]byte, http.Header, *fault) {
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	q, err := http.NewRequestWithContext(ctx, method, e.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, &fault{class: stop, what: e.host() + ": not an address"}
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Accept", "application/json")
	q.Header.Set("User-Agent", userAgent)
	if c.key.value != "" {
		c.api.authorise(q.Header, c.key.value)
	}
	a, err := c.http.Do(q)
	if err != nil {
		return nil, nil, c.unreached(e, err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(io.LimitReader(a.Body, int64(most)+1))
	if err != nil {
		return nil, nil, c.unreached(e, err)
	}
	if a.StatusCode != http.StatusOK {
		f := c.faultOf(a.StatusCode, a.Header, b, own)
		f.what = e.host() + ": " + f.what
		return nil, nil, f
	}
	if len(b) > most {
		return nil, nil, &fault{class: stop, what: fmt.Sprintf("%s: a reply of over %d bytes", e.host(), most)}
	}
	return b, a.Header, nil
}

const userAgent = "cubeset"

// unreached is a request without an answer.
func (c *client) unreached(e *endpoint, err error) *fault {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return &fault{class: again, what: e.host() + ": no answer in time"}
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the address, which is named already
	}
	return &fault{class: again, what: e.host() + ": " + quote(c.key.hide(err.Error()))}
}
