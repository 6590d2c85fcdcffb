package foreign

import (
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"

	"github.com/cubeset/cubeset/formats/internal/footer"
)

const (
	pageHeaderMax   = 1 << 20 // statistics may quote long texts
	pageEntriesMax  = 1 << 26
	groupEntriesMax = 1 << 40
)

// pool is the memory and the decoder that all leaves share.
type pool struct {
	left    int           // bytes that buffers may still grow
	decoder *zstd.Decoder // nil until it is needed
}

// zstd is a decoder that never goes beyond the buffer it is given.
func (p *pool) zstd() (_ *zstd.Decoder, err error) {
	if p.decoder == nil {
		p.decoder, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(pageBytesMax), zstd.WithDecoderMaxWindow(pageBytesMax), zstd.WithDecodeAllCapLimit(true))
	}
	return p.decoder, err
}

// grow makes a buffer n bytes long. What was in it is lost.
func (p *pool) grow(b []byte, n int) ([]byte, error) {
	if n > cap(b) {
		if p.left -= n - cap(b); p.left < 0 {
			return nil, fmt.Errorf("%w: pages of more than %d bytes at once", ErrUnsupported, bufferBytesMax)
		}
		b = make([]byte, n)
	}
	return b[:n], nil
}

// checkGroup holds what the footer says of a row group against the schema,
// which has so many leaves, and the file.
func (d *Reader) checkGroup(g *format.RowGroup, leaves int) error {
	if g.NumRows < 0 || g.NumRows > rowsMax {
		return fmt.Errorf("%w: %d rows", ErrDamaged, g.NumRows)
	}
	if len(g.Columns) != leaves {
		return fmt.Errorf("%w: %d columns, the schema has %d", ErrDamaged, len(g.Columns), leaves)
	}
	for _, l := range d.leaves {
		if err := l.check(&g.Columns[l.index], g.NumRows, d.end); err != nil {
			return fmt.Errorf("column %q: %w", clip(l.path), err)
		}
	}
	return nil
}

func (l *leaf) check(c *format.ColumnChunk, rows, end int64) error {
	m := &c.MetaData
	from := chunkStart(m)
	switch {
	case c.CryptoMetadata.Value != nil || len(c.EncryptedColumnMetadata) > 0:
		return fmt.Errorf("%w: an encrypted column", ErrUnsupported)
	case c.FilePath != "":
		return fmt.Errorf("%w: values in another file", ErrUnsupported)
	case !readable(m.Codec):
		return fmt.Errorf("%w: compression %v", ErrUnsupported, m.Codec)
	case m.Type != l.physical:
		return fmt.Errorf("%w: values of type %v, the schema says %v", ErrDamaged, m.Type, l.physical)
	case m.NumValues < rows || l.rep == 0 && m.NumValues != rows || m.NumValues > groupEntriesMax:
		return fmt.Errorf("%w: %d values in %d rows", ErrDamaged, m.NumValues, rows)
	case from < int64(len(Magic)) || m.TotalCompressedSize < 0 || m.TotalCompressedSize > end || from > end-m.TotalCompressedSize:
		return fmt.Errorf("%w: bytes %d+%d are outside of the pages", ErrDamaged, from, m.TotalCompressedSize)
	}
	return nil
}

// chunkStart is the offset of the first page, which may be a dictionary. Some
// writers say 0 where there is none.
func chunkStart(m *format.ColumnMetaData) int64 {
	if d := m.DictionaryPageOffset; d > 0 && d < m.DataPageOffset {
		return d
	}
	return m.DataPageOffset
}

// chunk is the pages of a leaf in a row group.
type chunk struct {
	r         io.ReaderAt
	codec     format.CompressionCodec
	at, end   int64
	began     int64 // the page at hand
	pool      *pool
	raw, page []byte
	words     dictionary
	known     bool // the chunk has a dictionary
}

func (c *chunk) begin(r io.ReaderAt, m *format.ColumnMetaData, p *pool) {
	c.r, c.codec, c.pool, c.known = r, m.Codec, p, false
	c.at = chunkStart(m)
	c.end = c.at + m.TotalCompressedSize
}

// header reads the header of the next page and steps over it.
func (c *chunk) header() (*format.PageHeader, error) {
	h := new(format.PageHeader)
	c.began = c.at
	for _, most := range []int64{256, pageHeaderMax} {
		var err error
		if c.raw, err = c.pool.grow(c.raw, int(min(c.end-c.at, most))); err != nil {
			return nil, err
		}
		if err := footer.ReadAt(c.r, c.raw, c.at); err != nil {
			return nil, err
		}
		n, err := footer.Decode(c.raw, h)
		if err != nil && int64(len(c.raw)) < c.end-c.at && most < pageHeaderMax {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("header: %w", err)
		}
		c.at += int64(n)
		break
	}
	size, plain := int64(h.CompressedPageSize), int64(h.UncompressedPageSize)
	switch {
	case size < 0 || size > c.end-c.at || plain < 0:
		return nil, fmt.Errorf("%w: %d bytes, %d unpacked, with %d left", ErrDamaged, size, plain, c.end-c.at)
	case size > pageBytesMax || plain > pageBytesMax:
		return nil, fmt.Errorf("%w: %d bytes, %d unpacked, at most %d", ErrUnsupported, size, plain, pageBytesMax)
	}
	return h, nil
}

// body reads a page, of which the first plain bytes are not packed, and
// unpacks it into dst.
func (c *chunk) body(dst []byte, h *format.PageHeader, plain int, packed bool) ([]byte, error) {
	var err error
	if c.raw, err = c.pool.grow(c.raw, int(h.CompressedPageSize)); err != nil {
		return dst, err
	}
	if err := footer.ReadAt(c.r, c.raw, c.at); err != nil {
		return dst, err
	}
	c.at += int64(len(c.raw))
	if sum := int32(crc32.ChecksumIEEE(c.raw)); h.CRC != 0 && h.CRC != sum {
		return dst, fmt.Errorf("%w: checksum %08x, want %08x", ErrDamaged, uint32(sum), uint32(h.CRC))
	}
	if plain > len(c.raw) || plain > int(h.UncompressedPageSize) {
		return dst, fmt.Errorf("%w: %d bytes of levels in a page of %d", ErrDamaged, plain, len(c.raw))
	}
	if dst, err = c.pool.grow(dst, int(h.UncompressedPageSize)); err != nil {
		return dst, err
	}
	copy(dst, c.raw[:plain])
	codec := c.codec
	if !packed {
		codec = format.Uncompressed
	}
	return dst, c.pool.expand(codec, dst[plain:], c.raw[plain:])
}
