package filters_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/filters"
	"github.com/cubeset/cubeset/wasm/kit"
)

// scripted is a script that is loaded.
func scripted(t *testing.T, r *wasm.Runtime, text string) *wasm.Filter {
	t.Helper()
	module, err := filters.Script("check.js", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	f, err := r.Load(t.Context(), module)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// judged is what a script says of rows: "keep 1" or "REASON 0.5".
func judged(t *testing.T, f *wasm.Filter, config string, b *wasm.Batch) (said []string) {
	t.Helper()
	in, err := f.Open(t.Context(), json.RawMessage(config), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close(t.Context())
	out, err := in.Filter(t.Context(), b, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range out {
		name := f.ReasonName(v.Reason)
		if v.Keep {
			name = "keep"
		}
		score, _ := json.Marshal(v.Score)
		said = append(said, name+" "+string(score))
	}
	return said
}

func TestScriptVerdicts(t *testing.T) {
	r := runtime(t)
	b := &wasm.Batch{
		Questions: []string{"hi", "кто там?", ""}, Answers: []string{"hello there", "я", "👍🏽"},
		Contexts: []string{"before", "", ""}, IDs: []string{"a", "b", "c"}, Langs: []string{"en", "ru", ""},
		Sources: []string{"x", "y", "z"}, DialogueIDs: []string{"d", "d", "e"}, Turns: []int32{0, 1, -1},
		Similarity: []float32{0.5, -1, 0}, Dim: 2,
		QuestionEmbeddings: [][]float32{{1, 2}, {0, 0}, {-1, 0.5}}, AnswerEmbeddings: [][]float32{{3, 4}, {0, 0}, {2, 2}},
		Scores: []wasm.ScoreColumn{{Name: "length", Values: []float32{11, 1, 2}}},
	}
	for _, c := range []struct{ name, text, config, want string }{
		{"true and false", `const keep = row => row.answer.length > 3;`, "", "keep 1, dropped 0, keep 1"},
		{"a reason", `const reasons = ["short", "shorter"];
function keep(row) { return row.answer.length > 3 || (row.answer.length > 1 ? "short" : "shorter") }`, "", "keep 1, shorter 0, keep 1"},
		{"false is the first reason", `const reasons = ["short", "long"]; function keep() { return false }`, "", "short 0, short 0, short 0"},
		{"a score", `function keep(row) { return {keep: row.question !== "", score: row.answer.length / 2} }`, "", "keep 5.5, keep 0.5, dropped 2"},
		{"a reason and a score", `const reasons = ["a", "b"]
function keep(row) { return {keep: false, reason: "b", score: -1} }`, "", "b -1, b -1, b -1"},
		{"a reason as keep", `const reasons = ["a", "b"]
function keep(row) { return {keep: "b", score: 2} }`, "", "b 2, b 2, b 2"},
		{"default options", `const options = {"min": 5,
  "word": "x"};
const least = options.min;
function keep(row) { return row.answer.length >= least }`, "", "keep 1, dropped 0, dropped 0"},
		{"options given", `const options = {"min": 5, "word": "x"}; const least = options.min; function keep(row) { return row.answer.length >= least || options.word === "x" }`,
			`{"min": 2, "word": "y"}`, "keep 1, dropped 0, keep 1"},
		{"every column", `const needs = ["context", "id", "lang", "source", "dialogue", "similarity", "embeddings", "scores"];
function keep(r) {
  const all = [r.context, r.id, r.lang, r.source, r.dialogue, r.turn, r.similarity, ...r.questionEmbedding, ...r.answerEmbedding, r.scores.length];
  return {keep: r.answerEmbedding instanceof Float32Array, score: all.join() === "before,a,en,x,d,0,0.5,1,2,3,4,11" ? 1 : all.length}
}`, "", "keep 1, keep 12, keep 12"},
		{"no column unasked", `function keep(r) { return Object.keys(r).join() === "question,answer" }`, "", "keep 1, keep 1, keep 1"},
		{"regular expressions of Unicode", `function keep(r) { return /^\p{Script=Cyrillic}+$/u.test(r.answer) }`, "", "dropped 0, keep 1, dropped 0"},
		{"texts as JavaScript has them", `const known = {"hello there": 1, "я": 1, "👍🏽": 4, "é": 0};
function keep(r) { return {keep: known[r.answer] > 0 && r.answer === r.answer.normalize(), score: r.answer.length} }`, "", "keep 11, keep 1, keep 4"},
		{"nothing that varies", `function keep(r) { return typeof Date === "undefined" && Math.random === undefined && typeof performance === "undefined" && typeof WeakRef === "undefined" }`, "", "keep 1, keep 1, keep 1"},
		{"recursion is an error to catch", `function deep(n) { return n + deep(n + 1) }
function keep() { try { return deep(0) } catch (e) { return e instanceof RangeError || e.name === "InternalError" } }`, "", "keep 1, keep 1, keep 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := scripted(t, r, c.text)
			if got := strings.Join(judged(t, f, c.config, b), ", "); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			for i := range b.Rows() {
				one := b.Slice(i, i+1)
				if got, want := judged(t, f, c.config, &one)[0], strings.Split(c.want, ", ")[i]; got != want {
					t.Errorf("row %d alone: got %s, want %s", i, got, want)
				}
			}
		})
	}
}

// TestScriptLatin: texts whose characters QuickJS has a byte for are keys like any
// others.
func TestScriptLatin(t *testing.T) {
	f := scripted(t, runtime(t), `const known = new Set(["é", "ÿ", "", "plain"]); const keys = {"é": 1, "ÿ": 1, "": 1, "plain": 1}; const keep = r => known.has(r.answer) && keys[r.answer] === 1;`)
	b := &wasm.Batch{Questions: make([]string, 5), Answers: []string{"é", "ÿ", "", "plain", "Ā"}}
	if got := strings.Join(judged(t, f, "", b), ", "); got != "keep 1, keep 1, keep 1, keep 1, dropped 0" {
		t.Error(got)
	}
}

func TestScriptFailures(t *testing.T) {
	var said []string
	c := wasm.DefaultConfig()
	c.Log = func(_ string, level int, msg string) { said = append(said, msg) }
	r, err := wasm.NewRuntime(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close(context.Background())
	for _, c := range []struct {
		name, text string
		code       wasm.Code
		want, log  string // part of the error and of the log
	}{
		{"an exception", "function keep(row) {\n  return row.context.length > 0;\n}", wasm.CodeTrap, "abort at line 2, column", "check.js:2:"},
		{"an exception within a function", "function inner(s) {\n\n  throw new RangeError('no');\n}\nfunction keep(row) { return inner(row) }", wasm.CodeTrap, "abort at line 3, column", "RangeError: no"},
		{"no Error", "function keep() { throw 'x' }", wasm.CodeTrap, "abort at line 0", "check.js: threw what is no Error"},
		{"nothing returned", "function keep(row) { row.answer.length > 3 }", wasm.CodeTrap, "abort at line 0", "keep returned neither"},
		{"a promise", "async function keep(row) { return true }", wasm.CodeTrap, "abort at line 0", "keep returned neither"},
		{"an unknown reason", "function keep() { return 'short' }", wasm.CodeTrap, "abort at line 0", "not one of reasons"},
		{"no finite score", "function keep() { return {keep: true, score: 0 / 0} }", wasm.CodeTrap, "abort at line 0", "finite"},
		{"an endless loop", "function keep() { while (true) {} }", wasm.CodeFuel, "ticks", ""},
		{"an endless expression", "function keep() { return /^(a+)+$/.test('a'.repeat(40) + 'b') }", wasm.CodeFuel, "ticks", ""},
		{"too much memory", "const all = []; function keep() { while (true) all.push(new Float64Array(1 << 20)) }", "", "", ""},
		{"an endless script", "while (true) {}", wasm.CodeFuel, "cs_configure", ""},
		{"a mistake of syntax", "const a = 1;\nfunction keep(row) {\n  return row.answer..length;\n}", wasm.CodeConfig, "check.js:3:", ""},
		{"a mistake outside of keep", "const a = 1;\nmissing();\nfunction keep() { return true }", wasm.CodeConfig, "check.js:2:", ""},
		{"no keep", "const a = 1;", wasm.CodeConfig, "there is no function keep", ""},
		{"lines after options", "const options = {\n\"a\": 1\n};\nmissing();", wasm.CodeConfig, "check.js:4:", ""},
		{"reasons that are not what they seem", "/*\nconst reasons = [\"a\"]\n*/ const reasons = [\"b\"]; function keep() { return true }", wasm.CodeConfig, `reasons is ["b"] but was read as ["a"]`, ""},
		{"reasons that are not read", "let reasons = ['b']; function keep() { return true }", wasm.CodeConfig, `reasons is ["b"] but was read as ["dropped"]: declare it once, as JSON, on a line that starts with const reasons =`, ""},
		{"needs within a line", "const a = 1; const needs = [\"id\"]; function keep() { return true }", wasm.CodeConfig, `needs is ["id"] but was read as []`, ""},
		{"options that are not read", "let options = {'a': 1}; function keep() { return true }", wasm.CodeConfig, `options is {"a":1} but was read as none`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			said = nil
			f := scripted(t, r, c.text)
			in, err := f.Open(t.Context(), nil, nil)
			if err == nil {
				defer in.Close(t.Context())
				_, err = in.Filter(t.Context(), &wasm.Batch{Questions: []string{"q"}, Answers: []string{"a secret"}}, nil)
			}
			var g *wasm.GuestError
			if !errors.As(err, &g) || c.code != "" && g.Code != c.code || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s with %q", err, c.code, c.want)
			}
			if log := strings.Join(said, "\n"); !strings.Contains(log, c.log) {
				t.Errorf("log: got %q, want %q in it", log, c.log)
			}
		})
	}
	t.Run("console", func(t *testing.T) {
		said = nil
		judged(t, scripted(t, r, `function keep(row) { console.log("длина", row.answer.length); return true }`), "", &wasm.Batch{Questions: []string{"q"}, Answers: []string{"four"}})
		if !slices.Equal(said, []string{"длина 4"}) {
			t.Errorf("said %q", said)
		}
	})
}

// TestScriptText: what is wrong can be told without running anything.
func TestScriptText(t *testing.T) {
	for _, c := range []struct{ file, text, want string }{
		{"check.js", "const a = 1\nconst reasons = ['short'];", "check.js: not a filter in JavaScript: line 2: reasons: want JSON, as in const reasons = [\"short\"]"},
		{"check.js", "const needs = [\"weather\"]", `needs: "weather" is none of`},
		{"check.js", `const reasons = ["Too short"]`, "reason 1: name"},
		{"check.js", `const reasons = []`, "want at least one"},
		{"check.js", `const options = {"script": 1}`, "is the script itself"},
		{"check.js", `const options = [1]`, "line 1: options: want JSON"},
		{"Check me.js", ``, `name "Check me" is not`},
		{"check.js", strings.Repeat("/", 64<<10+1), "65537 bytes, at most 65536"},
	} {
		if _, err := filters.Script(c.file, []byte(c.text)); !errors.Is(err, filters.ErrScript) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: got %v, want %q", c.text, err, c.want)
		}
	}
	module, err := filters.Script("some/dir/no-jokes.v2.js", []byte(`const needs = ["similarity", "context"];
const reasons = ["joke", "pun"];
const options = {"word": "knock", "most": 2, "loud": false, "list": [], "any": null, "deep": {}};`))
	if err != nil {
		t.Fatal(err)
	}
	m, err := wasm.ReadManifest(module)
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "no_jokes_v2" || m.Stage() != wasm.StageVector || len(m.Reasons) != 2 || m.Reasons[1].Name != "pun" || m.Reasons[1].Code != 2 {
		t.Errorf("%+v", m)
	}
	f, err := runtime(t).Load(t.Context(), module)
	if err != nil {
		t.Fatal(err)
	}
	for config, ok := range map[string]bool{
		`{"word":"x","most":1e3,"loud":true,"list":[1],"any":"y","deep":{"a":1}}`: true,
		`{"most":"2"}`: false, `{"loud":1}`: false, `{"word":3}`: false, `{"wrod":"x"}`: false, `{"script":"x"}`: false,
	} {
		if _, err := f.MergeConfig(json.RawMessage(config)); (err == nil) != ok {
			t.Errorf("%s: %v", config, err)
		}
	}
}

func TestScriptKit(t *testing.T) {
	module, err := filters.Script("check.js", []byte(`const reasons = ["short", "link", "echo"];
const options = {"min": 3, "links": true};
const link = /https?:\/\/\S+/u;
function keep(row) {
  const words = row.answer.slice(0, 4096).toLowerCase().split(/\s+/u);
  if (words.length < options.min) return {keep: "short", score: words.length};
  if (options.links && link.test(row.answer.slice(0, 4096))) return "link";
  return row.answer !== row.question || "echo";
}`))
	if err != nil {
		t.Fatal(err)
	}
	kit.Run(t, module, kit.DefaultOptions())
}

// FuzzScript: whatever the text is, it is refused or makes a module with a
// manifest.
func FuzzScript(f *testing.F) {
	f.Add("check.js", `const reasons = ["a"]; const needs = ["id"]`)
	f.Add("check.js", "const options = {\"a\": [1, {\"b\": null}]}\nconst reasons = [\"a\", 1]")
	f.Add("a.b.js", "const needs = \nconst options =")
	f.Fuzz(func(t *testing.T, file, text string) {
		module, err := filters.Script(file, []byte(text))
		if err != nil {
			if !errors.Is(err, filters.ErrScript) {
				t.Fatal(err)
			}
			return
		}
		if _, err := wasm.ReadManifest(module); err != nil {
			t.Fatal(err)
		}
	})
}
