package dialogue

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// oasst is a tree whose branches have their own questions.
const oasst = `{"message_tree_id":"t","tree_state":"ready_for_export","prompt":{"message_id":"1","text":"q1","role":"prompter","lang":"en","review_result":true,"deleted":false,"replies":[
{"message_id":"2","parent_id":"1","text":"worse","role":"assistant","rank":2,"replies":[{"message_id":"3","text":"q3","role":"prompter","replies":[{"message_id":"4","text":"a4","role":"assistant","replies":[]}]}]},
{"message_id":"5","parent_id":"1","text":"gone","role":"assistant","rank":0,"deleted":true,"replies":[{"message_id":"6","text":"q6","role":"prompter","replies":[]}]},
{"message_id":"7","parent_id":"1","text":"best","role":"assistant","rank":1,"replies":[
{"message_id":"8","text":"q8","role":"prompter","lang":"ru","replies":[{"message_id":"9","text":"unranked","role":"assistant","replies":[]},{"message_id":"10","text":"ranked","role":"assistant","rank":7,"replies":[]}]},
{"message_id":"11","text":"q11","role":"prompter","replies":[{"message_id":"12","text":"a12","role":"assistant","review_result":false,"replies":[]},{"message_id":"13","text":"a13","role":"assistant","replies":[]}]}]}]}}`

