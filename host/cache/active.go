package cache

import (
	"errors"
	"fmt"
	"maps"
	"sync"
)

// segmentEntriesMax bounds the memory of an unsealed segment's table.
const segmentEntriesMax = 1 << 17

// active is the segment this store is writing. Only the holder of Store.w
// changes it; mu lets readers look meanwhile.
type active struct {
	*draft
	b        []byte // mapped as large as the segment may grow
	sizeMax  int64
	epoch    int
	failed   bool // a write failed: seal it and begin another
	released bool

	mu      sync.RWMutex
	where   map[Key]uint32 // in units of alignBytes
	size    int64          // of the whole records, all of them in where
	recipes map[recipePrefix]recipeCount
}

// begin makes the next segment.
func (s *Store) begin() error {
	d, err := s.draft()
	if err != nil {
		return fmt.Errorf("cache: begin segment: %w", err)
	}
	head := make([]byte, headerBytes)
	copy(head, segmentMagic)
	if _, err := d.Write(head); err != nil {
		d.drop()
		return fmt.Errorf("cache: begin segment: %w", err)
	}
	if err := d.publish(s.path(d.id, segmentExt)); err != nil {
		d.drop()
		return fmt.Errorf("cache: begin segment: %w", err)
	}
	b, err := s.mapFile(d.path, s.o.SegmentBytesMax)
	if err != nil {
		d.drop()
		return fmt.Errorf("cache: map segment: %w", err)
	}
	a := &active{draft: d, b: b, sizeMax: s.o.SegmentBytesMax, epoch: s.epoch,
		where: map[Key]uint32{}, size: headerBytes, recipes: map[recipePrefix]recipeCount{}}
	s.view.Store(&view{tables: s.view.Load().tables, active: a})
	return nil
}

func (a *active) fits(n int64, pending int) bool {
	return a.size+n <= a.sizeMax && len(a.where)+pending < segmentEntriesMax
}

// commit shows written records to readers.
func (a *active) commit(where map[Key]uint32, n int64, recipe recipePrefix) {
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.Copy(a.where, where)
	a.size += n
	a.recipes[recipe] = a.recipes[recipe].plus(int64(len(where)), n)
}

// get finds where the records of keys begin, for all keys under one lock.
func (a *active) get(keys []Key, records [][]byte) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	for i := range keys {
		if unit, ok := a.where[keys[i]]; ok {
			records[i] = a.record(unit)
		}
	}
}

func (a *active) record(unit uint32) []byte { return a.b[int64(unit)*alignBytes : a.size] }

// release is safe to call twice: sealing may fail on either side of it.
func (a *active) release() error {
	if a.released {
		return nil
	}
	a.released = true
	return a.draft.release()
}

// seal makes the active segment immutable: its records durable, then its index
// there in one step. From then on every process sees it.
func (s *Store) seal(a *active) error {
	v := s.view.Load()
	if len(a.where) == 0 {
		s.view.Store(&view{tables: v.tables})
		return errors.Join(s.fs.Remove(a.path), a.release())
	}
	if err := a.Sync(); err != nil {
		return fmt.Errorf("cache: sync %s: %w", a.path, err)
	}
	f := found{recipes: a.recipes, end: a.size}
	for key, unit := range a.where {
		f.entries = append(f.entries, entry{key.fragment(), location(0, int64(unit)*alignBytes)})
	}
	b, x, err := indexOf(a.id, f)
	if err != nil {
		return fmt.Errorf("cache: index %s: %w", a.path, err)
	}
	if err := s.writeFile("write index", s.path(a.id, indexExt), b); err != nil {
		return err
	}
	g := &segment{id: a.id, b: a.b[:a.size], epoch: a.epoch}
	s.segments[a.id] = g
	t := &table{index: x, segments: []*segment{g}, sealed: true}
	s.view.Store(&view{tables: append(v.tables[:len(v.tables):len(v.tables)], t)})
	if err := a.release(); err != nil {
		return fmt.Errorf("cache: close %s: %w", a.path, err)
	}
	s.merge()
	return nil
}
