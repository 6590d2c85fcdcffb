package cache

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
)

// Removed is what Remove took out, or would take out.
type Removed struct {
	Entries  int64
	Bytes    int64 // of their records
	Segments int   // that were removed or written anew
	Live     int   // segments that are being written: whatever they hold stays
}

// Remove takes everything out that was put under some recipes, named by the
// RecipeUsage.Prefix that Survey gives: records, counts and descriptions.
// Builds may go on meanwhile; what they put from now on stays. After an error
// or a crash the same call goes on. The error is ErrAbsent if there is no cache.
func Remove(dir string, o Options, prefixes []string, dryRun bool) (done Removed, err error) {
	o.ReadOnly = dryRun
	var drop []recipePrefix
	for _, p := range prefixes {
		b, err := hex.DecodeString(p)
		if err != nil || len(b) != len(recipePrefix{}) {
			return done, fmt.Errorf("%q is no prefix of a recipe: want %d hex digits", p, hex.EncodedLen(len(recipePrefix{})))
		}
		drop = append(drop, recipePrefix(b))
	}
	k, err := keep(dir, o)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, k.close()) }()
	if err := k.load(); err != nil {
		return done, err
	}
	done.Live = k.live
	var some []*kept
	for _, s := range k.sealed {
		n := recipeCount{}
		for _, p := range drop {
			n = n.plus(s.recipes[p].entries, s.recipes[p].bytes)
		}
		if n.entries > 0 {
			some = append(some, s)
			done.Entries, done.Bytes, done.Segments = done.Entries+n.entries, done.Bytes+n.bytes, done.Segments+1
		}
	}
	if dryRun {
		return done, nil
	}
	if err := k.pack(k.groups(some), drop...); err != nil {
		return done, err
	}
	if err := k.sumUses(nil, drop...); err != nil {
		return done, err
	}
	if _, err := k.tidy(); err != nil {
		return done, err
	}
	return done, k.forget(drop) // last: who is interrupted finds the recipe again
}

// forget removes the descriptions of recipes.
func (k *keeper) forget(drop []recipePrefix) error {
	dir := filepath.Join(k.dir, recipesFolder)
	names, err := k.fs.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("list recipes: %w", err)
	}
	for _, e := range names {
		if r, ok := parseRecipeName(e.Name()); ok && slices.Contains(drop, r.prefix()) {
			if err := k.fs.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return plainly(fmt.Errorf("remove recipe: %w", err))
			}
		}
	}
	return nil
}
