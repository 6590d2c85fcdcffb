package wasm

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/tetratelabs/wazero/api"
	"pgregory.net/rapid"
)

// counter stands for the guest's global.
type counter struct {
	api.MutableGlobal
	v uint64
}

func (c *counter) Get() uint64  { return c.v }
func (c *counter) Set(v uint64) { c.v = v }

// charge does what a metered guest does.
func (c *counter) charge(t *tank, ticks int64) {
	if c.v -= uint64(ticks); int64(c.v) < 0 {
		c.v = uint64(t.refuel(context.Background(), int64(c.v)))
	}
}

// TestTank charges guest and host work in any order: what was used is the sum,
// whatever the slices, and a budget that it exceeds stops it.
func TestTank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := new(counter)
		k := tank{counter: c, slice: rapid.Int64Range(1, 2*fuelSlice).Draw(t, "slice")}
		budget := rapid.Int64Range(1, 4*fuelSlice).Draw(t, "budget")
		k.fill(budget, time.Minute)
		sum := int64(0)
		stopped := func(charge func()) (s *stop) {
			defer func() { s, _ = recover().(*stop) }()
			charge()
			return nil
		}
		for range rapid.IntRange(1, 20).Draw(t, "charges") {
			n := rapid.Int64Range(1, fuelSlice).Draw(t, "ticks")
			var s *stop
			if rapid.Bool().Draw(t, "host") {
				sum += hostCallTicks + n/hostBytesPerTick
				s = stopped(func() { k.charge(context.Background(), uint64(n)) })
			} else {
				sum += n
				s = stopped(func() { c.charge(&k, n) })
			}
			if (s != nil) != (sum > budget) || s != nil && s.code != CodeFuel {
				t.Fatalf("%d of %d ticks: stopped by %v", sum, budget, s)
			}
			if s != nil {
				return
			}
			if k.used() != sum {
				t.Fatalf("used %d, want %d", k.used(), sum)
			}
		}
	})
}

// TestShortCallsNeverLookAtTheClock checks that the deadline of a call starts
// when its first slice is used up.
func TestShortCallsNeverLookAtTheClock(t *testing.T) {
	c := new(counter)
	k := tank{counter: c, slice: fuelSlice}
	k.fill(math.MaxInt64/4, time.Minute)
	c.charge(&k, fuelSlice)
	if !k.deadline.IsZero() {
		t.Error("the clock was looked at within the first slice")
	}
	c.charge(&k, 1)
	if k.deadline.IsZero() {
		t.Error("the clock was not looked at after the first slice")
	}
	k.deadline = time.Now().Add(-time.Second)
	defer func() {
		if s, ok := recover().(*stop); !ok || s.code != CodeDeadline {
			t.Errorf("stopped by %v, want the deadline", s)
		}
	}()
	k.charge(context.Background(), 2*hostBytesPerTick*fuelSlice)
}
