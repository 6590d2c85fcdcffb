package plugins

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", " It is fine. ", "It is fine."},
		{"lines", "a\nb\tc", "a b c"},
		{"escapes", "\x1b[31mred\x00", `\u001b[31mred\u0000`},
		{"bidi", "\u202egpj.exe", `\u202egpj.exe`},
		{"zero width", "a\u200bb", `a\u200bb`},
		{"broken", "a\xffb", `a\xffb`},
		{"letters", "Ошибка 错误", "Ошибка 错误"},
		{"long", strings.Repeat("x", 1000), strings.Repeat("x", messageBytesMax) + "…"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := clean(c.in); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestRedact(t *testing.T) {
	long := strings.Repeat("a", 1<<20)
	for _, c := range []struct {
		name, message string
		texts         []string
		want          string
	}{
		{"nothing to hide", "model not found", []string{"How are you?"}, "model not found"},
		{"whole text", `bad: "How are you today?"!`, []string{"x", "How are you today?"}, `bad: "[text]"!`},
		{"a part", "starts with 'My card number is' and", []string{"Hello! My card number is 1234"}, "starts with '[text]' and"},
		{"a short text", "token 'yes' is unknown, eyes too", []string{"yes"}, "token '[text]' is unknown, eyes too"},
		{"Cyrillic", "текст «Здравствуйте!» плох", []string{"Здравствуйте! Как дела?"}, "текст «[text]» плох"},
		{"repeats", strings.Repeat("a", 100), []string{long, long}, "[text]"},
		{"long message", strings.Repeat("b", 1<<20), []string{"c"}, strings.Repeat("b", messageBytesMax) + "…"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := redact(c.message, c.texts); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// No message that quotes a text gets through, and nothing unprintable does.
func TestRedactProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringN(windowBytes, 80, -1).Draw(t, "text")
		message := rapid.String().Draw(t, "before") + text + rapid.String().Draw(t, "after")
		got := redact(message, []string{"other", text})
		if plain := clean(text); len(text) >= windowBytes && plain == text && strings.Contains(got, text) {
			t.Fatalf("%q is in %q", text, got)
		}
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("not printable: %q", got)
		}
	})
}

func FuzzRedact(f *testing.F) {
	f.Add("quotes How are you today", "How are you today")
	f.Add("\xff\xfe", "\x00")
	f.Fuzz(func(t *testing.T, message, text string) {
		if got := redact(message, []string{text}); len(got) > messageBytesMax+len(`\u10ffff…`) {
			t.Errorf("%d bytes", len(got))
		}
	})
}

func FuzzHandshake(f *testing.F) {
	f.Add("1|1|unix|/tmp/x|grpc|AAAA")
	f.Add("|||||")
	f.Add("1|1|unix")
	f.Fuzz(func(t *testing.T, line string) {
		err := checkHandshake(line)
		if err == nil && !strings.HasPrefix(strings.TrimSpace(line), "1|1|unix|") {
			t.Errorf("accepted %q", line)
		}
	})
}
