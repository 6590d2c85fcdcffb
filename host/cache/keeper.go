package cache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"slices"
	"time"

	"github.com/gofrs/flock"
)

var (
	// ErrAbsent says that there is no cache in the folder.
	ErrAbsent = errors.New("there is no cache here")
	// ErrBusy says that another process is keeping house in the cache.
	ErrBusy = errors.New("another cache command is at work here")
)

// Keeping house waits this long for another who does, and looks this often.
const (
	keepWaitMax = 10 * time.Second
	keepWait    = 20 * time.Millisecond
)

// keeper keeps house in a folder: it alone removes segments. Builds go on
// meanwhile. They have mapped what they need, and a file that is removed stays
// as long as somebody has it mapped. Segments that a living process is still
// writing are left alone.
type keeper struct {
	*Store
	lock   *flock.Flock
	sealed []*kept
	live   int               // segments being written
	gone   map[*segment]bool // evicted: what they hold counts no more
}

// kept is a sealed segment, by itself.
type kept struct {
	*table
	*segment
	bytes int64 // of segment and index on disk
	used  int64 // when it was last used, in seconds since 1970
}

// keep locks the folder of a cache and loads it. With o.ReadOnly nothing is
// changed, and others may read with us.
func keep(dir string, o Options) (*keeper, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	f, err := openPresent(dir, o)
	if err != nil {
		return nil, err
	}
	if !o.ReadOnly {
		if f, err = openFolder(dir, o); err != nil {
			return nil, err
		}
		if err := f.probe(); err != nil {
			return nil, err
		}
	}
	lock, err := f.await(o.ReadOnly)
	if err != nil {
		return nil, err
	}
	return &keeper{Store: newStore(f, o), lock: lock, gone: map[*segment]bool{}}, nil
}

// await takes the lock of the folder. Builds take it too, for a moment, to sum
// up use files.
func (f folder) await(shared bool) (*flock.Flock, error) {
	ctx, cancel := context.WithTimeout(context.Background(), keepWaitMax)
	defer cancel()
	l := newLock(f.dir)
	try := l.TryLockContext
	if shared {
		try = l.TryRLockContext
	}
	ok, err := try(ctx, keepWait)
	if errors.Is(err, context.DeadlineExceeded) || err == nil && !ok {
		return nil, fmt.Errorf("%w: %s", ErrBusy, f.dir)
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", f.dir, err)
	}
	return l, nil
}

// load loads the store as Open does, and each sealed segment by itself.
func (k *keeper) load() error {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	if err := k.Store.load(); err != nil {
		return err
	}
	l, err := k.list()
	if err != nil {
		return err
	}
	sum, _, _, err := k.readUses()
	if err != nil {
		return err
	}
	for _, id := range l.segments {
		t, err := k.table(id, l.sealed(id))
		if err != nil {
			return err
		}
		if t == nil {
			k.live++
			continue
		}
		fi, err := k.fs.Stat(k.path(id, segmentExt))
		if err != nil {
			return fmt.Errorf("look at segment: %w", err)
		}
		s := &kept{table: t, segment: t.segments[0], bytes: fi.Size(), used: fi.ModTime().Unix()}
		if x, err := k.fs.Stat(k.path(id, indexExt)); err == nil {
			s.bytes += x.Size()
		}
		if m, ok := sum.segments[id]; ok && m.packed {
			s.used = m.unix
		} else {
			s.used = max(s.used, m.unix)
		}
		k.sealed = append(k.sealed, s)
	}
	slices.SortStableFunc(k.sealed, func(a, b *kept) int { return cmp.Compare(a.used, b.used) })
	return nil
}

// removeFiles removes a segment, and then its index: in between it is one that
// somebody made room for.
func (k *keeper) removeFiles(id segmentID) error {
	if err := k.fs.Remove(k.path(id, segmentExt)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return plainly(fmt.Errorf("remove segment: %w", err))
	}
	if err := k.fs.Remove(k.path(id, indexExt)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return plainly(fmt.Errorf("remove index: %w", err))
	}
	return nil
}

// tidy removes the indexes of segments that are gone, counts them, and merges
// the rest anew.
func (k *keeper) tidy() (orphans int, err error) {
	l, err := k.list()
	if err != nil {
		return 0, err
	}
	gone := func(id segmentID) bool {
		_, err := k.fs.Stat(k.path(id, segmentExt))
		return errors.Is(err, fs.ErrNotExist)
	}
	var errs []error
	for _, id := range l.indexes {
		if gone(id) {
			orphans++
			errs = append(errs, k.fs.Remove(k.path(id, indexExt)))
		}
	}
	for _, id := range l.merged {
		if x := k.readIndex(k.path(id, mergedExt)); x == nil || slices.ContainsFunc(x.ids, gone) {
			if err := k.fs.Remove(k.path(id, mergedExt)); !errors.Is(err, fs.ErrNotExist) { // a build may have merged it
				errs = append(errs, err)
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return orphans, plainly(fmt.Errorf("tidy up: %w", err))
	}
	again := newStore(k.folder, k.o)
	return orphans, errors.Join(again.load(), again.Close()) // load merges
}

func (k *keeper) close() error { return errors.Join(k.Close(), k.lock.Unlock()) }
