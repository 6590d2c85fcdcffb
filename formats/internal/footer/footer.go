// Package footer decodes the footers and page headers of Parquet files that may
// be damaged or made to do harm. It neither panics nor asks for more memory
// than a small multiple of what it is given.
//
// It only knows their form. Whether a number in them fits the file, and the
// other numbers, is for the reader to say.
package footer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/format"
)

const (
	// Magic begins and ends a Parquet file.
	Magic = "PAR1"
	// TrailerSize is how many bytes stand behind a footer: its length and Magic.
	TrailerSize = 8

	bytesMax = 32 << 20
)

// What callers match on with errors.Is.
var (
	ErrNotParquet = errors.New("no Parquet file")
	ErrDamaged    = errors.New("damaged")
)

// Read decodes the footer of a file of size bytes and returns where it begins.
// An error is ErrNotParquet, ErrDamaged, or one of r.
func Read(r io.ReaderAt, size int64) (*format.FileMetaData, int64, error) {
	var head [len(Magic)]byte
	var trailer [TrailerSize]byte
	if size < int64(len(head)+len(trailer)) {
		return nil, 0, fmt.Errorf("%w: %d bytes", ErrNotParquet, size)
	}
	if err := ReadAt(r, head[:], 0); err != nil {
		return nil, 0, err
	}
	if string(head[:]) != Magic {
		return nil, 0, ErrNotParquet
	}
	if err := ReadAt(r, trailer[:], size-TrailerSize); err != nil {
		return nil, 0, err
	}
	if string(trailer[4:]) != Magic {
		return nil, 0, fmt.Errorf("%w: the file does not end like Parquet", ErrDamaged)
	}
	n := int64(binary.LittleEndian.Uint32(trailer[:]))
	end := size - TrailerSize - n
	if n > bytesMax || end < int64(len(head)) {
		return nil, 0, fmt.Errorf("footer: %w: %d bytes in a file of %d, at most %d", ErrDamaged, n, size, bytesMax)
	}
	b := make([]byte, n)
	if err := ReadAt(r, b, end); err != nil {
		return nil, 0, err
	}
	md := new(format.FileMetaData)
	used, err := Decode(b, md)
	if err != nil {
		return nil, 0, fmt.Errorf("footer: %w", err)
	}
	if used != len(b) {
		return nil, 0, fmt.Errorf("footer: %w: %d of its %d bytes are used", ErrDamaged, used, len(b))
	}
	return md, end, nil
}

// ReadAt fills b with what is at an offset of r. A file that ends before that
// is ErrDamaged.
func ReadAt(r io.ReaderAt, b []byte, at int64) error {
	if n, err := r.ReadAt(b, at); n < len(b) {
		if err == io.EOF || err == nil {
			return fmt.Errorf("%w: the file ends before byte %d", ErrDamaged, at+int64(len(b)))
		}
		return fmt.Errorf("read: %w", err)
	}
	return nil
}
