package cache

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// usesMax is how many use files may lie side by side before they are summed up
// in one.
const usesMax = 64

// Account adds to what is known of a recipe's use. It is kept by Close, in a
// small file of this store's own; a store that is killed loses its count and
// nothing else.
func (s *Store) Account(r Recipe, t Tally) {
	s.w.Lock()
	defer s.w.Unlock()
	s.tallies[r] = s.tallies[r].Plus(t)
}

// keepUse writes what this store was used for. A count decides nothing, so a
// failure is no failure of the caller's.
func (s *Store) keepUse() {
	u := newUse()
	u.tallies = s.tallies
	for id, g := range s.segments {
		if g.used.Load() {
			u.segments[id] = moment{}
		}
	}
	if len(u.tallies)+len(u.segments) == 0 {
		return
	}
	if s.writeFile("write use", s.usePath(newID()), u.encode()) != nil {
		return
	}
	if ids, err := s.listUses(); err == nil && len(ids) > usesMax {
		if lock, err := claim(s.fs, s.dir, true); err == nil && lock != nil {
			defer lock.Unlock()
			s.sumUses(nil)
		}
	}
}

func (f folder) usePath(id segmentID) string {
	return filepath.Join(f.dir, usesFolder, hex.EncodeToString(id[:])+useExt)
}

func (f folder) listUses() (ids []segmentID, err error) {
	names, err := f.fs.ReadDir(filepath.Join(f.dir, usesFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range names {
		if id, ok := parseName(e.Name(), useExt); ok {
			ids = append(ids, id)
		}
	}
	return ids, err
}

// useTriesMax bounds how often the use files are summed up under the reader.
const useTriesMax = 8

// readUses sums up every use file that is whole. damaged says what is wrong
// with the others; ids are those that were there.
func (f folder) readUses() (sum use, ids []segmentID, damaged map[segmentID]error, err error) {
	for range useTriesMax {
		if ids, err = f.listUses(); err != nil {
			return newUse(), nil, nil, err
		}
		if sum, damaged, err = f.readTheseUses(ids); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return sum, ids, damaged, err
}

func (f folder) readTheseUses(ids []segmentID) (sum use, damaged map[segmentID]error, err error) {
	sum, damaged = newUse(), map[segmentID]error{}
	uses, replaced := map[segmentID]use{}, map[segmentID]bool{}
	for _, id := range ids {
		b, err := f.fs.ReadFile(f.usePath(id))
		if err != nil {
			return sum, nil, err
		}
		u, err := parseUse(b)
		if err != nil {
			damaged[id] = err
			continue
		}
		uses[id] = u
		for _, r := range u.replaced {
			replaced[r] = true
		}
	}
	for id, u := range uses {
		if replaced[id] {
			continue // left by a process that died while it summed up
		}
		fi, err := f.fs.Stat(f.usePath(id))
		if err != nil {
			return sum, nil, err
		}
		sum.add(u, fi.ModTime().Unix())
	}
	return sum, damaged, nil
}

// sumUses puts one use file into the place of all there are, without the
// recipes in drop and without segments that are gone; more, if not nil, is
// added. The caller holds the lock of the folder.
func (f folder) sumUses(more *use, drop ...recipePrefix) error {
	sum, ids, damaged, err := f.readUses()
	if err != nil {
		return err
	}
	if more != nil {
		sum.add(*more, 0)
	}
	l, err := f.list()
	if err != nil {
		return err
	}
	for id := range sum.segments {
		if _, ok := slices.BinarySearchFunc(l.segments, id, compareIDs); !ok {
			delete(sum.segments, id)
		}
	}
	for r := range sum.tallies {
		if slices.Contains(drop, r.prefix()) {
			delete(sum.tallies, r)
		}
	}
	for _, id := range ids {
		if damaged[id] == nil {
			sum.replaced = append(sum.replaced, id)
		}
	}
	if err := f.writeFile("write use", f.usePath(newID()), sum.encode()); err != nil {
		return err
	}
	for _, id := range sum.replaced {
		f.fs.Remove(f.usePath(id)) // one that stays is passed over: it is replaced
	}
	return nil
}

// parseName reads the id out of a file's name.
func parseName(name, ext string) (id segmentID, ok bool) {
	stem, found := strings.CutSuffix(name, ext)
	if !found || len(stem) != hex.EncodedLen(len(id)) {
		return id, false
	}
	_, err := hex.Decode(id[:], []byte(stem))
	return id, err == nil
}
