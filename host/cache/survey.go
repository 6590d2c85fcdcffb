package cache

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
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
	Bytes    int64 // of all files on disk
}

// RecipeUsage is what one recipe has in the cache.
type RecipeUsage struct {
	Prefix  string // the recipe's first 8 bytes in hex
	Doc     []byte // what Describe was given, nil if nobody described the recipe
	Entries int64
	Bytes   int64 // of its records
	Tally         // since the recipe was first used, or last removed
}

// Survey counts what is in the cache in dir, by recipe, and changes nothing.
// The error is ErrAbsent if there is no cache.
func Survey(dir string, fsys fsx.FS) (Usage, error) {
	o := DefaultOptions()
	o.FS, o.ReadOnly = fsys, true
	var u Usage
	f, err := openPresent(dir, o)
	if err != nil {
		return u, err
	}
	s := newStore(f, o)
	defer s.Close()
	l, err := s.list()
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
	if u.Bytes, err = f.bytes(); err != nil {
		return u, err
	}
	sum, _, _, err := f.readUses()
	if err != nil {
		return u, err
	}
	tallies := map[recipePrefix]Tally{}
	for r, t := range sum.tallies {
		tallies[r.prefix()] = t
		recipes[r.prefix()] = recipes[r.prefix()].plus(0, 0)
	}
	docs, err := f.docs()
	if err != nil {
		return u, err
	}
	for p, n := range recipes {
		u.Recipes = append(u.Recipes, RecipeUsage{
			Prefix: hex.EncodeToString(p[:]), Doc: docs[p], Entries: n.entries, Bytes: n.bytes, Tally: tallies[p]})
	}
	slices.SortFunc(u.Recipes, func(a, b RecipeUsage) int { return strings.Compare(a.Prefix, b.Prefix) })
	return u, nil
}

// Describe keeps a document that says what a recipe stands for, for people and
// for Survey: a JSON object with at least the embed_id and the prefix that r was
// made of. The same document is written once.
func (s *Store) Describe(r Recipe, doc []byte) error {
	if s.o.ReadOnly {
		return ErrReadOnly
	}
	if err := checkDescription(r, doc); err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	path := filepath.Join(s.dir, recipesFolder, hex.EncodeToString(r[:])+recipeExt)
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
		r, ok := parseRecipeName(e.Name())
		if !ok {
			continue
		}
		if docs[r.prefix()], err = f.fs.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			return nil, err
		}
	}
	return docs, nil
}

// parseRecipeName reads the recipe out of the name of its description.
func parseRecipeName(name string) (r Recipe, ok bool) {
	stem, found := strings.CutSuffix(name, recipeExt)
	if !found || len(stem) != hex.EncodedLen(len(r)) {
		return r, false
	}
	_, err := hex.Decode(r[:], []byte(stem))
	return r, err == nil
}
