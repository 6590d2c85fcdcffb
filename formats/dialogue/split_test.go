package dialogue

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// outcome is all that comes of a file.
type outcome struct {
	Records []string
	Pairs   []Pair
	Skips   []Skip
	Err     string
}

func read(r io.Reader, format string, recordBytesMax int) (o outcome) {
	options := DefaultOptions()
	options.Format, options.RecordBytesMax = format, recordBytesMax
	in := &Input{path: "x", options: options}
	if err := in.start(r); err != nil {
		o.Err = err.Error()
		return o
	}
	p := in.Parser()
	for r, err := range in.Records() {
		if err != nil {
			o.Err = err.Error()
			break
		}
		o.Records = append(o.Records, fmt.Sprintf("%d %s %q", r.Line, r.Skip, r.Raw))
		before := len(o.Pairs) + len(o.Skips)
		raw := bytes.Clone(r.Raw)
		p.Pairs(r, func(pair *Pair) { o.Pairs = append(o.Pairs, *pair) }, func(s Skip) { o.Skips = append(o.Skips, s) })
		if len(o.Pairs)+len(o.Skips) == before {
			o.Err = fmt.Sprintf("nothing came of record %q", r.Raw)
		}
		if !bytes.Equal(raw, r.Raw) {
			o.Err = fmt.Sprintf("the parser wrote to record %q", raw)
		}
	}
	return o
}

// checkFile holds for any file at all.
func checkFile(t failer, content []byte, format string) outcome {
	o := read(bytes.NewReader(content), format, 1<<20)
	slow := read(iotest.OneByteReader(bytes.NewReader(content)), format, 1<<20)
	if diff := cmp.Diff(o, slow); diff != "" {
		t.Fatalf("%s %q: read byte by byte it differs:\n%s", format, content, diff)
	}
	if strings.Contains(o.Err, "record") {
		t.Fatalf("%s %q: %s", format, content, o.Err)
	}
	lines := int64(bytes.Count(content, []byte{'\n'})) + 1
	last := int64(1)
	for _, p := range o.Pairs {
		for _, s := range []string{p.Question, p.Answer} {
			if clean, ok := Text(s); !ok || clean != s || s == "" {
				t.Fatalf("%s %q: text %q is not text/v1 or empty", format, content, s)
			}
		}
		for _, s := range []string{p.ID, p.DialogueID, p.Lang, p.Source, p.Context} {
			if !utf8.ValidString(s) {
				t.Fatalf("%s %q: label %q", format, content, s)
			}
		}
		if p.Line < 1 || p.Line > lines || p.Turn < -1 || p.Ordinal < 0 || p.Ordinal == 0 && p.Line < last {
			t.Fatalf("%s %q: pair %+v behind line %d", format, content, p, last)
		}
		last = max(last, p.Line)
	}
	for _, s := range o.Skips {
		if s.Line < 1 || s.Line > lines || s.Reason == "" || s.Detail == "" {
			t.Fatalf("%s %q: skip %+v", format, content, s)
		}
		for _, r := range s.Detail {
			if r < ' ' || r > '~' {
				t.Fatalf("%s %q: detail %q", format, content, s.Detail)
			}
		}
	}
	// A file with a short limit loses records to the limit and nothing else.
	short := read(bytes.NewReader(content), format, 16)
	slow = read(iotest.HalfReader(iotest.OneByteReader(bytes.NewReader(content))), format, 16)
	if diff := cmp.Diff(short, slow); diff != "" {
		t.Fatalf("%s %q: with a short limit, read byte by byte it differs:\n%s", format, content, diff)
	}
	return o
}

func FuzzJSONL(f *testing.F) {
	f.Add([]byte(`{"question":"q","answer":"a"}` + "\n{\n" + `[{"role":"user","text":"q"},{"role":"bot","text":"a"}]`))
	f.Add([]byte(`{"id":1,"messages":[{"role":"user","content":[{"type":"text","text":"\ud83d\ude00"}]},{"role":"assistant","content":null}]}`))
	f.Fuzz(func(t *testing.T, b []byte) { checkFile(t, b, "jsonl") })
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte("{\"v\":1,\"data\":[{\"q\":\"q\",\"a\":\"a\"},\n{]}, 1,,]} x"))
	f.Add([]byte(`{"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}]}[[],[`))
	f.Add([]byte(`{"1":{"x":1,"content":[{"agent":"a","message":"q"},{"agent":"b","message":"a"}]},"2":]}`))
	for _, s := range Shapes() {
		f.Add([]byte(s.Example))
	}
	f.Fuzz(func(t *testing.T, b []byte) { checkFile(t, b, "json") })
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("q,a\n1,\"x\n\"\"\"\r\n\n2,\"3"))
	f.Add([]byte("1,2\n\"\"\"\",\"\"\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		checkFile(t, b, "csv")
		checkFile(t, b, "tsv:question,answer")
	})
}

