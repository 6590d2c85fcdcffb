// Package cache keeps embeddings so that no text is embedded twice. It is a
// write-once, content-addressed store: a key is the hash of everything that
// decides a vector, a value is that vector's bytes, and nothing is ever
// changed in place.
//
// Any number of processes use one folder at the same time. Each writes
// segments of its own and locks nothing but those; readers map what is sealed
// and take no lock at all. A record that does not match its checksum is a
// miss: it is counted, never returned and never an error. FORMAT.md describes
// the bytes.
package cache

import (
	"errors"
	"fmt"

	"github.com/cubeset/cubeset/host/internal/fsx"
)

var (
	// ErrForeign says that the folder belongs to another user or that others
	// may write to it: its vectors cannot be trusted.
	ErrForeign = errors.New("cache folder is not private")
	// ErrReadOnly says that the folder cannot be written, or that the store was
	// opened for reading.
	ErrReadOnly = errors.New("cache is read-only")
	// ErrClosed is the answer of a closed store.
	ErrClosed = errors.New("cache is closed")
)

const (
	// payloadBytesMax bounds one value: 4 Mi float32, far above any teacher.
	payloadBytesMax = 16 << 20

	segmentBytesMin = 4 << 10
	// segmentBytesCap keeps an offset, counted in units of alignBytes, in 32 bits.
	segmentBytesCap = 64 << 30
)

// Options of a store. The zero value is not valid: start from DefaultOptions.
type Options struct {
	FS fsx.FS
	// SegmentBytesMax is the size at which a segment is sealed and the next one
	// begins. A record must fit into a segment.
	SegmentBytesMax int64
	// ReadOnly opens without changing the folder: Put and Describe fail with
	// ErrReadOnly.
	ReadOnly bool
}

// DefaultOptions is the real file system and segments of 256 MiB.
func DefaultOptions() Options {
	return Options{FS: fsx.OS{}, SegmentBytesMax: 256 << 20}
}

// Validate names everything that is wrong with the options.
func (o Options) Validate() error {
	var errs []error
	if o.FS == nil {
		errs = append(errs, errors.New("cache: no file system given"))
	}
	if o.SegmentBytesMax < segmentBytesMin || o.SegmentBytesMax > segmentBytesCap {
		errs = append(errs, fmt.Errorf("cache: segment size %d is outside %d..%d bytes",
			o.SegmentBytesMax, segmentBytesMin, int64(segmentBytesCap)))
	}
	return errors.Join(errs...)
}

// Stats counts what a store holds and what it was asked.
type Stats struct {
	Entries  int64 // records indexed; a key that two processes wrote counts twice
	Segments int
	Bytes    int64 // of the segments
	Hits     int64 // keys answered
	Misses   int64 // keys not answered, corrupt ones among them
	Corrupt  int64 // records met by Get that did not match their checksum
}
