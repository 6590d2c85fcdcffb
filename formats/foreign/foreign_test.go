package foreign

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/format"
)

// message is as datasets of Hugging Face have it.
type message struct {
	Role    *string `parquet:"role,optional"`
	Content *string `parquet:"content,optional"`
}

// pair is a row of flat columns, in all kinds and encodings.
type pair struct {
	ID       int64    `parquet:"id"`
	Question string   `parquet:"question,plain"`
	Answer   *string  `parquet:"answer,optional,dict"`
	Lang     string   `parquet:"lang,enum,dict"`
	Delta    string   `parquet:"delta_length,delta"`
	Turn     int32    `parquet:"turn,delta"`
	Long     int64    `parquet:"long,delta"`
	Dict     int32    `parquet:"dict,dict"`
	Score    float64  `parquet:"score"`
	Split    float32  `parquet:"stream,split"`
	Missing  *float64 `parquet:"missing,optional"`
	Good     bool     `parquet:"good"`
	Unsigned uint32   `parquet:"unsigned"`
	Big      uint64   `parquet:"big"`
}

func text(s string) *string { return &s }

// manyPairs has runs, gaps, long and short texts, and numbers of all sizes.
func manyPairs(n int) (rows []pair) {
	for i := range n {
		r := pair{
			ID: int64(i)*1_000_003 - 500, Question: fmt.Sprintf("Вопрос %d: \"какой\"\t\\ путь?\n", i), Lang: []string{"ru", "en", "zh"}[i/7%3],
			Delta: strings.Repeat("же", i%41), Turn: int32(i%5) - 2, Long: int64(i*i*i) * -7, Dict: int32(i % 3), Score: float64(i) / 7,
			Split: float32(i) * 1e-9, Good: i%3 == 0, Unsigned: math.MaxUint32 - uint32(i), Big: math.MaxUint64 - uint64(i),
		}
		if i%4 > 0 {
			r.Answer = text(fmt.Sprint("answer ", i%13))
		}
		if i%5 == 0 {
			r.Missing = new(float64)
			*r.Missing = math.NaN()
		}
		rows = append(rows, r)
	}
	return rows
}

// want is the row as a Reader should give it.
func (r *pair) want() map[string]any {
	m := map[string]any{
		"id": json.Number(fmt.Sprint(r.ID)), "question": r.Question, "lang": r.Lang, "delta_length": r.Delta, "turn": json.Number(fmt.Sprint(r.Turn)),
		"long": json.Number(fmt.Sprint(r.Long)), "dict": json.Number(fmt.Sprint(r.Dict)), "score": number64(r.Score), "stream": number32(r.Split), "good": r.Good,
		"unsigned": json.Number(fmt.Sprint(r.Unsigned)), "big": json.Number(fmt.Sprint(r.Big)),
	}
	if r.Answer != nil {
		m["answer"] = *r.Answer
	}
	if r.Missing != nil {
		m["missing"] = nil
	}
	return m
}

func number64(f float64) json.Number { b, _ := json.Marshal(f); return json.Number(b) }
func number32(f float32) json.Number {
	o := output{most: 100}
	o.float(float64(f), 32)
	return json.Number(o.b)
}

// write is rows as a file of several row groups and pages.
func write[T any](t testing.TB, rows []T, options ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, append([]parquet.WriterOption{parquet.PageBufferSize(1 << 10), parquet.MaxRowsPerRowGroup(400)}, options...)...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(b []byte) (*Reader, error) {
	return Open(bytes.NewReader(b), int64(len(b)), DefaultOptions())
}

// readAll reads a file to its end, or to what is wrong with it.
func readAll(b []byte) (rows []string, err error) {
	r, err := open(b)
	if err != nil {
		return nil, err
	}
	for {
		row, err := r.Next()
		switch {
		case err == io.EOF:
			return rows, nil
		case errors.Is(err, ErrTooLong):
			rows = append(rows, "too long")
		case err != nil:
			return rows, err
		default:
			rows = append(rows, string(row))
		}
	}
}

func decode(t *testing.T, row string) (m map[string]any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(row))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		t.Fatalf("%q: %v", row, err)
	}
	return m
}

var codecs = map[string]compress.Codec{
	"none": &parquet.Uncompressed, "snappy": &parquet.Snappy, "gzip": &parquet.Gzip, "zstd": &parquet.Zstd, "brotli": &parquet.Brotli, "lz4": &parquet.Lz4Raw,
}

