package plugins

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// Limits of a teacher's folder. It holds programs; a model that is larger lies
// elsewhere and is named by its digest in the teacher's description.
const (
	folderEntriesMax = 20_000
	folderBytesMax   = 1 << 30
)

// passedOver is what no teacher is made of: what version control notes of a
// folder, and what Python leaves beside a script. It is neither hashed nor
// copied.
var passedOver = []string{".git", "__pycache__"}

// Digest is the digest of PROTOCOL.md, section 6, over what makes up the
// teacher, in hex. Errors match ErrFolder, or are those of the file system.
func (f *Folder) Digest(ctx context.Context) (string, error) { return f.walk(ctx, nil) }

// Copy makes in the folder dst, which is there and empty, what the teacher is
// made of, and returns the digest of what it wrote.
func (f *Folder) Copy(ctx context.Context, dst string) (string, error) {
	to, err := os.OpenRoot(dst)
	if err != nil {
		return "", err
	}
	defer to.Close()
	return f.walk(ctx, to)
}

func (f *Folder) walk(ctx context.Context, to *os.Root) (string, error) {
	t := &tree{ctx: ctx, to: to, hash: sha256.New(), copied: f.copied}
	t.field([]byte("cubeset.folder.v1"))
	if err := t.take(f); err != nil {
		return "", err
	}
	return hex.EncodeToString(t.hash.Sum(nil)), nil
}

// tree is a teacher's folder being read, once: what is hashed is what is
// written.
type tree struct {
	ctx     context.Context
	from    *os.Root
	to      *os.Root // nil: nothing is written
	hash    hash.Hash
	entries int
	bytes   int64
	copied  func(string)
}

func (t *tree) take(f *Folder) error {
	if f.alone != "" {
		file, err := os.OpenFile(filepath.Join(f.Dir, f.alone), os.O_RDONLY|unix.O_NONBLOCK, 0) // the path may be a link, as for any command
		if err != nil {
			return err
		}
		return t.file(f.alone, file)
	}
	var err error
	if t.from, err = os.OpenRoot(f.Dir); err != nil {
		return err
	}
	defer t.from.Close()
	return fs.WalkDir(t.from.FS(), ".", t.entry)
}

// entry takes one name of the folder. Names come depth first, those of one
// folder in the order of their bytes.
func (t *tree) entry(name string, d fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	if err := t.ctx.Err(); err != nil {
		return err
	}
	if name == "." {
		return nil
	}
	if slices.Contains(passedOver, d.Name()) {
		if d.IsDir() {
			return fs.SkipDir
		}
		return nil
	}
	if t.entries++; t.entries > folderEntriesMax {
		return fmt.Errorf("%w: more than %d files", ErrFolder, folderEntriesMax)
	}
	switch d.Type() {
	case fs.ModeDir:
		return t.folder(name)
	case fs.ModeSymlink:
		return t.link(name)
	case 0:
		file, err := t.from.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0) // it may be a pipe by now
		if err != nil {
			return err
		}
		return t.file(name, file)
	}
	return fmt.Errorf("%w: %s is neither a file, a folder nor a link", ErrFolder, clean(name))
}

func (t *tree) folder(name string) error {
	t.head('d', name, 0)
	if t.to == nil {
		return nil
	}
	return t.to.Mkdir(name, 0o700)
}

// link takes a link that leads to something in the folder.
func (t *tree) link(name string) error {
	target, err := t.from.Readlink(name)
	if err != nil {
		return err
	}
	if _, err := t.from.Stat(name); err != nil {
		return fmt.Errorf("%w: %s is a link that leads to nothing in the folder", ErrFolder, clean(name))
	}
	t.head('l', name, int64(len(target)))
	t.hash.Write([]byte(target))
	if t.to == nil {
		return nil
	}
	return t.to.Symlink(target, name)
}

// file takes an open file, and closes it.
func (t *tree) file(name string, file *os.File) (err error) {
	defer file.Close()
	fi, err := file.Stat()
	if err != nil {
		return err
	}
	if !fi.Mode().IsRegular() {
		return fmt.Errorf("%w: %s is not a file", ErrFolder, clean(name))
	}
	if t.bytes += fi.Size(); t.bytes > folderBytesMax {
		return fmt.Errorf("%w: more than %d bytes with %s; keep large models elsewhere", ErrFolder, int64(folderBytesMax), clean(name))
	}
	kind, mode := byte('f'), fs.FileMode(0o600)
	if fi.Mode()&0o100 != 0 {
		kind, mode = 'x', 0o700
	}
	t.head(kind, name, fi.Size())
	w := io.Writer(t.hash)
	if t.to != nil {
		dst, err := t.to.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, dst.Close()) }()
		w = io.MultiWriter(t.hash, dst)
	}
	n, err := io.Copy(w, io.LimitReader(&patient{t.ctx, file}, fi.Size()+1))
	if err == nil && n != fi.Size() {
		err = fmt.Errorf("%w: %s changed while it was read", ErrFolder, clean(name))
	}
	if err == nil && t.copied != nil {
		t.copied(name)
	}
	return err
}

// head begins an entry: its kind, its name, and how many bytes follow.
func (t *tree) head(kind byte, name string, size int64) {
	t.hash.Write([]byte{kind})
	t.field([]byte(name))
	t.hash.Write(binary.BigEndian.AppendUint64(nil, uint64(size)))
}

func (t *tree) field(b []byte) {
	t.hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b))))
	t.hash.Write(b)
}

// patient reads until its context ends.
type patient struct {
	ctx context.Context
	r   io.Reader
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}
