package dialogue

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func packGzip(t *testing.T, content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func packZstd(t *testing.T, content []byte) []byte {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// drain reads a file to its end: the ids of its pairs, or else their answers,
// and the error.
func drain(in *Input) (ids []string, last error) {
	p := in.Parser()
	for r, err := range in.Records() {
		if err != nil {
			last = err
			continue
		}
		p.Pairs(r, func(pair *Pair) { ids = append(ids, orElse(pair.ID, pair.Answer)) }, func(s Skip) { ids = append(ids, s.Reason) })
	}
	return ids, last
}

// manyLines are n records that do not pack well.
func manyLines(n int) []byte {
	var b bytes.Buffer
	x := uint64(1)
	for i := range n {
		x = x*6364136223846793005 + 1442695040888963407
		fmt.Fprintf(&b, `{"id":"%d","question":"what is %x?","answer":"it is %d"}`+"\n", i+1, x, x)
	}
	return b.Bytes()
}

func TestOpenPacked(t *testing.T) {
	lines := manyLines(3000)
	half := bytes.IndexByte(lines[len(lines)/2:], '\n') + len(lines)/2 + 1
	for _, c := range []struct {
		name    string
		content []byte
	}{
		{"a.jsonl", lines},
		{"a.jsonl.gz", packGzip(t, lines)},
		{"a.jsonl.zst", packZstd(t, lines)},
		{"gzip-by-its-first-bytes", packGzip(t, lines)},
		{"zstd-by-its-first-bytes", packZstd(t, lines)},
		{"plain-in-spite-of-its-name.jsonl.gz", lines},
		{"two-members.gz", append(packGzip(t, lines[:half]), packGzip(t, lines[half:])...)},
		{"two-frames.zst", append(packZstd(t, lines[:half]), packZstd(t, lines[half:])...)},
		{"skippable-frame.zst", append([]byte("\x53\x2a\x4d\x18\x02\x00\x00\x00hi"), packZstd(t, lines)...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, err := Open(write(t, c.name, c.content), DefaultOptions())
			if err != nil {
				t.Fatal(err)
			}
			ids, err := drain(in)
			if err != nil || len(ids) != 3000 || ids[0] != "1" || ids[2999] != "3000" {
				t.Errorf("%d pairs, error %v", len(ids), err)
			}
			if in.Size() != int64(len(c.content)) || in.Bytes() != in.Size() {
				t.Errorf("size %d, read %d, want %d", in.Size(), in.Bytes(), len(c.content))
			}
			if in.Format() != "jsonl" || in.Name() != c.name {
				t.Errorf("format %q, name %q", in.Format(), in.Name())
			}
			if err := in.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTruncated cuts packed files off at many places: every whole record
// before the cut comes out, then ErrTruncated with the line reached.
func TestTruncated(t *testing.T) {
	lines := manyLines(3000)
	for name, packed := range map[string][]byte{"a.jsonl.gz": packGzip(t, lines), "a.jsonl.zst": packZstd(t, lines)} {
		most := 0
		for cut := 5; cut < len(packed); cut += 1 + len(packed)/25 {
			path := write(t, name, packed[:cut])
			in, err := Open(path, DefaultOptions())
			var ids []string
			if err == nil {
				ids, err = drain(in)
				in.Close()
			}
			if !errors.Is(err, ErrTruncated) {
				t.Fatalf("%s cut at %d: error %v", name, cut, err)
			}
			if want := fmt.Sprintf("%s:%d: compressed data ends too early", path, len(ids)+1); err.Error() != want {
				t.Fatalf("%s cut at %d: error %q, want %q", name, cut, err, want)
			}
			for i, id := range ids {
				if id != fmt.Sprint(i+1) {
					t.Fatalf("%s cut at %d: record %d is %q", name, cut, i, id)
				}
			}
			most = max(most, len(ids))
		}
		if most < 1000 {
			t.Errorf("%s: at most %d records before a cut", name, most)
		}
	}
}

func TestDamaged(t *testing.T) {
	lines := manyLines(3000)
	gz, zst := packGzip(t, lines), packZstd(t, lines)
	gz[len(gz)-6] ^= 1 // of the checksum
	zst[len(zst)-2] ^= 1
	for name, c := range map[string]struct {
		content []byte
		want    error
	}{
		"checksum.gz":    {gz, ErrDamaged},
		"checksum.zst":   {zst, ErrDamaged},
		"trailing.gz":    {append(packGzip(t, lines), "garbage at the end"...), ErrDamaged},
		"header.gz":      {[]byte("\x1f\x8b\x07\x00\x00\x00\x00\x00\x00\x00\x00"), ErrDamaged},
		"magic-alone.gz": {[]byte("\x1f\x8b"), ErrTruncated},
		"window.zst":     {[]byte("\x28\xb5\x2f\xfd\x00\xb8\x01\x00\x00"), ErrDamaged}, // asks for 8 GiB
	} {
		in, err := Open(write(t, name, c.content), DefaultOptions())
		if err == nil {
			_, err = drain(in)
			in.Close()
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		}
	}
}

func TestPlainBytesMax(t *testing.T) {
	lines := manyLines(100)
	o := DefaultOptions()
	o.PlainBytesMax = int64(len(lines))
	for _, c := range []struct {
		limit int64
		want  error
	}{{int64(len(lines)), nil}, {int64(len(lines)) - 1, ErrTooLarge}, {100, ErrTooLarge}} {
		o.PlainBytesMax = c.limit
		for name, packed := range map[string][]byte{"a.gz": packGzip(t, lines), "a.zst": packZstd(t, lines)} {
			in, err := Open(write(t, name, packed), o)
			if err == nil {
				_, err = drain(in)
				in.Close()
			}
			if !errors.Is(err, c.want) {
				t.Errorf("%s with a limit of %d: error %v, want %v", name, c.limit, err, c.want)
			}
		}
	}
	o.PlainBytesMax = 1
	in, err := Open(write(t, "plain.jsonl", lines), o)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if ids, err := drain(in); err != nil || len(ids) != 100 {
		t.Errorf("a plain file: %d pairs, error %v", len(ids), err)
	}
}

func TestOpenErrors(t *testing.T) {
	for _, c := range []struct {
		name, content, format, want string
		is                          error
	}{
		{"words.log", "hello\nworld\n", "auto", "words.log:1: unknown format: the content is not JSON, no line of it begins with Q: and the first is no header with a question and an answer column", ErrFormat},
		{"wide.csv", "\xff\xfeq\x00", "auto", "wide.csv:1: unknown format: text in UTF-16; save it as UTF-8", ErrFormat},
		{"a.csv", "\n\none,two\n", "auto", "a.csv:3: unknown format: no column of csv is named question, q, input, user_message, prompt, query, anchor, sentence1", ErrFormat},
		{"a.csv", "question,two\n", "auto", "a.csv:1: unknown format: no column of csv is named answer, a, response, output, completion, assistant_message, chosen, positive, sentence2, answers", ErrFormat},
		{"a.csv", "", "auto", "a.csv:1: unknown format: no column of csv is named question, q, input, user_message, prompt, query, anchor, sentence1", ErrFormat},
		{"a.csv", "instruction,input\n", "auto", "a.csv:1: unknown format: no column of csv is named answer, a, response, output, completion, assistant_message, chosen, positive, sentence2, answers", ErrFormat},
		{"a.csv", "q,\"a\n\n", "auto", "a.csv:1: unknown format: the header line: a quote is opened and never closed", ErrFormat},
		{"a.jsonl", "", "orc", `unknown format: "orc" is not auto, jsonl, json, flat, parquet, csv, tsv, qa, transcript, parlai, eou, yaml`, ErrFormat},
		{"a.jsonl", "", "jsonl:q,a", `unknown format: "jsonl:q,a" is not auto, jsonl, json, flat, parquet, csv, tsv, qa, transcript, parlai, eou, yaml`, ErrFormat},
		{"a.csv", "", "csv:q,x", `unknown format: "x" is not a column of csv`, ErrFormat},
		{"a.csv", "", "csv:q,a,q", `unknown format: two columns of csv are both question`, ErrFormat},
		{"a.csv", "", "csv:q", `unknown format: no column of csv is named answer, a, response, output, completion, assistant_message, chosen, positive, sentence2, answers`, ErrFormat},
	} {
		o := DefaultOptions()
		o.Format = c.format
		path := write(t, c.name, []byte(c.content))
		in, err := Open(path, o)
		if err == nil {
			in.Close()
			t.Errorf("%s: no error, want %q", c.name, c.want)
			continue
		}
		if got := strings.ReplaceAll(err.Error(), filepath.Dir(path)+"/", ""); got != c.want || !errors.Is(err, c.is) {
			t.Errorf("%s: error %q, want %q", c.name, got, c.want)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "missing"), DefaultOptions()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Open(t.TempDir(), DefaultOptions()); err == nil || !strings.HasSuffix(err.Error(), "is a folder, not a file") {
		t.Errorf("folder: %v", err)
	}
	if _, err := Open("-", Options{Format: "x", RecordBytesMax: 0, PlainBytesMax: -1}); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("options: %v", err)
	}
}

// TestReadFault has the disk fail in the middle.
func TestReadFault(t *testing.T) {
	lines := manyLines(3000)
	broken := errors.New("input/output error")
	for name, content := range map[string][]byte{"plain": lines, "gz": packGzip(t, lines), "zst": packZstd(t, lines)} {
		for _, at := range []int{0, 3, 1000, len(content) / 2, len(content)} {
			o := DefaultOptions()
			o.Format = "jsonl"
			in := &Input{path: "x.jsonl", options: o}
			err := in.start(io.MultiReader(bytes.NewReader(content[:at]), iotest.ErrReader(broken)))
			var ids []string
			if err == nil {
				ids, err = drain(in)
			}
			if !errors.Is(err, broken) || errors.Is(err, ErrTruncated) || errors.Is(err, ErrDamaged) {
				t.Errorf("%s, fault at %d: %v", name, at, err)
			}
			if name == "plain" && len(ids) != bytes.Count(content[:at], []byte{'\n'}) {
				t.Errorf("fault at %d: %d records", at, len(ids))
			}
		}
	}
}

func TestSniff(t *testing.T) {
	const pair = `{"question":"q","answer":"a"}`
	for _, c := range []struct{ name, head, want string }{
		{"a.jsonl", "[broken", "jsonl"},
		{"A.JSONL.GZ", "", "jsonl"},
		{"a.ndjson.zst", "", "jsonl"},
		{"a.csv", "{", "csv"},
		{"a.tsv.zstd", "", "tsv"},
		{"stdin", pair + "\n" + pair, "jsonl"},
		{"a.json", pair + "\n" + pair, "jsonl"},
		{"a.json", "\n" + pair + "\n{broken", "jsonl"},
		{"a.json", "{broken\n" + pair + "\n", "jsonl"},
		{"a.json", pair, "json"},
		{"a.json", "hello", "json"},
		{"a.json", "{\n \"data\": []\n}", "json"},
		{"stdin", "[\n" + pair + ",\n" + pair + "\n]", "json"},
		{"stdin", "[" + pair + "]\n", "json"},
		{"stdin", `[{"role":"user"}]` + "\n" + `[{"role":"user"}]`, "jsonl"},
		{"stdin", "id,question,answer\n", "csv"},
		{"stdin", "\"Prompt\"\tcompletion\n", "tsv"},
		{"stdin", "Q: hello\nA: you", "qa"},
		{"stdin", "notes\n\n  В: да?\nО: да", "qa"},
		{"a.txt", "hello", "qa"},
		{"a.txt", pair + "\n" + pair, "jsonl"},
		{"stdin", "", "jsonl"},
		{"stdin", "\n\n", "jsonl"},
		{"stdin", "hello", ""},
		{"a.md", "question and answer", ""},
		{"a.csv.bz2", "", "csv"},
		{"a.jsonl", flatLine("1", "", "prompter", "q") + "\n", "flat"},
		{"stdin", flatLine("1", "", "prompter", "q") + "\n" + flatLine("2", "1", "assistant", "a"), "flat"},
		{"a.json", flatLine("1", "", "prompter", "q"), "json"},
		{"stdin", "instruction,input,output\n", "csv"},
		{"stdin", "anchor\tpositive\tnegative\n", "tsv"},
		{"a.yml", "x", "yaml"},
		{"a.yaml.gz", "", "yaml"},
		{"stdin", "categories:\n- AI\nconversations:\n- - q\n  - a", "yaml"},
		{"dialogues_text.txt", "Hi . __eou__ Hello . __eou__\n", "eou"},
		{"a.txt", "### Human: hi\n### Assistant: hello", "transcript"},
		{"stdin", "用户：你好\n助手：你好", "transcript"},
	} {
		if got := sniff(c.name, []byte(c.head), nil); got != c.want {
			t.Errorf("sniff(%q, %q) = %q, want %q", c.name, c.head, got, c.want)
		}
	}
}

// TestFormats reads every example with its own format and with auto.
func TestFormats(t *testing.T) {
	for _, f := range Formats() {
		example := f.Example
		if f.Name == "parquet" {
			continue // its example is of a row: see TestParquet
		}
		if f.Name == "csv" || f.Name == "tsv" {
			example += "\n" + strings.NewReplacer("question", "q", "answer", "a").Replace(example)
		}
		pairs, skips, _ := readAll(t, f.Name, example)
		if f.Name != "json" && (len(pairs) != 1 || len(skips) > 0) || f.Name == "json" && len(skips) != 1 {
			t.Errorf("%s: %d pairs, skips %v", f.Name, len(pairs), skips)
		}
		if got := sniff("stdin", []byte(example), nil); got != f.Name && f.Name != "jsonl" {
			t.Errorf("%s: auto takes the example for %q", f.Name, got)
		}
	}
}

// TestParserWithoutInput makes the parser that Format and Name describe.
func TestParserWithoutInput(t *testing.T) {
	path := write(t, "a.csv", []byte("answer,note,id,question\na,x,1,q\n"))
	in, err := Open(path, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if in.Format() != "csv:answer,-,id,question" {
		t.Errorf("format %q", in.Format())
	}
	p, err := NewParser(in.Format(), in.Name(), DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	var got []Pair
	p.Pairs(Record{Raw: []byte("a,x,1,q"), Line: 2}, func(p *Pair) { got = append(got, *p) }, func(s Skip) { t.Error(s) })
	if diff := cmp.Diff([]Pair{{ID: "1", Question: "q", Answer: "a", Source: "a.csv", Turn: -1, Line: 2}}, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"auto", "csv", "csv:q", "xml", ""} {
		if _, err := NewParser(bad, "x", DefaultOptions()); !errors.Is(err, ErrFormat) {
			t.Errorf("NewParser(%q): error %v", bad, err)
		}
	}
}

func TestRecordsGoOn(t *testing.T) {
	in, err := openBytes(manyLines(5), "jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for r := range in.Records() {
		if r.Line == 2 {
			break
		}
	}
	if ids, err := drain(in); err != nil || len(ids) != 3 || ids[0] != "3" {
		t.Errorf("after two records: %v, %v", ids, err)
	}
}
