package dialogue

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// zstdWindowMax is how much memory a Zstandard file may ask for: what
// zstd --long asks for, and 8 times what zstd -19 does.
const zstdWindowMax = 128 << 20

// counter counts what is read and keeps the error of the reader below, so that
// a failing disk is not taken for damaged data.
type counter struct {
	r   io.Reader
	n   atomic.Int64
	err error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// unpacker reads a file as it is or, if its first bytes say so, unpacked.
type unpacker struct {
	r      io.Reader
	packed *counter
	left   int64         // bytes it may still unpack to; not used for plain files
	limit  int64         // 0: not packed
	zstd   *zstd.Decoder // to be closed
}

// newUnpacker reads what packed counts: src is that, or what an archive packed
// into it, which is within the limit too.
func newUnpacker(src io.Reader, packed *counter, limit int64) (*unpacker, error) {
	b := bufio.NewReaderSize(src, 64<<10)
	u := &unpacker{r: b, packed: packed}
	if src != io.Reader(packed) {
		u.limit, u.left = limit, limit
	}
	head, _ := b.Peek(10) // an error shows again at the first read
	magic := head[:min(4, len(head))]
	var err error
	switch {
	case isBzip2(head):
		u.limit, u.left = limit, limit
		u.r = bzip2.NewReader(b)
	case bytes.HasPrefix(magic, []byte{0x1F, 0x8B}):
		u.limit, u.left = limit, limit
		u.r, err = gzip.NewReader(b)
	case bytes.Equal(magic, []byte{0x28, 0xB5, 0x2F, 0xFD}),
		len(magic) == 4 && magic[0]&0xF0 == 0x50 && bytes.Equal(magic[1:], []byte{0x2A, 0x4D, 0x18}): // a skippable frame
		u.limit, u.left = limit, limit
		u.zstd, err = zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(zstdWindowMax))
		u.r = u.zstd
	}
	if err != nil {
		return nil, u.fault(err)
	}
	return u, nil
}

func (u *unpacker) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if u.limit == 0 {
		return n, err
	}
	if u.left -= int64(n); u.left < 0 {
		return n + int(u.left), fmt.Errorf("%w: more than %d", ErrTooLarge, u.limit)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = u.fault(err)
	}
	return n, err
}

// fault is what an error of the decompressor means to the user.
func (u *unpacker) fault(err error) error {
	switch {
	case u.packed.err != nil:
		return u.packed.err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return ErrTruncated
	case errors.Is(err, ErrDamaged):
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// isBzip2 reports whether b begins a bzip2 file: one with a block, or empty.
func isBzip2(b []byte) bool {
	return len(b) == 10 && bytes.HasPrefix(b, []byte("BZh")) && '1' <= b[3] && b[3] <= '9' &&
		(string(b[4:]) == "\x31\x41\x59\x26\x53\x59" || string(b[4:]) == "\x17\x72\x45\x38\x50\x90")
}

func (u *unpacker) close() {
	if u.zstd != nil {
		u.zstd.Close()
	}
}
