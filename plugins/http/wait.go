package httpteacher

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	waitMin = 500 * time.Millisecond // after the first failure, when the service names no time
	waitTop = 30 * time.Second       // after many
	waitMax = time.Hour              // a service that asks for more has closed for the day
)

// retryAfter is how long an answer asks to wait, 0 = it does not say:
// Retry-After-Ms, Retry-After in seconds or as a date, or the time until a
// limit of x-ratelimit-… that is used up begins anew.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms >= 0 {
		return seconds(ms / 1000)
	}
	if s := h.Get("Retry-After"); s != "" {
		if n, err := strconv.ParseFloat(s, 64); err == nil && n >= 0 {
			return seconds(n)
		}
		if at, err := http.ParseTime(s); err == nil {
			return max(0, at.Sub(now))
		}
	}
	var wait time.Duration
	for _, what := range []string{"Requests", "Tokens"} {
		if h.Get("X-Ratelimit-Remaining-"+what) == "0" {
			wait = max(wait, resetTime(h.Get("X-Ratelimit-Reset-"+what)))
		}
	}
	return wait
}

// resetTime reads "6m0s", "120ms" and plain seconds.
func resetTime(s string) time.Duration {
	if n, err := strconv.ParseFloat(s, 64); err == nil && n >= 0 {
		return seconds(n)
	}
	d, err := time.ParseDuration(strings.TrimSpace(s))
	if err != nil {
		return 0
	}
	return max(0, d)
}

// seconds takes any number for what it means, years of waiting included.
func seconds(n float64) time.Duration {
	const most = 1000 * time.Hour
	return time.Duration(min(n, most.Seconds()) * float64(time.Second))
}

// backoff is how long to wait after the nth failure in a row, 1 being the
// first: twice as long each time, give or take half, so that many clients do
// not come back together. What the service asked for is waited at least.
func backoff(n int, asked time.Duration) time.Duration {
	if asked > 0 {
		return asked + time.Duration(rand.Float64()*0.1*float64(asked))
	}
	d := waitTop
	if n < 7 {
		d = min(waitTop, waitMin<<(n-1))
	}
	return d/2 + time.Duration(rand.Float64()*float64(d))
}

// sleep is false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
