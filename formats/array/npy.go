package array

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

const (
	npyMagic     = "\x93NUMPY"
	npyHeaderMax = 1 << 16 // bytes of the dictionary; version 1.0 has no room for more
	npyAlignment = 64      // of the first value
)

// ReadNPY reads the header of a .npy file of size bytes: versions 1.0, 2.0 and
// 3.0 of numpy/lib/format.py. The values have to be little-endian floats of 2,
// 4 or 8 bytes in C order, or the error is an ErrType.
func ReadNPY(r io.ReaderAt, size int64) (Header, error) {
	dict, offset, err := npyDict(r, size)
	if err != nil {
		return Header{}, fmt.Errorf("npy: %w", err)
	}
	d, err := parseDict(dict)
	if err != nil {
		return Header{}, fmt.Errorf("npy: %w: header: %w", ErrDamaged, err)
	}
	h := Header{Shape: d.shape, Offset: offset}
	if h.Type, err = npyType(d.descr); err != nil {
		return Header{}, fmt.Errorf("npy: %w", err)
	}
	if d.fortran {
		return Header{}, fmt.Errorf("npy: %w: Fortran order; save numpy.ascontiguousarray of it", ErrType)
	}
	bytes, err := fit(h.Shape, h.Type.width(), size-offset)
	if err != nil {
		return Header{}, fmt.Errorf("npy: %w: %w", ErrDamaged, err)
	}
	if bytes != size-offset {
		return Header{}, fmt.Errorf("npy: %w: %d bytes follow an array of %d", ErrDamaged, size-offset-bytes, bytes)
	}
	return h, nil
}

// npyDict is the text of the header, and where it ends.
func npyDict(r io.ReaderAt, size int64) (string, int64, error) {
	start := make([]byte, len(npyMagic)+6)
	n, err := r.ReadAt(start, 0)
	if err != nil && err != io.EOF {
		return "", 0, err
	}
	if n < len(npyMagic)+4 || string(start[:len(npyMagic)]) != npyMagic {
		return "", 0, fmt.Errorf("%w: it does not begin as a .npy file does", ErrDamaged)
	}
	major, minor := start[6], start[7]
	length, offset := int64(binary.LittleEndian.Uint16(start[8:])), int64(10)
	switch {
	case minor != 0 || major < 1 || major > 3:
		return "", 0, fmt.Errorf("%w: version %d.%d of the format is unknown", ErrType, major, minor)
	case major > 1 && n < len(start):
		return "", 0, fmt.Errorf("%w: it ends in its header", ErrDamaged)
	case major > 1:
		length, offset = int64(binary.LittleEndian.Uint32(start[8:])), 12
	}
	if length > npyHeaderMax || length > size-offset {
		return "", 0, fmt.Errorf("%w: a header of %d bytes, at most %d", ErrDamaged, length, max(0, min(npyHeaderMax, size-offset)))
	}
	dict := make([]byte, length)
	if n, err := r.ReadAt(dict, offset); n < len(dict) {
		return "", 0, fmt.Errorf("%w: header: %w", ErrDamaged, err)
	}
	return string(dict), offset + length, nil
}

func npyType(descr string) (Type, error) {
	switch descr {
	case "<f2":
		return F16, nil
	case "<f4":
		return F32, nil
	case "<f8":
		return F64, nil
	case ">f2", ">f4", ">f8":
		return "", fmt.Errorf("%w: values are %q, big-endian; save them as %q", ErrType, descr, "<"+descr[1:])
	case "|O":
		return "", fmt.Errorf("%w: values are Python objects, which only Python can read", ErrType)
	case "":
		return "", fmt.Errorf("%w: values are records; save one field", ErrType)
	}
	return "", fmt.Errorf("%w: values are %q, not floats; want <f2, <f4 or <f8", ErrType, clip(descr))
}

// WriteNPY writes the header of an array of little-endian float32, version 1.0.
// The values follow, in row-major order.
func WriteNPY(w io.Writer, shape ...int) error {
	if _, err := fit(shape, 4, math.MaxInt64); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	dims := make([]string, len(shape))
	for i, d := range shape {
		dims[i] = strconv.Itoa(d)
	}
	tuple := strings.Join(dims, ", ")
	if len(shape) == 1 {
		tuple += ","
	}
	dict := "{'descr': '<f4', 'fortran_order': False, 'shape': (" + tuple + "), }"
	start := len(npyMagic) + 4
	dict += strings.Repeat(" ", npyAlignment-1-(start+len(dict))%npyAlignment) + "\n"
	b := slices.Concat([]byte(npyMagic), []byte{1, 0}, binary.LittleEndian.AppendUint16(nil, uint16(len(dict))), []byte(dict))
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	return nil
}
