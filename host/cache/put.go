package cache

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// putBytes is how much Put gathers before it writes. Smaller writes cost more
// processor time a byte.
const putBytes = 1 << 20

// Put keeps payloads[i] under keys[i]. A key that is already present is
// skipped: the first writer wins. When Put returns without an error the records
// survive the end of this process, however it ends; Checkpoint makes them
// survive the machine's. After an error some of the records may be kept, what
// was readable still is, and Put may be called again.
func (s *Store) Put(r Recipe, keys []Key, payloads [][]byte) error {
	if len(keys) != len(payloads) {
		return fmt.Errorf("cache: %d keys for %d payloads", len(keys), len(payloads))
	}
	for _, p := range payloads {
		if n := int64(len(p)); n > payloadBytesMax || headerBytes+recordBytes(len(p)) > s.o.SegmentBytesMax {
			return fmt.Errorf("cache: payload of %d bytes does not fit: at most %d, in segments of %d",
				n, payloadBytesMax, s.o.SegmentBytesMax)
		}
	}
	if s.o.ReadOnly {
		return ErrReadOnly
	}
	return s.put(r.prefix(), keys, payloads)
}

func (s *Store) put(r recipePrefix, keys []Key, payloads [][]byte) error {
	s.w.Lock()
	defer s.w.Unlock()
	if s.view.Load() == nil {
		return ErrClosed
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // see check
	for i := range keys {
		if s.present(&keys[i]) {
			continue
		}
		if err := s.room(r, recordBytes(len(payloads[i]))); err != nil {
			return err
		}
		a := s.view.Load().active
		s.pending[keys[i]] = uint32((a.size + int64(len(s.buf))) / alignBytes)
		s.buf = appendRecord(s.buf, r, &keys[i], payloads[i])
	}
	return s.flush(r)
}

// present says whether a whole record of the key exists. A corrupt one does
// not count, so that its key is put again.
func (s *Store) present(key *Key) bool {
	if _, ok := s.pending[*key]; ok {
		return true
	}
	v := s.view.Load()
	var own []byte
	if a := v.active; a != nil {
		if unit, ok := a.where[*key]; ok {
			own = a.record(unit)
		}
	}
	p, _ := v.find(key, own)
	return p != nil
}

// room makes sure that the active segment can take n more bytes.
func (s *Store) room(r recipePrefix, n int64) error {
	a := s.view.Load().active
	if a != nil && !a.failed && a.fits(int64(len(s.buf))+n, len(s.pending)) {
		if len(s.buf) > 0 && len(s.buf)+int(n) > putBytes {
			return s.flush(r)
		}
		return nil
	}
	if a != nil {
		if err := s.flush(r); err != nil {
			return err
		}
		if err := s.seal(a); err != nil {
			return err
		}
	}
	return s.begin()
}

// flush writes what is pending and lets readers see it.
func (s *Store) flush(r recipePrefix) error {
	defer func() {
		clear(s.pending)
		s.buf = s.buf[:0]
	}()
	if len(s.buf) == 0 {
		return nil
	}
	a := s.view.Load().active
	if _, err := a.Write(s.buf); err != nil {
		// The file's own offset is now unknown, so nothing more is written to
		// it: the next Put seals what is whole and begins another segment.
		a.failed = true
		return fmt.Errorf("cache: append %d records to %s: %w", len(s.pending), a.path,
			errors.Join(err, s.fs.Truncate(a.path, a.size)))
	}
	a.commit(s.pending, int64(len(s.buf)), r)
	return nil
}

// Checkpoint makes everything that was put survive a loss of power.
func (s *Store) Checkpoint() error {
	s.w.Lock()
	defer s.w.Unlock()
	v := s.view.Load()
	if v == nil {
		return ErrClosed
	}
	if v.active == nil {
		return nil
	}
	if err := v.active.Sync(); err != nil {
		return fmt.Errorf("cache: sync %s: %w", v.active.path, err)
	}
	if err := s.fs.SyncDir(s.dir); err != nil {
		return fmt.Errorf("cache: sync %s: %w", s.dir, err)
	}
	return nil
}
