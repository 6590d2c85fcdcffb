package tensor

import (
	"sync"

	kzstd "github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// allLiterals is zstd for vectors. They hold no repeats to find, but the bytes
// with sign and exponent are few: entropy coding of every literal, which the
// fast level leaves out, is all there is to win.
type allLiterals struct {
	zstd.Codec // names the codec, and decodes
}

// encoders outlive a writer: a build writes thousands of small parts.
var encoders = sync.Pool{New: func() any {
	e, err := kzstd.NewWriter(nil,
		kzstd.WithEncoderConcurrency(1),
		kzstd.WithEncoderLevel(kzstd.SpeedFastest),
		kzstd.WithAllLitEntropyCompression(true),
		kzstd.WithZeroFrames(true),
		kzstd.WithEncoderCRC(false)) // a page has its own
	if err != nil {
		panic(err) // the options are constant
	}
	return e
}}

func (a *allLiterals) Encode(dst, src []byte) ([]byte, error) {
	e := encoders.Get().(*kzstd.Encoder)
	defer encoders.Put(e)
	return e.EncodeAll(src, dst[:0]), nil
}
