package dialogue

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// readAll reads a whole file from memory.
func readAll(t testing.TB, format, content string) (pairs []Pair, skips []Skip, p *Parser) {
	t.Helper()
	in, err := openBytes([]byte(content), format)
	if err != nil {
		t.Fatal(err)
	}
	p = in.Parser()
	for r, err := range in.Records() {
		if err != nil {
			t.Fatal(err)
		}
		p.Pairs(r, func(pair *Pair) { pairs = append(pairs, *pair) }, func(s Skip) { skips = append(skips, s) })
	}
	return pairs, skips, p
}

// brief is a pair in one line: only what is not its zero value.
func brief(p Pair) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %q→%q", p.Line, p.Question, p.Answer)
	for _, f := range []struct{ name, value string }{
		{"id", p.ID}, {"context", p.Context}, {"dialogue", p.DialogueID}, {"lang", p.Lang},
		{"source", strings.TrimPrefix(p.Source, "test.")},
	} {
		if f.value != "" && !(f.name == "source" && strings.HasPrefix(p.Source, "test.")) {
			fmt.Fprintf(&b, " %s=%q", f.name, f.value)
		}
	}
	if p.Turn >= 0 {
		fmt.Fprintf(&b, " turn=%d", p.Turn)
	}
	if p.Ordinal > 0 {
		fmt.Fprintf(&b, " ordinal=%d", p.Ordinal)
	}
	return b.String()
}

func briefs(pairs []Pair) []string {
	out := []string{}
	for _, p := range pairs {
		out = append(out, brief(p))
	}
	return out
}

// turnsID is the id of a dialogue that has none, as the documentation says.
func turnsID(rolesAndTexts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(rolesAndTexts, "\x00") + "\x00"))
	return hex.EncodeToString(sum[:8])
}

