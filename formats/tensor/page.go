package tensor

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
)

const (
	pageHeaderMax  = 64 << 10
	pageBytesMax   = 64 << 20
	bufferBytesMax = 256 << 20 // all page buffers of one open file
)

// pages reads the pages of one column after the other and hands out their
// values. It holds one page.
type pages struct {
	r       io.ReaderAt
	column  column
	decoder *zstd.Decoder
	budget  *int // bytes that the buffers of this file may still grow

	codec   format.CompressionCodec
	at, end int64
	left    int64 // values of the chunk in pages not yet read
	size    int   // values a row

	raw, page, repeats, defined []byte

	values []byte // of the current page, those not handed out
	levels []byte // its definition levels, if the column is nullable
	n      int    // its values not handed out, nulls among them
}

// start goes to a chunk.
func (p *pages) start(c chunk, rows int64) {
	p.codec, p.at, p.end, p.left = c.codec, c.offset, c.offset+c.size, c.values
	p.size = int(c.values / rows)
	p.n, p.values, p.levels = 0, nil, nil
}

// finish makes sure that the chunk held nothing more.
func (p *pages) finish() error {
	if p.n != 0 || p.left != 0 || len(p.values) != 0 || p.at != p.end {
		return fmt.Errorf("%w: bytes behind the last row", ErrDamaged)
	}
	return nil
}

// text takes the next value of a text column; null is "".
func (p *pages) text() (string, error) {
	if there, err := p.next(); !there {
		return "", err
	}
	if len(p.values) < 4 {
		return "", fmt.Errorf("%w: a text is missing", ErrDamaged)
	}
	n := binary.LittleEndian.Uint32(p.values)
	if uint64(n) > uint64(len(p.values)-4) {
		return "", fmt.Errorf("%w: a text of %d bytes in %d", ErrDamaged, n, len(p.values)-4)
	}
	s := string(p.values[4 : 4+n])
	p.values = p.values[4+n:]
	return s, nil
}

// bits32 takes the next value of four bytes, or absent for null.
func (p *pages) bits32(absent uint32) (uint32, error) {
	if there, err := p.next(); !there {
		return absent, err
	}
	if len(p.values) < 4 {
		return 0, fmt.Errorf("%w: a number is missing", ErrDamaged)
	}
	v := binary.LittleEndian.Uint32(p.values)
	p.values = p.values[4:]
	return v, nil
}

func (p *pages) float32() (float32, error) {
	v, err := p.bits32(math.Float32bits(float32(math.NaN())))
	return math.Float32frombits(v), err
}

func (p *pages) int64() (int64, error) {
	if there, err := p.next(); !there {
		return 0, err
	}
	if len(p.values) < 8 {
		return 0, fmt.Errorf("%w: a number is missing", ErrDamaged)
	}
	v := binary.LittleEndian.Uint64(p.values)
	p.values = p.values[8:]
	return int64(v), nil
}

// tensor takes the values of the next row.
func (p *pages) tensor(dst []float32) error {
	if p.n == 0 {
		if err := p.load(); err != nil {
			return err
		}
	}
	src := p.values[:4*len(dst)] // load made sure of whole rows
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
	}
	p.values = p.values[len(src):]
	p.n -= len(dst)
	return nil
}

// next goes to the next value of a scalar column and tells whether it is there
// or null.
func (p *pages) next() (bool, error) {
	if p.n == 0 {
		if err := p.load(); err != nil {
			return false, err
		}
	}
	p.n--
	if p.levels == nil {
		return true, nil
	}
	there := p.levels[0] == 1
	p.levels = p.levels[1:]
	return there, nil
}

// load reads the next page that the chunk must have.
func (p *pages) load() error {
	h, err := p.header()
	if err != nil {
		return err
	}
	if p.raw, err = p.grow(p.raw, int(h.CompressedPageSize)); err != nil {
		return err
	}
	if err := readAt(p.r, p.raw, p.at); err != nil {
		return err
	}
	p.at += int64(len(p.raw))
	if sum := int32(crc32.ChecksumIEEE(p.raw)); h.CRC != 0 && h.CRC != sum {
		return fmt.Errorf("%w: page checksum is %08x, want %08x", ErrDamaged, uint32(sum), uint32(h.CRC))
	}
	if p.page, err = p.grow(p.page, int(h.UncompressedPageSize)); err != nil {
		return err
	}
	if err := expand(p.decoder, p.codec, p.page, p.raw); err != nil {
		return err
	}
	p.n = int(h.DataPageHeader.V.NumValues)
	p.left -= int64(p.n)
	return p.split()
}

