package dialogue

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBadRecords puts one bad record between two good ones. The bad one must be
// skipped for the right reason at the right line, and both good ones kept.
func TestBadRecords(t *testing.T) {
	deep := strings.Repeat("[", 100_000)
	for _, c := range []struct{ name, bad, want string }{
		{"no JSON", `hello`, "json: unexpected character at byte 1"},
		{"cut off", `{"question":"q","answer":"a`, "json: unexpected end at byte 28"},
		{"cut off before the end", `{"question":"q","answer":"a"`, "json: unexpected end at byte 29"},
		{"trailing comma", `{"question":"q","answer":"a",}`, "json: unexpected character at byte 30"},
		{"single quotes", `{'question':'q','answer':'a'}`, "json: unexpected character at byte 2"},
		{"two values", `{"question":"q","answer":"a"}{}`, "json: unexpected character at byte 30"},
		{"tab in a string", "{\"question\":\"q\tr\",\"answer\":\"a\"}", "json: control character in a string at byte 15"},
		{"NUL outside of strings", "\x00", "json: unexpected character at byte 1"},
		{"NaN", `{"question":"q","answer":NaN}`, "json: unexpected character at byte 26"},
		{"bad escape", `{"question":"\q","answer":"a"}`, "json: bad escape at byte 14"},
		{"100,000 deep", deep, "json: nested deeper than 512 at byte 513"},
		{"100,000 deep in a field", `{"question":"q","answer":"a","x":` + deep + `}`, "json: nested deeper than 512 at byte 545"},

		{"not UTF-8 in a text", "{\"question\":\"\xff\",\"answer\":\"a\"}", "utf8: not UTF-8 at byte 14"},
		{"not UTF-8 in what is not read", "{\"question\":\"q\",\"answer\":\"a\",\"x\":\"\xc3\"}", "utf8: not UTF-8 at byte 35"},
		{"encoded surrogate", "{\"question\":\"\xed\xa0\x80\",\"answer\":\"a\"}", "utf8: not UTF-8 at byte 14"},
		{"overlong", "{\"question\":\"\xc0\xaf\",\"answer\":\"a\"}", "utf8: not UTF-8 at byte 14"},
		{"high surrogate in the question", `{"question":"\ud800","answer":"a"}`, "utf8: half of a surrogate pair in question"},
		{"low surrogate in the answer", `{"prompt":"q","response":"x\udc00"}`, "utf8: half of a surrogate pair in response"},
		{"surrogates in the wrong order", `{"question":"\udc00\ud800","answer":"a"}`, "utf8: half of a surrogate pair in question"},
		{"surrogate in the id", `{"id":"\ud800","question":"q","answer":"a"}`, "utf8: half of a surrogate pair in id"},
		{"surrogate in a turn", `{"messages":[{"role":"user","content":"\ud800"},{"role":"assistant","content":"a"}]}`, "utf8: half of a surrogate pair in turn 0"},

		{"too long", `{"question":"q","answer":"` + strings.Repeat("a", 2<<20) + `"}`, "too_long: longer than 1048576 bytes"},

		{"empty question", `{"question":"","answer":"a"}`, "empty: the question is empty"},
		{"blank answer", `{"question":"q","answer":" \n\u00a0"}`, "empty: the answer is empty"},
		{"answer of control characters", `{"question":"q","answer":"\u0000\u001b"}`, "empty: the answer is empty"},
		{"null answer", `{"question":"q","answer":null}`, "empty: the answer is empty"},
		{"empty turn", `{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":""}]}`, "empty: the answer is empty"},
		{"turn without content", `{"messages":[{"role":"user"},{"role":"assistant","content":"a"}]}`, "empty: the question is empty"},

		{"number", `42`, "no_pair: the record is a number"},
		{"string", `"hello"`, "no_pair: the record is a string"},
		{"null", `null`, "no_pair: the record is null"},
		{"empty object", `{}`, "no_pair: no question and answer fields, and no messages"},
		{"empty array", `[]`, "no_pair: no turn of a user that an assistant answers"},
		{"question alone", `{"question":"q"}`, "no_pair: a question field and no answer field"},
		{"answer alone", `{"output":"a"}`, "no_pair: an answer field and no question field"},
		{"instruction", `{"instruction":"i","input":"x","output":"a"}`, "no_pair: records with an instruction field are not read"},
		{"messages of the user alone", `{"messages":[{"role":"user","content":"q"}]}`, "no_pair: no turn of a user that an assistant answers"},
		{"the assistant speaks first", `{"messages":[{"role":"assistant","content":"a"},{"role":"user","content":"q"}]}`, "no_pair: no turn of a user that an assistant answers"},
		{"tools alone", `{"messages":[{"role":"system","content":"q"},{"role":"tool","content":"a"}]}`, "no_pair: no turn of a user that an assistant answers"},
		{"unknown speakers", `[{"role":"anna","text":"q"},{"role":"bert","text":"a"}]`, "no_pair: no turn of a user that an assistant answers"},

		{"question is a number", `{"question":1,"answer":"a"}`, "field: question is a number, want a string"},
		{"answer is an array", `{"q":"q","a":["a"]}`, "field: a is an array, want a string"},
		{"context is an object", `{"question":"q","answer":"a","context":{}}`, "field: context is an object, want a string"},
		{"id is an object", `{"id":{},"question":"q","answer":"a"}`, "field: id is an object, want a string or a number"},
		{"dialogue_id is true", `{"conv_id":true,"question":"q","answer":"a"}`, "field: conv_id is true or false, want a string or a number"},
		{"language is a number", `{"language":1,"question":"q","answer":"a"}`, "field: language is a number, want a string"},
		{"source is an array", `{"source":[],"question":"q","answer":"a"}`, "field: source is an array, want a string"},
		{"turn is negative", `{"turn":-1,"question":"q","answer":"a"}`, "field: turn is not a whole number in 0..2147483647"},
		{"turn is too large", `{"turn":2147483648,"question":"q","answer":"a"}`, "field: turn is not a whole number in 0..2147483647"},
		{"turn is a fraction", `{"turn":1.5,"question":"q","answer":"a"}`, "field: turn is not a whole number in 0..2147483647"},
		{"turn is an array", `{"turn":[],"question":"q","answer":"a"}`, "field: turn is an array, want a number"},
		{"messages are a string", `{"messages":"q"}`, "field: messages is a string, want an array"},
		{"dialogue is a string", `{"dialogue":"q"}`, "field: dialogue is a string, want an array"},
		{"turns are strings", `{"messages":["q","a"]}`, "field: turn 0 is a string, want an object"},
		{"turns without roles", `{"conversation":[{"human":"q","assistant":"a"}]}`, "field: the role of turn 0 is null, want a string"},
		{"role is a number", `[{"role":"user","text":"q"},{"role":1,"text":"a"}]`, "field: the role of turn 1 is a number, want a string"},
		{"content is a number", `[{"role":"user","text":"q"},{"role":"bot","text":1}]`, "field: the content of turn 1 is a number, want a string"},
		{"part is a string", `{"messages":[{"role":"user","content":["q"]},{"role":"assistant","content":"a"}]}`, "field: a part of turn 0 is a string, want an object"},
		{"text of a part is null", `{"messages":[{"role":"user","content":[{"type":"text","text":null}]},{"role":"assistant","content":"a"}]}`, "field: a text of turn 0 is null, want a string"},
		{"conversation with a bad id", `{"id":[],"messages":[]}`, "field: id is an array, want a string or a number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			const before, after = `{"question":"before","answer":"a"}`, `{"question":"after","answer":"a"}`
			checkBad(t, "jsonl", before+"\n"+c.bad+"\n\n"+after+"\n", 2, c.want,
				[]string{`1 "before"→"a"`, `4 "after"→"a"`})
			checkBad(t, "jsonl", c.bad, 1, c.want, []string{})
		})
	}
}

