package tensor

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"pgregory.net/rapid"

	guard "github.com/cubeset/cubeset/formats/internal/footer"
)

var update = flag.Bool("update", false, "write formats/vectors anew")

func read(t testing.TB, b []byte) []Row {
	t.Helper()
	p, err := OpenReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var rows []Row
	for r, err := range p.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	return rows
}

func genRow(shape Shape, scores int) *rapid.Generator[Row] {
	finite := rapid.Float32Range(-math.MaxFloat32, math.MaxFloat32)
	return rapid.Custom(func(t *rapid.T) Row {
		s := rapid.String()
		return Row{
			ID: s.Draw(t, "id"), Question: s.Draw(t, "question"), Answer: s.Draw(t, "answer"),
			Context: s.Draw(t, "context"), DialogueID: s.Draw(t, "dialogue"), Lang: s.Draw(t, "lang"),
			Turn: rapid.Int32Range(-1, math.MaxInt32).Draw(t, "turn"), Source: s.Draw(t, "source"), Split: s.Draw(t, "split"),
			Similarity:        finite.Draw(t, "similarity"),
			Scores:            rapid.SliceOfN(finite, scores, scores).Draw(t, "scores"),
			QuestionEmbedding: rapid.SliceOfN(finite, shape.Size(), shape.Size()).Draw(t, "q"),
			AnswerEmbedding:   rapid.SliceOfN(finite, shape.Size(), shape.Size()).Draw(t, "a"),
		}
	})
}

func TestWhatIsWrittenIsReadHoweverItIsCut(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		shape := Shape(rapid.SliceOfN(rapid.IntRange(1, 4), 1, 3).Draw(rt, "shape"))
		names := []string{"a", "b_2", "length"}[:rapid.IntRange(0, 3).Draw(rt, "scores")]
		s := testSchema(rapid.SampledFrom(Profiles()).Draw(rt, "profile"), shape, names...)
		s.RowGroupRows = rapid.IntRange(1, 20).Draw(rt, "group")
		rows := rapid.SliceOfN(genRow(shape, len(names)), 0, 50).Draw(rt, "rows")
		whole, st := write(t, s, rows)
		if st.Rows != int64(len(rows)) || st.Bytes != int64(len(whole)) {
			rt.Fatalf("stat is %+v of %d rows, %d bytes", st, len(rows), len(whole))
		}
		got := read(t, whole)
		if len(got) != len(rows) {
			rt.Fatalf("read %d rows of %d", len(got), len(rows))
		}
		for i := range rows {
			if !reflect.DeepEqual(got[i], rows[i]) {
				rt.Fatalf("row %d\n got %+v\nwant %+v", i, got[i], rows[i])
			}
		}
		var cut bytes.Buffer
		w, err := NewWriter(&cut, s)
		if err != nil {
			rt.Fatal(err)
		}
		for len(rows) > 0 {
			n := rapid.IntRange(1, len(rows)).Draw(rt, "call")
			if err := w.Write(rows[:n]); err != nil {
				rt.Fatal(err)
			}
			rows = rows[n:]
		}
		again, err := w.Close()
		if err != nil || again != st || !bytes.Equal(cut.Bytes(), whole) {
			rt.Fatalf("cut into calls: %+v, want %+v, %v", again, st, err)
		}
	})
}