// TestImporters reads records as the data sets that they are named after have
// them.
func TestImporters(t *testing.T) {
	noID := turnsID("user", "q", "assistant", "a")
	twoTurns := turnsID("user", "q", "assistant", "a", "user", "r", "assistant", "b")
	for _, c := range []struct {
		name, format, in string
		want             []string
	}{
		{"Alpaca", "jsonl", `{"instruction":"Translate.","input":"le chat","output":"the cat"}
{"instruction":"Say hello.","input":"","output":"Hello."}
{"instruction":"Say hello.","output":"Hello."}
{"instruction":"Say hello.","input":null,"output":"Hello.","lang":"en","id":7}
{"instruction":null,"input":"q","output":"a"}
{"instruction":"","input":"q","output":"a"}`,
			[]string{`1 "Translate.\n\nle chat"→"the cat"`, `2 "Say hello."→"Hello."`, `3 "Say hello."→"Hello."`, `4 "Say hello."→"Hello." id="7" lang="en"`, `5 "q"→"a"`, `6 "q"→"a"`}},
		{"Alpaca in a JSON array", "json", `[{"instruction": "i", "input": "x", "output": "a"}]`, []string{`1 "i\n\nx"→"a"`}},
		{"Alpaca in CSV", "csv", "instruction,input,output\ni,x,a\nj,,b\n,y,c\n", []string{`2 "i\n\nx"→"a"`, `3 "j"→"b"`, `4 "y"→"c"`}},
		{"Alpaca in CSV without a header line", "csv:instruction,input,answer", "i,x,a\n", []string{`1 "i\n\nx"→"a"`}},
		{"Dolly", "jsonl", `{"instruction":"When?","context":"It opened in 1999.","response":"In 1999.","category":"closed_qa"}`,
			[]string{`1 "When?"→"In 1999." context="It opened in 1999."`}},
		{"GSM8K", "jsonl", `{"question":"2+2?","answer":"It is <<2+2=4>>4\n#### 4"}`, []string{`1 "2+2?"→"It is <<2+2=4>>4\n#### 4"`}},

		{"TRL of strings", "jsonl", `{"prompt":"q","completion":"a"}
{"prompt":"q","chosen":"a","rejected":"b"}`, []string{`1 "q"→"a"`, `2 "q"→"a"`}},
		{"TRL of messages", "jsonl", `{"prompt":[{"role":"user","content":"q"}],"completion":[{"role":"assistant","content":"a"}]}
{"prompt":[{"role":"system","content":"s"},{"role":"user","content":"q"}],"chosen":[{"role":"assistant","content":"a"}],"rejected":[{"role":"assistant","content":"b"}]}
{"rejected":[],"chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}
{"prompt":"q","chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"rejected":[{"role":"user","content":"q"},{"role":"assistant","content":"b"}]}
{"prompt":"q","chosen":[{"role":"assistant","content":"a"}],"rejected":[]}
{"prompt":"q","chosen":[{"role":"system","content":""},{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}
{"completion":"b","prompt":[{"role":"user","content":"q"},{"role":"assistant","content":"a"},{"role":"user","content":"r"}]}`,
			[]string{`1 "q"→"a" dialogue="` + noID + `" turn=0`,
				`2 "q"→"a" dialogue="` + turnsID("system", "s", "user", "q", "assistant", "a") + `" turn=1`,
				`3 "q"→"a" dialogue="` + noID + `" turn=0`, `4 "q"→"a" dialogue="` + noID + `" turn=0`, `5 "q"→"a" dialogue="` + noID + `" turn=0`,
				`6 "q"→"a" dialogue="` + turnsID("system", "", "user", "q", "assistant", "a") + `" turn=1`,
				`7 "q"→"a" dialogue="` + twoTurns + `" turn=0`, `7 "r"→"b" context="user: q\nassistant: a" dialogue="` + twoTurns + `" turn=2 ordinal=1`}},
		{"UltraChat 200k", "jsonl", `{"prompt":"q","prompt_id":"x","messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}`,
			[]string{`1 "q"→"a" dialogue="` + noID + `" turn=0`}},

		{"OpenAssistant", "jsonl", strings.ReplaceAll(oasst, "\n", ""), []string{
			`1 "q1"→"best" id="7" dialogue="t" lang="en" turn=0`,
			`1 "q8"→"ranked" id="10" context="user: q1\nassistant: best" dialogue="t" lang="ru" turn=2 ordinal=1`,
			`1 "q11"→"a13" id="13" context="user: q1\nassistant: best" dialogue="t" turn=2 ordinal=2`}},
		{"OpenAssistant without ids", "jsonl", `{"prompt":{"text":"q","role":"prompter","replies":[{"text":"a","role":"assistant"}]}}`,
			[]string{`1 "q"→"a" dialogue="` + noID + `" turn=0`}},
		{"OpenAssistant messages", "flat", `{"message_id":"1","user_id":"u","text":"q1","role":"prompter","lang":"en","message_tree_id":"t","source":"oasst"}
{"message_id":"2","parent_id":"1","text":"worse","role":"assistant","rank":1,"message_tree_id":"t"}
{"message_id":"3","parent_id":"1","text":"best","role":"assistant","rank":0,"message_tree_id":"t"}

{"message_id":"4","parent_id":"3","text":"q4","role":"prompter","message_tree_id":"t"}
{"message_id":"5","parent_id":"4","text":"a5","role":"assistant","message_tree_id":"t"}
{"message_id":"6","parent_id":null,"text":"q6","role":"prompter","message_tree_id":"t2"}
{"message_id":"7","parent_id":"6","text":"a7","role":"assistant","message_tree_id":"t2"}`, []string{
			`1 "q1"→"best" id="3" dialogue="t" lang="en" source="oasst" turn=0`,
			`5 "q4"→"a5" id="5" context="user: q1\nassistant: best" dialogue="t" source="oasst" turn=2 ordinal=1`,
			`7 "q6"→"a7" id="7" dialogue="t2" turn=0`}},
		{"OpenAssistant messages in an array", "json", "[" + flatLine("1", "", "prompter", "q") + ",\n" + flatLine("2", "1", "assistant", "a") + ",\n" + flatLine("3", "", "prompter", "r") + ",\n" + flatLine("4", "3", "assistant", "b") + "]",
			[]string{`1 "q"→"a" id="2" dialogue="1" turn=0`, `3 "r"→"b" id="4" dialogue="1" turn=0 ordinal=1`}},

		{"SGD", "json", "[\n{\"dialogue_id\":\"1_0\",\"services\":[\"Hotels_1\"],\"turns\":[\n{\"frames\":[{\"actions\":[{\"act\":\"INFORM\",\"values\":[\"x\"]}]}],\"speaker\":\"USER\",\"utterance\":\"q\"},\n{\"frames\":[],\"speaker\":\"SYSTEM\",\"utterance\":\"a\"}]}]",
			[]string{`3 "q"→"a" dialogue="1_0" turn=0`}},
		{"MultiWOZ 2.2", "json", `[{"dialogue_id":"PMUL1.json","services":["hotel"],"turns":[{"frames":[],"speaker":"USER","turn_id":"0","utterance":"q"},{"frames":[],"speaker":"SYSTEM","turn_id":"1","utterance":"a"}]}]`,
			[]string{`1 "q"→"a" dialogue="PMUL1.json" turn=0`}},
		{"Taskmaster", "json", `[{"conversation_id":"dlg-1","instruction_id":"x","utterances":[{"index":0,"speaker":"USER","text":"q","segments":[{"annotations":[{"name":"n"}]}]},{"index":1,"speaker":"ASSISTANT","text":"a"}]},{"conversation_id":"dlg-2","instructions":null,"utterances":[{"index":0,"speaker":"user","text":"q"},{"index":1,"speaker":"assistant","text":"a"}]}]`,
			[]string{`1 "q"→"a" dialogue="dlg-1" turn=0`, `1 "q"→"a" dialogue="dlg-2" turn=0`}},
		{"MultiWOZ 2.1", "json", "{\n\"SNG01856.json\": {\"goal\": {\"hotel\": {\"info\": {\"type\": \"hotel\"}}, \"message\": [\"You are looking\"]}, \"log\": [{\"text\": \"q\", \"metadata\": {}, \"dialog_act\": {}, \"span_info\": []}, {\"text\": \"a\", \"metadata\": {\"hotel\": {\"book\": {\"booked\": []}}}}]},\n\"MUL2168.json\": {\"goal\": {}, \"log\": [{\"text\": \"r\", \"metadata\": {}}, {\"text\": \"b\", \"metadata\": {}}]}\n}",
			[]string{`2 "q"→"a" dialogue="SNG01856.json" turn=0`, `3 "r"→"b" dialogue="MUL2168.json" turn=0`}},
		{"HH-RLHF", "jsonl", `{"chosen":"\n\nHuman: q\n\nAssistant: a\n\nHuman: r\n\nAssistant: b","rejected":"\n\nHuman: q\n\nAssistant: no"}
{"rejected":"x","chosen":"\n\nHuman: q \\n\nHuman: is no mark\n\nAssistant: a\n\nstill \"a\""}`, []string{
			`1 "q"→"a" dialogue="` + twoTurns + `" turn=0`, `1 "r"→"b" context="user: q\nassistant: a" dialogue="` + twoTurns + `" turn=2 ordinal=1`,
			`2 "q \\n\nHuman: is no mark"→"a\n\nstill \"a\"" dialogue="` + turnsID("user", "q \\n\nHuman: is no mark", "assistant", "a\n\nstill \"a\"") + `" turn=0`}},
		{"ParlAI", "parlai", "text:q\tlabels:a\tlabel_candidates:a|b\ntext:r\tlabels:b|other\tepisode_done:True\n\ntext:your persona: x\\nq__PIPE__\tid:t\tlabels:a\n", []string{
			`1 "q"→"a" dialogue="` + twoTurns + `" turn=0`, `2 "r"→"b" context="user: q\nassistant: a" dialogue="` + twoTurns + `" turn=2 ordinal=1`,
			`4 "your persona: x\nq|"→"a" dialogue="` + turnsID("user", "your persona: x\nq|", "assistant", "a") + `" turn=0`}},
		{"ParlAI in JSON", "parlai", `{"text":"q","labels":["a"],"episode_done":false}
{"text":"\u0072","eval_labels":["b","other"],"episode_done":true}
{"text":"q","labels":"a","reward":1,"episode_done": true}`, []string{
			`1 "q"→"a" dialogue="` + twoTurns + `" turn=0`, `2 "r"→"b" context="user: q\nassistant: a" dialogue="` + twoTurns + `" turn=2 ordinal=1`,
			`3 "q"→"a" dialogue="` + noID + `" turn=0`}},
		{"DailyDialog of ParlAI", "jsonl", `{"fold":"train","topic":"work","dialogue":[{"emotion":"no_emotion","act":"question","text":"q"},{"emotion":"happiness","act":"inform","text":"a"}]}`,
			[]string{`1 "q"→"a" dialogue="` + noID + `" turn=0`}},
		{"Topical-Chat", "json", "{\n\"t_1\": {\"article_url\":\"x\",\"config\":\"A\",\"content\":[{\"message\":\"q\",\"agent\":\"agent_1\",\"sentiment\":\"Neutral\",\"knowledge_source\":[\"FS1\"]},{\"message\":\"a\",\"agent\":\"agent_2\"}],\"conversation_rating\":{\"agent_1\":\"Good\"}},\n\"t_2\": {\"content\":[{\"message\":\"r\",\"agent\":\"agent_2\"},{\"message\":\"b\",\"agent\":\"agent_1\"}]}\n}",
			[]string{`2 "q"→"a" dialogue="t_1" turn=0`, `3 "r"→"b" dialogue="t_2" turn=0`}},
		{"DailyDialog", "jsonl", `{"dialog":["q","a","r","b"],"act":[1,2,1,1],"emotion":[0,0,0,0]}`,
			[]string{`1 "q"→"a" dialogue="` + twoTurns + `" turn=0`, `1 "r"→"b" context="user: q\nassistant: a" dialogue="` + twoTurns + `" turn=2 ordinal=1`}},
		{"DailyDialog text", "eou", "q __eou__ a __eou__\n\nq __eou__ a __eou__ r __eou__ b __eou__\r\n", []string{`1 "q"→"a" dialogue="` + noID + `" turn=0`,
			`3 "q"→"a" dialogue="` + twoTurns + `" turn=0`, `3 "r"→"b" context="user: q\nassistant: a" dialogue="` + twoTurns + `" turn=2 ordinal=1`}},
		{"UltraChat", "jsonl", `{"id":"0","data":["q","a"]}`, []string{`1 "q"→"a" dialogue="0" turn=0`}},
		{"UltraChat in a JSON array", "json", `[{"id":"0","data":["q","a"]}]`, []string{`1 "q"→"a" dialogue="0" turn=0`}},
		{"ChatterBot", "yaml", "categories:\n- AI\nconversations:\n- - q\n  - a\n  - \"r\"\n  - 'b'\n- - What is\n    AI?\n  - |\n    Code:\n\n        x = 1\n# that is all\n", []string{
			`4 "q"→"a" dialogue="` + twoTurns + `" turn=0`, `6 "r"→"b" context="user: q\nassistant: a" dialogue="` + twoTurns + `" turn=2 ordinal=1`,
			`8 "What is AI?"→"Code:\n\n    x = 1" dialogue="` + turnsID("user", "What is AI?", "assistant", "Code:\n\n    x = 1") + `" turn=0`}},
		{"ChatterBot as JSON", "json", `{"categories":["AI"],"conversations":[["q","a"],["q","a"]]}`, []string{`1 "q"→"a" dialogue="` + noID + `" turn=0`, `1 "q"→"a" dialogue="` + noID + `" turn=0`}},

		{"SQuAD", "json", "{\"version\":\"v2.0\",\"data\":[{\"title\":\"T\",\"paragraphs\":[{\"context\":\" c1 \",\"qas\":[{\"id\":\"1\",\"question\":\"q\",\"answers\":[{\"text\":\"a\",\"answer_start\":0},{\"text\":\"b\",\"answer_start\":1}],\"is_impossible\":false},\n{\"id\":2,\"question\":\"r\",\"answers\":[{\"text\":\"b\",\"answer_start\":0}]}]},{\"qas\":[{\"id\":\"3\",\"question\":\"s\",\"answers\":[{\"text\":\"c\"}]}]}]}]}",
			[]string{`1 "q"→"a" id="1" context="c1"`, `2 "r"→"b" id="2" context="c1" ordinal=1`, `2 "s"→"c" id="3" ordinal=2`}},
		{"SQuAD, a question a record", "jsonl", `{"id":"1","title":"T","context":"c","question":"q","answers":{"text":["a","b"],"answer_start":[1,2]}}
{"id":"2","context":"c","question":"q","answers":[{"text":"a","answer_start":1}]}`, []string{`1 "q"→"a" id="1" context="c"`, `2 "q"→"a" id="2" context="c"`}},
		{"NQ-open", "jsonl", `{"question":"q","answer":["a","b"]}`, []string{`1 "q"→"a"`}},

		{"sentence-transformers", "jsonl", `{"anchor":"q","positive":"a"}
{"anchor":"q","positive":"a","negative":"b","negative_1":"c"}
{"sentence1":"q","sentence2":"a","score":0.5}`, []string{`1 "q"→"a"`, `2 "q"→"a"`, `3 "q"→"a"`}},
		{"sentence-transformers in CSV", "csv", "anchor,positive,negative_1,negative_2\nq,a,b,c\n", []string{`2 "q"→"a"`}},
		{"ms-swift", "jsonl", `{"system":"s","conversation":[{"human":"q","assistant":"a"},{"human":"r","assistant":"b"}]}
{"system":"s","query":"r","response":"b","history":[["q","a"]]}
{"query":"q","response":"a","history":[]}
{"instruction":"r","input":"x","output":"b","history":[["q","a"]]}`, []string{
			`1 "q"→"a" dialogue="` + twoTurns + `" turn=0`, `1 "r"→"b" context="user: q\nassistant: a" dialogue="` + twoTurns + `" turn=2 ordinal=1`,
			`2 "q"→"a" dialogue="` + twoTurns + `" turn=0`, `2 "r"→"b" context="user: q\nassistant: a" dialogue="` + twoTurns + `" turn=2 ordinal=1`,
			`3 "q"→"a"`,
			`4 "q"→"a" dialogue="` + turnsID("user", "q", "assistant", "a", "user", "r\n\nx", "assistant", "b") + `" turn=0`,
			`4 "r\n\nx"→"b" context="user: q\nassistant: a" dialogue="` + turnsID("user", "q", "assistant", "a", "user", "r\n\nx", "assistant", "b") + `" turn=2 ordinal=1`}},

		{"transcript", "transcript", "A chat\n\nUser: q\nAssistant: a\n\nuser:r\nbot: b\n---\n\nHuman: q\nAI: a\n\n\nSystem: s\nUser: q\nstill q\n\n  more\nAssistant: a\n***\n", []string{
			`3 "q"→"a" dialogue="` + twoTurns + `" turn=0`, `6 "r"→"b" context="user: q\nassistant: a" dialogue="` + twoTurns + `" turn=2 ordinal=1`,
			`10 "q"→"a" dialogue="` + noID + `" turn=0`,
			`15 "q\nstill q\n\n  more"→"a" dialogue="` + turnsID("", "s", "user", "q\nstill q\n\n  more", "assistant", "a") + `" turn=1`}},
		{"a line inside of an answer is no end", "transcript", "User: q\nAssistant: a\n---\nb\n", []string{`1 "q"→"a\n---\nb" dialogue="` + turnsID("user", "q", "assistant", "a\n---\nb") + `" turn=0`}},
		{"transcript in Markdown", "transcript", "### User:\nq\n### Assistant:\na\n", []string{`1 "q"→"a" dialogue="` + noID + `" turn=0`}},
		{"transcript in bold", "transcript", "---\n**Human:** q\n**Assistant:** a", []string{`2 "q"→"a" dialogue="` + noID + `" turn=0`}},
		{"transcripts in other languages", "transcript", "Пользователь: q\nассистент: a\n===\n用户：q\n助手：a\n===\nالمستخدم: q\nالمساعد: a", []string{
			`1 "q"→"a" dialogue="` + noID + `" turn=0`, `4 "q"→"a" dialogue="` + noID + `" turn=0`, `7 "q"→"a" dialogue="` + noID + `" turn=0`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			pairs, skips, _ := readAll(t, c.format, c.in)
			for _, s := range skips {
				if s.Reason != ReasonDeleted && s.Reason != ReasonReview {
					t.Errorf("skipped: %+v", s)
				}
			}
			if diff := cmp.Diff(c.want, briefs(pairs)); diff != "" {
				t.Errorf("pairs (- want, + got)\n%s", diff)
			}
		})
	}
}