func TestShapes(t *testing.T) {
	noID := turnsID("user", "q", "assistant", "a")
	for _, c := range []struct {
		name, format, in string
		want             []string
	}{
		{"pair", "jsonl", `{"question":"q","answer":"a"}`, []string{`1 "q"→"a"`}},
		{"all fields", "jsonl", `{"id":"i","question":"q","answer":"a","context":" c ","dialogue_id":"d","turn":4,"lang":"en","source":"s"}`,
			[]string{`1 "q"→"a" id="i" context="c" dialogue="d" lang="en" source="s" turn=4`}},
		{"synonyms", "jsonl", `{"q":"q","a":"a","conversation_id":"d","language":"ru"}
{"input":"q","output":"a","conv_id":7}
{"prompt":"q","response":"a"}
{"prompt":"q","completion":"a"}
{"user_message":"q","assistant_message":"a"}
{"Question":"q","ANSWER":"a"}`, []string{
			`1 "q"→"a" dialogue="d" lang="ru"`, `2 "q"→"a" dialogue="7"`, `3 "q"→"a"`, `4 "q"→"a"`, `5 "q"→"a"`, `6 "q"→"a"`}},
		{"of two names the first in the table", "jsonl", `{"prompt":"no","input":"no","question":"q","answer":"a","output":"no"}
{"question":null,"prompt":"q","answer":"a"}
{"prompt":"q","question":null,"answer":"a"}`, []string{`1 "q"→"a"`, `2 "q"→"a"`, `3 "q"→"a"`}},
		{"of two equal keys the last", "jsonl", `{"question":"no","answer":"a","question":"q"}`, []string{`1 "q"→"a"`}},
		{"escaped key", "jsonl", `{"\u0071uestion":"q","answer":"a"}`, []string{`1 "q"→"a"`}},
		{"numbers as ids are kept as they are written", "jsonl", `{"id":12345678901234567890,"question":"q","answer":"a","dialogue_id":1.50}`,
			[]string{`1 "q"→"a" id="12345678901234567890" dialogue="1.50"`}},
		{"ids are verbatim", "jsonl", `{"id":" x\n","question":" q ","answer":"a"}`, []string{`1 "q"→"a" id=" x\n"`}},
		{"null and empty labels are none", "jsonl", `{"id":null,"question":"q","answer":"a","source":"","turn":null,"lang":null,"context":null}`, []string{`1 "q"→"a"`}},
		{"turn as text and as a table writes it", "jsonl", `{"question":"q","answer":"a","turn":"3"}
{"question":"q","answer":"a","turn":3.0}
{"question":"q","answer":"a","turn":0}`, []string{`1 "q"→"a" turn=3`, `2 "q"→"a" turn=3`, `3 "q"→"a" turn=0`}},
		{"text/v1", "jsonl", `{"question":"\u0000 e\u0301\r\n","answer":"1\r\n2"}`, []string{`1 "é"→"1\n2"`}},
		{"surrogate pair", "jsonl", `{"question":"\ud83d\ude00","answer":"a"}`, []string{`1 "😀"→"a"`}},
		{"an instruction beside a question", "jsonl", `{"instruction":"be brief","question":"q","answer":"a"}`, []string{`1 "q"→"a"`}},
		{"pair before messages", "jsonl", `{"question":"q","answer":"a","messages":[]}`, []string{`1 "q"→"a"`}},
		{"prompt beside messages", "jsonl", `{"prompt":"no","id":"d","messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}`,
			[]string{`1 "q"→"a" dialogue="d" turn=0`}},
		{"blank lines", "jsonl", "\n \t\n{\"q\":\"q\",\"a\":\"a\"}\r\n\r\n{\"q\":\"r\",\"a\":\"b\"}\n\n", []string{`3 "q"→"a"`, `5 "r"→"b"`}},
		{"no line end at the end", "jsonl", `{"q":"q","a":"a"}`, []string{`1 "q"→"a"`}},
		{"byte order mark", "jsonl", "\ufeff{\"q\":\"q\",\"a\":\"a\"}", []string{`1 "q"→"a"`}},

		{"messages", "jsonl", `{"id":"d","lang":"en","source":"s","context":"not for conversations","messages":[{"role":"system","content":"sys"},{"role":"user","content":"q1"},{"role":"assistant","content":"a1"},{"role":"user","content":"q2"},{"role":"assistant","content":"a2"}]}`,
			[]string{`1 "q1"→"a1" dialogue="d" lang="en" source="s" turn=1`, `1 "q2"→"a2" context="user: q1\nassistant: a1" dialogue="d" lang="en" source="s" turn=3 ordinal=1`}},
		{"dialogue_id before id", "jsonl", `{"id":"i","dialogue_id":"d","messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}`,
			[]string{`1 "q"→"a" dialogue="d" turn=0`}},
		{"content parts", "jsonl", `{"id":1,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{}},{"type":"text","text":"q"},{"type":"text","text":" "},{"type":"text","text":"r"}]},{"role":"assistant","content":[{"text":"a","type":"text"}]}]}`,
			[]string{`1 "q\nr"→"a" dialogue="1" turn=0`}},
		{"turns of one speaker are one", "jsonl", `{"id":1,"messages":[{"role":"assistant","content":"hello"},{"role":"user","content":"q"},{"role":"user","content":" r "},{"role":"assistant","content":"a"},{"role":"assistant","content":""},{"role":"assistant","content":"b"}]}`,
			[]string{`1 "q\nr"→"a\nb" context="assistant: hello" dialogue="1" turn=1`}},
		{"tools are passed over", "jsonl", `{"id":1,"messages":[{"role":"developer","content":"x"},{"role":"user","content":"q"},{"role":"assistant","content":null,"tool_calls":[{}]},{"role":"tool","content":"t"},{"role":"assistant","content":"a"},{"role":"tool"}]}`,
			[]string{`1 "q"→"a" dialogue="1" turn=1`}},
		{"a last question has no answer", "jsonl", `{"id":1,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"},{"role":"user","content":"bye"}]}`,
			[]string{`1 "q"→"a" dialogue="1" turn=0`}},
		{"sharegpt", "jsonl", `{"id":"d","conversations":[{"from":"system","value":"s"},{"from":"Human","value":"q"},{"from":"GPT","value":"a"}]}
{"id":"e","conversation":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}]}`,
			[]string{`1 "q"→"a" dialogue="d" turn=1`, `2 "q"→"a" dialogue="e" turn=0`}},
		{"lists", "jsonl", `[{"role":"user","text":"q"},{"role":"bot","text":"a"}]
{"turns":[{"role":"question","content":"q"},{"role":"answer","content":"a"}]}
{"dialogue":[{"role":"user","text":"q"},{"role":"assistant","text":"a"}]}
{"conversations":[{"role":"user","text":"q"},{"role":"assistant","text":"a"}]}`,
			[]string{`1 "q"→"a" dialogue="` + noID + `" turn=0`, `2 "q"→"a" dialogue="` + noID + `" turn=0`, `3 "q"→"a" dialogue="` + noID + `" turn=0`, `4 "q"→"a" dialogue="` + noID + `" turn=0`}},
		{"the id of a dialogue covers all turns", "jsonl", `[{"role":"System","text":" s "},{"role":"human","text":"q"},{"role":"bot","text":"a"},{"role":"bot","text":"b"}]`,
			[]string{`1 "q"→"a\nb" dialogue="` + turnsID("system", "s", "user", "q", "assistant", "a", "assistant", "b") + `" turn=1`}},
		{"a conversation on many lines", "json", "[\n {\n  \"id\":1,\n  \"messages\":[\n   {\"role\":\"user\",\"content\":\"q\"},\n   {\"role\":\"assistant\",\"content\":\"a\"},\n   {\"role\":\"user\",\"content\":\"r\"},\n   {\"role\":\"assistant\",\"content\":\"b\"}\n  ]\n }\n]",
			[]string{`5 "q"→"a" dialogue="1" turn=0`, `7 "r"→"b" context="user: q\nassistant: a" dialogue="1" turn=2 ordinal=1`}},

		{"json array", "json", "[\n{\"q\":\"q\",\"a\":\"a\"},\n\n{\"q\":\"r\",\n\"a\":\"b\"}\n]\n", []string{`2 "q"→"a"`, `4 "r"→"b"`}},
		{"json object with an array", "json", "{\"version\":[1,{\"a\":\"]}\"}],\n\"data\":[{\"q\":\"q\",\"a\":\"a\"}],\"rows\":\n[{\"q\":\"r\",\"a\":\"b\"}], \"n\":2}", []string{`2 "q"→"a"`, `3 "r"→"b"`}},
		{"json object that is a record", "json", "\n{\"q\":\"q\",\n\"a\":\"a\"}", []string{`2 "q"→"a"`}},
		{"json object that is a conversation", "json", `{"id":"d","conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}]}`, []string{`1 "q"→"a" dialogue="d" turn=0`}},
		{"json object of conversations", "json", `{"conversations":[{"id":"d","conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}]}]}`, []string{`1 "q"→"a" dialogue="d" turn=0`}},
		{"json list of lists", "json", `{"conversations":[[{"role":"user","text":"q"},{"role":"bot","text":"a"}]]}`, []string{`1 "q"→"a" dialogue="` + noID + `" turn=0`}},
		{"json array that is a conversation", "json", `[{"role":"user","text":"q"},{"role":"bot","text":"a"}]`, []string{`1 "q"→"a" dialogue="` + noID + `" turn=0`}},
		{"json values one after another", "json", "{\"q\":\"q\",\"a\":\"a\"}{\"q\":\"r\",\"a\":\"b\"}\n[{\"q\":\"s\",\"a\":\"c\"}]", []string{`1 "q"→"a"`, `1 "r"→"b"`, `2 "s"→"c"`}},
		{"brackets and quotes in strings", "json", `[{"q":"]},{[\"\\","a":"a"},{"q":"r","a":"b"}]`, []string{`1 "]},{[\"\\"→"a"`, `1 "r"→"b"`}},
		{"empty containers", "json", "[] {\"data\":[]} [ ]", []string{}},

		{"csv", "csv", "id,Question, answer ,lang,other\n1,q,a,en,x\n2,\"q, \"\"r\"\"\",\"a\nb\",,\n\n3,r,b,ru,\n",
			[]string{`2 "q"→"a" id="1" lang="en"`, `3 "q, \"r\""→"a\nb" id="2"`, `6 "r"→"b" id="3" lang="ru"`}},
		{"csv of two names the first", "csv", "prompt,question,input,output\nno,q,no,a\n", []string{`2 "q"→"a"`}},
		{"csv with CR LF and a byte order mark", "csv", "\ufeff\"question\",\"answer\"\r\nq,a\r\n\"q\r\nr\",b", []string{`2 "q"→"a"`, `3 "q\nr"→"b"`}},
		{"csv quotes inside a field", "csv", "question,answer\n5\" or 7\"?,7\"\n", []string{`2 "5\" or 7\"?"→"7\""`}},
		{"csv without a header line", "csv:id,question,-,answer", "1,q,x,a\n2,r,x,b\n", []string{`1 "q"→"a" id="1"`, `2 "r"→"b" id="2"`}},
		{"csv backslashes are not escapes", "csv", "question,answer\nq\\n,\\ud800\n", []string{`2 "q\\n"→"\\ud800"`}},
		{"tsv", "tsv", "user_message\tassistant_message\nq, r\t\"a\tb\"\n", []string{`2 "q, r"→"a\tb"`}},

		{"qa", "qa", "Q: q\nA: a\nQ: r\nstill r\nA: b\n\nstill b\nA: too\n\n\n Q:s\n\tA:c", []string{`1 "q"→"a"`, `3 "r\nstill r"→"b\n\nstill b\nA: too"`, `11 "s"→"c"`}},
		{"qa in Russian", "qa", "В: вопрос\r\nО: ответ\r\n\r\nВопрос: два\r\nОтвет: три\r\n", []string{`1 "вопрос"→"ответ"`, `4 "два"→"три"`}},
		{"qa in words", "qa", "Question: q\nAnswer: a", []string{`1 "q"→"a"`}},
		{"qa marks inside of lines", "qa", "Q: what is Q: and A:?\nA: see Q: above", []string{`1 "what is Q: and A:?"→"see Q: above"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			pairs, skips, _ := readAll(t, c.format, c.in)
			if len(skips) > 0 {
				t.Errorf("skipped: %+v", skips)
			}
			if diff := cmp.Diff(c.want, briefs(pairs)); diff != "" {
				t.Errorf("pairs (- want, + got)\n%s", diff)
			}
		})
	}
}

func TestSource(t *testing.T) {
	pairs, _, _ := readAll(t, "jsonl", `{"q":"q","a":"a"}`+"\n"+`{"q":"q","a":"a","source":"faq"}`)
	if got := []string{pairs[0].Source, pairs[1].Source}; got[0] != "test.jsonl" || got[1] != "faq" {
		t.Errorf("sources: %q", got)
	}
}

func TestIgnored(t *testing.T) {
	_, _, p := readAll(t, "jsonl", `{"q":"q","a":"a","split":"train"}`+"\n"+`{"q":"q","a":"a"}`+"\n"+`{"split":1,"messages":[]}`)
	if diff := cmp.Diff(map[string]int64{"split": 2}, p.Ignored()); diff != "" {
		t.Error(diff)
	}
	_, _, p = readAll(t, "csv", "question,split,answer\nq,train,a\nq,,a\n")
	if diff := cmp.Diff(map[string]int64{"split": 1}, p.Ignored()); diff != "" {
		t.Error(diff)
	}
	_, _, p = readAll(t, "qa", "Q: q\nA: a")
	if len(p.Ignored()) != 0 {
		t.Error(p.Ignored())
	}
}

// TestPairsOutlive checks that what was emitted is not overwritten later.
func TestPairsOutlive(t *testing.T) {
	var in strings.Builder
	for i := range 500 {
		fmt.Fprintf(&in, `{"id":%d,"question":"\tquestion %d\u0021","answer":"answer %d"}`+"\n", i, i, i)
	}
	pairs, _, _ := readAll(t, "jsonl", in.String())
	for i, p := range pairs {
		if want := (Pair{ID: fmt.Sprint(i), Question: fmt.Sprintf("question %d!", i), Answer: fmt.Sprintf("answer %d", i),
			Source: "test.jsonl", Turn: -1, Line: int64(i + 1)}); p != want {
			t.Fatalf("pair %d is %+v, want %+v", i, p, want)
		}
	}
	if len(pairs) != 500 {
		t.Errorf("%d pairs", len(pairs))
	}
}

// Equal keys are no fault of JSON: the last counts, as with the usual decoders.
func TestEqualKeys(t *testing.T) {
	pairs, skips, _ := readAll(t, "auto", `{"question":"one?","question":"two?","answer":"a","id":1,"id":"x","meta":{"k":1,"k":2}}`)
	if len(pairs) != 1 || len(skips) > 0 || pairs[0].Question != "two?" || pairs[0].ID != "x" {
		t.Errorf("%+v %+v", pairs, skips)
	}
}
