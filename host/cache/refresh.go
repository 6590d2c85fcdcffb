package cache

import "runtime/debug"

// relistMisses is how many missed keys make a store list its folder even if
// the folder's mtime has not moved: a change within one tick of the file
// system's clock does not show in it.
const relistMisses = 1 << 16

// look notes the folder's mtime and says whether it has moved.
func (s *Store) look() bool {
	fi, err := s.fs.Stat(s.dir)
	if err != nil {
		return false
	}
	now := fi.ModTime().UnixNano()
	return s.seen.Swap(now) != now
}

// refresh adds segments that other processes have sealed, and says whether
// there were any. It costs one stat unless the folder has changed, and gives
// up at once if the store is busy writing.
func (s *Store) refresh(missed int) bool {
	overdue := s.unlisted.Add(int64(missed)) >= relistMisses
	if !s.w.TryLock() {
		return false
	}
	defer s.w.Unlock()
	if !s.look() && !overdue {
		return false
	}
	s.unlisted.Store(0)
	v := s.view.Load()
	l, err := s.list()
	if v == nil || err != nil {
		return false // what is known still holds
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	s.epoch++
	tables := v.tables[:len(v.tables):len(v.tables)]
	for _, id := range l.indexes {
		if s.segments[id] != nil || v.active != nil && v.active.id == id {
			continue
		}
		if t, err := s.loadSealed(id); t != nil && err == nil {
			tables = append(tables, t)
		}
	}
	if len(tables) == len(v.tables) {
		return false
	}
	s.view.Store(&view{tables: tables, active: v.active})
	s.merge()
	return true
}
