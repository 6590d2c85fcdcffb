package tensor

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Recover carries a commit that was cut off to its end, if it had come to its
// decision, and then removes dir/_tmp. Otherwise it leaves dir as it is: what
// lies in _tmp is a build's own, to be resumed. Call it before a build.
func Recover(f FS, dir string) error {
	next, err := readNext(f, dir)
	if next == nil || err != nil {
		return err
	}
	if err := resume(f, dir); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	if err := f.RemoveAll(filepath.Join(dir, tmpDir)); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	return nil
}

// resume is Recover without touching the rest of _tmp.
func resume(f FS, dir string) error {
	next, err := readNext(f, dir)
	if next == nil || err != nil {
		return err
	}
	return carryOn(f, dir, *next)
}

// readNext is the manifest of a decided commit, nil without one.
func readNext(f FS, dir string) (*Manifest, error) {
	m, err := loadManifest(f, filepath.Join(dir, nextDir, manifestName))
	if errors.Is(err, ErrNoManifest) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", nextDir, err)
	}
	return &m, nil
}

// carryOn moves the next dataset into place. Each step finds out for itself
// whether it was done before.
func carryOn(f FS, dir string, m Manifest) error {
	if err := swapData(f, dir, m); err != nil {
		return err
	}
	if err := moveRejects(f, dir, m.Rejects); err != nil {
		return err
	}
	staged := filepath.Join(dir, nextDir, "files")
	es, err := f.ReadDir(staged)
	if err != nil {
		return err
	}
	for _, e := range es {
		if err := f.Rename(filepath.Join(staged, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	if err := f.SyncDir(dir); err != nil {
		return err
	}
	if err := f.Rename(filepath.Join(dir, nextDir, manifestName), filepath.Join(dir, manifestName)); err != nil {
		return err
	}
	return f.SyncDir(dir)
}

func swapData(f FS, dir string, m Manifest) error {
	data, next := filepath.Join(dir, dataDir), filepath.Join(dir, nextDir, dataDir)
	there, err := holds(f, data, m, next)
	if err != nil {
		return err
	}
	if !there {
		staged, err := holds(f, next, m, next)
		if err != nil {
			return err
		}
		if !staged {
			return fmt.Errorf("%w: neither %s nor %s/%s holds the parts of the next manifest", ErrDamaged, dataDir, nextDir, dataDir)
		}
		_, err = f.Stat(data)
		switch {
		case err == nil:
			err = f.Exchange(data, next)
		case errors.Is(err, fs.ErrNotExist):
			err = f.Rename(next, data)
		}
		if err != nil {
			return err
		}
	}
	for _, d := range []string{".", nextDir} {
		if err := f.SyncDir(filepath.Join(dir, d)); err != nil {
			return err
		}
	}
	return f.RemoveAll(data + ".old") // an exchange made of renames, cut off
}

// moveRejects puts the files of rejects in place and removes any other.
func moveRejects(f FS, dir string, rejects []PartInfo) error {
	folder, next := filepath.Join(dir, rejectsDir), filepath.Join(dir, nextDir, rejectsDir)
	if len(rejects) == 0 {
		return f.RemoveAll(folder)
	}
	if err := f.MkdirAll(folder, dirPerm); err != nil {
		return err
	}
	staged, err := f.ReadDir(next)
	if err != nil {
		return err
	}
	for _, e := range staged {
		if err := f.Rename(filepath.Join(next, e.Name()), filepath.Join(folder, e.Name())); err != nil {
			return err
		}
	}
	keep := map[string]bool{}
	for _, p := range rejects {
		keep[path.Base(p.Path)] = true
	}
	there, err := f.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range there {
		if !keep[e.Name()] {
			if err := f.RemoveAll(filepath.Join(folder, e.Name())); err != nil {
				return err
			}
		}
	}
	return f.SyncDir(folder)
}

// holds tells whether folder has the parts of m and no others. Of a part that is
// another file than the one of its name in next, whose name and size may be the
// same, the bytes decide: it can be an older one, or damaged.
func holds(f FS, folder string, m Manifest, next string) (bool, error) {
	es, err := f.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	parts := map[string]PartInfo{}
	for _, p := range m.Parts {
		parts[path.Base(p.Path)] = p
	}
	es = slices.DeleteFunc(es, func(e fs.DirEntry) bool { return !strings.HasSuffix(e.Name(), ".parquet") })
	if len(es) != len(parts) || slices.ContainsFunc(es, func(e fs.DirEntry) bool { return parts[e.Name()].Path == "" }) {
		return false, nil
	}
	for _, e := range es {
		fi, err := f.Stat(filepath.Join(folder, e.Name()))
		if err != nil {
			return false, err
		}
		p := parts[e.Name()]
		if p.Bytes != fi.Size() {
			return false, nil
		}
		if folder == next {
			continue
		}
		other, err := f.Stat(filepath.Join(next, e.Name()))
		if errors.Is(err, fs.ErrNotExist) || err == nil && os.SameFile(fi, other) {
			continue
		}
		if err != nil {
			return false, err
		}
		if sum, err := fileSum(f, filepath.Join(folder, e.Name())); err != nil || sum != p.SHA256 {
			return false, err
		}
	}
	return true, nil
}

func fileSum(f FS, name string) (string, error) {
	r, err := f.Open(name)
	if err != nil {
		return "", err
	}
	defer r.Close()
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