// TestShapeExamples reads the example of every shape, and has the shape that
// gives the example read it.
func TestShapeExamples(t *testing.T) {
	for i, s := range Shapes() {
		pairs, skips, _ := readAll(t, "jsonl", s.Example)
		if len(pairs) == 0 || len(skips) > 0 {
			t.Errorf("%s: %d pairs, skips %v", s.Name, len(pairs), skips)
		}
		var r record
		if fault := r.read(Record{Raw: []byte(s.Example)}, 0); fault != nil {
			t.Fatal(s.Name, fault)
		}
		for k := range importers {
			if importers[k].detect(&r) {
				if k != i {
					t.Errorf("%s: read as %s", s.Name, importers[k].Name)
				}
				break
			}
		}
		if importerOf(s.Name) != &importers[i] {
			t.Errorf("%s: not found by its name", s.Name)
		}
	}
	if importerOf("none") != nil {
		t.Error("found an importer of no name")
	}
}

// TestFieldTable compares the table of names with the switch that is it written
// out.
func TestFieldTable(t *testing.T) {
	for f := fieldQuestion; f < fieldCount; f++ {
		for rank, name := range fields[f] {
			got, gotRank := fieldRank([]byte(strings.ToUpper(name)))
			if f == fieldQuestion && rank == rankInput {
				f, rank := fieldInput, 0
				if got != f || int(gotRank) != rank {
					t.Errorf("%s is %v %d", name, got, gotRank)
				}
				continue
			}
			if got != f || int(gotRank) != rank {
				t.Errorf("%s is %v %d, want %v %d", name, got, gotRank, f, rank)
			}
		}
	}
	for _, none := range []string{"", "-", "questions", "negatives", "assistant_messages"} {
		if f, _ := fieldRank([]byte(none)); f != fieldNone {
			t.Errorf("%q is %v", none, f)
		}
	}
}

