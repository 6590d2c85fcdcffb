package dialogue

import (
	"archive/zip"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/klauspost/compress/flate"
)

// memberMark stands between the path of an archive and the name of a file in
// it.
const memberMark = "!/"

// membersMax is how many files an archive may have.
const membersMax = 100_000

// cutMember cuts "a.zip!/b" into the archive and the name of a file in it.
func cutMember(path string) (archive, name string, ok bool) {
	const ending = ".zip"
	if i := strings.Index(strings.ToLower(path), ending+memberMark); i >= 0 {
		i += len(ending)
		return path[:i], path[i+len(memberMark):], true
	}
	return "", "", false
}

// openArchive opens a zip archive and reads what is in it. The caller closes
// the file.
func openArchive(path string) (f *os.File, members []*zip.File, err error) {
	if f, err = os.Open(path); err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	r, err := zip.NewReader(f, info.Size())
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // names are looked at in every case
		return nil, nil, errors.Join(fmt.Errorf("%s: %w: %w", path, ErrDamaged, err), f.Close())
	}
	if len(r.File) > membersMax {
		return nil, nil, errors.Join(fmt.Errorf("%s: %d files in an archive, at most %d are read", path, len(r.File), membersMax), f.Close())
	}
	return f, r.File, nil
}

// archived is a file in an archive, unpacked as it is read.
type archived struct {
	r      io.Reader
	file   *os.File // the archive
	packed *counter
	size   int64 // packed
	left   int64 // bytes that are still to come
	sum    uint32
	want   uint32
}

// openMember opens a file in an archive.
func openMember(archive, name string) (*archived, error) {
	file, all, err := openArchive(archive)
	if err != nil {
		return nil, err
	}
	var found *zip.File
	for _, f := range all {
		switch {
		case f.Name != name:
		case found != nil:
			return nil, errors.Join(fmt.Errorf("%s: %w: two files named %q", archive, ErrDamaged, name), file.Close())
		default:
			found = f
		}
	}
	if found == nil {
		return nil, errors.Join(&fs.PathError{Op: "open", Path: archive + memberMark + name, Err: fs.ErrNotExist}, file.Close())
	}
	m, err := newArchived(file, found)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s%s%s: %w", archive, memberMark, name, err), file.Close())
	}
	return m, nil
}

func newArchived(file *os.File, f *zip.File) (*archived, error) {
	const encrypted = 1
	if err := checkMember(f.Name); err != nil {
		return nil, err
	}
	if f.Flags&encrypted != 0 {
		return nil, fmt.Errorf("%w: it is encrypted", ErrFormat)
	}
	raw, err := f.OpenRaw()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	m := &archived{file: file, packed: &counter{r: raw}, size: int64(f.CompressedSize64), left: int64(f.UncompressedSize64), want: f.CRC32}
	switch f.Method {
	case zip.Store:
		m.r = m.packed
	case zip.Deflate:
		m.r = flate.NewReader(m.packed)
	default:
		return nil, fmt.Errorf("%w: packed with method %d of zip, want 0 or 8", ErrFormat, f.Method)
	}
	return m, nil
}

// Read fails with ErrDamaged where the file is not what the archive says.
func (m *archived) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.sum = crc32.Update(m.sum, crc32.IEEETable, p[:n])
	if m.left -= int64(n); m.left < 0 {
		return n, fmt.Errorf("%w: longer than the archive says", ErrDamaged)
	}
	if errors.Is(err, io.EOF) && (m.left > 0 || m.sum != m.want) {
		return n, fmt.Errorf("%w: not what the archive's checksum says", ErrDamaged)
	}
	return n, err
}

// checkMember refuses names that lead out of an archive, should anything be
// made of them, and such as nobody could read.
func checkMember(name string) error {
	slashed := strings.TrimSuffix(strings.ReplaceAll(name, `\`, "/"), "/")
	drive := len(name) > 1 && name[1] == ':'
	if !fs.ValidPath(slashed) || drive || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7F }) {
		return fmt.Errorf("%w: a file named %q", ErrOutside, name)
	}
	return nil
}
