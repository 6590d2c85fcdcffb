package dialogue

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// readOptions reads a file from memory with options: its pairs, what was
// skipped, and its parser.
func readOptions(t testing.TB, content string, o Options) (pairs, skips []string, p *Parser) {
	t.Helper()
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	in := &Input{path: "test." + o.Format, options: o}
	if err := in.start(strings.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	p = in.Parser()
	pairs, skips = []string{}, []string{}
	for r, err := range in.Records() {
		if err != nil {
			t.Fatal(err)
		}
		p.Pairs(r, func(p *Pair) { pairs = append(pairs, brief(*p)) },
			func(s Skip) { skips = append(skips, fmt.Sprintf("%d: %s: %s", s.Line, s.Reason, s.Detail)) })
	}
	return pairs, skips, p
}

func TestOptions(t *testing.T) {
	const chat = `{"id":1,"messages":[{"role":"system","content":"s1"},{"role":"system","content":"s2"},{"role":"user","content":"q1"},{"role":"assistant","content":"a1"},{"role":"user","content":"q2"},{"role":"tool","content":"t"},{"role":"assistant","content":"a2"},{"role":"system","content":"s3"},{"role":"user","content":"q3"},{"role":"assistant","content":"a3"}]}`
	tree := strings.ReplaceAll(oasst, "\n", "")
	with := func(change func(*Options)) Options {
		o := DefaultOptions()
		o.Format = "jsonl"
		change(&o)
		return o
	}
	named := func(format string) Options {
		return with(func(o *Options) {
			o.Format, o.Fields = format, map[string]string{"messages": "data", "role": "who", "content": "says"}
		})
	}
	noID := turnsID("user", "q", "assistant", "a")
	for _, c := range []struct {
		name, in     string
		o            Options
		pairs, skips []string
	}{
		{"the zero values", chat, Options{Format: "jsonl", RecordBytesMax: 1 << 20, PlainBytesMax: 1},
			[]string{`1 "q1"→"a1" dialogue="1" turn=2`, `1 "q2"→"a2" dialogue="1" turn=4 ordinal=1`, `1 "q3"→"a3" dialogue="1" turn=8 ordinal=2`}, nil},
		{"the defaults", chat, with(func(o *Options) {}),
			[]string{`1 "q1"→"a1" dialogue="1" turn=2`, `1 "q2"→"a2" context="user: q1\nassistant: a1" dialogue="1" turn=4 ordinal=1`, `1 "q3"→"a3" context="user: q2\nassistant: a2" dialogue="1" turn=8 ordinal=2`}, nil},
		{"one message of context", chat, with(func(o *Options) { o.ContextTurns = 1 }),
			[]string{`1 "q1"→"a1" dialogue="1" turn=2`, `1 "q2"→"a2" context="assistant: a1" dialogue="1" turn=4 ordinal=1`, `1 "q3"→"a3" context="assistant: a2" dialogue="1" turn=8 ordinal=2`}, nil},
		{"all messages of context", chat, with(func(o *Options) { o.ContextTurns = 64 }),
			[]string{`1 "q1"→"a1" dialogue="1" turn=2`, `1 "q2"→"a2" context="user: q1\nassistant: a1" dialogue="1" turn=4 ordinal=1`, `1 "q3"→"a3" context="user: q1\nassistant: a1\nuser: q2\nassistant: a2" dialogue="1" turn=8 ordinal=2`}, nil},
		{"context without what is empty or bad", `{"id":1,"messages":[{"role":"assistant","content":" "},{"role":"user","content":"q1"},{"role":"assistant","content":""},{"role":"user","content":2},{"role":"assistant","content":"a2"},{"role":"user","content":"q3"},{"role":"assistant","content":"a3"}]}`,
			with(func(o *Options) { o.ContextTurns = 64 }), []string{`1 "q3"→"a3" context="user: q1\nassistant: a2" dialogue="1" turn=5`},
			[]string{"1: empty: the answer is empty", "1: field: the content of turn 3 is a number, want a string"}},
		{"system prompts", chat, with(func(o *Options) { o.System = "context" }),
			[]string{`1 "q1"→"a1" context="system: s1\ns2" dialogue="1" turn=2`, `1 "q2"→"a2" context="system: s1\ns2\nuser: q1\nassistant: a1" dialogue="1" turn=4 ordinal=1`, `1 "q3"→"a3" context="system: s3\nuser: q2\nassistant: a2" dialogue="1" turn=8 ordinal=2`}, nil},
		{"system prompts alone", chat, with(func(o *Options) { o.System, o.ContextTurns, o.MaxTurns = "context", 0, 1 }),
			[]string{`1 "q1"→"a1" context="system: s1\ns2" dialogue="1" turn=2`},
			[]string{"1: max_turns: behind the first 1 pairs of its dialogue", "1: max_turns: behind the first 1 pairs of its dialogue"}},
		{"a system field", `{"system":" s ","query":"r","response":"b","history":[["q","a"]],"id":1}
{"system":"s","question":"q","answer":"a","context":"c"}
{"system":"s","instruction":"q","output":"a"}
{"system":null,"question":"q","answer":"a"}
{"system":1,"question":"q","answer":"a"}`, with(func(o *Options) { o.System = "context" }),
			[]string{`1 "q"→"a" context="system: s" dialogue="1" turn=0`, `1 "r"→"b" context="system: s\nuser: q\nassistant: a" dialogue="1" turn=2 ordinal=1`,
				`2 "q"→"a" context="system: s\nc"`, `3 "q"→"a" context="system: s"`, `4 "q"→"a"`},
			[]string{"5: field: system is a number, want a string"}},
		{"two pairs of a dialogue", chat, with(func(o *Options) { o.MaxTurns, o.ContextTurns = 2, 0 }),
			[]string{`1 "q1"→"a1" dialogue="1" turn=2`, `1 "q2"→"a2" dialogue="1" turn=4 ordinal=1`}, []string{"1: max_turns: behind the first 2 pairs of its dialogue"}},
		{"as many pairs as there are", chat, with(func(o *Options) { o.MaxTurns, o.ContextTurns = 3, 0 }),
			[]string{`1 "q1"→"a1" dialogue="1" turn=2`, `1 "q2"→"a2" dialogue="1" turn=4 ordinal=1`, `1 "q3"→"a3" dialogue="1" turn=8 ordinal=2`}, nil},
		{"what is bad is not counted as a pair", `{"id":1,"messages":[{"role":"user","content":"q1"},{"role":"assistant","content":""},{"role":"user","content":"q2"},{"role":"assistant","content":"a2"}]}`,
			with(func(o *Options) { o.MaxTurns, o.ContextTurns = 1, 0 }), []string{`1 "q2"→"a2" dialogue="1" turn=2`}, []string{"1: empty: the answer is empty"}},
		{"paragraphs are no dialogue", `{"paragraphs":[{"qas":[{"question":"q","answers":["a"]},{"question":"q","answers":["a"]}]}]}`,
			with(func(o *Options) { o.MaxTurns = 1 }), []string{`1 "q"→"a"`, `1 "q"→"a" ordinal=1`}, nil},
		{"best branches", tree, with(func(o *Options) { o.ContextTurns = 1 }),
			[]string{`1 "q1"→"best" id="7" dialogue="t" lang="en" turn=0`, `1 "q8"→"ranked" id="10" context="assistant: best" dialogue="t" lang="ru" turn=2 ordinal=1`, `1 "q11"→"a13" id="13" context="assistant: best" dialogue="t" turn=2 ordinal=2`},
			[]string{"1: deleted: the message was deleted", "1: review: the message did not pass its review"}},
		{"all branches", tree, with(func(o *Options) { o.Branches, o.ContextTurns = "all", 64 }),
			[]string{`1 "q1"→"worse" id="2" dialogue="t" lang="en" turn=0`, `1 "q3"→"a4" id="4" context="user: q1\nassistant: worse" dialogue="t" turn=2 ordinal=1`,
				`1 "q1"→"best" id="7" dialogue="t" lang="en" turn=0 ordinal=2`, `1 "q8"→"unranked" id="9" context="user: q1\nassistant: best" dialogue="t" lang="ru" turn=2 ordinal=3`,
				`1 "q8"→"ranked" id="10" context="user: q1\nassistant: best" dialogue="t" lang="ru" turn=2 ordinal=4`, `1 "q11"→"a13" id="13" context="user: q1\nassistant: best" dialogue="t" turn=2 ordinal=5`},
			[]string{"1: deleted: the message was deleted", "1: review: the message did not pass its review"}},
		{"two pairs of a tree", tree, with(func(o *Options) { o.MaxTurns, o.ContextTurns = 2, 0 }),
			[]string{`1 "q1"→"best" id="7" dialogue="t" lang="en" turn=0`, `1 "q8"→"ranked" id="10" dialogue="t" lang="ru" turn=2 ordinal=1`},
			[]string{"1: deleted: the message was deleted", "1: review: the message did not pass its review", "1: max_turns: behind the first 2 pairs of its dialogue"}},

		{"fields", `{"Prompt_Text":"q","reply":"a","question":"no","answer":"no","uid":"u","url":"s"}`,
			with(func(o *Options) {
				o.Fields = map[string]string{"question": "prompt_text", "answer": "reply", "id": "UID", "source": "url"}
			}), []string{`1 "q"→"a" id="u" source="s"`}, nil},
		{"a field has no other name", `{"prompt":"q","reply":"a"}`, with(func(o *Options) { o.Fields = map[string]string{"question": "ask", "answer": "reply"} }),
			[]string{}, []string{"1: no_pair: an answer field and no question field"}},
		{"fields that change places", `{"question":"a","answer":"q"}`, with(func(o *Options) { o.Fields = map[string]string{"question": "answer", "answer": "question"} }),
			[]string{`1 "q"→"a"`}, nil},
		{"an escaped name", `{"\u0071q":"q","answer":"a"}`, with(func(o *Options) { o.Fields = map[string]string{"question": "qq"} }), []string{`1 "q"→"a"`}, nil},
		{"a name in Chinese", `{"问题":"q","回答":"a"}`, with(func(o *Options) { o.Fields = map[string]string{"question": "问题", "answer": "回答"} }), []string{`1 "q"→"a"`}, nil},
		{"fields of a table", "ask\treply\tquestion\nq\ta\tx\n", with(func(o *Options) { o.Format, o.Fields = "auto", map[string]string{"question": "ask", "answer": "reply"} }), []string{`2 "q"→"a"`}, nil},
		{"fields of an instruction", `{"task":"i","data_in":"x","output":"a"}`, with(func(o *Options) { o.Fields = map[string]string{"instruction": "task", "input": "data_in"} }), []string{`1 "i\n\nx"→"a"`}, nil},
		{"fields of messages", `{"key":1,"log":[{"who":"user","msg":"q","text":"no","role":"assistant"},{"who":"assistant","msg":"a"}]}`,
			with(func(o *Options) {
				o.Fields = map[string]string{"messages": "log", "role": "who", "content": "Msg", "dialogue_id": "key"}
			}), []string{`1 "q"→"a" dialogue="1" turn=0`}, nil},
		{"names of a list by itself", `[{"who":"user","says":"q"},{"who":"assistant","says":"a"}]`, named("jsonl"), []string{`1 "q"→"a" dialogue="` + noID + `" turn=0`}, nil},
		{"names of an outermost list", `[{"who":"user","says":"q"},` + "\n" + `{"who":"assistant","says":"a"}]`, named("auto"), []string{`1 "q"→"a" dialogue="` + noID + `" turn=0`}, nil},
		{"names of an outermost object", `{"data":[{"who":"user","says":"q"},{"who":"assistant","says":"a"}]}`, named("json"), []string{`1 "q"→"a" dialogue="` + noID + `" turn=0`}, nil},
		{"names of an object of conversations", `{"d":{"data":[{"who":"user","says":"q"},{"who":"assistant","says":"a"}]}}`, named("json"), []string{`1 "q"→"a" dialogue="d" turn=0`}, nil},
		{"names of TRL", `{"prompt":[{"who":"user","says":"q"}],"completion":[{"who":"assistant","says":"a"}]}`, named("jsonl"), []string{`1 "q"→"a" dialogue="` + noID + `" turn=0`}, nil},
		{"names of a tree", `{"prompt":{"who":"prompter","says":"q","text":"no","role":"assistant","replies":[{"who":"assistant","SAYS":"a"}]}}`, named("jsonl"), []string{`1 "q"→"a" dialogue="` + noID + `" turn=0`}, nil},
		{"names of messages in lines", `{"message_id":"1","who":"prompter","says":"q"}` + "\n" + `{"message_id":"2","parent_id":"1","who":"assistant","says":"a"}`, named("auto"), []string{`1 "q"→"a" id="2" dialogue="1" turn=0`}, nil},
		{"other names are none", `[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]`, named("jsonl"), []string{}, []string{"1: field: the role of turn 0 is null, want a string"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			pairs, skips, _ := readOptions(t, c.in, c.o)
			if diff := cmp.Diff(c.pairs, pairs); diff != "" {
				t.Errorf("pairs (- want, + got)\n%s", diff)
			}
			if diff := cmp.Diff(append([]string{}, c.skips...), skips); diff != "" {
				t.Errorf("skips (- want, + got)\n%s", diff)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	o := Options{
		Format: "x", RecordBytesMax: -1, PlainBytesMax: 0, ContextTurns: 65, MaxTurns: -1, Branches: "none", System: "keep",
		Fields: map[string]string{"question": "x", "answer": "X", "split": "y", "lang": "", "role": "x", "id": "a\nb"},
	}
	want := `unknown format: "x" is not auto, jsonl, json, flat, parquet, csv, tsv, qa, transcript, parlai, eou, yaml
record bytes max: -1 is outside 1..268435456
plain bytes max: 0 is less than 1
fields: the name of id is not a text of 1 to 256 bytes
fields: the name of lang is not a text of 1 to 256 bytes
fields: answer and question have the same name
fields: "split" is not one of question, answer, input, instruction, context, id, dialogue_id, turn, lang, source, system, history, messages, role, content
context turns: 65 is outside 0..64
max turns: -1 is less than 0
branches: "none" is not best or all
system: "keep" is not drop or context`
	err := o.Validate()
	if err == nil || !errors.Is(err, ErrFormat) {
		t.Fatalf("error %v", err)
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
	if _, err := Open("-", o); err == nil {
		t.Error("Open took them")
	}
	if err := DefaultOptions().Validate(); err != nil {
		t.Error(err)
	}
	if _, err := NewParser("jsonl", "x", Options{Fields: map[string]string{"x": "y"}}); err == nil {
		t.Error("NewParser took an unknown field")
	}
}

// TestContextLimits has a long prompt before many pairs, and a long question
// above many branches: what the contexts copy is bounded by the limit of a
// record.
func TestContextLimits(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	var turns, replies []string
	for i := range 200 {
		turns = append(turns, fmt.Sprintf(`{"role":"user","content":"q%d"},{"role":"assistant","content":"a"}`, i))
		replies = append(replies, fmt.Sprintf(`{"role":"prompter","text":"q%d","replies":[{"role":"assistant","text":"a"}]}`, i))
	}
	for name, in := range map[string]string{
		"prompt": `{"id":1,"system":"` + long + `","messages":[` + strings.Join(turns, ",") + `]}`,
		"tree":   `{"prompt":{"role":"assistant","text":"` + long + `","replies":[` + strings.Join(replies, ",") + `]}}`,
	} {
		o := DefaultOptions()
		o.Format, o.System, o.RecordBytesMax = "jsonl", "context", 100_000
		pairs, skips, p := readOptions(t, in, o)
		if len(pairs) != 9 || len(skips) != 191 || skips[0] != "1: too_long: the contexts of its record are longer than 100000 bytes" {
			t.Errorf("%s: %d pairs, %d skips, %s", name, len(pairs), len(skips), skips[0])
		}
		if len(p.text) > 2*100_000 {
			t.Errorf("%s: %d bytes of text", name, len(p.text))
		}
	}
	// A prompt that normalisation makes three times as long.
	o := DefaultOptions()
	o.Format, o.System, o.RecordBytesMax = "jsonl", "context", 1000
	pairs, skips, _ := readOptions(t, `{"q":"q","a":"a","system":"`+strings.Repeat("\U0001D160", 200)+`"}`, o)
	if want := "1: too_long: the contexts of its record are longer than 1000 bytes"; len(pairs) != 0 || len(skips) != 1 || skips[0] != want {
		t.Errorf("%v, %v", pairs, skips)
	}
}

// TestMessagesMax has records of more messages than are read.
func TestMessagesMax(t *testing.T) {
	for name, in := range map[string]string{
		"texts":     `{"data":[""` + strings.Repeat(`,""`, messagesMax) + `]}`,
		"questions": `{"paragraphs":[{"qas":[{}` + strings.Repeat(`,{}`, messagesMax) + `]}]}`,
		"tree":      `{"prompt":{"role":"user","text":"q","replies":[{"role":""}` + strings.Repeat(`,{"role":""}`, messagesMax) + `]}}`,
	} {
		o := DefaultOptions()
		o.Format = "jsonl"
		pairs, skips, _ := readOptions(t, in, o)
		if len(pairs) != 0 || len(skips) != 1 || skips[0] != "1: too_long: more than 262144 messages or questions" {
			t.Errorf("%s: %d pairs, %d skips", name, len(pairs), len(skips))
		}
	}
}

// TestContextIsWhatWasSaid compares contexts with the texts they are made of.
func TestContextIsWhatWasSaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var turns, lines []string
		want := map[int]string{} // by turn
		o := DefaultOptions()
		o.Format, o.ContextTurns = "jsonl", rapid.IntRange(0, 5).Draw(t, "turns")
		n := 2 * rapid.IntRange(1, 8).Draw(t, "exchanges")
		for i := range n {
			role := []string{"user", "assistant"}[i%2]
			text := rapid.StringMatching(`[a-zа-я"\\]{1,5}( [a-z]{1,3})?`).Draw(t, "text")
			turns = append(turns, fmt.Sprintf(`{"role":%q,"content":%s}`, role, jsonString(text)))
			if i%2 == 0 {
				want[i] = strings.Join(lines[max(0, len(lines)-o.ContextTurns):], "\n")
			}
			lines = append(lines, role+": "+text)
		}
		p, err := NewParser("jsonl", "x", o)
		if err != nil {
			t.Fatal(err)
		}
		p.Pairs(Record{Raw: []byte(`{"messages":[` + strings.Join(turns, ",") + `]}`), Line: 1}, func(p *Pair) {
			if p.Context != want[int(p.Turn)] {
				t.Fatalf("turn %d: context %q, want %q", p.Turn, p.Context, want[int(p.Turn)])
			}
			delete(want, int(p.Turn))
		}, func(s Skip) { t.Fatalf("%+v", s) })
		if len(want) > 0 {
			t.Fatalf("no pairs at %v", want)
		}
	})
}