func TestFlat(t *testing.T) {
	rows := manyPairs(1000)
	var first []string
	for name, codec := range codecs {
		for version := 1; version <= 2; version++ {
			got, err := readAll(write(t, rows, parquet.Compression(codec), parquet.DataPageVersion(version)))
			if err != nil || len(got) != len(rows) {
				t.Fatalf("%s, pages of version %d: %d rows, %v", name, version, len(got), err)
			}
			if first == nil {
				first = got
				for i := range rows {
					if diff := cmp.Diff(rows[i].want(), decode(t, got[i])); diff != "" {
						t.Fatalf("row %d (- want, + got)\n%s", i, diff)
					}
				}
			}
			if diff := cmp.Diff(first, got); diff != "" { // equal rows are equal bytes
				t.Fatalf("%s, pages of version %d:\n%s", name, version, diff)
			}
		}
	}
}

// nested is a row of columns with something in them.
type nested struct {
	Messages []message `parquet:"messages,list"`
	Dialog   []string  `parquet:"dialog,list"`
	Lists    [][]int32 `parquet:"lists,list"`
	Bare     []string  `parquet:"bare"`
	Answers  struct {
		Text  []string `parquet:"text,list"`
		Start []int32  `parquet:"answer_start,list"`
	} `parquet:"answers"`
	Maybe *struct {
		A *struct {
			B *int32 `parquet:"b,optional"`
		} `parquet:"a,optional"`
	} `parquet:"maybe,optional"`
	Meta map[string]string `parquet:"meta"`
}

func manyNested(n int) (rows []nested) {
	for i := range n {
		var r nested
		for k := range i % 4 {
			m := message{Role: text([]string{"user", "assistant"}[k%2])}
			if (i+k)%5 > 0 {
				m.Content = text(fmt.Sprintf("turn %d of %d", k, i))
			}
			r.Messages = append(r.Messages, m)
			r.Dialog = append(r.Dialog, fmt.Sprint("说", k))
			r.Bare = append(r.Bare, strings.Repeat("x", k))
			var inner []int32
			for j := range (i + k) % 3 {
				inner = append(inner, int32(j))
			}
			r.Lists = append(r.Lists, inner)
		}
		if i%2 == 0 {
			r.Answers.Text, r.Answers.Start = []string{"a", "b"}, []int32{1, int32(i)}
		}
		if i%3 > 0 {
			r.Maybe = &struct {
				A *struct {
					B *int32 `parquet:"b,optional"`
				} `parquet:"a,optional"`
			}{}
		}
		if i%3 > 1 {
			r.Maybe.A = &struct {
				B *int32 `parquet:"b,optional"`
			}{}
			if i%2 > 0 {
				r.Maybe.A.B = new(int32)
			}
		}
		if i%6 == 1 {
			r.Meta = map[string]string{"k": "v"}
		}
		rows = append(rows, r)
	}
	return rows
}

// want is the row as a Reader should give it: encoding/json has the rest.
func (r *nested) want(t *testing.T) map[string]any {
	list := func(v any) json.RawMessage {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.ReplaceAll(b, []byte("null"), []byte("[]"))
	}
	messages := []map[string]*string{}
	for _, m := range r.Messages {
		messages = append(messages, map[string]*string{"role": m.Role, "content": m.Content})
	}
	m := map[string]any{
		"messages": messages, "dialog": list(r.Dialog), "lists": list(r.Lists), "bare": list(r.Bare),
		"answers": map[string]any{"text": list(r.Answers.Text), "answer_start": list(r.Answers.Start)},
		"meta":    []any{},
	}
	for k, v := range r.Meta {
		m["meta"] = []any{map[string]any{"key": k, "value": v}}
	}
	if r.Maybe != nil {
		a := any(nil)
		if r.Maybe.A != nil {
			a = map[string]any{"b": r.Maybe.A.B}
		}
		m["maybe"] = map[string]any{"a": a}
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, string(b))
}

func TestNested(t *testing.T) {
	rows := manyNested(900)
	for version := 1; version <= 2; version++ {
		got, err := readAll(write(t, rows, parquet.DataPageVersion(version)))
		if err != nil || len(got) != len(rows) {
			t.Fatal(len(got), err)
		}
		for i := range rows {
			if diff := cmp.Diff(rows[i].want(t), decode(t, got[i])); diff != "" {
				t.Fatalf("row %d (- want, + got)\n%s", i, diff)
			}
		}
	}
}

