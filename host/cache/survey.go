package cache

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io/fs"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/cubeset/cubeset/host/internal/fsx"
)

// Usage is what a cache folder holds.
type Usage struct {
	Recipes  []RecipeUsage // sorted by Prefix
	Entries  int64
	Segments int
	Unsealed int   // segments a living process is writing; their records are not counted
	Bytes    int64 // of all segments and indexes on disk
}

// RecipeUsage is what one recipe has in the cache.
type RecipeUsage struct {
	Prefix  string // the recipe's first 8 bytes in hex
	Doc     []byte // what Describe was given, nil if nobody described the recipe
	Entries int64
	Bytes   int64 // of its records
}

// Survey counts what is in the cache in dir, by recipe, and changes nothing. A
// folder that does not exist is an empty cache.
func Survey(dir string, fsys fsx.FS) (Usage, error) {
	o := DefaultOptions()
	o.FS, o.ReadOnly = fsys, true
	var u Usage
	f, err := openFolder(dir, o)
	if errors.Is(err, fs.ErrNotExist) {
		return u, nil
	}
	if err != nil {
		return u, err
	}
	s := newStore(f, o)
	defer s.Close()
	l, err := s.list()
	if errors.Is(err, fs.ErrNotExist) {
		return u, nil
	}
	if err != nil {
		return u, err
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	recipes := map[recipePrefix]recipeCount{}
	for _, id := range l.segments {
		t, err := s.table(id, l.sealed(id))
		if err != nil {
			return u, err
		}
		u.Segments++
		if t == nil {
			u.Unsealed++
			continue
		}
		u.Entries += int64(len(t.entries))
		for p, n := range t.recipes {
			recipes[p] = recipes[p].plus(n.entries, n.bytes)
		}
	}
	for ext, ids := range map[string][]segmentID{segmentExt: l.segments, indexExt: l.indexes, mergedExt: l.merged} {
		for _, id := range ids {
			if fi, err := fsys.Stat(s.path(id, ext)); err == nil {
				u.Bytes += fi.Size()
			}
		}
	}
	docs, err := f.docs()
	if err != nil {
		return u, err
	}
	for p, n := range recipes {
		u.Recipes = append(u.Recipes, RecipeUsage{
			Prefix: hex.EncodeToString(p[:]), Doc: docs[p], Entries: n.entries, Bytes: n.bytes})
	}
	slices.SortFunc(u.Recipes, func(a, b RecipeUsage) int { return strings.Compare(a.Prefix, b.Prefix) })
	return u, nil
}

// Describe keeps a document that says what a recipe stands for, for people and
// for Survey. The same document is written once.
func (s *Store) Describe(r Recipe, doc []byte) error {
	if s.o.ReadOnly {
		return ErrReadOnly
	}
	path := filepath.Join(s.dir, recipesFolder, hex.EncodeToString(r[:])+".json")
	if old, err := s.fs.ReadFile(path); err == nil && bytes.Equal(old, doc) {
		return nil
	}
	return s.writeFile("describe recipe", path, doc)
}

// docs reads the recipes that were described.
func (f folder) docs() (map[recipePrefix][]byte, error) {
	docs := map[recipePrefix][]byte{}
	dir := filepath.Join(f.dir, recipesFolder)
	names, err := f.fs.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return docs, nil
	}
	if err != nil {
		return nil, err
	}
	for _, e := range names {
		recipe, err := hex.DecodeString(strings.TrimSuffix(e.Name(), ".json"))
		if err != nil || len(recipe) != len(Recipe{}) {
			continue
		}
		if docs[recipePrefix(recipe)], err = f.fs.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			return nil, err
		}
	}
	return docs, nil
}
