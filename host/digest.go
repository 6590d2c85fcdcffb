package host

import (
	"crypto/rand"
	"encoding/binary"
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

// digestBlocks is a digest of each block of a file, one behind the other: it
// tells whether the file is what it was, and if not how much of its beginning
// is. It uses every core, and a hash that costs no more than to read, since it
// stands between a user and a build that has next to nothing to do. Whoever does
// not know the seed cannot make two blocks that have one digest.
func digestBlocks(path string, seed uint64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	blocks := make([]byte, (fi.Size()+contentBlock-1)/contentBlock*digestSize)
	var all errgroup.Group
	workers := runtime.NumCPU()
	for w := range workers {
		all.Go(func() error {
			b := make([]byte, min(contentBlock, fi.Size()))
			for i := w; i < len(blocks)/digestSize; i += workers {
				at := int64(i) * contentBlock
				n, err := f.ReadAt(b[:min(contentBlock, fi.Size()-at)], at)
				if err != nil && err != io.EOF {
					return fmt.Errorf("%s: %w", path, err)
				}
				sum := xxh3.Hash128Seed(b[:n], seed).Bytes()
				copy(blocks[i*digestSize:], sum[:])
			}
			return nil
		})
	}
	return blocks, all.Wait()
}

// newSeed is one that nobody knows.
func newSeed() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:])
}