func TestWriterNamesTheBadRow(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		name string
		do   func(*Row)
		want error
		say  string
	}{
		{"short question", func(r *Row) { r.QuestionEmbedding = r.QuestionEmbedding[:5] }, ErrShape, "row 17 of the part: question_embedding: wrong tensor shape: got 5 values, want 12"},
		{"no answer", func(r *Row) { r.AnswerEmbedding = nil }, ErrShape, "row 17 of the part: answer_embedding: wrong tensor shape: got 0 values, want 12"},
		{"NaN", func(r *Row) { r.QuestionEmbedding[3] = float32(math.NaN()) }, ErrNotFinite, "row 17 of the part: question_embedding[3]: not a finite number: NaN"},
		{"Inf", func(r *Row) { r.AnswerEmbedding[11] = -inf }, ErrNotFinite, "row 17 of the part: answer_embedding[11]: not a finite number: -Inf"},
		{"similarity", func(r *Row) { r.Similarity = inf }, ErrNotFinite, "row 17 of the part: similarity: not a finite number: +Inf"},
		{"score", func(r *Row) { r.Scores[1] = float32(math.NaN()) }, ErrNotFinite, "row 17 of the part: scores[1]: not a finite number: NaN"},
		{"scores", func(r *Row) { r.Scores = r.Scores[:1] }, ErrShape, "row 17 of the part: scores: wrong tensor shape: got 1 values, want 2"},
		{"UTF-8", func(r *Row) { r.Answer = "secret\xff" }, ErrText, "row 17 of the part: text column 2: unusable text: not UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := testSchema(Compat, Shape{2, 2, 3}, "a", "b")
			rows := testRows(20, s)
			c.do(&rows[17])
			w, err := NewWriter(io.Discard, s)
			if err != nil {
				t.Fatal(err)
			}
			err = w.Write(rows)
			if !errors.Is(err, c.want) || err.Error() != c.say {
				t.Fatalf("got  %v\nwant %s", err, c.say)
			}
			if again := w.Write(rows[:1]); again != err {
				t.Errorf("a write after the error: %v", again)
			}
			if _, again := w.Close(); again != err {
				t.Errorf("close after the error: %v", again)
			}
		})
	}
}

func TestSchemaSaysAllThatIsWrong(t *testing.T) {
	many := make([]string, 33)
	for i := range many {
		many[i] = fmt.Sprintf("f%d", i)
	}
	for _, c := range []struct {
		name string
		do   func(*Schema)
		say  string
	}{
		{"profile", func(s *Schema) { s.Profile = "small" }, `schema: profile "small" is unknown: it is one of [compat compact fast]`},
		{"no shape", func(s *Schema) { s.Shape = nil }, "schema: wrong tensor shape: 0 directions are outside 1..8"},
		{"huge shape", func(s *Schema) { s.Shape = Shape{1 << 20, 1 << 40} }, "schema: wrong tensor shape: 1048576x1099511627776 is outside 1..1048576 values"},
		{"filters", func(s *Schema) { s.Scores = many }, "schema: 33 filters give more than 32 score columns"},
		{"name", func(s *Schema) { s.Scores = []string{`a","b`} }, `schema: filter name "a\",\"b" does not match ^[a-z][a-z0-9_]{0,31}$`},
		{"twice", func(s *Schema) { s.Scores = []string{"a", "a"} }, `schema: filter name "a" is there twice`},
		{"group", func(s *Schema) { s.RowGroupRows = -1 }, "schema: row group: -1 rows are outside 0..65536"},
		{"meta", func(s *Schema) { s.Meta.Shape = Shape{3} }, "schema: wrong tensor shape: meta says 3, schema 2x2x3"},
		{"two", func(s *Schema) { s.Profile, s.RowGroupRows = "", -1 }, "schema: profile \"\" is unknown: it is one of [compat compact fast]\nrow group: -1 rows are outside 0..65536"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := testSchema(Compat, Shape{2, 2, 3})
			c.do(&s)
			if _, err := NewWriter(io.Discard, s); err == nil || err.Error() != c.say {
				t.Errorf("got  %v\nwant %s", err, c.say)
			}
		})
	}
}

// Another reader of Parquet, parquet-go's own, sees the layout of SPEC.md.
func TestLayout(t *testing.T) {
	for _, p := range Profiles() {
		t.Run(string(p), func(t *testing.T) { testLayout(t, p) })
	}
}

