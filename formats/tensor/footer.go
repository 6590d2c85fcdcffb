package tensor

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go/format"

	guard "github.com/cubeset/cubeset/formats/internal/footer"
)

const chunkBytesMax = 4 << 30

// footer is what a reader has checked of a file before it reads a page.
type footer struct {
	columns []column
	groups  []group
	rows    int64
	keys    map[string]string
}

type group struct {
	rows   int64
	chunks []chunk // one a column
}

// chunk is where a row group keeps a column.
type chunk struct {
	codec        format.CompressionCodec
	offset, size int64
	values       int64
	split        bool // some of its values are BYTE_STREAM_SPLIT
}

// readFooter reads a file's end, lets check refuse its columns, and holds every
// number against the file's size and the other numbers.
func readFooter(r io.ReaderAt, size int64, check func([]column) error) (*footer, error) {
	md, end, err := guard.Read(r, size)
	if errors.Is(err, guard.ErrNotParquet) {
		return nil, fmt.Errorf("%w: %w", ErrNotDataset, err)
	}
	if err != nil {
		return nil, err
	}
	f := &footer{rows: md.NumRows, keys: map[string]string{}}
	for _, kv := range md.KeyValueMetadata {
		f.keys[kv.Key] = kv.Value
	}
	if f.columns, err = readColumns(md.Schema); err != nil {
		return nil, err
	}
	if err := check(f.columns); err != nil {
		return nil, err
	}
	if len(md.RowGroups) > rowGroupsMax {
		return nil, fmt.Errorf("footer: %w: %d row groups, at most %d", ErrDamaged, len(md.RowGroups), rowGroupsMax)
	}
	var rows int64
	for i := range md.RowGroups {
		g, err := readGroup(&md.RowGroups[i], f.columns, end)
		if err != nil {
			return nil, fmt.Errorf("footer: row group %d: %w", i, err)
		}
		f.groups = append(f.groups, g)
		rows += g.rows
	}
	if rows != f.rows {
		return nil, fmt.Errorf("footer: %w: it counts %d rows, its row groups %d", ErrDamaged, f.rows, rows)
	}
	return f, nil
}

// readColumns turns a flattened schema into columns. Whatever cubeset does not
// write is refused.
func readColumns(schema []format.SchemaElement) ([]column, error) {
	if len(schema) == 0 {
		return nil, fmt.Errorf("footer: %w: no schema", ErrDamaged)
	}
	var cs []column
	for at := 1; at < len(schema); {
		c, used, ok := readColumn(schema[at:])
		if !ok {
			return nil, fmt.Errorf("%w: column %q has a type of another program", ErrNotDataset, clip(schema[at].Name))
		}
		cs = append(cs, c)
		at += used
	}
	if n := int(schema[0].NumChildren.V); n != len(cs) {
		return nil, fmt.Errorf("footer: %w: the schema counts %d columns and has %d", ErrDamaged, n, len(cs))
	}
	return cs, nil
}

func readColumn(s []format.SchemaElement) (c column, used int, ok bool) {
	e := &s[0]
	c.name = e.Name
	if e.Type.Valid {
		c.nullable = e.RepetitionType.V == format.Optional
		for _, k := range []kind{text, int32s, int64s, float32s} {
			if k.physical() == e.Type.V {
				c.kind = k
				return c, 1, e.RepetitionType.V != format.Repeated && !e.NumChildren.Valid
			}
		}
		return c, 0, false
	}
	if len(s) < 3 {
		return c, 0, false
	}
	list, value := &s[1], &s[2]
	c.kind = tensors
	return c, 3, e.NumChildren.V == 1 && e.RepetitionType.V == format.Required &&
		!list.Type.Valid && list.NumChildren.V == 1 && list.RepetitionType.V == format.Repeated &&
		value.Type.Valid && value.Type.V == format.Float && value.RepetitionType.V == format.Optional
}

// codecs are those a page may be compressed with. parquet-go's others can be
// made to ask for gigabytes.
var codecs = []format.CompressionCodec{format.Uncompressed, format.Zstd, format.Snappy, format.Gzip}

func readGroup(rg *format.RowGroup, cs []column, end int64) (group, error) {
	g := group{rows: rg.NumRows, chunks: make([]chunk, len(cs))}
	if g.rows < 1 || g.rows > rowGroupRowsMax {
		return g, fmt.Errorf("%w: %d rows are outside 1..%d", ErrDamaged, g.rows, rowGroupRowsMax)
	}
	if len(rg.Columns) != len(cs) {
		return g, fmt.Errorf("%w: %d columns, the schema has %d", ErrDamaged, len(rg.Columns), len(cs))
	}
	for i := range cs {
		m := &rg.Columns[i].MetaData
		if rg.Columns[i].FilePath != "" || m.DictionaryPageOffset != 0 {
			return g, fmt.Errorf("column %s: %w: pages of another program", cs[i].name, ErrNotDataset)
		}
		k := chunk{codec: m.Codec, offset: m.DataPageOffset, size: m.TotalCompressedSize, values: m.NumValues,
			split: slices.Contains(m.Encoding, format.ByteStreamSplit)}
		g.chunks[i] = k
		var what string
		switch {
		case m.Type != cs[i].kind.physical() || !slices.Equal(m.PathInSchema, cs[i].path()):
			what = "another column than the schema's"
		case !slices.Contains(codecs, k.codec):
			what = fmt.Sprintf("codec %d is not one of %v", k.codec, codecs)
		case k.offset < int64(len(guard.Magic)) || k.size < 1 || k.size > chunkBytesMax || k.offset > end-k.size:
			what = fmt.Sprintf("bytes %d+%d are outside of the file", k.offset, k.size)
		case cs[i].kind != tensors && k.values != g.rows,
			cs[i].kind == tensors && (k.values < g.rows || k.values%g.rows != 0 || k.values/g.rows > shapeSizeMax):
			what = fmt.Sprintf("%d values in %d rows", k.values, g.rows)
		default:
			continue
		}
		return g, fmt.Errorf("column %s: %w: %s", cs[i].name, ErrDamaged, what)
	}
	return g, nil
}
