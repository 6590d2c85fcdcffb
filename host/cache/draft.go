package cache

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cubeset/cubeset/host/internal/fsx"
	"github.com/gofrs/flock"
)

// draft is a new file under a name of its own. Whoever makes it holds a lock on
// it until it is published or dropped: a draft whose lock is free was left by a
// process that died. The lock lives on the open file, so it survives a rename
// and ends with the process.
type draft struct {
	fsx.File
	fs   fsx.FS
	id   segmentID
	path string
	lock *flock.Flock
}

// draftTriesMax bounds how often a draft loses to a sweep that took it, before
// it was locked, for a dead one.
const draftTriesMax = 8

func (f folder) draft() (*draft, error) {
	for range draftTriesMax {
		d := &draft{fs: f.fs, id: newID()}
		d.path = f.path(d.id, draftExt)
		file, err := f.fs.CreateNew(d.path)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, plainly(err)
		}
		d.File = file
		d.lock, err = claim(f.fs, d.path, true)
		if err == nil && d.lock != nil {
			return d, nil
		}
		file.Close()
		if err != nil {
			f.fs.Remove(d.path)
			return nil, err
		}
	}
	return nil, fmt.Errorf("no draft in %s survived %d tries", f.dir, draftTriesMax)
}

// newID is random: two writers never meet in one name.
func newID() (id segmentID) {
	rand.Read(id[:]) // never fails
	return id
}

// publish renames the draft and keeps it locked and open.
func (d *draft) publish(path string) error {
	if err := d.fs.Rename(d.path, path); err != nil {
		return plainly(err)
	}
	d.path = path
	return nil
}

// release closes the file and gives up the lock. The file stays.
func (d *draft) release() error { return errors.Join(d.File.Close(), d.lock.Unlock()) }

// drop removes the file and releases it.
func (d *draft) drop() error { return errors.Join(d.fs.Remove(d.path), d.release()) }

// claim locks an existing file, alone or with other readers. It returns nil
// without an error if a living process has the file, or if it is gone.
func claim(fsys fsx.FS, path string, alone bool) (*flock.Flock, error) {
	l := newLock(path)
	try := l.TryRLock
	if alone {
		try = l.TryLock
	}
	ok, err := try()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if !ok {
		return nil, nil
	}
	// Between the opening of the file and the lock on it, somebody may have
	// removed it; a lock on a removed file protects nothing.
	if _, err := fsys.Stat(path); err != nil {
		l.Unlock()
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	return l, nil
}

// newLock is a lock on a file or folder that exists.
func newLock(path string) *flock.Flock { return flock.New(path, flock.SetFlag(os.O_RDONLY)) }

// probe shows whether files can be made, locked and removed.
func (f folder) probe() error {
	d, err := f.draft()
	if err != nil {
		return fmt.Errorf("open cache: %w", err)
	}
	if err := d.drop(); err != nil {
		return fmt.Errorf("open cache: %w", err)
	}
	return nil
}

// writeFile writes a whole file that readers see entire or not at all. step
// names what it is for, in the error.
func (f folder) writeFile(step, path string, b []byte) error {
	return f.stream(step, path, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

func (f folder) stream(step, path string, write func(io.Writer) error) error {
	d, err := f.draft()
	if err != nil {
		return fmt.Errorf("cache: %s: %w", step, err)
	}
	err = write(d)
	if err == nil {
		err = d.Sync()
	}
	if err == nil {
		err = d.publish(path)
	}
	if err != nil {
		d.drop()
		return fmt.Errorf("cache: %s: %w", step, plainly(err))
	}
	if err := errors.Join(d.release(), f.fs.SyncDir(filepath.Dir(path))); err != nil {
		return fmt.Errorf("cache: %s: %w", step, err)
	}
	return nil
}

// sweep removes drafts of processes that died. It is no harm if it cannot.
func (f folder) sweep(drafts []string) {
	for _, path := range drafts {
		if lock, err := claim(f.fs, path, true); err == nil && lock != nil {
			f.fs.Remove(path)
			lock.Unlock()
		}
	}
}
