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
	rows   int64  // of the row group
	stored Volume // of the tensors

	// Both halves of the page index, encoded, chunk after chunk: a part may have
	// many thousands.
	bounds, places []byte
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
		c := format.ColumnChunk{MetaData: m}
		if index.bounds != nil {
			t.bounds, c.ColumnIndexLength, err = appendThrift(t.bounds, index.bounds)
		}
		if err == nil {
			t.places, c.OffsetIndexLength, err = appendThrift(t.places, &index.places)
		}
		if err != nil {
			return fmt.Errorf("column %s: page index: %w", l.column.name, err)
		}
		g.Columns = append(g.Columns, c)
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
	t.leaves = nil // their buffers have room for the footer
	footer, err := t.footer()
	if err != nil {
		return Stat{}, fmt.Errorf("footer: %w", err)
	}
	for _, b := range [][]byte{t.bounds, t.places, footer} {
		if _, err := t.sink.Write(b); err != nil {
			return Stat{}, err
		}
	}
	return Stat{Rows: t.md.NumRows, Bytes: t.sink.bytes, SHA256: t.sink.sum(), Tensors: t.stored}, nil
}

// footer is what stands behind the page index. Readers take each half of the
// index to lie in one piece.
func (t *table) footer() ([]byte, error) {
	bounds := t.sink.bytes
	places := bounds + int64(len(t.bounds))
	for i := range t.md.RowGroups {
		for j := range t.md.RowGroups[i].Columns {
			c := &t.md.RowGroups[i].Columns[j]
			if c.ColumnIndexLength > 0 {
				c.ColumnIndexOffset = bounds
			}
			c.OffsetIndexOffset = places
			bounds += int64(c.ColumnIndexLength)
			places += int64(c.OffsetIndexLength)
		}
	}
	b, size, err := appendThrift(nil, &t.md)
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	return append(b, guard.Magic...), err
}

// appendThrift also returns how many bytes it appends.
func appendThrift(b []byte, v any) ([]byte, int32, error) {
	s, err := thrift.Marshal(new(thrift.CompactProtocol), v)
	return append(b, s...), int32(len(s)), err
}
