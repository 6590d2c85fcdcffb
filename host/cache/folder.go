package cache

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/cubeset/cubeset/host/internal/fsx"
)

// The files of DIR/v1. A .new file is one that is being written.
const (
	formatFolder  = "v1"
	recipesFolder = "recipes"
	usesFolder    = "uses"

	segmentExt = ".seg"
	indexExt   = ".idx" // a segment's own index: the segment is sealed
	mergedExt  = ".gen" // an index of many sealed segments
	draftExt   = ".new"
	useExt     = ".use" // what a store was used for
	recipeExt  = ".json"
)

// folder is DIR/v1 behind the file seam.
type folder struct {
	fs  fsx.FS
	dir string
}

func (f folder) path(id segmentID, ext string) string {
	return filepath.Join(f.dir, hex.EncodeToString(id[:])+ext)
}

// openFolder makes the folders where they are missing (unless readOnly), and
// refuses those that others can write.
func openFolder(dir string, o Options) (folder, error) {
	f := folder{fs: o.FS, dir: filepath.Join(dir, formatFolder)}
	for _, d := range []string{dir, f.dir, filepath.Join(f.dir, recipesFolder), filepath.Join(f.dir, usesFolder)} {
		if !o.ReadOnly {
			if err := f.fs.MkdirAll(d, 0o700); err != nil {
				return f, plainly(fmt.Errorf("make cache folder: %w", err))
			}
		}
		if err := private(f.fs, d); err != nil {
			if o.ReadOnly && d != dir && errors.Is(err, fs.ErrNotExist) {
				continue // nothing was ever written here
			}
			return f, err
		}
	}
	return f, nil
}

// openPresent is openFolder for a cache that must be there, so that a mistyped
// name is no new cache. It makes nothing.
func openPresent(dir string, o Options) (folder, error) {
	o.ReadOnly = true
	f, err := openFolder(dir, o)
	if err == nil {
		_, err = f.fs.Stat(f.dir)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return f, fmt.Errorf("%w: %s", ErrAbsent, dir)
	}
	return f, err
}

// private refuses a folder of another user or one that others may write to.
func private(fsys fsx.FS, dir string) error {
	fi, err := fsys.Stat(dir)
	if err != nil {
		return fmt.Errorf("look at cache folder: %w", err)
	}
	if !fi.IsDir() {
		return fmt.Errorf("cache folder %s is not a folder", dir)
	}
	if st, ok := fi.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("%w: %s belongs to user %d, this is user %d", ErrForeign, dir, st.Uid, os.Geteuid())
	}
	if perm := fi.Mode().Perm(); perm&0o022 != 0 {
		return fmt.Errorf("%w: %s has mode %04o, so that others may write to it; run chmod go-w on it", ErrForeign, dir, perm)
	}
	return nil
}

// plainly marks the errors of a folder that cannot be written.
func plainly(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}

// listing is what is in the folder, each list sorted.
type listing struct {
	segments, indexes, merged []segmentID
	drafts                    []string
}

// list reads the folder. Names that are not ours are passed over.
func (f folder) list() (listing, error) {
	var l listing
	names, err := f.fs.ReadDir(f.dir)
	if err != nil {
		return l, fmt.Errorf("list cache: %w", err)
	}
	for _, e := range names {
		ext := filepath.Ext(e.Name())
		if ext == draftExt {
			l.drafts = append(l.drafts, filepath.Join(f.dir, e.Name()))
			continue
		}
		id, ok := parseName(e.Name(), ext)
		if !ok {
			continue
		}
		switch ext {
		case segmentExt:
			l.segments = append(l.segments, id)
		case indexExt:
			l.indexes = append(l.indexes, id)
		case mergedExt:
			l.merged = append(l.merged, id)
		}
	}
	for _, ids := range [][]segmentID{l.segments, l.indexes, l.merged} {
		slices.SortFunc(ids, compareIDs)
	}
	return l, nil
}

func compareIDs(a, b segmentID) int { return strings.Compare(string(a[:]), string(b[:])) }

func (l listing) sealed(id segmentID) bool {
	_, ok := slices.BinarySearchFunc(l.indexes, id, compareIDs)
	return ok
}
