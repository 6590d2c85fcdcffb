package tensor

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
)

// sink passes a file's bytes on, hashing and counting them.
type sink struct {
	w     io.Writer
	hash  hash.Hash
	bytes int64
}

func newSink(w io.Writer) *sink { return &sink{w: w, hash: sha256.New()} }

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.hash.Write(p[:n]) // a hash never fails
	s.bytes += int64(n)
	return n, err
}

func (s *sink) sum() string { return hex.EncodeToString(s.hash.Sum(nil)) }
