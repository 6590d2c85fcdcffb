package split

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func TestOfKnownVectors(t *testing.T) {
	// Computed apart with Python:
	// int.from_bytes(hashlib.sha256(b"cubeset.split.v1\0" + b"42" + b"\0" + group).digest()[:8], "big")
	for _, c := range []struct {
		seed  int64
		group string
		u     uint64
	}{
		{42, "", 16350818336906693771},
		{42, "train/1_00000", 17564128959384962212},
		{42, "как дела?", 247578834231212676},
		{-7, "a", 17284207559284172385},
	} {
		s, err := New("0.2", c.seed)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.hash(c.group); got != c.u {
			t.Errorf("seed %d group %q: u = %d, want %d", c.seed, c.group, got, c.u)
		}
	}
}

func TestFractionIsExact(t *testing.T) {
	sum := sha256.Sum256([]byte("cubeset.split.v1\x0042\x00g"))
	u := binary.BigEndian.Uint64(sum[:8])
	for _, c := range []struct {
		name, fraction, want string
	}{
		{"nothing", "0", Train},
		{"everything", "1", Validation},
		{"just at u", fmt.Sprintf("%d/18446744073709551616", u), Train},
		{"just above u", fmt.Sprintf("%d/18446744073709551616", u+1), Validation},
		{"a hair above u", fmt.Sprintf("%d1/184467440737095516160", u), Validation},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := New(c.fraction, 42)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Of("g"); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for _, f := range []string{"", "x", "-0.1", "1.01", "NaN", "20%"} {
		if _, err := New(f, 0); err == nil {
			t.Errorf("New(%q) is accepted", f)
		}
	}
}

func TestSharesComeOut(t *testing.T) {
	s, err := New("0.2", 1)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i := range 20000 {
		if s.Of(fmt.Sprint("dialogue-", i)) == Validation {
			n++
		}
	}
	if n < 3800 || n > 4200 { // five standard deviations are 283
		t.Errorf("%d of 20000 groups are in validation, want about 4000", n)
	}
}

func TestRaisingTheFractionOnlyMovesGroupsToValidation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.IntRange(0, 1000).Draw(t, "a"), rapid.IntRange(0, 1000).Draw(t, "b")
		if a > b {
			a, b = b, a
		}
		seed, group := rapid.Int64().Draw(t, "seed"), rapid.String().Draw(t, "group")
		low, _ := New(fmt.Sprintf("%d/1000", a), seed)
		high, _ := New(fmt.Sprintf("%d/1000", b), seed)
		if low.Of(group) == Validation && high.Of(group) == Train {
			t.Fatalf("validation at %d/1000, train at %d/1000", a, b)
		}
	})
}
