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
		{"instruction alone", `{"instruction":"i","input":"x"}`, "no_pair: an instruction field and no answer field"},
		{"input and no instruction's answer", `{"input":"x"}`, "no_pair: a question field and no answer field"},
		{"messages of the user alone", `{"messages":[{"role":"user","content":"q"}]}`, "no_pair: no turn of a user that an assistant answers"},
		{"the assistant speaks first", `{"messages":[{"role":"assistant","content":"a"},{"role":"user","content":"q"}]}`, "no_pair: no turn of a user that an assistant answers"},
		{"tools alone", `{"messages":[{"role":"system","content":"q"},{"role":"tool","content":"a"}]}`, "no_pair: no turn of a user that an assistant answers"},
		{"one unknown speaker", `[{"role":"anna","text":"q"},{"role":"anna","text":"a"}]`, "no_pair: no turn of a user that an assistant answers"},
		{"three unknown speakers", `[{"role":"anna","text":"q"},{"role":"bert","text":"a"},{"role":"cleo","text":"b"}]`, "no_pair: more than two speakers, and none of them a user or an assistant"},
		{"a user and an unknown speaker", `[{"role":"user","text":"q"},{"role":"bert","text":"a"}]`, "no_pair: no turn of a user that an assistant answers"},

		{"question is a number", `{"question":1,"answer":"a"}`, "field: question is a number, want a string"},
		{"answer is true", `{"q":"q","a":true}`, "field: a is true or false, want a string"},
		{"first answer is a number", `{"q":"q","a":[1,"a"]}`, "field: the first of a is a number, want a string"},
		{"no answers", `{"q":"q","a":[]}`, "no_pair: no answer is given"},
		{"no answers in an object", `{"question":"q","answers":{"text":[],"answer_start":[]}}`, "no_pair: no answer is given"},
		{"answer is an object without text", `{"question":"q","answers":{}}`, "no_pair: no answer is given"},
		{"first answer is empty", `{"q":"q","a":[" ","a"]}`, "empty: the answer is empty"},
		{"surrogate in the first answer", `{"q":"q","a":["\ud800"]}`, "utf8: half of a surrogate pair in a"},
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
		{"turns are numbers", `{"messages":[1,2]}`, "field: turn 0 is a number, want an object"},
		{"a turn among texts", `{"messages":["q",{"role":"assistant","content":"a"}]}`, "field: turn 1 is an object, want a string"},
		{"a text among turns", `{"messages":[{"role":"user","content":"q"},"a"]}`, "field: turn 1 is a string, want an object"},
		{"turns without roles", `{"conversation":[{"text":"q"},{"text":"a"}]}`, "field: the role of turn 0 is null, want a string"},
		{"one text", `{"data":["q"]}`, "no_pair: no turn of a user that an assistant answers"},
		{"an empty text", `{"dialog":["q",""]}`, "empty: the answer is empty"},
		{"half an exchange", `{"conversation":[{"human":"q"}]}`, "empty: the answer is empty"},
		{"an exchange of numbers", `{"conversation":[{"human":1,"assistant":"a"}]}`, "field: the content of turn 0 is a number, want a string"},
		{"an exchange of three", `{"query":"q","response":"a","history":[["q","a","x"]]}`, "field: turn 0 is an array of 3, want a question and an answer"},
		{"history is a string in a list", `{"query":"q","response":"a","history":[1]}`, "field: turn 0 is a number, want an object"},
		{"query is a number behind a history", `{"query":1,"response":"a","history":[["q","a"]]}`, "field: what the user says is a number, want a string or an array"},

		{"instruction is a number", `{"instruction":1,"output":"a"}`, "field: instruction is a number, want a string"},
		{"input is a list", `{"instruction":"i","input":["x"],"output":"a"}`, "field: input is an array, want a string"},
		{"instruction of white space", `{"instruction":" ","input":"\n","output":"a"}`, "empty: the question is empty"},
		{"surrogate in the input", `{"instruction":"i","input":"\ud800","output":"a"}`, "utf8: half of a surrogate pair in input"},
		{"Dolly with a context that is a list", `{"instruction":"i","context":[],"response":"a"}`, "field: context is an array, want a string"},
		{"chosen is a number", `{"prompt":"q","chosen":1,"rejected":"b"}`, "field: chosen is a number, want a string"},
		{"rejected alone", `{"prompt":"q","rejected":"b"}`, "no_pair: a question field and no answer field"},
		{"a prompt of messages and a number", `{"prompt":[{"role":"user","content":"q"}],"completion":1}`, "field: what the assistant says is a number, want a string or an array"},
		{"anchor alone", `{"anchor":"q","negative":"b"}`, "no_pair: a question field and no answer field"},
		{"SGD with an utterance that is a list", `{"turns":[{"speaker":"USER","utterance":[1]},{"speaker":"SYSTEM","utterance":"a"}]}`, "field: a part of turn 0 is a number, want an object"},
		{"Taskmaster of one speaker", `{"conversation_id":"d","utterances":[{"speaker":"USER","text":"q"}]}`, "no_pair: no turn of a user that an assistant answers"},
		{"utterances are an object", `{"utterances":{"speaker":"USER"}}`, "field: utterances is an object, want an array"},

		{"prompt is an object and no tree", `{"prompt":{"x":1},"output":"a"}`, "field: prompt is an object, want a string"},
		{"tree without answers", `{"prompt":{"text":"q","role":"prompter","replies":[]}}`, "no_pair: no message of a user that an assistant answers"},
		{"tree that an assistant begins", `{"prompt":{"text":"q","role":"assistant","replies":[{"text":"a","role":"prompter"}]}}`, "no_pair: no message of a user that an assistant answers"},
		{"deleted prompt", `{"prompt":{"text":"q","role":"prompter","deleted":true,"replies":[{"text":"a","role":"assistant"}]}}`, "deleted: the message was deleted"},
		{"deleted answer", `{"prompt":{"text":"q","role":"prompter","replies":[{"text":"a","role":"assistant","deleted":true}]}}`, "deleted: the message was deleted"},
		{"answer that failed its review", `{"prompt":{"text":"q","role":"prompter","replies":[{"text":"a","role":"assistant","review_result":false}]}}`, "review: the message did not pass its review"},
		{"reply that is a string", `{"prompt":{"text":"q","role":"prompter","replies":["a"]}}`, "field: a reply is a string, want an object"},
		{"replies that are an object", `{"prompt":{"text":"q","role":"prompter","replies":{}}}`, "field: the replies of a message are an object, want an array"},
		{"reply without a role", `{"prompt":{"text":"q","role":"prompter","replies":[{"text":"a"}]}}`, "field: the role of a message is null, want a string"},
		{"reply with a number for a text", `{"prompt":{"text":"q","role":"prompter","replies":[{"text":1,"role":"assistant"}]}}`, "field: the text of a message is a number, want a string"},
		{"reply with half of a surrogate pair", `{"prompt":{"text":"q","role":"prompter","replies":[{"text":"\udc00","role":"assistant"}]}}`, "utf8: half of a surrogate pair in the text of a message"},
		{"message_id with half of a surrogate pair", `{"prompt":{"message_id":"\udc00","text":"q","role":"prompter"}}`, "utf8: half of a surrogate pair in a label of a message"},
		{"empty reply", `{"prompt":{"text":"q","role":"prompter","replies":[{"text":" ","role":"assistant"}]}}`, "empty: the answer is empty"},
		{"replies 65 deep", `{"prompt":` + strings.Repeat(`{"role":"prompter","text":"q","replies":[`, 65) + strings.Repeat(`]}`, 65) + `}`, "too_long: more than 64 messages one below another"},
		{"a message of a tree by itself", `{"message_id":"1","parent_id":"0","text":"a","role":"assistant"}`, "no_pair: a message by itself: its tree can be read as flat"},

		{"messages with half of a surrogate pair", `[{"message_id":"\ud800","text":"q","role":"prompter"}]`, "utf8: half of a surrogate pair in a label of a message"},
		{"an answer to nothing among messages", `[{"message_id":"1","parent_id":"0","text":"q","role":"assistant"}]`, "no_pair: what the message answers is not before it in its tree"},
		{"chosen is a list of numbers", `{"prompt":[{"role":"user","content":"q"}],"chosen":[1]}`, "field: turn 1 is a number, want an object"},
		{"chosen begins with a system and ends there", `{"prompt":"q","chosen":[{"role":"system","content":"s"}]}`, "no_pair: no turn of a user that an assistant answers"},

		{"impossible question", `{"paragraphs":[{"context":"c","qas":[{"question":"q","answers":[],"is_impossible":true}]}]}`, "no_pair: the question has no answer: is_impossible"},
		{"question without answers", `{"paragraphs":[{"context":"c","qas":[{"question":"q","answers":[]}]}]}`, "no_pair: no answer is given"},
		{"no paragraphs", `{"paragraphs":[]}`, "no_pair: no question in any paragraph"},
		{"paragraphs are a string", `{"paragraphs":"c"}`, "field: paragraphs is a string, want an array"},
		{"a paragraph is a string", `{"paragraphs":["c"]}`, "field: a paragraph is a string, want an object"},
		{"a paragraph without qas", `{"paragraphs":[{"context":"c"}]}`, "field: the qas of a paragraph are null, want an array"},
		{"one of qas is a string", `{"paragraphs":[{"context":"c","qas":["q"]}]}`, "field: one of qas is a string, want an object"},
		{"context of a paragraph is a number", `{"paragraphs":[{"context":1,"qas":[]}]}`, "field: the context of a paragraph is a number, want a string"},
		{"question in a paragraph is a number", `{"paragraphs":[{"context":"c","qas":[{"question":1,"answers":[{"text":"a"}]}]}]}`, "field: the question is a number, want a string"},
		{"answer in a paragraph is a number", `{"paragraphs":[{"context":"c","qas":[{"question":"q","answers":[{"text":1}]}]}]}`, "field: the answer is a number, want a string"},
		{"id in a paragraph is a list", `{"paragraphs":[{"context":"c","qas":[{"id":[],"question":"q","answers":[{"text":"a"}]}]}]}`, "field: the id is an array, want a string or a number"},
		{"surrogate in the context of a paragraph", `{"paragraphs":[{"context":"\ud800","qas":[{"question":"q","answers":[{"text":"a"}]}]}]}`, "utf8: half of a surrogate pair in the context of a paragraph"},
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
	p.options.RecordBytesMax = 1 << 20
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
			[]string{`1 "1"→"a" dialogue="1" turn=0`, `3 "3"→"a" context="assistant: a" dialogue="1" turn=4 ordinal=1`}},
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

		{"a bad conversation among others by their ids", "json", "{\"1\":{\"content\":[{\"agent\":\"x\",\"message\":\"1\"},{\"agent\":\"y\",\"message\":\"a\"}]},\n\"2\":{\"content\":2},\n\"3\":{\"content\":[{\"agent\":\"x\",\"message\":\"3\"},{\"agent\":\"y\",\"message\":\"a\"}]}}",
			2, "no_pair: no question and answer fields, and no messages", []string{`1 "1"→"a" dialogue="1" turn=0`, `3 "3"→"a" dialogue="3" turn=0`}},
		{"conversations by their ids that end too early", "json", "{\"1\":{\"content\":[{\"agent\":\"x\",\"message\":\"1\"},{\"agent\":\"y\",\"message\":\"a\"}]},\n\"2\":{\"content\":[",
			2, "json: unexpected end at byte 17", []string{`1 "1"→"a" dialogue="1" turn=0`}},
		{"conversations by their ids without an end", "json", "{\"1\":{\"content\":[{\"agent\":\"x\",\"message\":\"1\"},{\"agent\":\"y\",\"message\":\"a\"}]}",
			1, "json: the file ends inside an array or an object", []string{`1 "1"→"a" dialogue="1" turn=0`}},
		{"a bracket too many among them", "json", "{\"1\":{\"content\":[{\"agent\":\"x\",\"message\":\"1\"},{\"agent\":\"y\",\"message\":\"a\"}]},\n\"2\":{}]}",
			2, "json: unexpected character at byte 7", []string{`1 "1"→"a" dialogue="1" turn=0`}},
		{"a bad question about a paragraph", "json", "{\"data\":[{\"paragraphs\":[{\"context\":\"c\",\"qas\":[\n{\"question\":\"1\",\"answers\":[{\"text\":\"a\"}]},\n{\"question\":2,\"answers\":[{\"text\":\"a\"}]},\n{\"question\":\"3\",\"answers\":[{\"text\":\"a\"}]}]}]}]}",
			3, "field: the question is a number, want a string", []string{`2 "1"→"a" context="c"`, `4 "3"→"a" context="c" ordinal=1`}},

		{"a bad line in a tree of lines", "flat", flatLine("1", "", "prompter", "1") + "\n{]\n" + flatLine("2", "1", "assistant", "a") + "\n" + flatLine("3", "", "prompter", "3") + "\n" + flatLine("4", "3", "assistant", "a"),
			2, "json: unexpected character at byte 2", []string{`1 "1"→"a" id="2" dialogue="1" turn=0`, `4 "3"→"a" id="4" dialogue="3" turn=0`}},
		{"a number in a tree of lines", "flat", flatLine("1", "", "prompter", "1") + "\n2\n" + flatLine("2", "1", "assistant", "a"),
			2, "no_pair: the record is a number", []string{`1 "1"→"a" id="2" dialogue="1" turn=0`}},
		{"a number among messages in an array", "json", "[" + flatLine("1", "", "prompter", "1") + ",\n2,\n" + flatLine("2", "1", "assistant", "a") + "]",
			2, "field: a message is a number, want an object", []string{`1 "1"→"a" id="2" dialogue="1" turn=0`}},
		{"an answer to what is not there", "flat", flatLine("1", "", "prompter", "1") + "\n" + flatLine("9", "8", "assistant", "x") + "\n" + flatLine("2", "1", "assistant", "a"),
			2, "no_pair: what the message answers is not before it in its tree", []string{`1 "1"→"a" id="2" dialogue="1" turn=0`}},
		{"an answer before its question", "flat", flatLine("2", "1", "assistant", "a") + "\n" + flatLine("3", "2", "prompter", "3") + "\n" + flatLine("4", "3", "assistant", "a"),
			1, "no_pair: what the message answers is not before it in its tree", []string{`2 "3"→"a" id="4" context="assistant: a" dialogue="2" turn=1`}},
		{"messages that answer one another", "flat", flatLine("1", "2", "assistant", "a") + "\n" + flatLine("2", "1", "prompter", "q"),
			1, "no_pair: what the message answers is not before it in its tree", []string{}},
		{"too long a tree of lines", "flat", flatLine("1", "", "prompter", strings.Repeat("x", 2<<20)) + "\n" + flatLine("3", "", "prompter", "3") + "\n" + flatLine("4", "3", "assistant", "a"),
			1, "too_long: longer than 1048576 bytes", []string{`2 "3"→"a" id="4" dialogue="3" turn=0`}},

		{"too long a line of a tree", "flat", flatLine("1", "", "prompter", "1") + "\n" + flatLine("2", "1", "assistant", "a") + "\n" + flatLine("3", "2", "prompter", strings.Repeat("x", 2<<20)) + "\n" + flatLine("5", "2", "prompter", "3") + "\n" + flatLine("6", "5", "assistant", "a"),
			3, "too_long: longer than 1048576 bytes", []string{`1 "1"→"a" id="2" dialogue="1" turn=0`, `4 "3"→"a" id="6" dialogue="5" turn=0`}},
		{"no mark in a dialogue", "transcript", "just words\n", 1, "no_pair: no turn of a user that an assistant answers", []string{}},
		{"a user alone", "transcript", "User: 1\nAssistant: a\n---\nUser: 2\n---\nUser: 3\nBot: a\n", 4, "no_pair: no turn of a user that an assistant answers",
			[]string{`1 "1"→"a" dialogue="` + turnsID("user", "1", "assistant", "a") + `" turn=0`, `6 "3"→"a" dialogue="` + turnsID("user", "3", "assistant", "a") + `" turn=0`}},
		{"dialogue not in UTF-8", "transcript", "User: 1\nAssistant: a\n---\nUser: \xff\n---\nUser: 3\nBot: a\n", 4, "utf8: not UTF-8 at byte 7",
			[]string{`1 "1"→"a" dialogue="` + turnsID("user", "1", "assistant", "a") + `" turn=0`, `6 "3"→"a" dialogue="` + turnsID("user", "3", "assistant", "a") + `" turn=0`}},
		{"dialogue too long", "transcript", "User: 1\nAssistant: a\n---\nUser: " + strings.Repeat("long ", 1<<20) + "\n---\nUser: 3\nBot: a\n", 4, "too_long: longer than 1048576 bytes",
			[]string{`1 "1"→"a" dialogue="` + turnsID("user", "1", "assistant", "a") + `" turn=0`, `6 "3"→"a" dialogue="` + turnsID("user", "3", "assistant", "a") + `" turn=0`}},
		{"one utterance", "eou", "1 __eou__ a __eou__\n2 __eou__\n3 __eou__ a\n", 2, "no_pair: no turn of a user that an assistant answers",
			[]string{`1 "1"→"a" dialogue="` + turnsID("user", "1", "assistant", "a") + `" turn=0`, `3 "3"→"a" dialogue="` + turnsID("user", "3", "assistant", "a") + `" turn=0`}},
		{"an empty utterance", "eou", "1 __eou__ a __eou__\n2 __eou__ __eou__\n3 __eou__ a\n", 2, "empty: the answer is empty",
			[]string{`1 "1"→"a" dialogue="` + turnsID("user", "1", "assistant", "a") + `" turn=0`, `3 "3"→"a" dialogue="` + turnsID("user", "3", "assistant", "a") + `" turn=0`}},

		{"a line of an episode that is broken", "parlai", `{"text":"1","labels":["a"],"episode_done":true}` + "\n{\"text\":\n" + `{"text":"3","labels":["a"],"episode_done":true}`, 2, "json: unexpected end at byte 10", parlaiKept},
		{"labels that are numbers", "parlai", `{"text":"1","labels":["a"],"episode_done":true}` + "\n" + `{"text":"2","labels":[2]}` + "\n" + `{"text":"3","labels":["a"],"episode_done":true}`, 2, "field: the first of labels is a number, want a string", parlaiKept},
		{"a text that is a list", "parlai", `{"text":"1","labels":["a"],"episode_done":true}` + "\n" + `{"text":["2"],"labels":["a"],"episode_done":true}` + "\n" + `{"text":"3","labels":["a"],"episode_done":true}`, 2, "field: text is an array, want a string", parlaiKept},
		{"half a pair in an episode", "parlai", `{"text":"1","labels":["a"],"episode_done":true}` + "\n" + `{"text":"\ud800","labels":["a"]}` + "\n" + `{"text":"3","labels":["a"],"episode_done":true}`, 2, "utf8: half of a surrogate pair in the text or the labels", parlaiKept},
		{"words in an episode", "parlai", "text:1\tlabels:a\tepisode_done:True\nwords\ntext:3\tlabels:a\tepisode_done:True\n", 2, "no_pair: no text and no labels", parlaiKept},
		{"an episode without labels", "parlai", "text:1\tlabels:a\tepisode_done:True\ntext:2\tepisode_done:True\ntext:3\tlabels:a\tepisode_done:True\n", 2, "no_pair: no turn of a user that an assistant answers", parlaiKept},
		{"an episode not in UTF-8", "parlai", "text:1\tlabels:a\tepisode_done:True\ntext:\xff\tlabels:a\tepisode_done:True\ntext:3\tlabels:a\tepisode_done:True\n", 2, "utf8: not UTF-8 at byte 6", parlaiKept},
		{"an episode too long", "parlai", "text:1\tlabels:a\tepisode_done:True\ntext:" + strings.Repeat("long ", 1<<20) + "\tlabels:a\tepisode_done:True\ntext:3\tlabels:a\tepisode_done:True\n", 2, "too_long: longer than 1048576 bytes", parlaiKept},

		{"YAML without conversations", "yaml", "categories:\n- x\n", 1, "no_pair: no list under the key conversations", []string{}},
		{"an entry that is a map", "yaml", yamlAround("- - 2\n  - a: b"), 5, "yaml: an entry that is no text", yamlKept},
		{"an entry that is a list", "yaml", yamlAround("- - 2\n  - - b"), 5, "yaml: an entry that is no text", yamlKept},
		{"a flow list", "yaml", yamlAround("- [2, b]\n#"), 4, "yaml: not a list of texts in block style", yamlKept},
		{"an alias", "yaml", yamlAround("- - *x\n  - a"), 4, "yaml: a text that begins with a mark of YAML", yamlKept},
		{"an open quote", "yaml", yamlAround("- - \"2\n  - a"), 4, "yaml: a quote is opened and never closed", yamlKept},
		{"text behind a quote", "yaml", yamlAround("- - '2' x\n  - a"), 4, "yaml: a closing quote is not the end of its text", yamlKept},
		{"a bad escape", "yaml", yamlAround("- - \"\\ud800\"\n  - a"), 4, "yaml: bad escape", yamlKept},
		{"a bad block", "yaml", yamlAround("- - |x\n  - a"), 4, "yaml: a block that begins with a mark unknown here", yamlKept},
		{"an item that is a map", "yaml", yamlAround("- x: 1\n  y: 2"), 4, "yaml: not a list of texts in block style", yamlKept},
		{"20,000 deep", "yaml", yamlAround(strings.Repeat("- ", 20000) + "\n#"), 4, "yaml: an entry that is no text", yamlKept},

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

func flatLine(id, parent, role, text string) string {
	if parent != "" {
		parent = fmt.Sprintf(`"parent_id":%q,`, parent)
	}
	return fmt.Sprintf(`{"message_id":%q,%s"text":%q,"role":%q}`, id, parent, text, role)
}

// yamlAround puts an item of two lines between two good ones.
func yamlAround(item string) string {
	return "conversations:\n- - '1'\n  - a\n" + item + "\n- - '3'\n  - a\n"
}

var parlaiKept = []string{
	`1 "1"→"a" dialogue="` + turnsID("user", "1", "assistant", "a") + `" turn=0`,
	`3 "3"→"a" dialogue="` + turnsID("user", "3", "assistant", "a") + `" turn=0`,
}

var yamlKept = []string{
	`2 "1"→"a" dialogue="` + turnsID("user", "1", "assistant", "a") + `" turn=0`,
	`6 "3"→"a" dialogue="` + turnsID("user", "3", "assistant", "a") + `" turn=0`,
}
