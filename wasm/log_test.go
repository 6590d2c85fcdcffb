package wasm

import (
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plain Привет 你好", "plain Привет 你好"},
		{"\x1b[31mred\n", `\x1b[31mred\n`},
		{"a\u202eb", `a\u202eb`},
		{"\xff\xfe", `\xff\xfe`},
		{strings.Repeat("x", 29) + "я", strings.Repeat("x", 29) + "…"},
	} {
		if got := clean([]byte(c.in), 30); got != c.want {
			t.Errorf("%q: got %s, want %s", c.in, got, c.want)
		}
	}
}

func TestJournalIsCapped(t *testing.T) {
	var heard []string
	j := journal{filter: "f", send: func(_ string, _ int, msg string) { heard = append(heard, msg) }}
	for range 1000 {
		j.write([]byte(strings.Repeat("x", 500) + "\n"))
	}
	if n := len(heard) * 501; n < logInstanceMax || n > logInstanceMax+501 {
		t.Errorf("heard %d bytes", n)
	}
	if last := heard[len(heard)-1]; !strings.Contains(last, "no longer heard") {
		t.Errorf("last is %.40s", last)
	}
}

func TestJournalJoinsLines(t *testing.T) {
	var heard []string
	j := journal{send: func(_ string, _ int, msg string) { heard = append(heard, msg) }}
	for _, part := range []string{"a", "b\nc", "\n", "\n", "d"} {
		j.write([]byte(part))
	}
	j.flush()
	if got := strings.Join(heard, "|"); got != "ab|c|d" {
		t.Errorf("got %s", got)
	}
}