func testLayout(t *testing.T, p Profile) {
	all := filters(scoresMax)
	s := testSchema(p, Shape{2, 2, 3}, all...)
	rows := testRows(5000, s)
	b, _ := write(t, s, rows)
	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	md := f.Metadata()
	if md.CreatedBy != createdBy {
		t.Errorf("created by %q", md.CreatedBy)
	}
	cs := columns(all)
	if got := len(md.RowGroups); got != 2 || md.RowGroups[0].NumRows != 4096 {
		t.Fatalf("%d row groups, %d rows in the first", got, md.RowGroups[0].NumRows)
	}
	_, offsets, err := f.ReadPageIndex()
	if err != nil {
		t.Fatal(err)
	}
	for g, rg := range md.RowGroups {
		for i, c := range rg.Columns {
			m := c.MetaData
			if !slices.Equal(m.PathInSchema, cs[i].path()) {
				t.Fatalf("column %d is %v, want %v", i, m.PathInSchema, cs[i].path())
			}
			values, codec, pages := format.Plain, format.Zstd, format.DataPage
			if p == Compact {
				pages = format.DataPageV2
			}
			if cs[i].kind == tensors && p == Compact {
				values = format.ByteStreamSplit
			}
			if cs[i].kind == tensors && p == Fast {
				codec = format.Uncompressed
			}
			for _, e := range m.Encoding {
				if e != values && e != format.RLE {
					t.Errorf("%s: encoding %v, want %v", cs[i].name, e, values)
				}
			}
			if m.Codec != codec {
				t.Errorf("%s: codec %v, want %v", cs[i].name, m.Codec, codec)
			}
			for _, p := range offsets[g*len(cs)+i].PageLocations {
				var h format.PageHeader
				n, err := guard.Decode(b[p.Offset:], &h)
				if err != nil || h.Type != pages || h.CRC == 0 || n+int(h.CompressedPageSize) != int(p.CompressedPageSize) {
					t.Fatalf("%s: a page %+v at %+v, %v", cs[i].name, h, p, err)
				}
				if e := h.DataPageHeader.V.Encoding + h.DataPageHeaderV2.V.Encoding; e != values {
					t.Errorf("%s: pages of encoding %v", cs[i].name, e)
				}
			}
			hasBounds := c.ColumnIndexOffset != 0 && m.Statistics.MaxValue != nil
			if hasBounds == cs[i].bare {
				t.Errorf("row group %d: %s: bounds: %v", g, cs[i].name, hasBounds)
			}
			if c.OffsetIndexOffset == 0 {
				t.Errorf("%s: no offset index", cs[i].name)
			}
		}
	}
	for _, p := range f.Root().Columns() {
		if !strings.HasSuffix(p.Name(), "_embedding") {
			continue
		}
		if e := p.Column("list").Column("element"); p.Optional() || !e.Optional() {
			t.Errorf("%s is not a required list of optional values", p.Name())
		}
	}
	type nullable struct {
		Turn       *int32     `parquet:"turn"`
		Context    *string    `parquet:"context"`
		Similarity *float32   `parquet:"similarity"`
		Score      *float32   `parquet:"score_f31"`
		Question   []*float32 `parquet:"question_embedding,list"`
	}
	got, err := parquet.Read[nullable](bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for i, g := range got {
		r := &rows[i]
		if (g.Turn == nil) != (r.Turn == -1) || g.Turn != nil && *g.Turn != r.Turn {
			t.Fatalf("row %d: turn %v, want %d", i, g.Turn, r.Turn)
		}
		if (g.Context == nil) != (r.Context == "") {
			t.Fatalf("row %d: context %v, want %q", i, g.Context, r.Context)
		}
		if g.Similarity == nil || *g.Similarity != r.Similarity || g.Score == nil || *g.Score != r.Scores[31] {
			t.Fatalf("row %d: similarity or score is null or wrong", i)
		}
		for j, v := range g.Question {
			if v == nil || *v != r.QuestionEmbedding[j] {
				t.Fatalf("row %d: value %d is null or wrong", i, j)
			}
		}
	}
}

// filters are n names.
func filters(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("f%02d", i)
	}
	return all
}

// goldenRows are exact in binary, so that they are the same on any machine.
func goldenRows() []Row {
	var rows []Row
	for i := range 6 {
		q, a := make([]float32, 12), make([]float32, 12)
		q[i], a[11-i] = 1, -1
		rows = append(rows, Row{
			ID: fmt.Sprintf("d1#%d", i), Question: "Grüße?", Answer: strings.Repeat("ja ", i),
			Context: []string{"", "vorher"}[i%2], DialogueID: []string{"d1", ""}[i%2], Lang: []string{"de", ""}[i/3],
			Turn: int32(i - 1), Source: "chats.jsonl", Split: "train", Similarity: float32(i) / 4,
			Scores: []float32{float32(i % 2)}, QuestionEmbedding: q, AnswerEmbedding: a,
		})
	}
	return rows
}

