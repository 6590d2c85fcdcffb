package tensor

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// forge writes goldenRows without a check, after a change, in any layout.
func forge(t testing.TB, l layout, change func([]Row)) []byte {
	t.Helper()
	rows := goldenRows()
	if change != nil {
		change(rows)
	}
	return unchecked(t, testSchema(Compat, Shape{2, 2, 3}, "length"), l, rows)
}

// unchecked writes rows that the writer would refuse.
func unchecked(t testing.TB, s Schema, l layout, rows []Row) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, s)
	if err != nil {
		t.Fatal(err)
	}
	w.table = newTable(&b, columns(s.Scores), l, s.Shape.Size(), map[string]string{
		metaKey: metaOf(t, s), arrowKey: arrowSchema(columns(s.Scores), s.Shape),
	})
	for i := range rows {
		w.append(&rows[i])
		if err := w.table.endRow(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.table.flush(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func metaOf(t testing.TB, s Schema) string {
	s.Meta.FormatVersion, s.Meta.Shape = FormatVersion, s.Shape
	meta, err := json.Marshal(s.Meta)
	if err != nil {
		t.Fatal(err)
	}
	return string(meta)
}

// nullable is a row as another program writes it, parquet-go, for which a value
// may be null and a list of any length.
type nullable struct {
	ID         string     `parquet:"id,plain,zstd"`
	Question   string     `parquet:"question,plain,zstd"`
	Answer     string     `parquet:"answer,plain,zstd"`
	Context    string     `parquet:"context,plain,zstd,optional"`
	DialogueID string     `parquet:"dialogue_id,plain,zstd,optional"`
	Turn       *int32     `parquet:"turn,plain,zstd,optional"`
	Lang       string     `parquet:"lang,plain,zstd,optional"`
	Source     string     `parquet:"source,plain,zstd"`
	Split      string     `parquet:"split,plain,zstd"`
	Similarity float32    `parquet:"similarity,plain,zstd"`
	Q          []*float32 `parquet:"question_embedding,list,zstd" parquet-element:",plain"`
	A          []*float32 `parquet:"answer_embedding,list,zstd" parquet-element:",plain"`
}

// foreign writes three rows with parquet-go, after a change and with the tags
// of some fields replaced.
func foreign(t testing.TB, change func([]nullable), tags ...parquet.WriterOption) []byte {
	t.Helper()
	rows := make([]nullable, 3)
	for i := range rows {
		rows[i] = nullable{ID: "a", Question: "why?", Answer: "so", Source: "chats.jsonl", Split: "train", Q: values(12), A: values(12)}
		*rows[i].Q[i], *rows[i].A[i] = 1, 1
	}
	if change != nil {
		change(rows)
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[nullable](io.Writer(&b), append(tags, parquet.DataPageVersion(1),
		parquet.KeyValueMetadata(metaKey, metaOf(t, testSchema(Compat, Shape{2, 2, 3}))), &parquet.WriterConfig{CreatedBy: createdBy})...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func values(n int) []*float32 {
	v := make([]*float32, n)
	for i := range v {
		v[i] = new(float32)
	}
	return v
}

// tag is parquet.StructTag as an option of a writer.
type tag struct {
	tag   reflect.StructTag
	field string
}

func (t tag) ConfigureWriter(c *parquet.WriterConfig) {
	parquet.StructTag(t.tag, t.field).ConfigureSchema(c.SchemaConfig)
}
