package wasm

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/tetratelabs/wazero/api"
)

const (
	fuelSlice        = 1 << 16
	fuelPerRowMax    = 10_000_000
	hostCallTicks    = 16 // every call of a host function
	hostBytesPerTick = 16 // of what the host function moves
	configureTicks   = 64 // a byte of configuration, above the base
)

// tank holds the fuel of one call into the guest.
//
// The guest's own counter holds what is left of the slice granted last, so what
// was spent is known exactly at any time, and an exhausted budget is noticed at
// the same instruction on every machine. The first slice is granted before the
// call, so that most batches never come back to ask, and the clock is first
// looked at when it is used up: a short call does not pay for either.
type tank struct {
	counter  api.MutableGlobal // nil until the instance exists
	slice    int64             // ticks between two looks at the clock, fuelSlice but for tests
	budget   int64
	spent    int64 // all slices granted and used up
	granted  int64 // the current slice
	limit    time.Duration
	deadline time.Time // limit after the first look at the clock; zero before it
}

// stop ends the guest's call from within a host function.
type stop struct {
	code Code
	msg  string
}

func (s *stop) Error() string { return string(s.code) + ": " + s.msg }

// fill starts a call with a new budget.
func (t *tank) fill(budget int64, limit time.Duration) {
	t.budget, t.spent, t.granted, t.limit, t.deadline = budget, 0, 0, limit, time.Time{}
	if t.counter != nil {
		t.granted = min(t.slice, budget)
		t.counter.Set(uint64(t.granted))
	}
}

// used is the number of ticks since fill.
func (t *tank) used() int64 {
	if t.counter == nil {
		return t.spent
	}
	return t.spent + t.granted - int64(t.counter.Get())
}

// refuel takes back what is left of the slice, which is negative, and grants the
// next.
func (t *tank) refuel(ctx context.Context, left int64) int64 {
	t.spent += t.granted - left
	t.granted = 0
	t.check()
	if err := ctx.Err(); err != nil {
		panic(err)
	}
	switch now := time.Now(); {
	case t.deadline.IsZero():
		t.deadline = now.Add(t.limit)
	case now.After(t.deadline):
		panic(&stop{CodeDeadline, "ran past its deadline"})
	}
	t.granted = min(t.slice, t.budget-t.spent)
	return t.granted
}

// charge pays for a host function that moves n bytes, out of the same slice as
// the guest's own work: so a guest that mostly calls the host is stopped by the
// clock like any other.
func (t *tank) charge(ctx context.Context, n uint64) {
	ticks := hostCallTicks + int64(n/hostBytesPerTick)
	if t.counter == nil { // a start function, whose slices are the host's to count
		t.spent += ticks
		t.check()
		return
	}
	left := int64(t.counter.Get()) - ticks
	if left < 0 {
		left = t.refuel(ctx, left)
	}
	t.counter.Set(uint64(left))
}

func (t *tank) check() {
	if t.spent > t.budget {
		panic(&stop{CodeFuel, t.empty()})
	}
}

func (t *tank) empty() string { return fmt.Sprintf("more than %d ticks", t.budget) }

// times is a·b, or the largest number instead of one that overflows.
func times(a, b int64) int64 {
	if a > 0 && b > math.MaxInt64/4/a {
		return math.MaxInt64 / 4
	}
	return a * b
}
