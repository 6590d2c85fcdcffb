package foreign

import (
	"bytes"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// readable reports whether expand knows a codec. LZ4 is not the LZ4_RAW that is
// written since 2021: nobody could say what it is.
func readable(codec format.CompressionCodec) bool {
	switch codec {
	case format.Uncompressed, format.Snappy, format.Gzip, format.Brotli, format.Zstd, format.Lz4Raw:
		return true
	}
	return false
}

// expand unpacks src into dst, which is as long as the page's header says.
// Nothing is written or kept beyond that.
func (p *pool) expand(codec format.CompressionCodec, dst, src []byte) error {
	n, err := 0, error(nil)
	switch codec {
	case format.Uncompressed:
		n = len(src)
		copy(dst, src)
	case format.Snappy:
		if n, err = snappy.DecodedLen(src); err == nil && n == len(dst) {
			_, err = snappy.Decode(dst, src)
		}
	case format.Zstd:
		var d *zstd.Decoder
		if d, err = p.zstd(); err == nil {
			var out []byte
			out, err = d.DecodeAll(src, dst[:0:len(dst)])
			n = len(out)
		}
	case format.Lz4Raw:
		n, err = lz4.UncompressBlock(src, dst)
	case format.Gzip:
		var r *gzip.Reader
		if r, err = gzip.NewReader(bytes.NewReader(src)); err == nil {
			n, err = fill(dst, r)
		}
	case format.Brotli:
		n, err = fill(dst, brotli.NewReader(bytes.NewReader(src)))
	}
	if err != nil {
		return fmt.Errorf("%w: %v: %v", ErrDamaged, codec, err)
	}
	if n != len(dst) {
		return fmt.Errorf("%w: %v: %d bytes unpack to %d, want %d", ErrDamaged, codec, len(src), n, len(dst))
	}
	return nil
}

// fill reads dst full, and one byte more if there is one.
func fill(dst []byte, r io.Reader) (int, error) {
	n, err := io.ReadFull(r, dst)
	if err != nil && err != io.EOF {
		return n, err
	}
	more, err := io.ReadFull(r, make([]byte, 1))
	if err == io.EOF {
		err = nil
	}
	return n + more, err
}