func FuzzQA(f *testing.F) {
	f.Add([]byte("x\nQ: 1\nA: 2\n\n В:3\r\nО:4"))
	f.Fuzz(func(t *testing.T, b []byte) { checkFile(t, b, "qa") })
}

func FuzzFlat(f *testing.F) {
	f.Add([]byte(flatLine("1", "", "prompter", "q") + "\n" + flatLine("2", "1", "assistant", "a") + "\n\n{\n" + flatLine("3", "", "prompter", "q")))
	f.Add([]byte(`{"message_id":"1","message_tree_id":"t","text":"\ud800","role":"prompter","rank":-1,"deleted":true}`))
	f.Fuzz(func(t *testing.T, b []byte) { checkFile(t, b, "flat") })
}

func FuzzTranscript(f *testing.F) {
	f.Add([]byte("User: 1\n2\n\n\n**Assistant:** 3\n---\n\nсистема: x\nhuman: y\nAI: z\n==="))
	f.Fuzz(func(t *testing.T, b []byte) {
		checkFile(t, b, "transcript")
		checkFile(t, b, "eou")
	})
}

func FuzzParlai(f *testing.F) {
	f.Add([]byte("text:a\\n__PIPE__\tlabels:b|c\tepisode_done:True\n\nx\ntext:\tlabels:\n"))
	f.Add([]byte(`{"text":"a","labels":["b"],"episode_done":true}` + "\n{\n" + `{"text":"\ud800","eval_labels":[1]}`))
	f.Fuzz(func(t *testing.T, b []byte) { checkFile(t, b, "parlai") })
}

func FuzzYAML(f *testing.F) {
	f.Add([]byte("categories:\n- x\nconversations:\n- - 'it''s'\n  - \"a\\u00e9\\\n    b\"\n  - |2-\n    x\n\n   y\n# c\n-\n  - >\n   a\n   b\n\n    c\nx: 1"))
	f.Fuzz(func(t *testing.T, b []byte) { checkFile(t, b, "yaml") })
}

// FuzzAuto opens anything with any name.
func FuzzAuto(f *testing.F) {
	f.Add("a.json", []byte(`[{"q":"q","a":"a"}]`))
	f.Add("a.gz", []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01\x00\x00\xff\xff"))
	f.Add("a.zst", []byte("\x28\xb5\x2f\xfd\x04\x00\x01\x00\x00"))
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		in := &Input{path: name, options: DefaultOptions()}
		in.options.PlainBytesMax = 1 << 20
		if in.start(bytes.NewReader(b)) == nil {
			drain(in)
		}
		if in.plain != nil {
			in.plain.close()
		}
	})
}

