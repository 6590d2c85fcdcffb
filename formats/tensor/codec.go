package tensor

import (
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
)

// expand decompresses src into dst, which has the size that src must have.
// Nothing is ever written or allocated beyond that size.
func expand(d *zstd.Decoder, codec format.CompressionCodec, dst, src []byte) error {
	var n int
	switch codec {
	case format.Uncompressed:
		if len(src) != len(dst) {
			return fmt.Errorf("%w: %d bytes, want %d", ErrDamaged, len(src), len(dst))
		}
		copy(dst, src)
		return nil
	case format.Zstd:
		out, err := d.DecodeAll(src, dst[:0:len(dst)])
		if err != nil {
			return fmt.Errorf("%w: %v", ErrDamaged, err)
		}
		n = len(out)
	case format.Snappy:
		var err error
		if n, err = snappy.DecodedLen(src); err == nil && n == len(dst) {
			_, err = snappy.Decode(dst, src)
		}
		if err != nil {
			return fmt.Errorf("%w: %v", ErrDamaged, err)
		}
	case format.Gzip:
		g, err := gzip.NewReader(bytes.NewReader(src))
		if err != nil {
			return fmt.Errorf("%w: %v", ErrDamaged, err)
		}
		if n, err = io.ReadFull(g, dst); err != nil {
			return fmt.Errorf("%w: %v", ErrDamaged, err)
		}
		if more, _ := g.Read(make([]byte, 1)); more != 0 {
			n++
		}
	}
	if n != len(dst) {
		return fmt.Errorf("%w: %d bytes expand to %d, want %d", ErrDamaged, len(src), n, len(dst))
	}
	return nil
}

// newDecoder makes the zstd decoder of a file that is open for reading.
func newDecoder() (*zstd.Decoder, error) {
	return zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderMaxMemory(pageBytesMax),
		zstd.WithDecoderMaxWindow(pageBytesMax),
		zstd.WithDecodeAllCapLimit(true)) // never beyond the buffer it is given
}
