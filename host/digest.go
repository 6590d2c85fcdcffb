package host

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/zeebo/xxh3"
	"golang.org/x/sync/errgroup"
)

// contentBlock is read and hashed at once, several side by side; tests have
// smaller ones.
var contentBlock int64 = 1 << 20

// digestSize is what the digest of a block takes.
const digestSize = 16

// digestBlocks is a digest of each block of a file's first bytes, one behind the
// other: it tells whether they are what they were, and if not how many of them
// are. It uses a hash that costs no more than to read, and all cores but one,
// since it stands between a user and a build that has next to nothing to do.
// Whoever does not know the seed cannot make two blocks that have one digest.
func digestBlocks(ctx context.Context, path string, seed uint64, size int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	blocks := make([]byte, (size+contentBlock-1)/contentBlock*digestSize)
	var all errgroup.Group
	workers := max(1, runtime.NumCPU()-1)
	for w := range workers {
		all.Go(func() error {
			b := make([]byte, min(contentBlock, size))
			for i := w; i < len(blocks)/digestSize && ctx.Err() == nil; i += workers {
				at := int64(i) * contentBlock
				sum, err := digestBlock(f, seed, at, b[:min(contentBlock, size-at)])
				if err != nil {
					return fmt.Errorf("%s: %w", path, err)
				}
				copy(blocks[i*digestSize:], sum[:])
			}
			return nil
		})
	}
	return blocks, errors.Join(all.Wait(), ctx.Err())
}

// digestBlock reads the block at an offset into b. One that ends sooner has
// another digest.
func digestBlock(r io.ReaderAt, seed uint64, at int64, b []byte) (sum [digestSize]byte, err error) {
	n, err := r.ReadAt(b, at)
	if err != nil && err != io.EOF {
		return sum, err
	}
	return xxh3.Hash128Seed(b[:n], seed).Bytes(), nil
}

// newSeed is one that nobody knows.
func newSeed() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:])
}