// TestFiles draws files made of what the formats are made of.
func TestFiles(t *testing.T) {
	for _, c := range []struct {
		format string
		tokens []string
	}{
		{"jsonl", []string{"\n", "\r\n", " ", "{", "}", "[", "]", ",", ":", `"q"`, `"a"`, `"role"`, `"user"`, `"bot"`, `"text"`, "1", "null", `"`, `\`, `{"q":"x","a":"y"}`, `[{"role":"user","text":"q"},{"role":"bot","text":"a"}]`}},
		{"json", []string{"\n", " ", "{", "}", "[", "]", ",", ":", `"data":[`, `"conversations":[`, `"content":[`, `"replies":[`, `"prompt":`, `"paragraphs":[`, `"qas":[`, `"answers":[`, `{"role":"user","text":"q"}`, `{"role":"bot","text":"a"}`, `"history":[["q","a"]]`, "1", `"`, `\`, `{"q":"x","a":"y"}`, "x"}},
		{"csv", []string{"q,a\n", "\n", "\r\n", ",", `"`, `""`, "x", " ", "1,2\n", "\"3\n\",4\n"}},
		{"csv:question,answer", []string{"\n", "\r\n", ",", `"`, `""`, "x", " ", "1,2\n", "\"3\n\",4\n"}},
		{"flat", []string{"\n", "\n", " ", "{", "x", flatLine("1", "", "prompter", "q"), flatLine("1", "1", "assistant", "q"), flatLine("2", "1", "assistant", "q"), flatLine("3", "2", "prompter", "q"),
			`{"message_id":"4","message_tree_id":"1","text":"x","role":"user"}`, `{"message_id":"5","parent_id":"4","message_tree_id":"1","text":"x","role":"assistant","deleted":true}`}},
		{"transcript", []string{"\n", "\n", "\r\n", "User:", "Assistant:", "**System:**", "### ", "---", "---\n", " x", "用户："}},
		{"eou", []string{"\n", "__eou__", "__eou__", "_", " x", "\t"}},
		{"yaml", []string{"\n", "\n", "conversations:\n", "- ", "- - ", "  - ", " ", "x", ": ", "#", "'", `"`, `\`, "|", ">", "|2-\n", "key:", "\n- - a\n  - b\n"}},
		{"qa", []string{"\n", "\r\n", "Q:", "A:", "В:", "О:", " x", "Q: 1\nA: 2\n", "\n\n"}},
	} {
		t.Run(c.format, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				parts := rapid.SliceOfN(rapid.SampledFrom(c.tokens), 0, 30).Draw(t, "parts")
				checkFile(t, []byte(strings.Join(parts, "")), c.format)
			})
		})
	}
}

// goodRecord draws a record of JSON that has pairs or at least is JSON.
func goodRecord() *rapid.Generator[string] {
	text := rapid.Map(rapid.String(), jsonString)
	return rapid.OneOf(
		rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf(`{"question": %s,"answer":%s,"n":[1,{"x":"]}"}]}`, text.Draw(t, "q"), text.Draw(t, "a"))
		}),
		rapid.Custom(func(t *rapid.T) string {
			turns := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
				return fmt.Sprintf(`{"role":"%s","content":%s}`, rapid.SampledFrom([]string{"user", "assistant", "system"}).Draw(t, "role"), text.Draw(t, "text"))
			}), 0, 5).Draw(t, "turns")
			return `{"messages":[` + strings.Join(turns, ", ") + `]}`
		}),
		rapid.SampledFrom([]string{`{}`, `[]`, `1`, `"x"`, `null`}),
	)
}

// jsonString quotes s as JSON, all that is not ASCII escaped, so that it has
// no line ends and is the same in every container.
func jsonString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\' || r < ' ':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}

// TestContainers puts the same records on lines, into an array and into an
// object: the records are the same bytes and the pairs the same pairs.
func TestContainers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.SliceOfN(goodRecord(), 0, 8).Draw(t, "records")
		want := checkFile(t, []byte(strings.Join(records, "\n")), "jsonl")
		if len(want.Records) != len(records) || want.Err != "" {
			t.Fatalf("%d records of %d, error %q", len(want.Records), len(records), want.Err)
		}
		joined := strings.Join(records, ",\n")
		for _, container := range []string{"[%s]", "{\"n\":{\"data\":1},\"data\":[%s],\"m\":[1]}", "{\"rows\": [%s\n]}"} {
			got := checkFile(t, fmt.Appendf(nil, container, joined), "json")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s: (- lines, + container)\n%s", container, diff)
			}
		}
	})
}

// TestSplitLosesNothing joins the records of a file again.
func TestSplitLosesNothing(t *testing.T) {
	join := func(content, format, between string) (string, error) {
		in, err := openBytes([]byte(content), format)
		if err != nil {
			return "", err
		}
		var all []string
		for r, err := range in.Records() {
			if err != nil {
				return "", err
			}
			all = append(all, string(r.Raw))
		}
		return strings.Join(all, between), nil
	}
	line := rapid.StringMatching(`[^\s"][^\n\r"]*[^\s"]`)
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(line, 1, 20).Draw(t, "lines")
		for format, content := range map[string]string{
			"jsonl":               strings.Join(lines, "\n"),
			"csv:question,answer": "\"" + strings.Join(lines, "\n\"\"\",\n\"") + "\"",
			"qa":                  "Q: " + strings.Join(lines, "\nA: x\nQ: "),
		} {
			got, err := join(content, format, "\n")
			if err != nil || got != content {
				t.Fatalf("%s: %q became %q, error %v", format, content, got, err)
			}
		}
	})
}
