package cache

// salvage makes a table of a segment that has no usable index, by scanning it.
// It is nil if a living process is still writing the segment, or if nothing is
// left of it. A store that may write seals what is there, and cuts the torn end
// off; unless the segment was sealed once, for then others may have it mapped.
func (s *Store) salvage(id segmentID, sealed bool) (*table, error) {
	path := s.path(id, segmentExt)
	lock, err := claim(s.fs, path, !s.o.ReadOnly)
	if lock == nil || err != nil {
		return nil, err
	}
	defer lock.Unlock()
	// Its writer may have sealed it between the listing and the lock: an index
	// made now from less would hide records.
	if t, err := s.loadSealed(id); t != nil || err != nil {
		return t, err
	}
	g, err := s.segment(id)
	if g == nil || err != nil {
		return nil, err
	}
	f := scan(g.b)
	if len(f.entries) == 0 {
		if !s.o.ReadOnly {
			s.fs.Remove(path)
		}
		return nil, nil
	}
	b, x, err := indexOf(id, f)
	if err != nil {
		return nil, err
	}
	t := &table{index: x, segments: []*segment{g}}
	if !s.o.ReadOnly {
		// A full disk must not keep anybody from what is there: if the segment
		// cannot be sealed now, the next Open tries again.
		t.sealed = s.sealDead(path, s.path(id, indexExt), int64(len(g.b)), f.end, sealed, b) == nil
	}
	if !sealed {
		g.b = g.b[:f.end]
	}
	return t, nil
}

func (s *Store) sealDead(segment, index string, size, end int64, sealed bool, b []byte) error {
	if end < size && !sealed {
		if err := s.fs.Truncate(segment, end); err != nil {
			return err
		}
	}
	file, err := s.fs.Open(segment)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := file.Sync(); err != nil {
		return err
	}
	return s.writeFile("write index", index, b)
}
