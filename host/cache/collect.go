package cache

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"
)

// CollectOptions say what Collect may remove. The zero value removes nothing
// that is alive.
type CollectOptions struct {
	// BytesMax is how large the cache may be; 0 is no limit. What was not used
	// for the longest time goes first, a segment at a time.
	BytesMax int64
	// AgeMax is how long ago a segment's last use may be, seen from Now; 0 is
	// no limit.
	AgeMax time.Duration
	Now    time.Time
	DryRun bool // only say what would be done
}

// Collected is what Collect did, or would do.
type Collected struct {
	BytesBefore int64 // of all files of the cache
	BytesAfter  int64 // not known, and 0, in a dry run
	Evicted     Portion
	Packed      Portion // segments that were copied into fewer: small ones, and those that held mostly repetitions
	Leavings    int     // drafts of processes that died, and indexes of what is gone
	Live        int     // segments that are being written: never touched
}

// Trim is Collect with BytesMax, cheap enough for the end of every build: of a
// cache that is no larger it looks at the sizes of files, and no further.
func Trim(dir string, o Options, bytesMax int64) (done Collected, err error) {
	f, err := openPresent(dir, o)
	if err != nil {
		return done, err
	}
	n, err := f.bytes()
	if err != nil || n <= bytesMax {
		return Collected{BytesBefore: n, BytesAfter: n}, err
	}
	return Collect(dir, o, CollectOptions{BytesMax: bytesMax, Now: time.Now()})
}

// Portion is a part of a cache.
type Portion struct {
	Segments int
	Entries  int64
	Bytes    int64 // of segments and their indexes
}

func (p *Portion) add(s *kept) {
	p.Segments++
	p.Entries += int64(len(s.entries))
	p.Bytes += s.bytes
}

const (
	// smallShare of a full segment is how large one may be and still be packed
	// with others; fewer than smallMin are not worth it.
	smallShare = 4
	smallMin   = 8
	// sampleMin is how many entries of a segment are looked at to see how many
	// other segments repeat.
	sampleMin = 4096
)

// Collect makes room in the cache in dir: it evicts what is too old or too
// much, packs small segments and those of which others repeat half, and removes
// what dead processes left. Builds may go on meanwhile. The error is ErrAbsent
// if there is no cache.
func Collect(dir string, o Options, c CollectOptions) (done Collected, err error) {
	o.ReadOnly = c.DryRun
	k, err := keep(dir, o)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, k.close()) }()
	if done.BytesBefore, err = k.bytes(); err != nil {
		return done, err
	}
	drafts, err := k.drafts()
	if err != nil {
		return done, err
	}
	if err := k.load(); err != nil { // sweeps
		return done, err
	}
	done.Live = k.live
	evict := k.tooOld(c, done.BytesBefore)
	for _, s := range evict {
		done.Evicted.add(s)
		k.gone[s.segment] = true
	}
	groups := k.groups(k.worthPacking())
	for _, s := range slices.Concat(groups...) {
		done.Packed.add(s)
	}
	if c.DryRun {
		return done, nil
	}
	for _, s := range evict {
		if err := k.removeFiles(s.id); err != nil {
			return done, err
		}
	}
	if err := k.pack(groups); err != nil {
		return done, err
	}
	orphans, err := k.tidy()
	if err != nil {
		return done, err
	}
	left, err := k.drafts()
	if err != nil {
		return done, err
	}
	done.Leavings = orphans + drafts - left
	done.BytesAfter, err = k.bytes()
	return done, err
}

// crowdMin is from how many small segments on a store packs them when it closes.
// Every store maps every segment, and a process may have 65,530 mappings: many
// small builds must not end in a cache that cannot be opened.
const crowdMin = 64

// small counts the segments that are far from full.
func (s *Store) small() (n int) {
	for _, g := range s.segments {
		if int64(len(g.b)) < s.o.SegmentBytesMax/smallShare {
			n++
		}
	}
	return n
}

