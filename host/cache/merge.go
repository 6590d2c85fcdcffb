package cache

import (
	"cmp"
	"io"
	"iter"
	"slices"
)

const (
	// tablesMax is how many indexes a lookup may have to search. Beyond it the
	// smallest are merged until tablesKept are left, so that an entry is
	// rewritten only a few times as the cache grows.
	tablesMax  = 6
	tablesKept = 3
	// mergeBlock is about how many entries are sorted at once in a merge.
	mergeBlock = 1024
)

// loadMerged loads the merged indexes, the widest first, and notes what they
// cover. Those that are damaged or cover nothing of their own are useless.
func (s *Store) loadMerged(l listing, covered map[segmentID]bool) (tables []*table, useless []segmentID) {
	for _, id := range l.merged {
		if x := s.readIndex(s.path(id, mergedExt)); x != nil {
			tables = append(tables, &table{index: x, merged: &id, sealed: true})
		} else {
			useless = append(useless, id)
		}
	}
	slices.SortStableFunc(tables, func(a, b *table) int { return cmp.Compare(len(b.ids), len(a.ids)) })
	tables = slices.DeleteFunc(tables, func(t *table) bool {
		ok := !slices.ContainsFunc(t.ids, func(id segmentID) bool { return covered[id] }) && s.attach(t)
		if !ok {
			useless = append(useless, *t.merged)
			return true
		}
		for _, id := range t.ids {
			covered[id] = true
		}
		return false
	})
	return tables, useless
}

// attach maps the segments of a merged index, and says whether any is left.
func (s *Store) attach(t *table) bool {
	left := false
	for _, id := range t.ids {
		g, err := s.segment(id)
		if err != nil {
			return false
		}
		t.segments = append(t.segments, g)
		left = left || g != nil
	}
	return left
}

// merge keeps the number of tables small. It only makes lookups faster, so a
// failure, a full disk above all, is no failure of the caller's.
func (s *Store) merge() {
	v := s.view.Load()
	if s.o.ReadOnly || len(v.tables) <= tablesMax {
		return
	}
	bySize := slices.SortedStableFunc(slices.Values(v.tables), func(a, b *table) int {
		return cmp.Compare(len(a.entries), len(b.entries))
	})
	var some []*table
	for _, t := range bySize[:len(bySize)-tablesKept] {
		if t.sealed {
			some = append(some, t)
		}
	}
	t, err := s.mergeTables(some)
	if err != nil {
		return
	}
	tables := []*table{t}
	for _, old := range v.tables {
		if !slices.Contains(some, old) {
			tables = append(tables, old)
		} else if old.merged != nil {
			s.fs.Remove(s.path(*old.merged, mergedExt))
		}
	}
	s.view.Store(&view{tables: tables, active: v.active})
}

// mergeTables writes one index for many tables and loads it. Entries of
// segments that are gone stay behind.
func (s *Store) mergeTables(some []*table) (t *table, err error) {
	defer func() {
		if unreadable(recover()) {
			t, err = nil, errIndex
		}
	}()
	t = &table{sealed: true}
	var ids []segmentID
	numbers := make([][]int, len(some)) // a table's segment numbers in the new index; -1: gone
	n := 0
	for i, old := range some {
		for j, g := range old.segments {
			numbers[i] = append(numbers[i], -1)
			if g != nil {
				numbers[i][j] = len(ids)
				ids = append(ids, g.id)
				t.segments = append(t.segments, g)
			}
		}
		for _, e := range old.entries {
			if number(numbers[i], e) >= 0 {
				n++
			}
		}
	}
	id := newID()
	err = s.stream("merge indexes", s.path(id, mergedExt), func(w io.Writer) error {
		return writeIndex(w, ids, nil, n, merged(some, numbers, n))
	})
	if err != nil {
		return nil, err
	}
	t.merged = &id
	if t.index = s.readIndex(s.path(id, mergedExt)); t.index == nil {
		return nil, errIndex
	}
	return t, nil
}

func number(numbers []int, e entry) int {
	if n := e.segment(); n < len(numbers) {
		return numbers[n]
	}
	return -1
}

// merged yields the entries of many tables in order, block of fragments by
// block: fragments are spread evenly, so blocks come out about equal.
func merged(some []*table, numbers [][]int, n int) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		shift := 64 - fanBits(n/(mergeBlock/4))
		rest := make([][]entry, len(some))
		for i, t := range some {
			rest[i] = t.entries
		}
		var block []entry
		for b := range uint64(1) << (64 - shift) {
			block = block[:0]
			for i := range rest {
				k := 0
				for ; k < len(rest[i]) && rest[i][k].fragment>>shift == b; k++ {
					e := rest[i][k]
					if to := number(numbers[i], e); to >= 0 {
						block = append(block, entry{e.fragment, location(to, e.offset())})
					}
				}
				rest[i] = rest[i][k:]
			}
			slices.SortFunc(block, byFragment)
			for _, e := range block {
				if !yield(e) {
					return
				}
			}
		}
	}
}
