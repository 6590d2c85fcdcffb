package tensor

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestBounds(t *testing.T) {
	long := strings.Repeat("a", 100)
	le := func(v float32) string { return string(littleEndian([]float32{v})) }
	zero := float32(math.Copysign(0, -1))
	for _, c := range []struct {
		name      string
		kind      kind
		values    []string
		low, high string
	}{
		{"texts", text, []string{"b", "", "é", "a"}, "", "é"},
		{"long", text, []string{long}, long[:64], long[:63] + "b"},
		{"cut within a character", text, []string{long[:63] + "éé"}, long[:63], long[:62] + "b"},
		{"before what are no characters", text, []string{long[:61] + "\ud7ff\ud7ff"}, long[:61] + "\ud7ff", long[:61] + "\ue000"},
		{"last character", text, []string{long[:59] + "b\U0010ffff\U0010ffff"}, long[:59] + "b\U0010ffff", long[:59] + "c"},
		{"nothing above", text, []string{strings.Repeat("\U0010ffff", 17)}, strings.Repeat("\U0010ffff", 16), strings.Repeat("\U0010ffff", 17)},
		{"int32", int32s, []string{"\x01\x00\x00\x00", "\xff\xff\xff\xff"}, "\xff\xff\xff\xff", "\x01\x00\x00\x00"},
		{"int64", int64s, []string{"\x00\x01\x00\x00\x00\x00\x00\x00", "\x02\x00\x00\x00\x00\x00\x00\x00"}, "\x02\x00\x00\x00\x00\x00\x00\x00", "\x00\x01\x00\x00\x00\x00\x00\x00"},
		{"float32", float32s, []string{le(2), le(-3), le(1)}, le(-3), le(2)},
		{"zeros", float32s, []string{le(0)}, le(zero), le(0)},
		{"negative zeros", float32s, []string{le(zero)}, le(zero), le(0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 { // the order of the values does not matter
				b := bounds{kind: c.kind}
				for _, v := range c.values {
					b.add([]byte(v))
				}
				if low, high := b.written(); string(low) != c.low || string(high) != c.high {
					t.Errorf("%q to %q, want %q to %q", low, high, c.low, c.high)
				}
				slices.Reverse(c.values)
			}
		})
	}
	if low, high := new(bounds).written(); low != nil || high != nil {
		t.Errorf("bounds of nothing: %q, %q", low, high)
	}
}

// However long the texts, their bounds are short texts that hold all of them.
func TestBoundsHoldEveryText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringN(0, 60, -1), 1, 5).Draw(t, "texts")
		common := rapid.StringN(0, 80, -1).Draw(t, "common")
		var page, chunk bounds
		for _, s := range texts {
			page.add([]byte(common + s))
		}
		chunk.merge(&page)
		low, high := chunk.written()
		for _, s := range texts {
			if v := []byte(common + s); bytes.Compare(low, v) > 0 || bytes.Compare(v, high) > 0 {
				t.Fatalf("%q is outside %q to %q", v, low, high)
			}
		}
		if len(low) > boundMax || !utf8.Valid(low) || !utf8.Valid(high) {
			t.Fatalf("%q to %q are no short texts", low, high)
		}
	})
}
