package tensor

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/cubeset/cubeset/formats/internal/planes"
)

// page is one that is finished.
type page struct {
	head, body  []byte // head holds also what in front of the body is not compressed
	rows, nulls int
	expanded    int // bytes with the header, if nothing were compressed
	bounds      bounds
}

// endPage makes a page of the rows so far, if there are any.
func (l *leaf) endPage() error {
	if l.rows == 0 {
		return nil
	}
	nulls := bytes.Count(l.levels, []byte{0})
	h := format.PageHeader{}
	front := l.header(&h, nulls)
	h.UncompressedPageSize = int32(len(front) + len(l.values))
	body, front := l.arrange(front)
	if l.codec.CompressionCodec() != format.Uncompressed {
		var err error
		if body, err = l.codec.Encode(l.buffer(len(body)), body); err != nil {
			return err
		}
	} else if l.split { // the page keeps the buffer
		l.scratch = nil
	} else {
		l.values = nil
	}
	h.CompressedPageSize = int32(len(front) + len(body))
	h.CRC = int32(crc32.Update(crc32.ChecksumIEEE(front), crc32.IEEETable, body))
	head, err := thrift.Marshal(new(thrift.CompactProtocol), &h)
	if err != nil {
		return err
	}
	l.pages = append(l.pages, page{
		head: append(head, front...), body: body, rows: l.rows, nulls: nulls,
		expanded: len(head) + int(h.UncompressedPageSize), bounds: l.bounds,
	})
	l.values, l.levels, l.rows, l.bounds = l.values[:0], l.levels[:0], 0, bounds{kind: l.column.kind}
	return nil
}

// header fills in what depends on the version of the page, and returns the
// levels as they stand in front of the values.
func (l *leaf) header(h *format.PageHeader, nulls int) (front []byte) {
	n := int32(l.rows * l.size)
	var repeats, defined []byte
	switch {
	case l.column.kind == tensors:
		repeats, defined = tensorLevels(l.rows, l.size)
	case l.column.nullable:
		defined = packLevels(l.levels)
	}
	if l.version == 2 {
		h.Type = format.DataPageV2
		h.DataPageHeaderV2.Set(format.DataPageHeaderV2{
			NumValues: n, NumNulls: int32(nulls), NumRows: int32(l.rows), Encoding: l.encodings[0],
			DefinitionLevelsByteLength: int32(len(defined)), RepetitionLevelsByteLength: int32(len(repeats)),
			IsCompressed: thrift.New(l.codec.CompressionCodec() != format.Uncompressed),
		})
		return append(repeats, defined...)
	}
	h.DataPageHeader.Set(format.DataPageHeader{
		NumValues: n, Encoding: l.encodings[0], DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE,
	})
	for _, levels := range [][]byte{repeats, defined} {
		if levels != nil {
			front = binary.LittleEndian.AppendUint32(front, uint32(len(levels)))
			front = append(front, levels...)
		}
	}
	return front
}

// arrange puts together what is to be compressed, which in version 1 is all of
// the page. The rest is what stays in front of it.
func (l *leaf) arrange(front []byte) (body, rest []byte) {
	l.scratch = l.scratch[:0]
	if l.version == 1 && len(front) > 0 && l.codec.CompressionCodec() != format.Uncompressed {
		l.scratch, front = append(l.scratch, front...), nil
	}
	switch {
	case l.split:
		l.scratch = planes.AppendSplit(l.scratch, l.values)
	case len(l.scratch) == 0:
		return l.values, front
	default:
		l.scratch = append(l.scratch, l.values...)
	}
	return l.scratch, front
}

// writeChunk writes the finished pages as the column's part of a row group.
func (l *leaf) writeChunk(w *sink) (format.ColumnMetaData, pageIndex, error) {
	m := format.ColumnMetaData{
		Type: l.column.kind.physical(), Encoding: l.encodings, PathInSchema: l.path,
		Codec: l.codec.CompressionCodec(), DataPageOffset: w.bytes,
	}
	var index pageIndex
	if !l.column.bare {
		index.bounds = new(format.ColumnIndex)
	}
	all := bounds{kind: l.column.kind}
	var rows int64
	for i := range l.pages {
		p := &l.pages[i]
		index.add(p, w.bytes, rows)
		all.merge(&p.bounds)
		m.NumValues += int64(p.rows * l.size)
		m.TotalUncompressedSize += int64(p.expanded)
		m.Statistics.NullCount += int64(p.nulls)
		rows += int64(p.rows)
		for _, b := range [][]byte{p.head, p.body} {
			if _, err := w.Write(b); err != nil {
				return m, index, err
			}
		}
		l.spare = append(l.spare, p.body)
		p.body = nil
	}
	l.pages = l.pages[:0]
	m.TotalCompressedSize = w.bytes - m.DataPageOffset
	m.Statistics.MinValue, m.Statistics.MaxValue = all.written()
	return m, index, nil
}

// pageIndex says where the pages of a column chunk are, and what is in them.
type pageIndex struct {
	places format.OffsetIndex
	bounds *format.ColumnIndex // nil for a column without
}

// add counts in a page at an offset of the file and a row of the row group.
func (x *pageIndex) add(p *page, offset, row int64) {
	x.places.PageLocations = append(x.places.PageLocations, format.PageLocation{
		Offset: offset, CompressedPageSize: int32(len(p.head) + len(p.body)), FirstRowIndex: row,
	})
	if b := x.bounds; b != nil {
		low, high := p.bounds.written()
		b.NullPages = append(b.NullPages, !p.bounds.any)
		b.MinValues, b.MaxValues = append(b.MinValues, low), append(b.MaxValues, high)
		b.NullCounts = append(b.NullCounts, int64(p.nulls))
	}
}
