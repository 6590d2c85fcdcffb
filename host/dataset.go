package host

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

// openPart opens a file of the dataset in dir if its bytes are those the
// manifest knows.
func openPart(f fsx.FS, dir string, p tensor.PartInfo) (fsx.File, error) {
	r, err := f.Open(filepath.Join(dir, filepath.FromSlash(p.Path)))
	if err != nil {
		return nil, err
	}
	if err := copyPart(io.Discard, r, p); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// copyPart copies a file of a dataset, and fails if its bytes are not those the
// manifest knows.
func copyPart(w io.Writer, r io.Reader, p tensor.PartInfo) error {
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, h), r)
	if sum := hex.EncodeToString(h.Sum(nil)); err == nil && (n != p.Bytes || sum != p.SHA256) {
		err = fmt.Errorf("%w: %d bytes with sha256 %s, want %d with %s", tensor.ErrDamaged, n, sum, p.Bytes, p.SHA256)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.Path, err)
	}
	return nil
}

// createFile makes a file of what write writes, durably, or none.
func createFile(f fsx.FS, path string, write func(io.Writer) error) error {
	w, err := f.Create(path)
	if err != nil {
		return err
	}
	buffer := bufio.NewWriterSize(w, writeBuffer)
	if err = write(buffer); err == nil {
		err = buffer.Flush()
	}
	if err == nil {
		err = w.Sync()
	}
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		f.Remove(path)
	}
	return err
}
