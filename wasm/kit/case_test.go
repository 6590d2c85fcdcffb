package kit_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cubeset/cubeset/wasm/filters"
	"github.com/cubeset/cubeset/wasm/kit"
	"github.com/cubeset/cubeset/wasm/vectors"
)

func read(t *testing.T, lines string) []kit.Case {
	t.Helper()
	all, err := kit.ReadCases(strings.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestReadCases(t *testing.T) {
	all := read(t, `{"id":"a","question":"q","answer":"","turn":3,"similarity":-0.5,"scores":{"length":2},"keep":false,"reason":"bad","score":1.5}`+
		"\n\n  \n"+`{"question":"","answer":"a","question_embedding":[1,0],"answer_embedding":[0,1]}`)
	if len(all) != 2 || all[0].ID != "a" || *all[0].Turn != 3 || *all[0].Similarity != -0.5 || all[0].Scores["length"] != 2 || *all[0].Keep || *all[0].Reason != "bad" || *all[0].Score != 1.5 ||
		all[1].ID != "line 4" || all[1].Keep != nil || all[1].Turn != nil || len(all[1].AnswerEmbedding) != 2 {
		t.Errorf("%+v", all)
	}
	for _, c := range []struct{ lines, want string }{
		{`{"question":"q"}`, "line 1: no answer"},
		{"\n" + `{"answer":"secret words"}`, "line 2: no question"},
		{`{"question":"q","answer":"a","keeps":true}`, `line 1: unknown field "keeps"`},
		{`{"question":"q","answer":7}`, "line 1: answer: not a string"},
		{`{"question":"q","answer":"secret`, "line 1: not JSON"},
		{`{"question":"q","answer":secret}`, "line 1: byte 26: not JSON"},
		{`{"question":"q","answer":"a"} {}`, "line 1: more than one JSON value"},
		{`{"question":"q\u0000secret","answer":"a"}`, "line 1: question: holds U+0000, which no host sends"},
		{`{"question":"q","answer":"a\r\n"}`, "line 1: answer: holds U+000D, which no host sends"},
		{`{"question":"q","answer":"e\u0301"}`, "line 1: answer: is not in NFC, as all that hosts send"},
		{`{"question":"q","answer":"a","question_embedding":[1,2]}`, "line 1: embeddings of 2 and 0 values"},
		{`{"question":"q","answer":"a","similarity":1e99}`, "line 1: similarity: not a float32"},
		{strings.Repeat(" ", 17<<20), "line 1: more than 16777216 bytes"},
	} {
		if _, err := kit.ReadCases(strings.NewReader(c.lines)); err == nil || err.Error() != c.want {
			t.Errorf("%.60s: got %v, want %s", c.lines, err, c.want)
		}
	}
}

func FuzzReadCases(f *testing.F) {
	f.Add([]byte(`{"id":"a","question":"q","answer":"a","turn":3,"similarity":0.5,"scores":{"length":2},"keep":false,"reason":"bad","score":1.5}`))
	f.Add([]byte("{\"question\":\"\\ud800\",\"answer\":\"\xff\"}\n\n{}"))
	f.Fuzz(func(t *testing.T, lines []byte) {
		all, err := kit.ReadCases(bytes.NewReader(lines))
		if err != nil {
			if !utf8.ValidString(err.Error()) || strings.ContainsAny(err.Error(), "\x00\x1b\r") {
				t.Errorf("%q", err)
			}
			return
		}
		for _, c := range all {
			if c.ID == "" || !utf8.ValidString(c.Question) || len(c.QuestionEmbedding) != len(c.AnswerEmbedding) {
				t.Errorf("%+v", c)
			}
		}
	})
}

const lengthCases = `
{"id":"short","question":"How are you?","answer":"Fine.","keep":false,"reason":"answer_short","score":5}
{"id":"fine","question":"How are you?","answer":"I am fine, thank you","keep":true,"reason":"","score":20.0001}
{"id":"unasked","question":"","answer":""}
`

func TestCases(t *testing.T) {
	length, _ := filters.Find("length")
	last := func(cases string) kit.Result {
		o := kit.DefaultOptions()
		o.Cases = read(t, cases)
		r := check(t, length.Module, o)
		return r.Checks[len(r.Checks)-1]
	}
	if c := last(lengthCases); c.Status != kit.Passed || c.Detail != "3 as expected" {
		t.Errorf("%+v", c)
	}
	wrong := strings.NewReplacer(`"answer_short","score":5`, `"answer_long","score":6`, `"keep":true`, `"keep":false`).Replace(lengthCases)
	want := `2 of 3 are not as expected: "short" is dropped for answer_short with score 5, want reason "answer_long" and score 6; "fine" is kept with score 20, want dropped`
	if c := last(wrong); c.Status != kit.Failed || c.Detail != want {
		t.Errorf("got %+v\nwant %s", c, want)
	}
}

// TestCasesThatTrap names the case and the functions.
func TestCasesThatTrap(t *testing.T) {
	o := kit.DefaultOptions()
	o.Cases = read(t, `{"question":"q","answer":"four"}`+"\n"+`{"id":"the bad one","question":"q","answer":"exactly 22 bytes, here"}`)
	bad := scoring(trapIf(answerLength(), vectors.Const(22), []byte{equal}), vectors.Const(0)).Bytes()
	r := check(t, bad, o)
	if c := r.Checks[len(r.Checks)-1]; c.Detail != `case "the bad one": trap in cs_filter: unreachable` || len(c.Trace) != 1 || c.Trace[0] != "cs_filter" {
		t.Errorf("%+v", c)
	}
	if _, err := kit.Judge(t.Context(), bad, o, o.Cases[1]); err == nil || err.Error() != "filter vector: cs_filter: trap: unreachable" {
		t.Error(err)
	}
}

// TestEmbeddingsOfCases: what a case does not give follows from what it does.
func TestEmbeddingsOfCases(t *testing.T) {
	first := described(floating(firstValue()), `,"needs":["embeddings"]`).Bytes()
	dims := described(scoring(header(40)), `,"needs":["embeddings"]`).Bytes()
	similarity, _ := filters.Find("similarity")
	judge := func(module []byte, line string) float32 {
		t.Helper()
		o := kit.DefaultOptions()
		o.Cases = read(t, line)
		j, err := kit.Judge(t.Context(), module, o, o.Cases[0])
		if err != nil {
			t.Fatal(err)
		}
		return j.Score
	}
	for _, c := range []struct {
		module []byte
		line   string
		want   float32
	}{
		{first, `{"question":"","answer":"","question_embedding":[7,0],"answer_embedding":[0,1]}`, 7},
		{dims, `{"question":"","answer":"","question_embedding":[7,0],"answer_embedding":[0,1]}`, 2},
		{dims, `{"question":"","answer":""}`, 768},
		{similarity.Module, `{"question":"","answer":"","question_embedding":[7,0],"answer_embedding":[3,0]}`, 1},
		{similarity.Module, `{"question":"","answer":"","question_embedding":[0,0],"answer_embedding":[3,0]}`, 0},
		{similarity.Module, `{"question":"","answer":"","similarity":0.25}`, 0.25},
		{similarity.Module, `{"question":"","answer":""}`, 0.5},
	} {
		if got := judge(c.module, c.line); got != c.want {
			t.Errorf("%s: got %v, want %v", c.line, got, c.want)
		}
	}
	o := kit.DefaultOptions()
	o.Cases = read(t, `{"question":"","answer":"","question_embedding":[7,0],"answer_embedding":[0,1]}`+"\n"+`{"id":"odd","question":"","answer":"","question_embedding":[7],"answer_embedding":[0]}`)
	if _, err := kit.Check(t.Context(), dims, o); err == nil || !strings.Contains(err.Error(), `case "odd": embeddings of 1 values, want 2`) {
		t.Error(err)
	}
}

func TestJudge(t *testing.T) {
	length, _ := filters.Find("length")
	o := kit.DefaultOptions()
	o.Config = []byte(`{"answer_min":6}`)
	c := read(t, lengthCases)[0]
	*c.Score = 7
	j, err := kit.Judge(t.Context(), length.Module, o, c)
	if err != nil || j.ID != "short" || j.Keep || j.Reason != "answer_short" || j.Score != 5 || j.Want != "score 7" || j.Fuel <= 0 || j.Memory == 0 || math.IsNaN(float64(j.Score)) {
		t.Errorf("%+v, %v", j, err)
	}
	// What it logs is heard.
	says := vectors.Importing(vectors.Import{Module: "cubeset", Name: "log", Type: vectors.TypeLog})
	says.Data = [][]byte{vectors.Cat([]byte{0}, vectors.Const(16), []byte{0x0b}, vectors.Name("two\nlines"))}
	says = then(says, vectors.Const(2), vectors.Const(16), vectors.Const(9), vectors.Call(0))
	j, err = kit.Judge(t.Context(), says.Bytes(), kit.DefaultOptions(), c)
	if err != nil || len(j.Log) != 1 || j.Log[0] != (kit.Message{Level: 2, Text: `two\nlines`}) {
		t.Errorf("%+v, %v", j, err)
	}
}
