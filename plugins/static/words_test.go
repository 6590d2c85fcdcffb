package static

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/sdk/teacher"
	"pgregory.net/rapid"
)

// testTable is what a test writes into a file.
type testTable struct {
	words  []string
	values [][]float32
}

func (t testTable) binary(lineEnd string) []byte {
	b := fmt.Appendf(nil, "%d %d\n", len(t.words), len(t.values[0]))
	for i, w := range t.words {
		b = append(append(b, w...), ' ')
		for _, x := range t.values[i] {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		b = append(b, lineEnd...)
	}
	return b
}

func (t testTable) text(header bool, lineEnd string) []byte {
	var b []byte
	if header {
		b = fmt.Appendf(nil, "%d %d\n", len(t.words), len(t.values[0]))
	}
	for i, w := range t.words {
		b = append(b, w...)
		for _, x := range t.values[i] {
			b = fmt.Appendf(b, " %v", x)
		}
		b = append(b, lineEnd...)
	}
	return b
}

func drawTable(t *rapid.T) testTable {
	dims := rapid.IntRange(1, 6).Draw(t, "dims")
	words := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-zа-я一-三.'-]{1,6}`), 1, 20, rapid.ID).Draw(t, "words")
	out := testTable{words: words}
	for range words {
		out.values = append(out.values, rapid.SliceOfN(rapid.Float32Range(-10, 10), dims, dims).Draw(t, "vector"))
	}
	return out
}

// Every way of writing a table is read as the same table.
func TestWordFiles(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		want := drawTable(t)
		for name, b := range map[string][]byte{
			"a.bin": want.binary(""), "b.bin": want.binary("\n"), "c.txt": want.text(false, "\n"), "d.vec": want.text(true, " \r\n"),
			"e.txt.gz": zipped(want.text(true, "\n")), "f.BIN.GZ": zipped(want.binary("\n")),
		} {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := open(Config{Path: path})
			if err != nil {
				t.Fatal(err)
			}
			d, err := s.describe()
			if err != nil || d.Dims != len(want.values[0]) {
				t.Fatal(name, d.Dims, err)
			}
			m, err := s.load()
			if err != nil {
				t.Fatal(name, err)
			}
			if got := slices.Concat(want.values...); !slices.Equal(m.values, got) {
				t.Fatalf("%s: %v, want %v", name, m.values, got)
			}
			for i, w := range want.words {
				if id, ok := m.tokenizer.(lookup).ids[w]; !ok || int(id) != i {
					t.Fatalf("%s: %q is %d", name, w, id)
				}
			}
		}
	})
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func write(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func newTeacher(t testing.TB, config Config) *File {
	t.Helper()
	b, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(b)
	if err != nil {
		t.Fatal(err)
	}
	return e.(*File)
}

const small = "the 1 0 0\nCat 0 1 0\ndon't 0 0 1\nnew_york 3 4 0\nзавтра 1 1 1\n. -1 -1 -1\nup 0 0 2\ndown 0 0 -2\n"

func TestLookup(t *testing.T) {
	f := newTeacher(t, Config{Path: write(t, "small.txt", []byte(small))})
	for _, c := range []struct {
		text   string
		want   []float64 // before its length is made 1
		tokens int
		code   string
	}{
		{text: "the", want: []float64{1, 0, 0}, tokens: 1},
		{text: "THE Cat", want: []float64{1, 1, 0}, tokens: 2},
		{text: "cat", code: "unknown_words", tokens: 1}, // the table has it in upper case only
		{text: "(The) \"Cat\"!", want: []float64{1, 1, 0}, tokens: 2},
		{text: "Don't", want: []float64{0, 0, 1}, tokens: 1},
		{text: "the-Cat, the_Cat", want: []float64{2, 2, 0}, tokens: 4},
		{text: "new_york", want: []float64{3, 4, 0}, tokens: 1},
		{text: "Завтра?", want: []float64{1, 1, 1}, tokens: 1},
		{text: "the xyzzy", want: []float64{1, 0, 0}, tokens: 2},
		{text: ".", want: []float64{-1, -1, -1}, tokens: 1},
		{text: "?!", code: "unknown_words"},
		{text: " ", code: "unknown_words"},
		{text: "", code: "empty"},
		{text: "up down", code: "no_vector", tokens: 2},
	} {
		dst := make([]float32, 3)
		rows, err := f.EmbedRows(context.Background(), []string{c.text}, dst)
		if err != nil {
			t.Fatal(err)
		}
		if rows[0].Code != c.code || (rows[0].Err != nil) != (c.code != "") || rows[0].Tokens != c.tokens {
			t.Errorf("%q: %+v", c.text, rows[0])
		}
		length := 0.0
		for _, x := range c.want {
			length += x * x
		}
		for i, x := range c.want {
			if dst[i] != float32(x/math.Sqrt(length)) {
				t.Errorf("%q: %v, want the direction of %v", c.text, dst, c.want)
			}
		}
	}
}

// The mean of the words' vectors, worked out plainly.
func TestMean(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.bin")
	rapid.Check(t, func(t *rapid.T) {
		table := drawTable(t)
		if err := os.WriteFile(path, table.binary("\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		ids := rapid.SliceOfN(rapid.IntRange(0, len(table.words)-1), 1, 8).Draw(t, "ids")
		dims := len(table.values[0])
		want, text := make([]float64, dims), ""
		for _, id := range ids {
			text += " " + table.words[id]
			for d, x := range table.values[id] {
				want[d] += float64(x)
			}
		}
		length := 0.0
		for _, x := range want {
			length += x * x
		}
		e, err := New(json.RawMessage(`{"path":"` + path + `"}`))
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, dims)
		err = e.Embed(context.Background(), []string{text}, got)
		if length < 1e-12 {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		for d, x := range want {
			if math.Abs(float64(got[d])-x/math.Sqrt(length)) > 1e-6 {
				t.Fatalf("%v, want the direction of %v", got, want)
			}
		}
	})
}

func TestLimits(t *testing.T) {
	path := write(t, "small.vec", []byte(small))
	f := newTeacher(t, Config{Path: path, MaxTokens: 2, MaxWords: 2})
	d, err := f.Describe(context.Background())
	if err != nil || d.MaxTokens != 2 || d.Truncation != "end" || d.Revision != fileVersion+"+words-2" {
		t.Errorf("%+v, %v", d, err)
	}
	rows, err := f.EmbedRows(context.Background(), []string{"the the Cat", "new_york"}, make([]float32, 6))
	if err != nil || !rows[0].Truncated || rows[0].Tokens != 2 || rows[1].Code != "unknown_words" {
		t.Errorf("%+v, %v", rows, err)
	}
	all, err := newTeacher(t, Config{Path: path}).Describe(context.Background())
	if err != nil || all.WeightsDigest != d.WeightsDigest || !strings.HasPrefix(all.WeightsDigest, "sha256:") {
		t.Errorf("%+v, %v", all, err)
	}
}

// A file that changes after it was described is not used.
func TestChanged(t *testing.T) {
	path := write(t, "small.txt", []byte(small))
	f := newTeacher(t, Config{Path: path})
	if _, err := f.Describe(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(small+"more 1 2 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := f.Embed(context.Background(), []string{"the"}, make([]float32, 3))
	if !errors.Is(err, teacher.ErrStop) || !strings.Contains(err.Error(), "changed since") {
		t.Error(err)
	}
}

func TestConfig(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ config, want string }{
		{``, ""}, {`null`, ""}, {` {} `, ""},
		{`{"path":"` + dir + `"}`, ""},
		{`{"max_tokens":3}`, "path: missing"},
		{`{"path":"x.txt","max_tokens":-1,"max_words":-1}`, "max_tokens: -1 is outside 0..2147483647\nmax_words"},
		{`{"path":"` + dir + `","max_words":5}`, "a Model2Vec folder is read whole"},
		{`{"path":"` + dir + `/no.txt"}`, "no such file"},
		{`{"path":"` + write(t, "x.zip", nil) + `"}`, "ends neither in .bin nor in .txt"},
		{`{"pfad":"x"}`, "unknown field"},
		{`{} {}`, "something follows"},
		{`[`, "config"},
	} {
		e, err := New(json.RawMessage(c.config))
		if c.want == "" {
			if err != nil || e == nil {
				t.Errorf("%s: %v", c.config, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.config, err, c.want)
		}
	}
}

func TestDamaged(t *testing.T) {
	good := testTable{[]string{"a", "b"}, [][]float32{{1, 2}, {3, 4}}}.binary("\n")
	for _, c := range []struct{ name, file, want string }{
		{"x.bin", string(good[:len(good)-4]), "word 2 of 2: unexpected EOF"},
		{"x.bin", "a b\n", "line 1: want two numbers"},
		{"x.bin", "1 70000\n", "line 1: want two numbers"},
		{"x.bin", "1 2\na \x00\x00\xc0\x7f\x00\x00\x00\x00", "word 1: value 1 is not finite"},
		{"x.bin", "1 2\n" + strings.Repeat("a", 5000), "longer than 4096 bytes"},
		{"x.txt", "", "no words"},
		{"x.txt", "3 2\n", "no words"},
		{"x.txt", "a 1 2\nb 1\n", "line 2: 2 fields, want a word and 2 values"},
		{"x.txt", "a 1 2\nb 1 z\n", "line 2: value 2 is no number"},
		{"x.txt", "a 1 2\nb 1 inf\n", "line 2: value 2 is not finite"},
		{"x.txt", "a\n", "line 1: 1 fields"},
		{"x.txt", "a " + strings.Repeat("1", 1<<20), "line 1: longer than 1048576 bytes"},
		{"x.txt.gz", "these are no bytes of gzip", "gzip"},
	} {
		f := newTeacher(t, Config{Path: write(t, c.name, []byte(c.file))})
		err := f.Embed(context.Background(), []string{"a"}, make([]float32, 2))
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, teacher.ErrStop) {
			t.Errorf("%s %.20q: %v, want %s", c.name, c.file, err, c.want)
		}
	}
}

// The words of a GloVe file may hold spaces.
func TestWordWithSpaces(t *testing.T) {
	w, err := readText(bufio.NewReader(strings.NewReader("a 1 2\n. . 3 4\n")), 0, 9)
	if err != nil || w.ids[". ."] != 1 || !slices.Equal(w.values, []float32{1, 2, 3, 4}) {
		t.Error(w, err)
	}
}

func FuzzReadText(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte("2 2\na 1 2\nb 3 4\n"))
	f.Fuzz(func(t *testing.T, b []byte) { fuzzWords(t, readText, b) })
}

func FuzzReadBinary(f *testing.F) {
	f.Add(testTable{[]string{"a", "b"}, [][]float32{{1, 2}, {3, 4}}}.binary("\n"))
	f.Add([]byte("2147483647 65536\na "))
	f.Fuzz(func(t *testing.T, b []byte) { fuzzWords(t, readBinary, b) })
}

// What is read is whole.
func fuzzWords(t *testing.T, read reader, b []byte) {
	w, err := read(bufio.NewReader(bytes.NewReader(b)), int64(len(b)), 1000)
	if err != nil {
		return
	}
	if w.dims < 1 || len(w.values)%w.dims != 0 || len(w.values) > len(b)*w.dims {
		t.Fatalf("%d values of %d", len(w.values), w.dims)
	}
	for word, id := range w.ids {
		if id < 0 || int(id) >= len(w.values)/w.dims {
			t.Fatalf("%q has row %d of %d", word, id, len(w.values)/w.dims)
		}
	}
}

func BenchmarkFile(b *testing.B) {
	table := testTable{}
	for i := range 5000 {
		table.words = append(table.words, fmt.Sprintf("w%d", i))
		v := make([]float32, 300)
		for d := range v {
			v[d] = float32(i%7) - float32(d%5)
		}
		table.values = append(table.values, v)
	}
	f := newTeacher(b, Config{Path: write(b, "t.bin", table.binary("\n"))})
	texts := slices.Repeat([]string{"w17 w4000, W3 w12 w99 w1234 (w77) w5 w6 w7 w8 w9?"}, 256)
	dst := make([]float32, len(texts)*300)
	b.ReportAllocs()
	for b.Loop() {
		if err := f.Embed(context.Background(), texts, dst); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(texts))/b.Elapsed().Seconds(), "texts/s")
}
