package host

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/cubeset/cubeset/formats/dialogue"
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
	seed  uint64 // of the digests
	files []sourceFile
}

// lookAtSources is to be taken before anything is read. It has no files where it
// cannot say which those are.
func lookAtSources(c Config) *sources {
	s := &sources{seed: newSeed()}
	paths, err := sourcePaths(c)
	if err != nil {
		return s
	}
	files := make([]sourceFile, len(paths))
	for i, path := range paths {
		fi, err := os.Stat(path)
		if err != nil || !fi.Mode().IsRegular() { // a pipe is read once
			return s
		}
		files[i] = sourceFile{Path: path, Stamp: stampOf(fi)}
	}
	s.files = files
	return s
}

// digest reads file i, unless it was read before.
func (s *sources) digest(i int) (blocks []byte, err error) {
	f := &s.files[i]
	if f.Blocks == nil {
		f.Blocks, err = digestBlocks(f.Path, s.seed)
	}
	return f.Blocks, err
}

// lookAtFresh reads the files whose stamps will not be believed, so that vouch can
// tell whether they change while a build runs that began then.
func (s *sources) lookAtFresh(begin time.Time) error {
	for i := range s.files {
		if !s.files[i].Stamp.settled(begin) {
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

// vouch adds the digests of files that are as they were before the build, which
// began then. Of one that was too new for its stamp to be believed, the digest
// has to be what it was.
func (s *sources) vouch(begin time.Time) error {
	if len(s.files) == 0 {
		return errUnsettled
	}
	for i := range s.files {
		f := &s.files[i]
		before := f.Blocks
		if !f.Stamp.settled(begin) {
			if f.Blocks = nil; before == nil {
				return errUnsettled
			}
		}
		after, err := s.digest(i)
		if err != nil {
			return err
		}
		if fi, err := os.Stat(f.Path); err != nil || stampOf(fi) != f.Stamp || before != nil && !bytes.Equal(before, after) {
			return errUnsettled
		}
	}
	return nil
}

// unchanged is how many bytes of a file are what they were at its beginning:
// whole blocks, or all of it.
func (now sourceFile) unchanged(was sourceFile) int64 {
	n := 0
	for a, b := now.Blocks, was.Blocks; len(a) >= digestSize && len(b) >= digestSize && bytes.Equal(a[:digestSize], b[:digestSize]); n++ {
		a, b = a[digestSize:], b[digestSize:]
	}
	return min(int64(n)*contentBlock, now.Stamp.Size)
}

// same says whether a file is all that it was.
func (now sourceFile) same(was sourceFile) bool {
	return now.Stamp.Size == was.Stamp.Size && bytes.Equal(now.Blocks, was.Blocks)
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