// TestOlderLists reads lists as writers before the present rules made them.
func TestOlderLists(t *testing.T) {
	element := func(name string, r format.FieldRepetitionType, children int32) (e format.SchemaElement) {
		e.Name = name
		e.RepetitionType.Set(r)
		if children > 0 {
			e.NumChildren.Set(children)
		} else {
			e.Type.Set(format.ByteArray)
		}
		return e
	}
	for _, c := range []struct {
		name     string
		repeated string
		children int32
		want     string
	}{
		{"two levels", "array", 0, `["v"]`},
		{"three levels", "list", 1, `["v"]`},
		{"three levels of Hive", "bag", 1, `["v"]`},
		{"a group named array", "array", 1, `[{"x":"v"}]`},
		{"a group named as Thrift does", "q_tuple", 1, `[{"x":"v"}]`},
		{"a group of two", "element", 2, `[{"x":"v","x":"v"}]`},
	} {
		list := element("q", format.Required, 1)
		list.LogicalType.Value = new(format.ListType)
		s := schema{elements: []format.SchemaElement{element("root", format.Required, 1), list, element(c.repeated, format.Repeated, c.children)}}
		for range c.children {
			s.elements = append(s.elements, element("x", format.Required, 0))
		}
		columns, leaves, err := s.read(func(string) bool { return true })
		if err != nil {
			t.Fatal(c.name, err)
		}
		for _, l := range leaves {
			l.page, l.values = 1, &plainTexts{[]byte("\x01\x00\x00\x00v")}
			l.repeat, l.define = newHybrid([]byte{2, 0}, 1), newHybrid([]byte{2, 1}, 1)
		}
		o := output{most: 100}
		if _, err := columns[0].emit(&o); err != nil || string(o.b) != c.want {
			t.Errorf("%s: %s, %v, want %s", c.name, o.b, err, c.want)
		}
	}
}

func TestOnlyWantedColumns(t *testing.T) {
	type row struct {
		Picture  [16]byte `parquet:"picture"` // of a type that is not read
		Question string   `parquet:"question"`
	}
	b := write(t, []row{{Question: "q"}})
	if _, err := readAll(b); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), `"picture"`) {
		t.Errorf("all columns: %v", err)
	}
	o := DefaultOptions()
	o.Column = func(name string) bool { return name == "question" }
	r, err := Open(bytes.NewReader(b), int64(len(b)), o)
	if err != nil {
		t.Fatal(err)
	}
	row1, err := r.Next()
	if string(row1) != `{"question":"q"}` || err != nil || r.Rows() != 1 || r.Row() != 1 || cmp.Diff(r.Columns(), []string{"question"}) != "" {
		t.Errorf("%s, %v, %d rows, %v", row1, err, r.Rows(), r.Columns())
	}
	o.Column = func(name string) bool { return false }
	if _, err := Open(bytes.NewReader(b), int64(len(b)), o); !errors.Is(err, ErrUnsupported) {
		t.Errorf("no column: %v", err)
	}
}

func TestTooLongRow(t *testing.T) {
	type row struct{ A, B string }
	long := strings.Repeat("\x01", 100_000)
	b := write(t, []row{{"a", "b"}, {"a", long}, {long, "b"}, {"c", "d"}})
	o := DefaultOptions()
	o.RowBytesMax = 50
	r, err := Open(bytes.NewReader(b), int64(len(b)), o)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{`{"A":"a","B":"b"}`, "", "", `{"A":"c","B":"d"}`} {
		row, err := r.Next()
		if string(row) != want || (want == "") != errors.Is(err, ErrTooLong) {
			t.Errorf("row %d: %q, %v", i, row, err)
		}
	}
	if cap(r.out.b) > 1<<20 {
		t.Errorf("a buffer of %d bytes", cap(r.out.b))
	}
	if _, err := r.Next(); err != io.EOF {
		t.Error(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	b := write(t, manyPairs(10))
	if _, err := open([]byte("question,answer\nq,a\n")); !errors.Is(err, ErrNotParquet) {
		t.Errorf("text: %v", err)
	}
	if _, err := open(b[:len(b)/2]); !errors.Is(err, ErrDamaged) {
		t.Errorf("half a file: %v", err)
	}
	if _, err := Open(bytes.NewReader(b), int64(len(b)), Options{}); err == nil {
		t.Error("the zero Options are valid")
	}
}
