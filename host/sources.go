package host

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cubeset/cubeset/formats/dialogue"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

// sourceFile is a file that a build reads, as it was when it was looked at.
type sourceFile struct {
	Path   string `json:"path"`
	Stamp  stamp  `json:"stamp"`
	Blocks []byte `json:"blocks,omitempty"` // see digestBlocks
}

// sources are the inputs of a build, in order, the filters with their files, the
// lock and the projection.
type sources struct {
	begin time.Time // of the look at them
	last  *seen     // by the build before; nil: no stamp is believed
	seed  uint64    // of the digests
	files []sourceFile
	read  []func() ([]byte, error) // digests of files, once

	assumed []func() error // of unchanged, to be verified
}

// lookAtSources is to be taken before anything is read. It has no files where it
// cannot say which those are.
func lookAtSources(ctx context.Context, c Config, f fsx.FS) *sources {
	s := &sources{begin: time.Now(), seed: newSeed()}
	if last, err := readSeen(f, c.Out); err == nil && !c.Check {
		s.last, s.seed = last, last.Seed
	}
	paths, err := sourcePaths(c)
	if err != nil {
		return s
	}
	files, read := make([]sourceFile, len(paths)), make([]func() ([]byte, error), len(paths))
	for i, path := range paths {
		fi, err := os.Stat(path)
		if err != nil || !fi.Mode().IsRegular() { // a pipe is read once
			return s
		}
		files[i] = sourceFile{Path: path, Stamp: stampOf(fi)}
		read[i] = sync.OnceValues(func() ([]byte, error) { return digestBlocks(ctx, path, s.seed, fi.Size()) })
	}
	s.files, s.read = files, read
	return s
}

// digest is that of file i: what it was if its stamp is believed, or else it is
// read, once.
func (s *sources) digest(i int) (blocks []byte, err error) {
	f := &s.files[i]
	if was := s.believed(i); was != nil {
		f.Blocks = was.Blocks
		return f.Blocks, nil
	}
	f.Blocks, err = s.read[i]()
	return f.Blocks, err
}

// believed is file i as the build before read it, nil if its stamp does not say
// that it still is.
func (s *sources) believed(i int) *sourceFile {
	if s.last == nil {
		return nil
	}
	was := s.last.find(s.files[i].Path)
	if was == nil || was.Stamp != s.files[i].Stamp || !was.Stamp.settled(s.last.Time) {
		return nil
	}
	return was
}

// settled says whether the stamp of file i will show any change.
func (s *sources) settled(i int) bool { return s.files[i].Stamp.settled(s.begin) }

// lookAtFresh reads the files whose stamps may not, so that vouch can tell whether
// they change from now on.
func (s *sources) lookAtFresh() error {
	for i := range s.files {
		if !s.settled(i) {
			if _, err := s.digest(i); err != nil {
				return err
			}
		}
	}
	return nil
}

// find is the index of the file of this path, -1 without one.
func (s *sources) find(path string) int {
	return slices.IndexFunc(s.files, func(f sourceFile) bool { return f.Path == path })
}

// errUnsettled is why a build does not vouch for what it read.
var errUnsettled = errors.New("an input changed meanwhile, or cannot be looked at twice")

// vouch adds the digests of files that are as they were before the build. Of one
// whose stamp may not show a change, the digest has to be what it was.
func (s *sources) vouch(ctx context.Context) error {
	if len(s.files) == 0 {
		return errUnsettled
	}
	for i := range s.files {
		before, err := s.digest(i)
		if err != nil {
			return err
		}
		f := &s.files[i]
		if fi, err := os.Stat(f.Path); err != nil || stampOf(fi) != f.Stamp {
			return errUnsettled
		}
		if s.settled(i) {
			continue
		}
		if after, err := digestBlocks(ctx, f.Path, s.seed, f.Stamp.Size); err != nil || !bytes.Equal(before, after) {
			return errUnsettled
		}
	}
	return nil
}

