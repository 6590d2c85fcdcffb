// Package origin is the files that a teacher is made of: their digests, and
// whether they are still what they were.
package origin

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"time"
)

// Files are files as they were at one moment, told by size and time.
type Files []file

type file struct {
	name string
	size int64
	time time.Time
}

// Look notes how the files are now.
func Look(names []string) (Files, error) {
	files := make(Files, len(names))
	for i, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		files[i] = file{name, info.Size(), info.ModTime()}
	}
	return files, nil
}

// Unchanged names the first file that is another than it was.
func (f Files) Unchanged() error {
	for _, was := range f {
		info, err := os.Stat(was.name)
		if err != nil {
			return err
		}
		if was != (file{was.name, info.Size(), info.ModTime()}) {
			return fmt.Errorf("%s: changed since it was described", was.name)
		}
	}
	return nil
}

// Digest is "sha256:" and the sha256 of a file in hex, as it stands in a
// teacher's description.
func Digest(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}
