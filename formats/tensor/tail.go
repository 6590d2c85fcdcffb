package tensor

import (
	"encoding/binary"
	"fmt"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	guard "github.com/cubeset/cubeset/formats/internal/footer"
)

// correctTail makes, of the page index and footer that parquet-go wrote at
// offset start of a file, what a part must have.
//
//   - A tensor column becomes a required list of optional values: only then do
//     Arrow's readers restore the tensor type. It was written as an optional
//     list of required values, because parquet-go writes an optional float of
//     0 as null. No list is absent or empty here, so that the levels of both
//     shapes are the same bytes.
//   - A column without bounds loses its column index, in which parquet-go
//     claims bounds of 0 to 0. Readers take the index to lie in one piece, so
//     what is left moves together.
func correctTail(tail []byte, start int64, md *format.FileMetaData, cs []column) ([]byte, error) {
	if err := flipTensors(md.Schema, cs); err != nil {
		return nil, err
	}
	var out []byte
	if start == 0 { // a file without rows: its tail is all of it
		out = append(out, tail[:len(guard.Magic)]...)
	}
	move := func(offset *int64, length int32) {
		from := *offset - start
		*offset = start + int64(len(out))
		out = append(out, tail[from:from+int64(length)]...)
	}
	for g := range md.RowGroups {
		for i := range md.RowGroups[g].Columns {
			c := &md.RowGroups[g].Columns[i]
			if cs[i].bare {
				c.ColumnIndexOffset, c.ColumnIndexLength = 0, 0
			} else {
				move(&c.ColumnIndexOffset, c.ColumnIndexLength)
			}
		}
	}
	for g := range md.RowGroups {
		for i := range md.RowGroups[g].Columns {
			c := &md.RowGroups[g].Columns[i]
			move(&c.OffsetIndexOffset, c.OffsetIndexLength)
		}
	}
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), md)
	if err != nil {
		return nil, fmt.Errorf("footer: %w", err)
	}
	out = append(out, footer...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(footer)))
	return append(out, guard.Magic...), nil
}

// flipTensors finds the two lists by their place in the flattened schema: a
// root, then one element a column and three a tensor.
func flipTensors(schema []format.SchemaElement, cs []column) error {
	at := 1
	for _, c := range cs {
		if at >= len(schema) || schema[at].Name != c.name {
			return fmt.Errorf("schema element %d is not column %s", at, c.name)
		}
		if c.kind == tensors {
			schema[at].RepetitionType.Set(format.Required)
			schema[at+2].RepetitionType.Set(format.Optional)
			at += 2
		}
		at++
	}
	return nil
}
