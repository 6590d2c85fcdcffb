package httpteacher

import (
	"context"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// pace keeps to what a user says the service allows a minute, so that it need
// not say so itself.
type pace struct {
	requests, tokens *rate.Limiter // nil = no limit

	mu      sync.Mutex
	perByte float64 // tokens a byte of text, as seen so far
}

const (
	perByteFirst = 0.3    // English has about a token to four bytes
	perByteShare = 0.2    // weight of the newest request
	burstShare   = 1. / 6 // of a minute's allowance that may be used at once
)

func newPace(c Config) *pace {
	return &pace{requests: perMinute(c.RequestsPerMinute, 1./60), tokens: perMinute(c.TokensPerMinute, burstShare), perByte: perByteFirst}
}

func perMinute(n, share float64) *rate.Limiter {
	if n <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(n/60), max(1, int(math.Min(n*share, math.MaxInt32))))
}

// tokensMax is how many tokens one request may have, 0 = as many as it likes.
func (p *pace) tokensMax() int {
	if p.tokens == nil {
		return 0
	}
	return p.tokens.Burst()
}

// estimate is about how many tokens so many bytes of text are.
func (p *pace) estimate(bytes int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return 1 + int(float64(bytes)*p.perByte)
}

// wait waits until a request of about so many tokens may be made, or until ctx
// ends.
func (p *pace) wait(ctx context.Context, tokens int) error {
	now := time.Now()
	var delay time.Duration
	var taken []*rate.Reservation
	for _, l := range []struct {
		limiter *rate.Limiter
		n       int
	}{{p.requests, 1}, {p.tokens, tokens}} {
		if l.limiter != nil {
			r := l.limiter.ReserveN(now, min(l.n, l.limiter.Burst()))
			delay = max(delay, r.DelayFrom(now))
			taken = append(taken, r)
		}
	}
	if delay == 0 {
		return nil
	}
	if end, ok := ctx.Deadline(); ok && end.Before(now.Add(delay)) || !sleep(ctx, delay) {
		for _, r := range taken {
			r.CancelAt(now)
		}
		<-ctx.Done() // it would come too late, and whoever asked would ask again at once
		return context.Cause(ctx)
	}
	return nil
}

// used corrects the estimate by what the service counted.
func (p *pace) used(bytes, estimate, tokens int) {
	if tokens == 0 || bytes == 0 {
		return
	}
	p.mu.Lock()
	p.perByte += perByteShare * (float64(tokens)/float64(bytes) - p.perByte)
	p.mu.Unlock()
	if over := tokens - estimate; over > 0 && p.tokens != nil {
		p.tokens.ReserveN(time.Now(), min(over, p.tokens.Burst()))
	}
}
