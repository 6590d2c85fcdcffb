package tensor

import (
	"fmt"

	"github.com/parquet-go/parquet-go/format"

	guard "github.com/cubeset/cubeset/formats/internal/footer"
)

const (
	pageHeaderMax = 64 << 10
	pageBytesMax  = 64 << 20
)

// pageHead is what the headers of both versions of a data page say.
type pageHead struct {
	stored, expanded int // bytes, levels among them
	crc              int32
	values           int
	split            bool // the values are BYTE_STREAM_SPLIT

	// Version 2 keeps the levels ahead of what is compressed, and says how many
	// bytes they have. In version 1 they are compressed with the values.
	apart            bool
	repeats, defined int
	plain            bool // version 2 may leave a page uncompressed
}

// header reads and checks the next page's header and steps over it.
func (p *pages) header() (h pageHead, err error) {
	if len(p.values) != 0 {
		return h, fmt.Errorf("%w: %d bytes behind a page's values", ErrDamaged, len(p.values))
	}
	head := new(format.PageHeader)
	n, err := p.decodeHeader(head, 256)
	if err != nil { // statistics make a header long
		if n, err = p.decodeHeader(head, pageHeaderMax); err != nil {
			return h, err
		}
	}
	p.at += int64(n)
	h = pageHead{stored: int(head.CompressedPageSize), expanded: int(head.UncompressedPageSize), crc: head.CRC}
	if h.stored < 0 || int64(h.stored) > p.end-p.at || h.stored > pageBytesMax || h.expanded < 0 || h.expanded > pageBytesMax {
		return h, fmt.Errorf("%w: a page of %d bytes, %d expanded, with %d left", ErrDamaged, h.stored, h.expanded, p.end-p.at)
	}
	switch {
	case head.Type == format.DataPage && head.DataPageHeader.Valid:
		err = h.version1(&head.DataPageHeader.V, p.column.kind)
	case head.Type == format.DataPageV2 && head.DataPageHeaderV2.Valid:
		err = h.version2(&head.DataPageHeaderV2.V, p.column, p.size)
	default:
		err = fmt.Errorf("%w: page type %d, want %d or %d", ErrDamaged, head.Type, format.DataPage, format.DataPageV2)
	}
	if err == nil && p.column.kind == tensors && 4*int64(h.values) > int64(h.expanded) { // ask for no level that has no value
		err = fmt.Errorf("%w: %d values in a page of %d bytes", ErrDamaged, h.values, h.expanded)
	}
	if err == nil && (h.values < 1 || int64(h.values) > p.left || h.values%p.size != 0) {
		err = fmt.Errorf("%w: a page of %d values with %d left, %d a row", ErrDamaged, h.values, p.left, p.size)
	}
	return h, err
}

// decodeHeader looks for a header in the next size bytes.
func (p *pages) decodeHeader(h *format.PageHeader, size int64) (n int, err error) {
	if p.raw, err = p.grow(p.raw, int(min(p.end-p.at, size))); err != nil {
		return 0, err
	}
	if err := guard.ReadAt(p.r, p.raw, p.at); err != nil {
		return 0, err
	}
	*h = format.PageHeader{}
	if n, err = guard.Decode(p.raw, h); err != nil {
		return 0, fmt.Errorf("page header: %w", err)
	}
	return n, nil
}

func (h *pageHead) version1(d *format.DataPageHeader, k kind) error {
	h.values = int(d.NumValues)
	if d.DefinitionLevelEncoding != format.RLE || d.RepetitionLevelEncoding != format.RLE {
		return fmt.Errorf("%w: level encodings %d and %d, want %d", ErrDamaged, d.DefinitionLevelEncoding, d.RepetitionLevelEncoding, format.RLE)
	}
	return h.encoding(d.Encoding, k)
}

func (h *pageHead) version2(d *format.DataPageHeaderV2, c column, size int) error {
	h.apart, h.values = true, int(d.NumValues)
	h.repeats, h.defined = int(d.RepetitionLevelsByteLength), int(d.DefinitionLevelsByteLength)
	h.plain = d.IsCompressed.Valid && !d.IsCompressed.V
	levels := int64(h.repeats) + int64(h.defined)
	switch {
	case h.repeats < 0 || h.defined < 0 || levels > int64(min(h.stored, h.expanded)),
		c.kind != tensors && h.repeats > 0, c.kind != tensors && !c.nullable && h.defined > 0:
		return fmt.Errorf("%w: %d and %d bytes of levels in a page of %d, %d expanded", ErrDamaged, h.repeats, h.defined, h.stored, h.expanded)
	case int64(d.NumRows)*int64(size) != int64(h.values), d.NumNulls < 0 || d.NumNulls > d.NumValues, !c.nullable && d.NumNulls > 0:
		return fmt.Errorf("%w: a page of %d values, %d null, in %d rows, %d a row", ErrDamaged, h.values, d.NumNulls, d.NumRows, size)
	}
	return h.encoding(d.Encoding, c.kind)
}

func (h *pageHead) encoding(e format.Encoding, k kind) error {
	h.split = e == format.ByteStreamSplit
	if e != format.Plain && !(h.split && k == tensors) {
		return fmt.Errorf("%w: page encoding %d, want %d or, of a tensor, %d", ErrDamaged, e, format.Plain, format.ByteStreamSplit)
	}
	return nil
}
