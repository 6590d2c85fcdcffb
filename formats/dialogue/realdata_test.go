package dialogue

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// realBytes reads a file beside the project; without it the test is skipped.
func realBytes(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(realFile(filepath.Join("raw", name)))
	if err != nil {
		t.Skipf("the real data is not here: %s", name)
	}
	return b
}

func decode[T any](t *testing.T, b []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// turn is a turn as the tests see it.
type turn struct {
	Speaker, Utterance, Text, From, Value string
}

// pairsOf is what a plain reader makes of turns: those of one speaker in a row
// are one, and a user's that the other's follow are a pair.
func pairsOf(turns []turn, asks string) (pairs [][2]string) {
	type said struct{ who, text string }
	var all []said
	for _, t := range turns {
		who := strings.ToLower(t.Speaker + t.From)
		text, _ := Text(t.Utterance + t.Text + t.Value)
		if n := len(all); n > 0 && all[n-1].who == who {
			all[n-1].text = strings.TrimSpace(all[n-1].text + "\n" + text)
			continue
		}
		all = append(all, said{who, text})
	}
	for i := 1; i < len(all); i++ {
		if all[i-1].who == asks && all[i].who != asks {
			pairs = append(pairs, [2]string{all[i-1].text, all[i].text})
		}
	}
	return pairs
}

// checkReal compares the pairs of a real file with those of a plain reader.
func checkReal(t *testing.T, name string, want [][2]string) {
	t.Helper()
	realBytes(t, name)
	in, err := Open(realFile(filepath.Join("raw", name)), DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var got [][2]string
	p := in.Parser()
	for r, err := range in.Records() {
		if err != nil {
			t.Fatal(err)
		}
		p.Pairs(r, func(p *Pair) { got = append(got, [2]string{p.Question, p.Answer}) },
			func(s Skip) { got = append(got, [2]string{"", s.Reason}) })
	}
	for i, w := range want {
		if w[0] == "" && w[1] == ReasonYAML {
			continue
		}
		if w[0] == "" || w[1] == "" {
			want[i] = [2]string{"", ReasonEmpty}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("%d pairs, want %d (- want, + got)\n%.2000s", len(got), len(want), diff)
	}
	t.Logf("%s: %d pairs, rules %v", name, len(got), p.Rules())
}

func TestRealSGD(t *testing.T) {
	var want [][2]string
	for _, d := range decode[[]struct{ Turns []turn }](t, realBytes(t, "sgd-dev-001.json")) {
		want = append(want, pairsOf(d.Turns, "user")...)
	}
	checkReal(t, "sgd-dev-001.json", want)
}

func TestRealTaskmaster(t *testing.T) {
	var want [][2]string
	for _, d := range decode[[]struct{ Utterances []turn }](t, realBytes(t, "taskmaster4-00.json")) {
		pairs := pairsOf(d.Utterances, "user")
		if len(pairs) == 0 {
			t.Error("a dialogue without a pair")
		}
		want = append(want, pairs...)
	}
	checkReal(t, "taskmaster4-00.json", want)
}

func TestRealShareGPT(t *testing.T) {
	var want [][2]string
	for _, d := range decode[[]struct{ Conversations []turn }](t, realBytes(t, "sharegpt.json")) {
		want = append(want, pairsOf(d.Conversations, "human")...)
	}
	checkReal(t, "sharegpt.json", want)
}

func TestRealGSM8K(t *testing.T) {
	var want [][2]string
	for line := range bytes.Lines(realBytes(t, "gsm8k-test.jsonl")) {
		d := decode[struct{ Question, Answer string }](t, line)
		q, _ := Text(d.Question)
		a, _ := Text(d.Answer)
		want = append(want, [2]string{q, a})
	}
	checkReal(t, "gsm8k-test.jsonl", want)
}

// reply is a message of a tree as the tests see it.
type reply struct {
	Text, Role   string
	Rank         *int
	Deleted      bool
	ReviewResult *bool `json:"review_result"`
	Replies      []reply
}

func (m *reply) out() bool { return m.Deleted || m.ReviewResult != nil && !*m.ReviewResult }

// pairs adds the pairs below m, of which one answer a question, or all.
func (m *reply) pairs(all bool, to *[][2]string) {
	best, bestRank := -1, math.MaxInt
	for i, r := range m.Replies {
		rank := math.MaxInt - 1
		if r.Rank != nil {
			rank = *r.Rank
		}
		if m.Role == "prompter" && r.Role == "assistant" && !r.out() && rank < bestRank {
			best, bestRank = i, rank
		}
	}
	for i := range m.Replies {
		r := &m.Replies[i]
		if r.out() || m.Role == "prompter" && r.Role == "assistant" && i != best && !all {
			continue
		}
		if m.Role == "prompter" && r.Role == "assistant" {
			q, _ := Text(m.Text)
			a, _ := Text(r.Text)
			*to = append(*to, [2]string{q, a})
		}
		r.pairs(all, to)
	}
}

func TestRealOpenAssistant(t *testing.T) {
	var best, all [][2]string
	b := realBytes(t, "oasst-trees.jsonl")
	for line := range bytes.Lines(b) {
		tree := decode[struct{ Prompt reply }](t, line)
		tree.Prompt.pairs(false, &best)
		tree.Prompt.pairs(true, &all)
	}
	checkReal(t, "oasst-trees.jsonl", best)

	// The same messages, each on a line of its own, give the same pairs.
	var flat bytes.Buffer
	for line := range bytes.Lines(b) {
		tree := decode[struct {
			ID     string         `json:"message_tree_id"`
			Prompt map[string]any `json:"prompt"`
		}](t, line)
		writeFlat(t, &flat, tree.ID, tree.Prompt)
	}
	o := DefaultOptions()
	o.Branches = "all"
	nested, lines := readWith(t, b, "jsonl", o), readWith(t, flat.Bytes(), "flat", o)
	if len(nested) != len(all) {
		t.Errorf("%d pairs of all branches, want %d", len(nested), len(all))
	}
	for i := range nested {
		nested[i].Line, lines[i].Line, nested[i].Source = 0, 0, lines[i].Source
	}
	if diff := cmp.Diff(nested, lines); diff != "" {
		t.Errorf("(- nested, + lines)\n%.2000s", diff)
	}
}

func writeFlat(t *testing.T, to *bytes.Buffer, tree string, m map[string]any) {
	t.Helper()
	replies, _ := m["replies"].([]any)
	delete(m, "replies")
	m["message_tree_id"] = tree
	line, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	to.Write(append(line, '\n'))
	for _, r := range replies {
		writeFlat(t, to, tree, r.(map[string]any))
	}
}

// readWith reads a file from memory with options; nothing of it may be skipped.
func readWith(t *testing.T, content []byte, format string, o Options) (pairs []Pair) {
	t.Helper()
	o.Format = format
	in := &Input{path: "test." + format, options: o}
	if err := in.start(bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	p := in.Parser()
	for r, err := range in.Records() {
		if err != nil {
			t.Fatal(err)
		}
		p.Pairs(r, func(p *Pair) { pairs = append(pairs, *p) }, func(s Skip) { t.Errorf("%+v", s) })
	}
	return pairs
}

func TestRealChatterBot(t *testing.T) {
	realBytes(t, "chatterbot/ai.yml")
	files, err := filepath.Glob(realFile("raw/chatterbot/*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := "chatterbot/" + filepath.Base(file)
		var content struct{ Conversations []any }
		if err := yaml.Unmarshal(realBytes(t, name), &content); err != nil {
			t.Fatal(name, err)
		}
		var want [][2]string
		for _, c := range content.Conversations {
			texts, ok := c.([]any)
			if !ok { // one of trivia.yml lacks a dash
				want = append(want, [2]string{"", ReasonYAML})
				continue
			}
			for i := 1; i < len(texts); i += 2 {
				q, _ := Text(texts[i-1].(string))
				a, _ := Text(texts[i].(string))
				want = append(want, [2]string{q, a})
			}
		}
		checkReal(t, name, want)
	}
}
