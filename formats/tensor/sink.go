package tensor

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"

	"github.com/parquet-go/parquet-go/format"
)

// sink passes a file's bytes on, hashing and counting them. Once held it keeps
// what is written, the file's tail, until release has corrected it.
type sink struct {
	w     io.Writer
	hash  hash.Hash
	bytes int64
	tail  []byte
	held  bool
}

func newSink(w io.Writer) *sink { return &sink{w: w, hash: sha256.New()} }

func (s *sink) Write(p []byte) (int, error) {
	if s.held {
		s.tail = append(s.tail, p...)
		return len(p), nil
	}
	n, err := s.w.Write(p)
	s.hash.Write(p[:n]) // a hash never fails
	s.bytes += int64(n)
	return n, err
}

func (s *sink) hold() { s.held = true }

// release writes the corrected tail.
func (s *sink) release(md *format.FileMetaData, cs []column) error {
	tail, err := correctTail(s.tail, s.bytes, md, cs)
	if err != nil {
		return err
	}
	s.held = false
	_, err = s.Write(tail)
	return err
}

func (s *sink) sum() string { return hex.EncodeToString(s.hash.Sum(nil)) }
