package wasm

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/tetratelabs/wazero/api"
)

const (
	fuelSlice        = 1 << 16 // ticks between two looks at the clock
	fuelPerRowMax    = 10_000_000
	hostCallTicks    = 16 // every call of a host function
	hostBytesPerTick = 16 // of what the host function moves
	configureTicks   = 64 // a byte of configuration, above the base
)

// tank holds the fuel of one call into the guest.
//
// The guest's own counter holds what is left of the slice granted last, so what
// was spent is known exactly at any time, and an exhausted budget is noticed at
// the same instruction on every machine.
type tank struct {
	counter  api.MutableGlobal // nil until the instance exists
	budget   int64
	spent    int64 // all slices granted and used up, and host calls
	granted  int64 // the current slice
	deadline time.Time
}

// stop ends the guest's call from within a host function.
type stop struct {
	code Code
	msg  string
}

func (s *stop) Error() string { return string(s.code) + ": " + s.msg }

// fill starts a call with a new budget.
func (t *tank) fill(budget int64, deadline time.Time) {
	t.budget, t.spent, t.granted, t.deadline = budget, 0, 0, deadline
	if t.counter != nil {
		t.counter.Set(0)
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
	if !t.deadline.IsZero() && time.Now().After(t.deadline) {
		panic(&stop{CodeDeadline, "ran past its deadline"})
	}
	t.granted = min(fuelSlice, t.budget-t.spent)
	return t.granted
}

// charge pays for a host function that moves n bytes.
func (t *tank) charge(n uint64) {
	t.spent += hostCallTicks + int64(n/hostBytesPerTick)
	t.check()
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
