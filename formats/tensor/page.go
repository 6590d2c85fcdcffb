package tensor

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"

	guard "github.com/cubeset/cubeset/formats/internal/footer"
)

const bufferBytesMax = 256 << 20 // all page buffers of one open file

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
	planes []byte // instead of values, all of them, if they are split
	levels []byte // its definition levels, if the column is nullable
	n      int    // its values not handed out, nulls among them
}

// start goes to a chunk.
func (p *pages) start(c chunk, rows int64) {
	p.codec, p.at, p.end, p.left = c.codec, c.offset, c.offset+c.size, c.values
	p.size = int(c.values / rows)
	p.n, p.values, p.planes, p.levels = 0, nil, nil, nil
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
	if p.planes != nil {
		join(dst, p.planes, len(p.planes)/4-p.n)
	} else {
		src := p.values[:4*len(dst)] // load made sure of whole rows
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
		}
		p.values = p.values[len(src):]
	}
	p.n -= len(dst)
	return nil
}

// join puts the four bytes of each value together again, those from number at
// on: planes holds the first bytes of all values, then the second, and so on.
func join(dst []float32, planes []byte, at int) {
	n := len(planes) / 4
	a, b := planes[at:][:len(dst)], planes[n+at:][:len(dst)]
	c, d := planes[2*n+at:][:len(dst)], planes[3*n+at:][:len(dst)]
	for i := range dst {
		dst[i] = math.Float32frombits(uint32(a[i]) | uint32(b[i])<<8 | uint32(c[i])<<16 | uint32(d[i])<<24)
	}
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
	if p.raw, err = p.grow(p.raw, h.stored); err != nil {
		return err
	}
	if err := guard.ReadAt(p.r, p.raw, p.at); err != nil {
		return err
	}
	p.at += int64(len(p.raw))
	if sum := int32(crc32.ChecksumIEEE(p.raw)); h.crc != 0 && h.crc != sum {
		return fmt.Errorf("%w: page checksum is %08x, want %08x", ErrDamaged, uint32(sum), uint32(h.crc))
	}
	if err := p.expand(h); err != nil {
		return err
	}
	p.n = h.values
	p.left -= int64(p.n)
	return p.split(h)
}

// expand decompresses the page that is in p.raw into p.page.
func (p *pages) expand(h pageHead) (err error) {
	if p.page, err = p.grow(p.page, h.expanded); err != nil {
		return err
	}
	codec, apart := p.codec, h.repeats+h.defined
	if h.plain || h.apart && len(p.raw) == apart { // where all is null there is nothing to decompress
		codec = format.Uncompressed
	}
	copy(p.page[:apart], p.raw)
	return expand(p.decoder, codec, p.page[apart:], p.raw[apart:])
}

// split parts the page into levels and values.
func (p *pages) split(h pageHead) (err error) {
	p.values, p.levels, p.planes = p.page, nil, nil
	switch {
	case p.column.kind == tensors:
		if p.repeats, err = p.takeLevels(p.repeats, h.apart, h.repeats, 1); err != nil {
			return err
		}
		if p.defined, err = p.takeLevels(p.defined, h.apart, h.defined, 2); err != nil {
			return err
		}
		if len(p.values) != 4*p.n || !wholeRows(p.repeats, p.defined, p.size) {
			return fmt.Errorf("%w: not %d values in every row", ErrDamaged, p.size)
		}
		if h.split {
			p.planes, p.values = p.values, nil
		}
	case p.column.nullable:
		if p.defined, err = p.takeLevels(p.defined, h.apart, h.defined, 1); err != nil {
			return err
		}
		p.levels = p.defined
	}
	return nil
}

// takeLevels takes one kind of levels off the front of the page: size bytes
// if they were kept apart, else as many as their first four bytes say.
func (p *pages) takeLevels(dst []byte, apart bool, size int, width uint) (_ []byte, err error) {
	if !apart {
		var src []byte
		if src, p.values, err = cutLevels(p.values); err != nil {
			return dst, err
		}
		return expandLevels(dst, src, width, p.n)
	}
	src := p.values[:size]
	p.values = p.values[size:]
	return expandLevels(dst, src, width, p.n)
}

// wholeRows tells whether rows of size values each, none null, make up the
// levels: 0 starts a row, 2 says that a value is there.
func wholeRows(repeats, defined []byte, size int) bool {
	for i := 0; i < len(repeats); i += size {
		if repeats[i] != 0 || bytes.Count(repeats[i+1:i+size], []byte{1}) != size-1 {
			return false
		}
	}
	return bytes.Count(defined, []byte{2}) == len(defined)
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
