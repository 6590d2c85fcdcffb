package split

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// The vectors were computed apart, in Python; the readers' check computes them
// again there.
func TestVectors(t *testing.T) {
	doc, err := os.ReadFile("vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Seed                    int64
		Validation, Test, Group string
		U, Split                string
	}
	if err := json.Unmarshal(doc, &vectors); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, v := range vectors {
		s, err := New(v.Validation, v.Test, v.Seed)
		if err != nil {
			t.Fatal(err)
		}
		if got := strconv.FormatUint(s.hash(v.Group), 10); got != v.U {
			t.Errorf("seed %d group %q: u = %s, want %s", v.Seed, v.Group, got, v.U)
		}
		if got := s.Of(v.Group); got != v.Split {
			t.Errorf("seed %d group %q, %s and %s: %s, want %s", v.Seed, v.Group, v.Validation, v.Test, got, v.Split)
		}
		seen[v.Split] = true
	}
	if len(seen) != len(Names()) {
		t.Errorf("the vectors come to %v, want every split", seen)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, f := range []string{"", "x", "-0.1", "1.01", "NaN", "20%"} {
		if _, err := New(f, "0", 0); err == nil {
			t.Errorf("New(%q, 0) is accepted", f)
		}
		if _, err := New("0", f, 0); err == nil {
			t.Errorf("New(0, %q) is accepted", f)
		}
	}
	if _, err := New("0.6", "0.5", 0); err == nil {
		t.Error("shares of more than all are accepted")
	}
}

func TestSharesComeOut(t *testing.T) {
	s, err := New("0.2", "0.1", 1)
	if err != nil {
		t.Fatal(err)
	}
	n := map[string]int{}
	for i := range 20000 {
		n[s.Of(fmt.Sprint("dialogue-", i))]++
	}
	if v, u := n[Validation], n[Test]; v < 3700 || v > 4300 || u < 1750 || u > 2250 { // five standard deviations and more
		t.Errorf("of 20000 groups %d are in validation and %d in test, want about 4000 and 2000", v, u)
	}
}

func TestRaisingTheFractionOnlyMovesGroupsToValidation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.IntRange(0, 1000).Draw(t, "a"), rapid.IntRange(0, 1000).Draw(t, "b")
		if a > b {
			a, b = b, a
		}
		seed, group := rapid.Int64().Draw(t, "seed"), rapid.String().Draw(t, "group")
		low, _ := New(fmt.Sprintf("%d/1000", a), "0", seed)
		high, _ := New(fmt.Sprintf("%d/1000", b), "0", seed)
		if low.Of(group) == Validation && high.Of(group) == Train {
			t.Fatalf("validation at %d/1000, train at %d/1000", a, b)
		}
	})
}
