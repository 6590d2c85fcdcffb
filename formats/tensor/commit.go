package tensor

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
)

// The folders of a commit, inside the dataset's.
const (
	tmpDir  = "_tmp"
	nextDir = tmpDir + "/next" // the next dataset, whole once it has a manifest
	dirPerm = 0o755
)

// Commit makes m the dataset in dir. A part, or a file of rejects, is taken from
// dir/_tmp/parts, or from where the dataset has it already if it is unchanged;
// files, by name, go beside the manifest.
//
// The next dataset is first put together in dir/_tmp/next out of hard links,
// and made durable; its manifest, written last, is the decision: from there on
// the commit is only ever carried on, by Recover or by another Commit. Then
// data/ is exchanged in one step, the smaller files are moved, and the
// manifest last of all. At any moment a listing of dir/data shows the old
// dataset or the new, and ReadManifest returns the manifest that fits it.
//
// One process may commit to a folder at a time.
func Commit(f FS, dir string, m Manifest, files map[string][]byte) error {
	if err := m.Validate(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	encoded, err := m.Encode()
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if err := resume(f, dir); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if err := stage(f, dir, m, encoded, files); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if err := carryOn(f, dir, m); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if err := f.RemoveAll(filepath.Join(dir, tmpDir)); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// stage puts the next dataset together in nextDir. Until its last rename
// nothing has happened.
func stage(f FS, dir string, m Manifest, manifest []byte, files map[string][]byte) error {
	next := filepath.Join(dir, nextDir)
	if err := f.RemoveAll(next); err != nil {
		return err
	}
	folders := []string{dataDir, rejectsDir, "files"}
	for _, d := range folders {
		if err := f.MkdirAll(filepath.Join(next, d), dirPerm); err != nil {
			return err
		}
	}
	waiting, err := f.ReadDir(filepath.Join(dir, tmpDir, "parts"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	made := map[string]bool{}
	for _, e := range waiting {
		made[e.Name()] = true
	}
	for _, p := range slices.Concat(m.Parts, m.Rejects) {
		if err := adopt(f, dir, p, made[path.Base(p.Path)]); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !fileName.MatchString(name) || slices.Contains([]string{manifestName, dataDir, rejectsDir}, name) {
			return fmt.Errorf("file name %q is not free", clip(name))
		}
		if err := writeFile(f, filepath.Join(next, "files", name), files[name]); err != nil {
			return err
		}
	}
	for _, d := range append(folders, ".") {
		if err := f.SyncDir(filepath.Join(next, d)); err != nil {
			return err
		}
	}
	if err := writeFile(f, filepath.Join(next, manifestName+".tmp"), manifest); err != nil {
		return err
	}
	if err := f.Rename(filepath.Join(next, manifestName+".tmp"), filepath.Join(next, manifestName)); err != nil {
		return err
	}
	for _, d := range []string{nextDir, tmpDir, "."} {
		if err := f.SyncDir(filepath.Join(dir, d)); err != nil {
			return err
		}
	}
	return nil
}

// adopt links a finished file into the next dataset: the one made by this
// build, in _tmp/parts, before the one the dataset has already, which is
// durable since its own commit. Rejects that the dataset has are where they are
// to be.
func adopt(f FS, dir string, p PartInfo, made bool) error {
	next := filepath.Join(dir, nextDir, filepath.FromSlash(p.Path))
	if made {
		from := filepath.Join(dir, tmpDir, "parts", path.Base(p.Path))
		if ok, err := isOf(f, from, p.Bytes); ok || err != nil {
			if err == nil {
				err = syncFile(f, from)
			}
			if err == nil {
				err = link(f, from, next)
			}
			return err
		}
	}
	from := filepath.Join(dir, filepath.FromSlash(p.Path))
	ok, err := isOf(f, from, p.Bytes)
	switch {
	case err != nil:
		return err
	case !ok:
		return fmt.Errorf("%w: %s: no file of %d bytes is there", ErrDamaged, p.Path, p.Bytes)
	case path.Dir(p.Path) == rejectsDir:
		return nil
	}
	return link(f, from, next)
}

// isOf says whether there is a file of this size.
func isOf(f FS, name string, bytes int64) (bool, error) {
	fi, err := f.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && fi.Size() == bytes, err
}

// link falls back to a copy where the file system has no hard links.
func link(f FS, from, to string) error {
	err := f.Link(from, to)
	if !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	r, err := f.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := f.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Sync(), w.Close())
}

func syncFile(f FS, name string) error {
	r, err := f.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(r.Sync(), r.Close())
}

func writeFile(f FS, name string, b []byte) error {
	w, err := f.Create(name)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return errors.Join(err, w.Sync(), w.Close())
}
