package cache

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"runtime/debug"
)

// Get looks up keys: payloads[i] becomes a view of the record of keys[i], or
// nil on a miss. Every record is checked now, against its checksum and its key;
// one that fails is a counted miss. Views begin at a multiple of 64 bytes, stay
// valid until Close and must not be written to. A miss makes Get look for what
// other processes have sealed meanwhile. For the life of a store the answer to
// a key stays the same.
func (s *Store) Get(keys []Key, payloads [][]byte) (hits int, err error) {
	if len(keys) != len(payloads) {
		return 0, fmt.Errorf("cache: %d keys for %d payloads", len(keys), len(payloads))
	}
	v := s.view.Load()
	if v == nil {
		return 0, ErrClosed
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // see check
	hits, bad := v.get(keys, payloads)
	if hits < len(keys) && s.refresh(len(keys)-hits) {
		if v = s.view.Load(); v == nil {
			return 0, ErrClosed
		}
		hits, bad = v.get(keys, payloads)
	}
	s.hits.Add(int64(hits))
	s.misses.Add(int64(len(keys) - hits))
	if bad > 0 {
		s.corrupt.Add(int64(bad))
	}
	return hits, nil
}

// get answers keys and counts the hits and the bad records it met.
func (v *view) get(keys []Key, payloads [][]byte) (hits, bad int) {
	clear(payloads)
	if v.active != nil {
		v.active.get(keys, payloads)
	}
	for i := range keys {
		p, n := v.find(&keys[i], payloads[i])
		payloads[i] = p
		bad += n
		if p != nil {
			hits++
		}
	}
	return hits, bad
}

// find is the answer to one key: of all whole records of the key, the one seen
// first, and of those seen at the same moment, the one with the smaller payload
// hash. own is the record in the active segment, or nil.
func (v *view) find(key *Key, own []byte) (best []byte, bad int) {
	epoch := 0
	var from *segment
	if own != nil {
		if p, ok := check(own); ok {
			best, epoch = p, v.active.epoch
		} else {
			bad++
		}
	}
	fragment := key.fragment()
	for _, t := range v.tables {
		for _, e := range t.lookup(fragment) {
			g, rec := t.record(e)
			if g == nil {
				continue // the segment is gone
			}
			p, ok := check(rec)
			if !ok {
				bad++
				continue
			}
			if *recordKey(rec) != *key {
				continue
			}
			if best == nil || g.epoch < epoch || g.epoch == epoch && wins(p, best) {
				best, epoch, from = p, g.epoch, g
			}
		}
	}
	if from != nil && !from.used.Load() { // almost always true already: a load is cheap, a store is not
		from.used.Store(true)
	}
	return best, bad
}

// lookup is find for an index whose pages may be unreadable.
func (t *table) lookup(fragment uint64) (entries []entry) {
	defer func() {
		if unreadable(recover()) {
			entries = nil
		}
	}()
	return t.find(fragment)
}

// record follows an entry. The record is empty, and so not whole, if the entry
// points outside of its segment.
func (t *table) record(e entry) (*segment, []byte) {
	n, at := e.segment(), e.offset()
	if n >= len(t.segments) {
		return nil, nil
	}
	g := t.segments[n]
	if g == nil || at < headerBytes || at >= int64(len(g.b)) {
		return g, nil
	}
	return g, g.b[at:]
}

// wins says which of two payloads of one key answers.
func wins(p, q []byte) bool {
	if bytes.Equal(p, q) {
		return false
	}
	hp, hq := sha256.Sum256(p), sha256.Sum256(q)
	return bytes.Compare(hp[:], hq[:]) < 0
}