func TestLongTextsEndARowGroupEarly(t *testing.T) {
	s := testSchema(Compat, Shape{1})
	rows := testRows(60, s)
	for i := range rows {
		rows[i].Question = strings.Repeat("x", 1<<20)
	}
	b, _ := write(t, s, rows)
	f, err := readFooter(bytes.NewReader(b), int64(len(b)), func([]column) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if len(f.groups) != 2 || f.groups[0].rows != 32 {
		t.Errorf("%d row groups, %d rows in the first, want 2 and 32", len(f.groups), f.groups[0].rows)
	}
	if got := read(t, b); len(got) != 60 || got[59].Question != rows[59].Question {
		t.Error("the long texts do not come back")
	}
	rows[0].Answer = strings.Repeat("x", textBytesMax+1)
	w, err := NewWriter(io.Discard, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rows); !errors.Is(err, ErrText) {
		t.Errorf("a text beyond the limit: %v", err)
	}
}

// fullDisk takes some bytes and then fails.
type fullDisk struct{ room int }

var errFull = errors.New("disk is full")

func (f *fullDisk) Write(b []byte) (int, error) {
	if len(b) > f.room {
		n := f.room
		f.room = 0
		return n, errFull
	}
	f.room -= len(b)
	return len(b), nil
}

func TestWriterReportsAFullDisk(t *testing.T) {
	s := testSchema(Compat, Shape{2, 2, 3}, "length")
	s.RowGroupRows = 4
	_, st := write(t, s, goldenRows())
	for room := 0; room < int(st.Bytes); room += 11 {
		w, err := NewWriter(&fullDisk{room}, s)
		if err != nil {
			t.Fatal(err)
		}
		err = w.Write(goldenRows())
		if _, cerr := w.Close(); err == nil {
			err = cerr
		}
		if !errors.Is(err, errFull) {
			t.Fatalf("with room for %d of %d bytes: %v", room, st.Bytes, err)
		}
	}
}

// What Close says of the tensors' room is what the footer says later.
func TestVolume(t *testing.T) {
	for _, p := range Profiles() {
		s := testSchema(p, Shape{16, 48})
		s.RowGroupRows = 100
		rows := testRows(250, s)
		b, st := write(t, s, rows)
		part, err := OpenReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		v := st.Tensors
		if want := int64(250 * 2 * 768 * 4); v != part.Tensors() || v.Raw != want || v.Stored >= int64(len(b)) {
			t.Errorf("%s: close says %+v, the footer %+v, raw are %d", p, v, part.Tensors(), want)
		}
		if r := v.Ratio(); (r > 1) != (p == Fast) || r > 1.01 || r < 0.8 {
			t.Errorf("%s: ratio %v", p, r)
		}
	}
	if r := (Volume{}).Ratio(); r != 0 {
		t.Errorf("ratio of nothing: %v", r)
	}
}

// What the caller does to his slices after Write is his own business.
func TestWriterKeepsNoReference(t *testing.T) {
	s := testSchema(Compact, Shape{2, 3}, "length")
	want := testRows(200, s)
	var b bytes.Buffer
	w, err := NewWriter(&b, s)
	if err != nil {
		t.Fatal(err)
	}
	row := []Row{{QuestionEmbedding: make([]float32, 6), AnswerEmbedding: make([]float32, 6), Scores: make([]float32, 1)}}
	for i := range want {
		q, a, scores := row[0].QuestionEmbedding, row[0].AnswerEmbedding, row[0].Scores
		copy(q, want[i].QuestionEmbedding)
		copy(a, want[i].AnswerEmbedding)
		copy(scores, want[i].Scores)
		row[0] = want[i]
		row[0].QuestionEmbedding, row[0].AnswerEmbedding, row[0].Scores = q, a, scores
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, b.Bytes()); !reflect.DeepEqual(got, want) {
		t.Error("other rows come back")
	}
}
