package dialogue

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
)

// writeParquet writes rows as a file in a folder of the test.
func writeParquet[T any](t testing.TB, name string, rows []T, options ...parquet.WriterOption) string {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// readParquet reads a file to pairs and skips.
func readParquet(t *testing.T, path string, o Options) (pairs []string, skips []Skip, err error) {
	t.Helper()
	in, err := Open(path, o)
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	p := in.Parser()
	for r, err := range in.Records() {
		if err != nil {
			return pairs, skips, err
		}
		p.Pairs(r, func(p *Pair) { pairs = append(pairs, strings.TrimSuffix(brief(*p), ` source="`+in.Name()+`"`)) }, func(s Skip) { skips = append(skips, s) })
	}
	if in.Format() != "parquet" || in.Bytes() != in.Size() {
		t.Errorf("format %s, %d of %d bytes", in.Format(), in.Bytes(), in.Size())
	}
	return pairs, skips, nil
}

type parquetTurn struct {
	Role    string `parquet:"role"`
	Content string `parquet:"content"`
}

type parquetShare struct {
	From  string `parquet:"from"`
	Value string `parquet:"value"`
}

// TestParquet reads tables as data sets have them.
func TestParquet(t *testing.T) {
	noID := turnsID("user", "q", "assistant", "a")
	chat := []parquetTurn{{"system", "s"}, {"user", "q"}, {"assistant", "a"}}
	o := DefaultOptions()
	mapped := DefaultOptions()
	mapped.Fields = map[string]string{"question": "Prompt_Text", "answer": "reply", "lang": "tongue"}
	turns := DefaultOptions()
	turns.Fields = map[string]string{"messages": "chat", "role": "who", "content": "says"}
	for _, c := range []struct {
		name string
		path string
		o    Options
		want []string
	}{
		{"pairs", writeParquet(t, "test.parquet", []struct {
			ID       int64   `parquet:"id"`
			Question string  `parquet:"Question"`
			Answer   *string `parquet:"answer,optional"`
			Context  *string `parquet:"context,optional"`
			Dialogue string  `parquet:"dialogue_id"`
			Turn     float64 `parquet:"turn"`
			Lang     string  `parquet:"lang"`
			Source   string  `parquet:"source"`
			Picture  []byte  `parquet:"picture"`
		}{{7, " q\r\n", new("a"), nil, "d", 2, "en", "faq", []byte{0xff}}, {8, "в", new("о"), new("c"), "e", 0, "ru", "", nil}}), o,
			[]string{`1 "q"→"a" id="7" dialogue="d" lang="en" source="faq" turn=2`, `2 "в"→"о" id="8" context="c" dialogue="e" lang="ru" turn=0`}},
		{"a field map", writeParquet(t, "test.parquet", []struct {
			Prompt string `parquet:"prompt_text"`
			Reply  string `parquet:"reply"`
			Tongue string `parquet:"tongue"`
			Other  string `parquet:"question"`
		}{{"q", "a", "en", "no"}}), mapped, []string{`1 "q"→"a" lang="en"`}},
		{"messages", writeParquet(t, "test.parquet", []struct {
			PromptID string        `parquet:"prompt_id"`
			Messages []parquetTurn `parquet:"messages,list"`
		}{{"x", chat}}), o, []string{`1 "q"→"a" dialogue="` + turnsID("system", "s", "user", "q", "assistant", "a") + `" turn=1`}},
		{"messages of a field map", writeParquet(t, "test.parquet", []struct {
			Chat []struct {
				Who  string `parquet:"who"`
				Says string `parquet:"says"`
			} `parquet:"chat,list"`
		}{{[]struct {
			Who  string `parquet:"who"`
			Says string `parquet:"says"`
		}{{"user", "q"}, {"assistant", "a"}}}}), turns, []string{`1 "q"→"a" dialogue="` + noID + `" turn=0`}},
		{"conversations", writeParquet(t, "test.parquet", []struct {
			ID            string         `parquet:"id"`
			Conversations []parquetShare `parquet:"conversations,list"`
		}{{"d", []parquetShare{{"human", "q"}, {"gpt", "a"}}}}), o, []string{`1 "q"→"a" dialogue="d" turn=0`}},
		{"texts by turns", writeParquet(t, "test.parquet", []struct {
			Dialog []string `parquet:"dialog,list"`
		}{{[]string{"q", "a"}}}), o, []string{`1 "q"→"a" dialogue="` + noID + `" turn=0`}},
		{"TRL", writeParquet(t, "test.parquet", []struct {
			Prompt   string        `parquet:"prompt"`
			Chosen   []parquetTurn `parquet:"chosen,list"`
			Rejected []parquetTurn `parquet:"rejected,list"`
		}{{"q", chat[1:], chat[1:]}}), o, []string{`1 "q"→"a" dialogue="` + noID + `" turn=0`}},
		{"SQuAD", writeParquet(t, "test.parquet", []struct {
			ID       string `parquet:"id"`
			Context  string `parquet:"context"`
			Question string `parquet:"question"`
			Answers  struct {
				Text  []string `parquet:"text,list"`
				Start []int32  `parquet:"answer_start,list"`
			} `parquet:"answers"`
		}{{"1", "c", "q", struct {
			Text  []string `parquet:"text,list"`
			Start []int32  `parquet:"answer_start,list"`
		}{[]string{"a", "b"}, []int32{1, 2}}}}), o, []string{`1 "q"→"a" id="1" context="c"`}},
	} {
		pairs, skips, err := readParquet(t, c.path, c.o)
		if diff := cmp.Diff(c.want, pairs); diff != "" || len(skips) > 0 || err != nil {
			t.Errorf("%s: %v, %v (- want, + got)\n%s", c.name, skips, err, diff)
		}
	}
}

type parquetPair struct{ Question, Answer string }

// TestParquetRecords checks that equal rows are equal records however the file
// is packed: builds are cut and compared by them.
func TestParquetRecords(t *testing.T) {
	rows := []parquetPair{{"q\x01\"\\", "вопрос\n"}, {"", "a"}, {"r", "b\xff"}, {"s", strings.Repeat("s", 300)}, {"t", "c"}}
	var first []Record
	o := DefaultOptions()
	o.RecordBytesMax = 200
	for _, options := range [][]parquet.WriterOption{
		{parquet.Compression(&parquet.Zstd)}, {parquet.MaxRowsPerRowGroup(1), parquet.DataPageVersion(1)},
	} {
		path := writeParquet(t, "rows", rows, options...)
		in, err := Open(path, o)
		if err != nil {
			t.Fatal(err)
		}
		var all []Record
		for r, err := range in.Records() {
			if err != nil {
				t.Fatal(err)
			}
			r.Raw = bytes.Clone(r.Raw)
			all = append(all, r)
		}
		in.Close()
		if first == nil {
			first = all
		}
		if diff := cmp.Diff(first, all); diff != "" {
			t.Error(diff)
		}
		pairs, skips, err := readParquet(t, path, o)
		if diff := cmp.Diff([]string{`1 "q\"\\"→"вопрос"`, `5 "t"→"c"`}, pairs); diff != "" || err != nil {
			t.Error(diff, err)
		}
		if diff := cmp.Diff([]Skip{{2, ReasonEmpty, "the question is empty"}, {3, ReasonUTF8, "not UTF-8 at byte 28"}, {4, ReasonTooLong, "longer than 200 bytes"}}, skips); diff != "" {
			t.Error(diff)
		}
	}
	if string(first[0].Raw) != `{"Question":"q\u0001\"\\","Answer":"вопрос\n"}` {
		t.Errorf("record %s", first[0].Raw)
	}
}

func TestParquetRefused(t *testing.T) {
	good := writeParquet(t, "a.parquet", []parquetPair{{"q", "a"}, {"r", "bbbbbbbb"}}, parquet.MaxRowsPerRowGroup(1))
	b, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	w, err := z.Create("b.parquet")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	g := gzip.NewWriter(&packed)
	if _, err := g.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	flipped := bytes.ReplaceAll(b, []byte("bbbbbbbb"), []byte("bbbbbbbc")) // the answer of the last row
	for _, c := range []struct {
		name string
		data []byte
		path string // of it, if it is in an archive
		want string
		is   error
	}{
		{"a.parquet", []byte("question,answer\nq,a\n"), "", "a.parquet:1: unknown format: no Parquet file", ErrFormat},
		{"a.parquet", b[:len(b)-9], "", "a.parquet:1: damaged: the file does not end like Parquet", ErrDamaged},
		{"a.parquet", flipped, "", `a.parquet:2: row group 1, column "Answer": page at byte `, ErrDamaged},
		{"a.parquet.gz", packed.Bytes(), "", "a.parquet.gz:1: unknown format: Parquet is read from its end", ErrFormat},
		{"a.zip", archive.Bytes(), "!/b.parquet", "a.zip!/b.parquet:1: unknown format: Parquet is read from its end", ErrFormat},
	} {
		path := write(t, c.name, c.data)
		_, _, err := readParquet(t, path+c.path, DefaultOptions())
		if err == nil || !strings.HasPrefix(strings.TrimPrefix(err.Error(), filepath.Dir(path)+"/"), c.want) || !errors.Is(err, c.is) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	other := writeParquet(t, "other.parquet", []struct{ X, Y string }{{"x", "y"}})
	if _, _, err := readParquet(t, other, DefaultOptions()); !errors.Is(err, ErrFormat) {
		t.Errorf("no column of a known name: %v", err)
	}
	if in, err := openBytes(b, "auto"); !errors.Is(err, ErrFormat) {
		t.Errorf("a stream: %v, %v", in, err)
	}
}