// unchanged is how many bytes at the beginning of file i are what they were:
// whole blocks, or all that there was. Of a file that grew, and has what it
// ended with where that was, it assumes that all of them are; see assumed.
func (s *sources) unchanged(i int, was *sourceFile) (int64, error) {
	if s.grew(i, was) {
		s.assumed = append(s.assumed, func() error {
			if _, err := s.digest(i); err != nil || s.files[i].blocksOf(was) < int64(len(was.Blocks)/digestSize-1) {
				return errNotKnown
			}
			return nil
		})
		return was.Stamp.Size, nil
	}
	if _, err := s.digest(i); err != nil {
		return 0, err
	}
	return min(s.files[i].blocksOf(was)*contentBlock, was.Stamp.Size), nil
}

// grew says whether file i is longer than it was, and has in their place the bytes
// that were its last: its last block, and if that was not whole the one before.
func (s *sources) grew(i int, was *sourceFile) bool {
	now, n := &s.files[i], int64(len(was.Blocks)/digestSize)
	if now.Stamp.Size <= was.Stamp.Size || n == 0 {
		return false
	}
	f, err := os.Open(now.Path)
	if err != nil {
		return false
	}
	defer f.Close()
	b := make([]byte, contentBlock)
	for i := max(0, n-2); i < n; i++ {
		at := i * contentBlock
		size := min(contentBlock, was.Stamp.Size-at)
		if size <= 0 {
			return false
		}
		sum, err := digestBlock(f, s.seed, at, b[:size])
		if err != nil || !bytes.Equal(sum[:], was.Blocks[i*digestSize:][:digestSize]) {
			return false
		}
	}
	return true
}

// blocksOf is how many of the blocks that a file began with it begins with now.
func (now *sourceFile) blocksOf(was *sourceFile) (n int64) {
	for a, b := now.Blocks, was.Blocks; len(a) >= digestSize && len(b) >= digestSize && bytes.Equal(a[:digestSize], b[:digestSize]); n++ {
		a, b = a[digestSize:], b[digestSize:]
	}
	return n
}

// verify looks whether what was assumed of files is so.
func (s *sources) verify() error {
	for _, look := range s.assumed {
		if err := look(); err != nil {
			return err
		}
	}
	return nil
}

// same says whether file i is all that it was.
func (s *sources) same(i int, was *sourceFile) (bool, error) {
	if s.files[i].Stamp.Size != was.Stamp.Size {
		return false, nil
	}
	blocks, err := s.digest(i)
	return bytes.Equal(blocks, was.Blocks), err
}

// sourcePaths is every file that a build with c reads, in order.
func sourcePaths(c Config) ([]string, error) {
	if !c.builtIn() {
		return nil, errors.New("only its own process can say which model the teacher is")
	}
	found, err := dialogue.Find(c.Inputs)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, path := range notIn(c.Out, found) {
		if path == "-" {
			return nil, errors.New("standard input is read once")
		}
		if path = container(path); len(paths) == 0 || paths[len(paths)-1] != path {
			paths = append(paths, path)
		}
	}
	for _, name := range c.Filters {
		if isPath(name) {
			paths = append(paths, name)
		}
	}
	for _, filter := range keys(c.FilterBlobs) {
		for _, name := range keys(c.FilterBlobs[filter]) {
			paths = append(paths, c.FilterBlobs[filter][name])
		}
	}
	if c.Lock != "" && c.Lock != lockOff {
		paths = append(paths, c.Lock)
	}
	if c.Projection != "" {
		paths = append(paths, c.Projection)
	}
	return paths, nil
}

// container is the file an input lies in: the archive of "a.zip!/b", else the
// input itself.
func container(path string) string {
	archive, _, ok := strings.Cut(path, "!/")
	if _, err := os.Stat(path); ok && err != nil {
		return archive
	}
	return path
}