func checkBad(t *testing.T, format, content string, line int64, want string, kept []string) {
	t.Helper()
	in, err := openBytes([]byte(content), format)
	if err != nil {
		t.Fatal(err)
	}
	in.w.max = 1 << 20
	p := in.Parser()
	p.max = 1 << 20
	pairs, skips := []string{}, []string{}
	for r, err := range in.Records() {
		if err != nil {
			t.Fatal(err)
		}
		p.Pairs(r, func(pair *Pair) { pairs = append(pairs, brief(*pair)) },
			func(s Skip) { skips = append(skips, fmt.Sprintf("%d: %s: %s", s.Line, s.Reason, s.Detail)) })
	}
	if diff := cmp.Diff([]string{fmt.Sprintf("%d: %s", line, want)}, skips); diff != "" {
		t.Errorf("skips (- want, + got)\n%s", diff)
	}
	if diff := cmp.Diff(kept, pairs); diff != "" {
		t.Errorf("pairs (- want, + got)\n%s", diff)
	}
}

// TestBadPlaces are faults that are not within one line of JSON.
func TestBadPlaces(t *testing.T) {
	pair := func(n int) string { return fmt.Sprintf(`{"q":"%d","a":"a"}`, n) }
	for _, c := range []struct {
		name, format, in string
		line             int64
		want             string
		kept             []string
	}{
		{"a bad pair in a good conversation", "json",
			"{\"id\":1,\"messages\":[{\"role\":\"user\",\"content\":\"1\"},{\"role\":\"assistant\",\"content\":\"a\"},\n{\"role\":\"user\",\"content\":2},{\"role\":\"assistant\",\"content\":\"a\"},\n{\"role\":\"user\",\"content\":\"3\"},{\"role\":\"assistant\",\"content\":\"a\"}]}",
			2, "field: the content of turn 2 is a number, want a string",
			[]string{`1 "1"→"a" dialogue="1" turn=0`, `3 "3"→"a" dialogue="1" turn=4 ordinal=1`}},
		{"byte order mark in the middle", "jsonl", pair(1) + "\n\ufeff" + pair(2) + "\n" + pair(3), 2, "json: unexpected character at byte 1", []string{`1 "1"→"a"`, `3 "3"→"a"`}},
		{"a bad element", "json", "[" + pair(1) + ",\n{\"q\" 2},\n" + pair(3) + "]", 2, "json: unexpected character at byte 6", []string{`1 "1"→"a"`, `3 "3"→"a"`}},
		{"no comma", "json", "[" + pair(1) + ",\n" + pair(2) + "\n" + pair(2) + ",\n" + pair(3) + "]", 2, "json: unexpected character at byte 19", []string{`1 "1"→"a"`, `4 "3"→"a"`}},
		{"two commas", "json", "[" + pair(1) + ",\n,\n" + pair(3) + "]", 2, "json: unexpected end at byte 1", []string{`1 "1"→"a"`, `3 "3"→"a"`}},
		{"comma before the end", "json", "[" + pair(1) + ",\n]", 2, "json: unexpected end at byte 1", []string{`1 "1"→"a"`}},
		{"a closing brace too many", "json", "[" + pair(1) + ",\n" + pair(2) + "},\n" + pair(3) + "]", 2, "json: unexpected character at byte 18", []string{`1 "1"→"a"`, `3 "3"→"a"`}},
		{"array without an end", "json", "[" + pair(1) + ",\n" + pair(3) + "\n", 3, "json: the file ends inside an array or an object", nil},
		{"array that ends inside an element", "json", "[" + pair(1) + ",\n{\"q\":\"2", 2, "json: unexpected end at byte 8", []string{`1 "1"→"a"`}},
		{"array that ends after a comma", "json", "[" + pair(1) + ",", 1, "json: the file ends inside an array or an object", []string{`1 "1"→"a"`}},
		{"object without an end", "json", "{\"data\":[" + pair(1) + "]", 1, "json: the file ends inside an array or an object", []string{`1 "1"→"a"`}},
		{"record without an end", "json", pair(1) + "\n{\"q\":", 2, "json: unexpected end at byte 6", []string{`1 "1"→"a"`}},
		{"words behind the end", "json", "[" + pair(1) + "]\nthe end\n[" + pair(3) + "]", 2, "json: unexpected character at byte 1", []string{`1 "1"→"a"`, `3 "3"→"a"`}},
		{"commas between outermost values", "json", pair(1) + "\n,\n" + pair(3), 2, "json: unexpected character at byte 1", []string{`1 "1"→"a"`, `3 "3"→"a"`}},
		{"100,000 deep element", "json", "[" + pair(1) + ",\n" + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + ",\n" + pair(3) + "]", 2, "json: nested deeper than 512 at byte 513", []string{`1 "1"→"a"`, `3 "3"→"a"`}},
		{"too long an element", "json", "[" + pair(1) + ",\n{\"q\":\"" + strings.Repeat("]\\\"", 1<<20) + "\"},\n" + pair(3) + "]", 2, "too_long: longer than 1048576 bytes", []string{`1 "1"→"a"`, `3 "3"→"a"`}},
		{"too long an object", "json", pair(1) + "\n{\"q\":\"" + strings.Repeat("}\\\\", 1<<20) + "\"}\n" + pair(3), 2, "too_long: longer than 1048576 bytes", []string{`1 "1"→"a"`, `3 "3"→"a"`}},
		{"object of no kind", "json", "{\"train\":[" + pair(1) + "]}", 1, "no_pair: no question and answer fields, and no messages", []string{}},

		{"too many fields", "csv", "q,a\n1,a\n2,a,x\n3,a\n", 3, "csv: 3 fields, want 2", []string{`2 "1"→"a"`, `4 "3"→"a"`}},
		{"too few fields", "csv", "q,a\n1,a\n2\n3,a\n", 3, "csv: 1 fields, want 2", []string{`2 "1"→"a"`, `4 "3"→"a"`}},
		{"text behind a closing quote", "csv", "q,a\n1,a\n\"2\"x,a\n3,a\n", 3, "csv: a closing quote is not the end of its field", []string{`2 "1"→"a"`, `4 "3"→"a"`}},
		{"open quote at the end", "csv", "q,a\n1,a\n2,\"a\n\n3,a\n", 3, "csv: a quote is opened and never closed", []string{`2 "1"→"a"`}},
		{"open quote on a later line of its row", "csv", "q,a\n1,a\n\"2\n2\",\"a\n3,a\n", 4, "csv: a quote is opened and never closed", []string{`2 "1"→"a"`}},
		{"empty cell", "csv", "q,a\n1,a\n2, \n3,a\n", 3, "empty: the answer is empty", []string{`2 "1"→"a"`, `4 "3"→"a"`}},
		{"row not in UTF-8", "csv", "q,a\n1,a\n2,\xe9\n3,a\n", 3, "utf8: not UTF-8 at byte 3", []string{`2 "1"→"a"`, `4 "3"→"a"`}},
		{"row too long", "csv", "q,a\n1,a\n2,\"" + strings.Repeat("\n", 2<<20) + "\"\n3,a\n", 3, "too_long: longer than 1048576 bytes", []string{`2 "1"→"a"`, `2097156 "3"→"a"`}},
		{"turn that is a word", "csv", "q,a,turn\n1,a,1\n2,a,two\n3,a,3\n", 3, "field: turn is not a whole number in 0..2147483647", []string{`2 "1"→"a" turn=1`, `4 "3"→"a" turn=3`}},

		{"text before the first question", "qa", "A chat\nabout\n\nQ: 1\nA: a", 1, "no_pair: no line begins with Q:", []string{`4 "1"→"a"`}},
		{"question without an answer", "qa", "Q: 1\nA: a\nQ: 2\nQ: 3\nA: a", 3, "no_pair: no line begins with A:", []string{`1 "1"→"a"`, `4 "3"→"a"`}},
		{"both on one line", "qa", "Q: 1\nA: a\nQ: 2 A: a\nQ: 3\nA: a", 3, "no_pair: no line begins with A:", []string{`1 "1"→"a"`, `4 "3"→"a"`}},
		{"empty answer", "qa", "Q: 1\nA: a\nQ: 2\nA:\n\nQ: 3\nA: a", 3, "empty: the answer is empty", []string{`1 "1"→"a"`, `6 "3"→"a"`}},
		{"block not in UTF-8", "qa", "Q: 1\nA: a\nQ: \x80\nA: a\nQ: 3\nA: a", 3, "utf8: not UTF-8 at byte 4", []string{`1 "1"→"a"`, `5 "3"→"a"`}},
		{"block too long", "qa", "Q: 1\nA: a\nQ: 2\nA: " + strings.Repeat("long ", 1<<20) + "\nQ: 3\nA: a", 3, "too_long: longer than 1048576 bytes", []string{`1 "1"→"a"`, `5 "3"→"a"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			kept := c.kept
			if kept == nil {
				kept = []string{`1 "1"→"a"`, `2 "3"→"a"`}
			}
			checkBad(t, c.format, c.in, c.line, c.want, kept)
		})
	}
}
