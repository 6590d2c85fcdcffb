package term

import (
	"os"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestClean(t *testing.T) {
	for _, c := range []struct {
		name, in string
		max      int
		want     string
	}{
		{"plain", "как дела? 你好", 99, "как дела? 你好"},
		{"escape sequence", "\x1b[31mred", 99, `\u001B[31mred`},
		{"bidi override", "\u202egnp.exe", 99, `\u202Egnp.exe`},
		{"zero width", "a\u200bb", 99, `a\u200Bb`},
		{"lines", "a\nb\tc\r", 99, `a\nb\tc\u000D`},
		{"line separator", "a\u2028b", 99, `a\u2028b`},
		{"cut", strings.Repeat("я", 11), 10, strings.Repeat("я", 10) + "…"},
	} {
		if got := Clean(c.in, c.max); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCleanLeavesNothingATerminalObeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, r := range Clean(rapid.String().Draw(t, "text"), 1000) {
			if unicode.IsControl(r) || unicode.In(r, unicode.Cf) {
				t.Fatalf("%U is still there", r)
			}
		}
	})
}

func TestAFileIsNoTerminal(t *testing.T) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if IsTerminal(f) || Color(f) {
		t.Error("the null device is taken for a terminal")
	}
}
