package dialogue

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestText(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "How are you?", "How are you?"},
		{"empty", "", ""},
		{"white space alone", " \t\r\n\u00a0\u3000", ""},
		{"trimmed", "\n  a b\t\u2003", "a b"},
		{"inner white space stays", "a  b\n\n\tc", "a  b\n\n\tc"},
		{"CR LF", "a\r\nb\r\n", "a\nb"},
		{"CR CR LF", "a\r\r\nb", "a\nb"},
		{"CR alone is a control character", "a\rb", "ab"},
		{"NUL and others", "a\x00b\x1bc\x1fd", "abcd"},
		{"control characters at the ends", "\x00 a \x01", "a"},
		{"control character inside CR LF", "a\r\x00\nb", "a\nb"},
		{"DEL and C1 stay", "a\x7f\u0081b", "a\x7f\u0081b"},
		{"NFC", "e\u0301", "é"},
		{"NFC across a removed character", "e\x00\u0301", "é"},
		{"NFC of a singleton", "\u212B", "Å"},
		{"NFC reorders marks", "a\u0301\u0323", "\u1EA1\u0301"},
		{"Hangul jamo", "\u1112\u1161\u11ab", "한"},
		{"en quad becomes white space", "\u2000a\u2001", "a"},
		{"a mark without a letter", " \u0301a", "\u0301a"},
		{"byte order mark stays", "\ufeffa", "\ufeffa"},
		{"bidi marks stay", "a\u202eb", "a\u202eb"},
		{"U+FFFD is a character", "\ufffd", "\ufffd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, ok := Text(c.in); got != c.want || !ok {
				t.Errorf("Text(%+q) = %+q, %v, want %+q", c.in, got, ok, c.want)
			}
			if got := string(appendText([]byte("x"), []byte(c.in))); got != "x"+c.want {
				t.Errorf("appendText(x, %+q) = %+q, want %+q", c.in, got, "x"+c.want)
			}
		})
	}
	for _, bad := range []string{"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80"} {
		if got, ok := Text(bad); got != "" || ok {
			t.Errorf("Text(%+q) = %+q, %v, want none", bad, got, ok)
		}
	}
}

// hardText draws what normalisation and trimming find hard.
func hardText() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOf(rapid.OneOf(
			rapid.String(),
			rapid.SampledFrom([]string{
				" ", "\r\n", "\r", "\n", "\t", "\x00", "\x1b", "\u0085", "\u00a0", "\u2000", "\u3000",
				"e", "\u0301", "\u0323", "\u0327", "\u034f", "\u1100", "\u1161", "\u11a8", "\u0958", "\u212b", "\ufb1d",
				"\u0f71\u0f72", "\U0001d15e", "й", "И\u0306", "\u0344",
			}),
			rapid.Map(rapid.IntRange(1, 70), func(n int) string { return strings.Repeat("\u0301", n) }),
			rapid.Map(rapid.IntRange(1, 70), func(n int) string { return strings.Repeat("\u0323\u0301", n) }),
		)).Draw(t, "parts")
		return strings.Join(parts, "")
	})
}

func TestTextProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkText(t, hardText().Draw(t, "text")) })
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", " a\r\n", "e\u0301\x00\u0323", "\xff", strings.Repeat("\u0301", 40), "\u2000\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkText(t, s) })
}

type failer interface{ Fatalf(string, ...any) }

func checkText(t failer, s string) {
	once, ok := Text(s)
	if ok != utf8.ValidString(s) {
		t.Fatalf("Text(%+q): ok = %v", s, ok)
	}
	if !ok {
		return
	}
	if again, ok := Text(once); !ok || again != once {
		t.Fatalf("Text is not idempotent: %+q, %+q, %+q", s, once, again)
	}
	if !norm.NFC.IsNormalString(once) || strings.TrimSpace(once) != once {
		t.Fatalf("Text(%+q) = %+q is not NFC or not trimmed", s, once)
	}
	for _, r := range once {
		if r < 0x20 && r != '\n' && r != '\t' {
			t.Fatalf("Text(%+q) holds U+%04X", s, r)
		}
	}
	if got := string(appendText(nil, []byte(s))); got != once {
		t.Fatalf("appendText(%+q) = %+q, want %+q", s, got, once)
	}
	if f := Fold(s); f != slowFold(s) {
		t.Fatalf("Fold(%+q) = %+q, want %+q", s, f, slowFold(s))
	}
}

// TestSettled proves, character by character, what lets most texts skip
// normalisation: a settled character is its own NFC, begins a new sequence and
// does not compose with what is before it.
func TestSettled(t *testing.T) {
	n := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		s := string(r)
		if !settled([]byte(s)) {
			continue
		}
		n++
		if p := norm.NFC.PropertiesString(s); !norm.NFC.IsNormalString(s) || !p.BoundaryBefore() {
			t.Fatalf("U+%04X is not settled", r)
		}
	}
	if n < 35_000 {
		t.Errorf("%d characters are settled: ideographs and Hangul alone are more", n)
	}
}

func slowFold(s string) string {
	return strings.Join(strings.Fields(cases.Fold().String(s)), " ")
}

// TestFoldRunes compares Fold with its definition for every character.
func TestFoldRunes(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		for _, s := range []string{string(r), "a" + string(r) + "B"} {
			if got, want := Fold(s), slowFold(s); got != want {
				t.Fatalf("Fold(%+q) = %+q, want %+q", s, got, want)
			}
		}
	}
}

func TestFold(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""}, {" ", ""}, {"a", "a"}, {"a b", "a b"}, {"a  b", "a b"}, {" a", "a"}, {"a ", "a"},
		{"How\tARE\n you", "how are you"}, {"ПРИВЕТ,  Мир", "привет, мир"}, {"Straße", "strasse"},
		{"ΣΊΣΥΦΟΣ", "σίσυφοσ"}, {"你好\u3000世界", "你好 世界"}, {"a\u00a0b", "a b"}, {"İ", "i\u0307"},
	} {
		if got := Fold(c.in); got != c.want {
			t.Errorf("Fold(%+q) = %+q, want %+q", c.in, got, c.want)
		}
	}
	if n := testing.AllocsPerRun(10, func() { Fold("already folded text") }); n > 0 {
		t.Errorf("%v allocations for a folded text", n)
	}
}

func TestPairID(t *testing.T) {
	for _, c := range []struct {
		name string
		in   Pair
		want string
	}{
		{"its own", Pair{ID: " x/1 ", DialogueID: "d", Turn: 1}, " x/1 "},
		{"of the dialogue", Pair{DialogueID: "d", Turn: 0, Question: "q"}, "d#0"},
		// printf 'q\0a\0' | sha256sum; printf 'q\0a\0c' | sha256sum
		{"of the text", Pair{DialogueID: "d", Turn: -1, Question: "q", Answer: "a"}, "c2e63c0be2d286b7"},
		{"of text and context", Pair{Turn: 3, Question: "q", Answer: "a", Context: "c"}, "517594d58f7956b1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := PairID(&c.in); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestGroup(t *testing.T) {
	if got := Group(&Pair{DialogueID: "D", Question: "Q"}); got != "D" {
		t.Errorf("with a dialogue: %q", got)
	}
	if got := Group(&Pair{Question: "How  ARE you"}); got != "how are you" {
		t.Errorf("without a dialogue: %q", got)
	}
	for _, p := range []Pair{{DialogueID: "D", Question: "Q"}, {Question: "How  ARE you"}} {
		if got := GroupOf(&p, Fold(p.Question)); got != Group(&p) {
			t.Errorf("with the fold at hand: %q, want %q", got, Group(&p))
		}
	}
}