// thin packs about one full segment's worth of small ones, unless somebody else
// is keeping house. It only makes the next Open faster, so that a failure is no
// failure of the caller's.
func (s *Store) thin() {
	lock, err := claim(s.fs, s.dir, true)
	if lock == nil || err != nil {
		return
	}
	k := &keeper{Store: newStore(s.folder, s.o), lock: lock, gone: map[*segment]bool{}}
	defer k.close()
	if k.load() != nil {
		return
	}
	if groups := k.groups(k.smallOnes()); len(groups) > 0 && len(groups[0]) >= smallMin && k.pack(groups[:1]) == nil {
		k.tidy()
	}
}

// drafts counts the files that are being written, or were by the dead.
func (f folder) drafts() (int, error) {
	l, err := f.list()
	return len(l.drafts), err
}

// bytes is the size of all files of the cache.
func (f folder) bytes() (n int64, err error) {
	for _, dir := range []string{f.dir, filepath.Join(f.dir, recipesFolder), filepath.Join(f.dir, usesFolder)} {
		names, err := f.fs.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, fmt.Errorf("list cache: %w", err)
		}
		for _, e := range names {
			if fi, err := e.Info(); err == nil && fi.Mode().IsRegular() {
				n += fi.Size()
			}
		}
	}
	return n, nil
}

// tooOld is what has to go of a cache of total bytes, the longest unused first.
func (k *keeper) tooOld(c CollectOptions, total int64) (evict []*kept) {
	share := k.mergedShare()
	for _, s := range k.sealed {
		old := c.AgeMax > 0 && c.Now.Sub(time.Unix(s.used, 0)) > c.AgeMax
		if !old && (c.BytesMax == 0 || total <= c.BytesMax) {
			break // those behind it are younger
		}
		total -= s.bytes + int64(share*float64(len(s.entries)))
		evict = append(evict, s)
	}
	return evict
}

// mergedShare is how many bytes of merged indexes come on an entry.
func (k *keeper) mergedShare() float64 {
	size, entries := int64(0), 0
	for _, t := range k.view.Load().tables {
		if t.merged == nil {
			continue
		}
		if fi, err := k.fs.Stat(k.path(*t.merged, mergedExt)); err == nil {
			size, entries = size+fi.Size(), entries+len(t.entries)
		}
	}
	return float64(size) / float64(max(entries, 1))
}

// worthPacking is the segments that others mostly repeat, and the small ones if
// they are many.
func (k *keeper) worthPacking() (some []*kept) {
	small := k.smallOnes()
	if len(small) >= smallMin {
		some = small
	}
	for _, s := range k.sealed {
		if !k.gone[s.segment] && !slices.Contains(some, s) && k.repeated(s) {
			some = append(some, s)
		}
	}
	return some
}

// smallOnes are the segments that are far from full, the longest unused first.
func (k *keeper) smallOnes() (small []*kept) {
	for _, s := range k.sealed {
		if !k.gone[s.segment] && s.bytes < k.o.SegmentBytesMax/smallShare {
			small = append(small, s)
		}
	}
	return small
}

// groups are segments to pack together, each group about as large as a full
// segment: neighbours in age.
func (k *keeper) groups(some []*kept) (groups [][]*kept) {
	slices.SortStableFunc(some, func(a, b *kept) int { return cmp.Compare(a.used, b.used) })
	room := int64(0)
	for _, s := range some {
		if room < s.bytes {
			groups, room = append(groups, nil), k.o.SegmentBytesMax
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], s)
		room -= s.bytes
	}
	return groups
}

// repeated says whether others repeat half of a segment or more. Keys are
// hashes, so the first entries stand for all.
func (k *keeper) repeated(s *kept) bool {
	some := s.entries[:min(len(s.entries), sampleMin)]
	n := 0
	for _, e := range some {
		for _, t := range k.view.Load().tables {
			if slices.ContainsFunc(t.lookup(e.fragment), func(x entry) bool {
				g, _ := t.record(x)
				return g != nil && g != s.segment && !k.gone[g]
			}) {
				n++
				break
			}
		}
	}
	return n > 0 && 2*n >= len(some)
}