func TestRulesAndIgnored(t *testing.T) {
	for _, c := range []struct {
		name, format, in string
		rules, ignored   map[string]int64
	}{
		{"nothing", "jsonl", `{"q":"q","a":"a"}`, map[string]int64{}, map[string]int64{}},
		{"names", "jsonl", `[{"role":"anna","text":"q"},{"role":"bert","text":"a"}]`, map[string]int64{ruleFirstAsks: 1}, map[string]int64{}},
		{"names and a tool", "jsonl", `[{"role":"system","text":"s"},{"role":"Анна","text":"q"},{"role":"tool","text":"t"},{"role":"АННА","text":"q"},{"role":"Берт","text":"a"}]`, map[string]int64{ruleFirstAsks: 1}, map[string]int64{}},
		{"by turns", "jsonl", `{"dialog":["q","a"]}` + "\n" + `{"data":["q","a"]}`, map[string]int64{ruleByTurns: 2}, map[string]int64{}},
		{"lines by turns", "eou", "q __eou__ a", map[string]int64{ruleByTurns: 1}, map[string]int64{}},
		{"first answer", "jsonl", `{"q":"q","a":["a","b"]}` + "\n" + `{"q":"q","a":["a"]}`, map[string]int64{ruleFirstAnswer: 1}, map[string]int64{}},
		{"first answer in SQuAD", "jsonl", `{"paragraphs":[{"context":"c","qas":[{"question":"q","answers":[{"text":"a"},{"text":"b"}]}]}]}`, map[string]int64{ruleFirstAnswer: 1}, map[string]int64{}},
		{"best answer", "jsonl", strings.ReplaceAll(oasst, "\n", ""), map[string]int64{ruleBestAnswer: 2}, map[string]int64{}},
		{"rejected and negatives", "jsonl", `{"prompt":"q","chosen":"a","rejected":"b"}` + "\n" + `{"anchor":"q","positive":"a","negative":"b","negative_1":"c"}`, map[string]int64{}, map[string]int64{"rejected": 1, "negative": 1}},
		{"input beside a question", "jsonl", `{"question":"q","input":"x","answer":"a"}` + "\n" + `{"instruction":"i","input":"x","question":"q","answer":"a"}` + "\n" + `{"question":"q","input":"","answer":"a"}`,
			map[string]int64{}, map[string]int64{"input": 2, "instruction": 1}},
		{"input that is read", "jsonl", `{"input":"x","output":"a"}` + "\n" + `{"instruction":"i","input":"x","output":"a"}`, map[string]int64{}, map[string]int64{}},
		{"context of a conversation", "jsonl", `{"context":"c","messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}`, map[string]int64{}, map[string]int64{"context": 1}},
		{"system", "jsonl", `{"system":"s","query":"q","response":"a","history":[]}`, map[string]int64{}, map[string]int64{"system": 1}},
		{"history beside messages", "jsonl", `{"history":[["q","a"]],"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}`, map[string]int64{}, map[string]int64{"history": 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, p := readAll(t, c.format, c.in)
			if diff := cmp.Diff(c.rules, p.Rules()); diff != "" {
				t.Errorf("rules (- want, + got)\n%s", diff)
			}
			if diff := cmp.Diff(c.ignored, p.Ignored()); diff != "" {
				t.Errorf("ignored (- want, + got)\n%s", diff)
			}
		})
	}
}

// TestREADME checks that the tables of the README have every format, shape and
// name.
func TestREADME(t *testing.T) {
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, s := range Shapes() {
		if !strings.Contains(text, "\n| `"+s.Name+"` |") {
			t.Errorf("no row of the shape %s", s.Name)
		}
	}
	for _, f := range Formats() {
		if !strings.Contains(text, "\n| `"+f.Name+"`") && !strings.Contains(text, ", `"+f.Name+"` |") {
			t.Errorf("no row of the format %s", f.Name)
		}
	}
	for _, f := range []field{fieldQuestion, fieldAnswer, fieldDialogue, fieldLang, fieldConversations, fieldTurns} {
		if row := "`" + strings.Join(fields[f], "`, `") + "`"; !strings.Contains(text, row) {
			t.Errorf("no row with %s", row)
		}
	}
}
