package httpteacher

import (
	"context"
	"sync"
	"time"
)

// gate lets as many requests through at a time as a service bears, which it
// finds out: one more after each that went well, until the first that did not;
// then half as many, and one more with each round that goes well. (Additive
// increase, multiplicative decrease, as TCP has it.)
type gate struct {
	max int

	mu     sync.Mutex
	limit  float64
	inside int
	queue  []chan struct{} // closed when its owner is let in
	cut    time.Time       // when limit was last halved, zero = never
}

// gateFirst is how many requests go out at once before anything is known.
const gateFirst = 2

func newGate(most int) *gate { return &gate{max: most, limit: float64(min(gateFirst, most))} }

// enter waits for a place. The caller must leave if it returns nil.
func (g *gate) enter(ctx context.Context) error {
	g.mu.Lock()
	if g.inside < int(g.limit) && len(g.queue) == 0 {
		g.inside++
		g.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	g.queue = append(g.queue, turn)
	g.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, q := range g.queue {
		if q == turn {
			g.queue = append(g.queue[:i], g.queue[i+1:]...)
			return context.Cause(ctx)
		}
	}
	g.inside-- // let in at the same moment
	g.admit()
	return context.Cause(ctx)
}

// leave gives the place back. verdict says how a request went that began at
// the given time.
func (g *gate) leave(v verdict, began, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	switch {
	case v == tooFast && began.After(g.cut): // one cut for all that were on their way
		g.limit, g.cut = max(1, g.limit/2), now
	case v == fine && g.cut.IsZero():
		g.limit = min(float64(g.max), g.limit+1)
	case v == fine:
		g.limit = min(float64(g.max), g.limit+1/g.limit)
	}
	g.admit()
}

func (g *gate) admit() {
	for len(g.queue) > 0 && g.inside < int(g.limit) {
		close(g.queue[0])
		g.queue = g.queue[1:]
		g.inside++
	}
}

// verdict is what a request says about how many there may be.
type verdict int

const (
	nothing verdict = iota // it was not made, or was wrong in itself
	fine
	tooFast // the service was busy or did not answer
)
