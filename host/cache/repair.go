package cache

import (
	"errors"
	"fmt"
	"io/fs"
)

// Repaired is what Repair did.
type Repaired struct {
	Verified         // what it found
	Indexes    int   // rebuilt from their segments
	Segments   int   // written anew without what was bad in them
	Files      int   // removed: merged indexes, which are made again, counts and descriptions
	Unreadable int   // segments that the system does not let us read: left as they are
	Kept       int64 // whole records
}

// Repair makes the cache in dir whole: it rebuilds indexes, drops bad records
// and keeps every good one. It calls found for each damage. Builds may go on
// meanwhile. After an error or a crash the same call goes on. The error is
// ErrAbsent if there is no cache.
func Repair(dir string, o Options, found func(Damage)) (done Repaired, err error) {
	k, err := keep(dir, o)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, k.close()) }()
	c := &checker{folder: k.folder, s: k.Store, o: VerifyOptions{Sample: 1, Found: found}}
	h, err := c.all()
	done.Verified = c.done
	if err != nil {
		return done, err
	}
	done.Unreadable = c.done.Segments - len(h.segments)
	for _, path := range h.useless {
		err := k.fs.Remove(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return done, plainly(fmt.Errorf("remove: %w", err))
		}
		done.Files++
	}
	anew := map[segmentID]bool{}
	for _, s := range h.segments {
		done.Kept += int64(len(s.entries))
		anew[s.id] = s.records
		if !s.index {
			continue
		}
		done.Indexes++
		if err := k.rebuild(s); err != nil {
			return done, err
		}
	}
	if err := k.load(); err != nil {
		return done, err
	}
	var some []*kept
	for _, s := range k.sealed {
		if anew[s.id] {
			some = append(some, s)
		}
	}
	done.Segments = len(some)
	if err := k.pack(k.groups(some)); err != nil {
		return done, err
	}
	_, err = k.tidy()
	return done, err
}

// rebuild writes a segment's index anew, or removes the segment if nothing in
// it is whole.
func (k *keeper) rebuild(s segmentHealth) error {
	if len(s.entries) == 0 {
		return k.removeFiles(s.id)
	}
	b, _, err := indexOf(s.id, s.found)
	if err != nil {
		return err
	}
	return k.writeFile("write index", k.path(s.id, indexExt), b)
}
