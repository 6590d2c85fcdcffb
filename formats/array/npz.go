package array

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

const (
	npzArraysMax = 1 << 16
	// deflateRatioMax is the most that deflate can shorten anything by: 258
	// bytes in two bits.
	deflateRatioMax = 1032
)

// NPZ is an open .npz file: a zip of .npy files, as numpy.savez and
// numpy.savez_compressed write it.
type NPZ struct {
	r     io.ReaderAt
	files map[string]*zip.File
}

// ReadNPZ reads the directory of a .npz file of size bytes, and no array yet.
func ReadNPZ(r io.ReaderAt, size int64) (*NPZ, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("npz: %w: %w", ErrDamaged, err)
	}
	if len(z.File) > npzArraysMax {
		return nil, fmt.Errorf("npz: %w: %d files, at most %d", ErrDamaged, len(z.File), npzArraysMax)
	}
	n := &NPZ{r, map[string]*zip.File{}}
	for _, f := range z.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			continue // numpy hands it out as bytes: it is no array
		}
		if n.files[name] != nil {
			return nil, fmt.Errorf("npz: %w: array %q is there twice", ErrDamaged, clip(name))
		}
		n.files[name] = f
	}
	return n, nil
}

// Names are those of the arrays, sorted.
func (n *NPZ) Names() []string { return slices.Sorted(maps.Keys(n.files)) }

// Open returns an array's header and what its Floats read from. An array that
// is stored is read in place. One that is compressed is decompressed as it is
// read, in 64 kB of memory however large it is: front to back costs what it
// has to, a step back starts from the front again. It is for one goroutine, and
// its checksum is looked at when the last value has been read.
func (n *NPZ) Open(name string) (Header, io.ReaderAt, error) {
	f := n.files[name]
	if f == nil {
		return Header{}, nil, fmt.Errorf("npz: no array %q; there are %q", clip(name), n.Names()[:min(8, len(n.files))])
	}
	h, r, err := n.open(f)
	if err != nil {
		return Header{}, nil, fmt.Errorf("npz: array %q: %w", clip(name), err)
	}
	return h, r, nil
}

func (n *NPZ) open(f *zip.File) (Header, io.ReaderAt, error) {
	var r io.ReaderAt
	switch {
	case f.UncompressedSize64 > 1<<62 || f.CompressedSize64 > 1<<50:
		return Header{}, nil, fmt.Errorf("%w: %d bytes", ErrDamaged, f.UncompressedSize64)
	case f.Method == zip.Store && f.UncompressedSize64 == f.CompressedSize64:
		offset, err := f.DataOffset()
		if err != nil {
			return Header{}, nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		r = io.NewSectionReader(n.r, offset, int64(f.UncompressedSize64))
	case f.Method == zip.Deflate && f.UncompressedSize64/deflateRatioMax <= f.CompressedSize64:
		r = &inflater{file: f}
	default:
		return Header{}, nil, fmt.Errorf("%w: %d bytes of compression method %d claim to be %d", ErrDamaged, f.CompressedSize64, f.Method, f.UncompressedSize64)
	}
	h, err := ReadNPY(r, int64(f.UncompressedSize64))
	return h, r, err
}

// inflater is a compressed file read at any place, best from front to back.
type inflater struct {
	file *zip.File
	open io.ReadCloser
	at   int64
}

func (i *inflater) ReadAt(p []byte, at int64) (n int, err error) {
	if i.open == nil || at < i.at {
		if err := i.restart(); err != nil {
			return 0, err
		}
	}
	skipped, err := io.CopyN(io.Discard, i.open, at-i.at)
	if i.at += skipped; err == nil {
		n, err = io.ReadFull(i.open, p)
		i.at += int64(n)
	}
	if err == nil && i.at == int64(i.file.UncompressedSize64) {
		_, err = io.ReadFull(i.open, make([]byte, 1)) // zip compares the checksum at the end
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return n, io.EOF
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return n, nil
}

func (i *inflater) restart() (err error) {
	if i.open != nil {
		i.open.Close()
	}
	i.at = 0
	if i.open, err = i.file.Open(); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}
