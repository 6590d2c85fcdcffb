package tensor

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	guard "github.com/cubeset/cubeset/formats/internal/footer"
)

// createdBy is constant, since the same rows are to be the same bytes.
const createdBy = "cubeset version " + FormatVersion + ".0 (build 0)"

// Stat describes a written file.
type Stat struct {
	Rows    int64
	Bytes   int64
	SHA256  string // hex
	Tensors Volume
}

// table writes rows as a Parquet file, to a writer that cannot seek: give a
// row's values to leaves, one a column, then call endRow. It holds one row
// group, and when that ends is the caller's business.
//
// All values of a column lie together only within a row group, and what a
// tensor column needs of Parquet is little: no library's writer is as fast as
// pages made of the values as they come.
type table struct {
	leaves []leaf
	sink   *sink
	md     format.FileMetaData
	rows   int64 // of the row group
	pages  []pageIndex
	stored Volume // of the tensors
}

// newTable starts a file with these keys in its footer. A tensor has size
// values.
func newTable(w io.Writer, cs []column, l layout, size int, keys map[string]string) *table {
	t := &table{leaves: make([]leaf, len(cs)), sink: newSink(w), md: format.FileMetaData{
		Version: 2, Schema: schemaElements(cs), CreatedBy: createdBy,
	}}
	for i, c := range cs {
		t.leaves[i] = newLeaf(c, l, size)
		t.md.ColumnOrders = append(t.md.ColumnOrders, format.ColumnOrder{Value: new(format.TypeDefinedOrder)})
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		t.md.KeyValueMetadata = append(t.md.KeyValueMetadata, format.KeyValue{Key: k, Value: keys[k]})
	}
	return t
}

func (t *table) endRow() error {
	t.rows++
	for i := range t.leaves {
		if err := t.leaves[i].endRow(); err != nil {
			return fmt.Errorf("column %s: %w", t.leaves[i].column.name, err)
		}
	}
	return nil
}

// flush writes the rows so far as a row group.
func (t *table) flush() error {
	if t.rows == 0 {
		return nil
	}
	if err := t.begin(); err != nil {
		return err
	}
	g := format.RowGroup{NumRows: t.rows, FileOffset: t.sink.bytes, Ordinal: int16(len(t.md.RowGroups))}
	for i := range t.leaves {
		l := &t.leaves[i]
		if err := l.endPage(); err != nil {
			return fmt.Errorf("column %s: %w", l.column.name, err)
		}
		m, index, err := l.writeChunk(t.sink)
		if err != nil {
			return err
		}
		if l.column.kind == tensors {
			t.stored = t.stored.Add(Volume{4 * m.NumValues, m.TotalCompressedSize})
		}
		g.TotalByteSize += m.TotalUncompressedSize
		g.TotalCompressedSize += m.TotalCompressedSize
		g.Columns = append(g.Columns, format.ColumnChunk{MetaData: m})
		t.pages = append(t.pages, index)
	}
	t.md.RowGroups = append(t.md.RowGroups, g)
	t.md.NumRows += t.rows
	t.rows = 0
	return nil
}

// begin writes what every file begins with.
func (t *table) begin() (err error) {
	if t.sink.bytes == 0 {
		_, err = io.WriteString(t.sink, guard.Magic)
	}
	return err
}

// close ends the file. The caller has flushed.
func (t *table) close() (Stat, error) {
	if err := t.begin(); err != nil {
		return Stat{}, err
	}
	end, err := t.end()
	if err != nil {
		return Stat{}, fmt.Errorf("footer: %w", err)
	}
	if _, err := t.sink.Write(end); err != nil {
		return Stat{}, err
	}
	return Stat{Rows: t.md.NumRows, Bytes: t.sink.bytes, SHA256: t.sink.sum(), Tensors: t.stored}, nil
}

// end is the page index and the footer. Readers take each half of the index to
// lie in one piece.
func (t *table) end() ([]byte, error) {
	var b []byte
	p := new(thrift.CompactProtocol)
	add := func(v any) (at int64, size int32, err error) {
		s, err := thrift.Marshal(p, v)
		at, size = t.sink.bytes+int64(len(b)), int32(len(s))
		b = append(b, s...)
		return at, size, err
	}
	chunk := func(i int) *format.ColumnChunk {
		return &t.md.RowGroups[i/len(t.leaves)].Columns[i%len(t.leaves)]
	}
	var err error
	for i, x := range t.pages {
		if x.bounds == nil {
			continue
		}
		c := chunk(i)
		if c.ColumnIndexOffset, c.ColumnIndexLength, err = add(x.bounds); err != nil {
			return nil, err
		}
	}
	for i, x := range t.pages {
		c := chunk(i)
		if c.OffsetIndexOffset, c.OffsetIndexLength, err = add(&x.places); err != nil {
			return nil, err
		}
	}
	_, size, err := add(&t.md)
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	return append(b, guard.Magic...), err
}
