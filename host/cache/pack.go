package cache

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
)

// pack copies what is alive of some segments, group by group, into new ones and
// then removes the old. Dead are bad records, records of a recipe in drop, and
// those that another of the same key beats. Whenever it ends, by an error or
// with the process, every live record is in one of the two places or in both.
func (k *keeper) pack(groups [][]*kept, drop ...recipePrefix) error {
	leaving := map[*segment]bool{}
	for _, s := range slices.Concat(groups...) {
		leaving[s.segment] = true
	}
	for _, some := range groups {
		if err := k.packGroup(some, leaving, drop); err != nil {
			return err
		}
	}
	return nil
}

func (k *keeper) packGroup(some []*kept, leaving map[*segment]bool, drop []recipePrefix) error {
	w := newStore(k.folder, k.o) // knows of no other segment: what is there is copied all the same
	err := k.copyLive(w, some, leaving, drop)
	unsealed := w.view.Load().active
	if err = errors.Join(err, w.Close()); err != nil {
		if unsealed != nil {
			k.removeFiles(unsealed.id)
		}
		for id := range w.segments {
			k.removeFiles(id)
		}
		return fmt.Errorf("pack: %w", err)
	}
	packed := newUse()
	for id := range w.segments {
		m := moment{packed: true}
		for _, s := range some {
			m.unix = max(m.unix, s.used)
		}
		packed.segments[id] = m
	}
	if err := k.sumUses(&packed, drop...); err != nil {
		return err
	}
	for _, s := range some {
		if err := k.removeFiles(s.id); err != nil {
			return err
		}
	}
	return nil
}

func (k *keeper) copyLive(w *Store, some []*kept, leaving map[*segment]bool, drop []recipePrefix) error {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	for _, s := range some {
		entries := slices.SortedFunc(slices.Values(s.entries), func(a, b entry) int { return cmp.Compare(a.where, b.where) })
		for _, e := range entries {
			_, rec := s.record(e)
			p, ok := check(rec)
			if !ok || slices.Contains(drop, recordRecipe(rec)) || !k.answers(s.segment, e.offset(), leaving) {
				continue
			}
			if err := w.put(recordRecipe(rec), []Key{*recordKey(rec)}, [][]byte{p}); err != nil {
				return err
			}
		}
	}
	return nil
}

// answers says whether the record at this place, which is whole, is the one to
// keep of those of its key. Of equal ones that is one that stays where it is.
func (k *keeper) answers(g *segment, at int64, leaving map[*segment]bool) bool {
	rec := g.b[at:]
	p, _ := check(rec)
	key := recordKey(rec)
	for _, t := range k.view.Load().tables {
		for _, e := range t.lookup(key.fragment()) {
			other, r := t.record(e)
			if other == nil || k.gone[other] || other == g && e.offset() == at {
				continue
			}
			q, ok := check(r)
			if !ok || *recordKey(r) != *key {
				continue
			}
			switch {
			case !bytes.Equal(p, q):
				if wins(q, p) {
					return false
				}
			case !leaving[other]:
				return false
			case cmp.Or(compareIDs(other.id, g.id), cmp.Compare(e.offset(), at)) < 0:
				return false
			}
		}
	}
	return true
}