// header reads and checks the next page's header and steps over it.
func (p *pages) header() (*format.PageHeader, error) {
	if len(p.values) != 0 {
		return nil, fmt.Errorf("%w: %d bytes behind a page's values", ErrDamaged, len(p.values))
	}
	var err error
	if p.raw, err = p.grow(p.raw, int(min(p.end-p.at, 256))); err != nil {
		return nil, err
	}
	if err := readAt(p.r, p.raw, p.at); err != nil {
		return nil, err
	}
	h := new(format.PageHeader)
	n, err := decodeThrift(p.raw, h)
	if err != nil { // statistics make a header long
		if p.raw, err = p.grow(p.raw, int(min(p.end-p.at, pageHeaderMax))); err != nil {
			return nil, err
		}
		if err := readAt(p.r, p.raw, p.at); err != nil {
			return nil, err
		}
		if n, err = decodeThrift(p.raw, h); err != nil {
			return nil, fmt.Errorf("page header: %w", err)
		}
	}
	p.at += int64(n)
	d := &h.DataPageHeader.V
	switch {
	case h.Type != format.DataPage || !h.DataPageHeader.Valid:
		return nil, fmt.Errorf("%w: page type %d, want %d", ErrDamaged, h.Type, format.DataPage)
	case d.Encoding != format.Plain || d.DefinitionLevelEncoding != format.RLE || d.RepetitionLevelEncoding != format.RLE:
		return nil, fmt.Errorf("%w: page encoding %d, want %d", ErrDamaged, d.Encoding, format.Plain)
	case h.CompressedPageSize < 0 || int64(h.CompressedPageSize) > p.end-p.at,
		h.CompressedPageSize > pageBytesMax || h.UncompressedPageSize < 0 || h.UncompressedPageSize > pageBytesMax:
		return nil, fmt.Errorf("%w: a page of %d bytes, %d expanded, with %d left", ErrDamaged, h.CompressedPageSize, h.UncompressedPageSize, p.end-p.at)
	case d.NumValues < 1 || int64(d.NumValues) > p.left || int(d.NumValues)%p.size != 0:
		return nil, fmt.Errorf("%w: a page of %d values with %d left, %d a row", ErrDamaged, d.NumValues, p.left, p.size)
	}
	return h, nil
}

// split parts the page into levels and values.
func (p *pages) split() (err error) {
	p.values, p.levels = p.page, nil
	switch {
	case p.column.kind == tensors:
		if p.repeats, p.values, err = expandLevels(p.repeats, p.values, 1, p.n); err != nil {
			return err
		}
		if p.defined, p.values, err = expandLevels(p.defined, p.values, 2, p.n); err != nil {
			return err
		}
		if len(p.values) != 4*p.n || !wholeRows(p.repeats, p.defined, p.size) {
			return fmt.Errorf("%w: not %d values in every row", ErrDamaged, p.size)
		}
	case p.column.nullable:
		if p.defined, p.values, err = expandLevels(p.defined, p.values, 1, p.n); err != nil {
			return err
		}
		p.levels = p.defined
	}
	return nil
}

// wholeRows tells whether rows of size values each, none null, make up the
// levels: 0 starts a row, 2 says that a value is there.
func wholeRows(repeats, defined []byte, size int) bool {
	for i := 0; i < len(repeats); i += size {
		if repeats[i] != 0 {
			return false
		}
		for _, r := range repeats[i+1 : i+size] {
			if r != 1 {
				return false
			}
		}
	}
	for _, d := range defined {
		if d != 2 {
			return false
		}
	}
	return true
}

func (p *pages) grow(b []byte, n int) ([]byte, error) {
	if n > cap(b) {
		if *p.budget -= n - cap(b); *p.budget < 0 {
			return nil, fmt.Errorf("%w: its pages want more than %d bytes of memory", ErrDamaged, bufferBytesMax)
		}
		b = make([]byte, n)
	}
	return b[:n], nil
}
