package plugins

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	pauseFirst   = 100 * time.Millisecond // before a busy teacher is asked again
	restartPause = 250 * time.Millisecond // doubled before one that did not come up is started again
	pauseLast    = 30 * time.Second       // between two later ones, at most
	pauseGrowth  = 2
	pauseScatter = 0.5 // of a pause is left to chance, so that many hosts do not come back at once
)

// Stats is what a Supervised has done so far.
type Stats struct {
	Texts    int64         // that have a vector or a refusal
	Tokens   int64         // that the teacher said it read of them, 0 = it does not count
	Restarts int64         // processes that took the place of one that died
	Spent    time.Duration // in calls, of all callers together
}

// Stats is what has been done so far. Checks are not part of it.
func (s *Supervised) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

func (s *Supervised) count(rows []Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Texts += int64(len(rows))
	for i := range rows {
		s.stats.Tokens += int64(rows[i].Tokens)
	}
}

// ready returns a running process that has passed the check, starting it if need
// be. One that never worked is not started twice.
func (s *Supervised) ready(ctx context.Context) (*Teacher, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	busy := patience{left: s.options.BusyTimeout, wait: s.wait}
	tries := patience{left: pauseLast, next: restartPause, wait: s.wait}
	for again := 0; s.failed == nil; {
		err := s.begin(ctx)
		switch {
		case err == nil:
			return s.running, nil
		case ctx.Err() != nil:
			return nil, err
		case errors.Is(err, ErrBusy):
			if err := busy.spend(ctx, err); err != nil {
				return nil, s.final(ctx, err)
			}
		case s.worked && (deadly(err) || errors.Is(err, ErrStart)) && again < restartsMax:
			again++
			s.bury()
			if err := tries.spend(ctx, err); err != nil {
				return nil, s.final(ctx, err)
			}
		default:
			if again > 0 {
				err = fmt.Errorf("%w; it was started again %d times", err, again)
			}
			return nil, s.final(ctx, err)
		}
	}
	return nil, s.failed
}

// begin is one try of ready.
func (s *Supervised) begin(ctx context.Context) error {
	if err := s.start(ctx); err != nil {
		return err
	}
	if s.checked {
		return nil
	}
	if err := s.check(ctx, s.running); err != nil {
		return err
	}
	s.checked, s.worked = true, true
	return nil
}

// start starts the process if none is running.
func (s *Supervised) start(ctx context.Context) error {
	if s.running != nil {
		return nil
	}
	t, err := Start(ctx, s.spec, s.options)
	if err != nil {
		return err
	}
	id := EmbedID(t.Description())
	if s.embedID != "" && id != s.embedID {
		t.Close()
		return fail(s.spec.Name, ErrOther, "says it is %s, and is known as %s", id, s.embedID)
	}
	if s.worked {
		s.stats.Restarts++
	}
	s.embedID, s.running, s.checked = id, t, false
	return nil
}

// forget lets go of a process that died, hangs, or was closed for that. The next
// call starts another one.
func (s *Supervised) forget(t *Teacher) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == t {
		s.bury()
	}
	return s.failed
}

// bury ends the running process, dead or not. What its end says is of no use.
func (s *Supervised) bury() {
	if s.running != nil {
		s.running.process.kill()
		s.running.Close()
		s.running = nil
	}
}

// final is fail for who holds s.mu.
func (s *Supervised) final(ctx context.Context, err error) error {
	if ctx.Err() == nil && s.failed == nil {
		s.failed = err
	}
	return err
}

// patience is pauses that grow, until there is no time left.
type patience struct {
	left time.Duration
	next time.Duration
	wait func(context.Context, time.Duration) error
}

// spend waits, and returns cause when that has been done for long enough.
func (p *patience) spend(ctx context.Context, cause error) error {
	if p.left <= 0 {
		return cause
	}
	p.next = min(max(pauseFirst, p.next*pauseGrowth), pauseLast)
	pause := min(p.left, time.Duration(float64(p.next)*(1-pauseScatter*rand.Float64())))
	p.left -= pause
	return p.wait(ctx, pause)
}

// sleep waits, or returns why it did not.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
