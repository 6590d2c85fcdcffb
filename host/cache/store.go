package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cubeset/cubeset/host/internal/fsx"
)

// Store is an open cache. Get, Put, Checkpoint, Describe and Stats may be
// called from any number of goroutines.
type Store struct {
	folder
	o    Options
	mine bool                 // Open made it: Close keeps what it was used for
	view atomic.Pointer[view] // nil once closed

	hits, misses, corrupt atomic.Int64
	seen                  atomic.Int64 // the folder's mtime when it was last listed
	unlisted              atomic.Int64 // keys missed since then

	w        sync.Mutex // held by whatever changes the view, the files or what follows
	epoch    int        // how often segments of others have joined the view since Open
	segments map[segmentID]*segment
	mappings []fsx.Mapping // all there ever were: views of them stay valid until Close
	pending  map[Key]uint32
	buf      []byte
	tallies  map[Recipe]Tally
}

// view is what a Get searches. It never changes; a changed one replaces it.
type view struct {
	tables []*table
	active *active // this store's unsealed segment, or nil
}

// table is an index with the segments it points into, nil where one is gone.
type table struct {
	*index
	segments []*segment
	merged   *segmentID // the file's name if this is a merged index
	sealed   bool       // false: scanned and kept in memory only
}

// segment is a mapped file of records.
type segment struct {
	id segmentID
	b  []byte
	// epoch is when this store first saw the segment. Where two segments hold
	// one key the older epoch answers, so that an answer once given stays;
	// within an epoch it is the smaller payload hash, whatever the order.
	epoch int
	used  atomic.Bool // it answered a key
}

// Open opens the cache in dir and makes it if it does not exist. Segments that
// a dead process left unsealed are recovered. The error is ErrForeign for a
// folder that is not this user's alone and ErrReadOnly for one that cannot be
// written.
func Open(dir string, o Options) (*Store, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	f, err := openFolder(dir, o)
	if err != nil {
		return nil, err
	}
	s := newStore(f, o)
	s.mine = !o.ReadOnly
	if !o.ReadOnly {
		if err := f.probe(); err != nil {
			return nil, err
		}
	}
	if err := s.load(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func newStore(f folder, o Options) *Store {
	s := &Store{folder: f, o: o, segments: map[segmentID]*segment{}, pending: map[Key]uint32{}, tallies: map[Recipe]Tally{}}
	s.view.Store(&view{})
	return s
}

// load makes the first view of everything in the folder.
func (s *Store) load() error {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	s.look()
	l, err := s.list()
	if errors.Is(err, fs.ErrNotExist) && s.o.ReadOnly {
		return nil
	}
	if err != nil {
		return err
	}
	covered := map[segmentID]bool{}
	tables, useless := s.loadMerged(l, covered)
	for _, id := range l.segments {
		if covered[id] {
			continue
		}
		t, err := s.table(id, l.sealed(id))
		if err != nil {
			return err
		}
		if t != nil {
			tables = append(tables, t)
		}
	}
	s.view.Store(&view{tables: tables})
	if !s.o.ReadOnly {
		s.sweep(l.drafts)
		for _, id := range useless {
			s.fs.Remove(s.path(id, mergedExt)) // only a file less: it says nothing that others do not
		}
		s.merge()
	}
	return nil
}

// table loads one segment's table. It is nil if there is no segment any more, if
// it is empty, or if a living process is still writing it.
func (s *Store) table(id segmentID, sealed bool) (*table, error) {
	if sealed {
		if t, err := s.loadSealed(id); t != nil || err != nil {
			return t, err
		}
	}
	return s.salvage(id, sealed)
}

// mapFile maps the whole of a file until Close.
func (s *Store) mapFile(path string, size int64) ([]byte, error) {
	m, err := s.fs.Map(path, size)
	if err != nil {
		return nil, err
	}
	s.mappings = append(s.mappings, m)
	return m.Bytes(), nil
}

func (s *Store) mapWhole(path string) ([]byte, error) {
	fi, err := s.fs.Stat(path)
	if err != nil {
		return nil, err
	}
	return s.mapFile(path, fi.Size())
}

// segment maps a segment once. A segment that is gone is nil: somebody made room.
func (s *Store) segment(id segmentID) (*segment, error) {
	if g := s.segments[id]; g != nil {
		return g, nil
	}
	b, err := s.mapWhole(s.path(id, segmentExt))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	g := &segment{id: id, b: b, epoch: s.epoch}
	s.segments[id] = g
	return g, nil
}

// loadSealed reads a segment's own index and touches no page of the segment.
// It returns nil if there is no segment any more or no index that is whole.
func (s *Store) loadSealed(id segmentID) (*table, error) {
	x := s.readIndex(s.path(id, indexExt))
	if x == nil || !slices.Equal(x.ids, []segmentID{id}) {
		return nil, nil
	}
	g, err := s.segment(id)
	if g == nil || err != nil {
		return nil, err
	}
	return &table{index: x, segments: []*segment{g}, sealed: true}, nil
}

// readIndex maps and parses an index file, and is nil if that cannot be done.
func (s *Store) readIndex(path string) *index {
	b, err := s.mapWhole(path)
	if err != nil {
		return nil
	}
	x, err := parseReadable(b)
	if err != nil {
		return nil
	}
	return x
}

// parseReadable is parseIndex for bytes whose pages may be unreadable.
func parseReadable(b []byte) (x *index, err error) {
	defer func() {
		if unreadable(recover()) {
			x, err = nil, fmt.Errorf("%w: unreadable page", errIndex)
		}
	}()
	return parseIndex(b)
}

// Stats counts the entries, and the answers given so far.
func (s *Store) Stats() Stats {
	st := Stats{Hits: s.hits.Load(), Misses: s.misses.Load(), Corrupt: s.corrupt.Load()}
	v := s.view.Load()
	if v == nil {
		return st
	}
	for _, t := range v.tables {
		st.Entries += int64(len(t.entries))
		for _, g := range t.segments {
			if g != nil {
				st.Segments++
				st.Bytes += int64(len(g.b))
			}
		}
	}
	if a := v.active; a != nil {
		a.mu.RLock()
		st.Segments, st.Entries, st.Bytes = st.Segments+1, st.Entries+int64(len(a.where)), st.Bytes+a.size
		a.mu.RUnlock()
	}
	return st
}

// Close seals this store's segment and unmaps everything: no payload that Get
// returned may be read afterwards, and no other call may be under way. If
// sealing fails the segment is left for the next Open to recover.
func (s *Store) Close() error {
	s.w.Lock()
	defer s.w.Unlock()
	v := s.view.Load()
	if v == nil {
		return nil
	}
	var errs []error
	if v.active != nil {
		if err := s.seal(v.active); err != nil {
			errs = append(errs, err, v.active.release())
		}
	}
	if s.mine {
		s.keepUse()
	}
	crowded := s.mine && s.small() >= crowdMin
	s.view.Store(nil)
	for _, m := range s.mappings {
		errs = append(errs, m.Close())
	}
	s.mappings = nil
	if crowded {
		s.thin()
	}
	return errors.Join(errs...)
}
