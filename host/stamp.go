package host

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"
)

// racy is how new a file must not be for its stamp to be believed: a change in
// the same tick of a file system's clock leaves the stamp as it was.
const racy = 2 * time.Second

// stamp is what a file system says of a file without reading it. A file with
// another stamp may have changed; one with the same has not, but for a forger.
type stamp struct {
	Size  int64  `json:"size"`
	MTime int64  `json:"mtime"` // nanoseconds since 1970, like CTime
	CTime int64  `json:"ctime"`
	Inode uint64 `json:"inode"`
}

func stampOf(fi fs.FileInfo) stamp {
	s := stamp{Size: fi.Size(), MTime: fi.ModTime().UnixNano()}
	s.CTime, s.Inode = inode(fi)
	return s
}

// settled says that the file had not just changed at the time now.
func (s stamp) settled(now time.Time) bool { return s.MTime < now.Add(-racy).UnixNano() }

// contentBlock is read and hashed at once, several side by side.
const contentBlock = 1 << 20

// contentDigest is a digest of a file's bytes: the sha256 of the sha256 of each
// of its blocks, in hex. It uses every core, since it stands between a user
// and a build that has nothing to do.
func contentDigest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return "", err
	}
	blocks := make([][sha256.Size]byte, (fi.Size()+contentBlock-1)/contentBlock)
	var all errgroup.Group
	workers := runtime.NumCPU()
	for w := range workers {
		all.Go(func() error {
			b := make([]byte, contentBlock)
			for i := w; i < len(blocks); i += workers {
				at := int64(i) * contentBlock
				n, err := f.ReadAt(b[:min(contentBlock, fi.Size()-at)], at)
				if err != nil && err != io.EOF {
					return fmt.Errorf("%s: %w", path, err)
				}
				blocks[i] = sha256.Sum256(b[:n])
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return "", err
	}
	h := sha256.New()
	for i := range blocks {
		h.Write(blocks[i][:])
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
