package tensor

import (
	"io"

	"github.com/parquet-go/parquet-go"
)

const (
	pageBytes = 1 << 20 // a page is cut once it holds this much

	// createdBy is constant, since the same rows are to be the same bytes.
	createdBy = "cubeset version " + FormatVersion + ".0 (build 0)"
)

// Stat describes a written file.
type Stat struct {
	Rows    int64
	Bytes   int64
	SHA256  string // hex
	Tensors Volume
}

// table writes records of one type as a Parquet file, to a writer that cannot
// seek. Row groups are the caller's business: end them with flush.
type table[T any] struct {
	gw   *parquet.GenericWriter[T]
	sink *sink
	cs   []column
	rows int64
}

func newTable[T any](w io.Writer, cs []column, l layout, keys map[string]string, opts ...parquet.WriterOption) *table[T] {
	s := newSink(w)
	opts = append(opts,
		&parquet.WriterConfig{CreatedBy: createdBy},
		parquet.DataPageVersion(l.pages),
		parquet.PageBufferSize(pageBytes),
		parquet.WriteBufferSize(0), // the sink must see each byte at once, to know where the row groups end
		parquet.Compression(l.tensors),
	)
	for _, c := range cs {
		opts = append(opts, parquet.SkipPageStatistics(c.path()...)) // the page index holds them already
		if c.bare {
			opts = append(opts, parquet.SkipPageBounds(c.path()...))
		}
	}
	for k, v := range keys {
		opts = append(opts, parquet.KeyValueMetadata(k, v)) // parquet-go sorts them
	}
	return &table[T]{gw: parquet.NewGenericWriter[T](s, opts...), sink: s, cs: cs}
}

func (t *table[T]) write(records []T) error {
	_, err := t.gw.Write(records)
	t.rows += int64(len(records))
	return err
}

// flush ends the row group.
func (t *table[T]) flush() error { return t.gw.Flush() }

// close ends the file. The caller has flushed.
func (t *table[T]) close() (Stat, error) {
	t.sink.hold()
	if err := t.gw.Close(); err != nil {
		return Stat{}, err
	}
	md := t.gw.File().Metadata()
	if err := t.sink.release(md, t.cs); err != nil {
		return Stat{}, err
	}
	st := Stat{Rows: t.rows, Bytes: t.sink.bytes, SHA256: t.sink.sum()}
	for i := range md.RowGroups {
		for j, c := range t.cs {
			if m := &md.RowGroups[i].Columns[j].MetaData; c.kind == tensors {
				st.Tensors = st.Tensors.Add(Volume{4 * m.NumValues, m.TotalCompressedSize})
			}
		}
	}
	return st, nil
}
