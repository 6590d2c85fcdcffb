package cache

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// segment checks one segment against its own index x, or without one if x is
// nil. known says where its records must be; once, that it was sealed once. It
// reports false if there is nothing to check: somebody is writing the segment
// or has removed it.
func (c *checker) segment(id segmentID, x *index, known []entry, once bool) (h segmentHealth, ok bool) {
	path := c.path(id, segmentExt)
	if !once {
		lock, err := claim(c.fs, path, false)
		if lock == nil || err != nil {
			c.done.Live++
			return h, false
		}
		defer lock.Unlock()
		c.done.Unsealed++
	}
	h = segmentHealth{id: id, index: once && x == nil}
	b, err := c.s.mapWhole(path)
	if errors.Is(err, fs.ErrNotExist) {
		return h, false // somebody made room
	}
	c.done.Segments++
	if err != nil {
		c.found(path, DamagedSegment, "cannot be read: %v", cause(err))
		return h, false
	}
	slices.SortFunc(known, func(a, b entry) int { return cmp.Compare(a.where, b.where) })
	w := &walk{checker: c, path: path, b: b, known: known, health: &h}
	if c.o.Sample < 1 && x != nil {
		w.sample()
		return h, true
	}
	w.whole(x, once)
	return h, true
}

// walk goes through the bytes of one segment.
type walk struct {
	*checker
	path   string
	b      []byte
	known  []entry
	health *segmentHealth
	torn   []string // bad places since the last whole record: no damage at the end of an unsealed segment
}

// whole walks from the front to the end, record by record.
func (w *walk) whole(x *index, once bool) {
	h := w.health
	h.recipes = map[recipePrefix]recipeCount{}
	if !w.zeros(len(segmentMagic), headerBytes) || string(w.b[:len(segmentMagic)]) != segmentMagic {
		h.records = true
		w.found(w.path, DamagedSegment, "its header is not that of a segment")
	}
	at, rest := int64(headerBytes), w.known
	for at < int64(len(w.b)) {
		for len(rest) > 0 && rest[0].offset() < at {
			w.wrongIndex(x, "an entry points to offset %d, inside of a record", rest[0].offset())
			rest = rest[1:]
		}
		here := len(rest) > 0 && rest[0].offset() == at
		p, ok := check(w.b[at:])
		if !ok {
			next := w.next(at, here, rest)
			w.bad(at, next, here)
			if here {
				rest = rest[1:]
			}
			at = next
			continue
		}
		w.flush()
		key, end := recordKey(w.b[at:]), at+recordBytes(len(p))
		switch {
		case x != nil && !here:
			w.wrongIndex(x, "the record at offset %d is not in it", at)
		case here && rest[0].fragment != key.fragment():
			w.wrongIndex(x, "its entry of offset %d is of another key", at)
		}
		if !w.zeros(int(at)+headerBytes+len(p), int(end)) {
			h.records = true
			w.found(w.path, DamagedSegment, "the space after the record at offset %d is not empty", at)
		}
		h.entries = append(h.entries, entry{key.fragment(), location(0, at)})
		h.recipes[recordRecipe(w.b[at:])] = h.recipes[recordRecipe(w.b[at:])].plus(1, end-at)
		h.end = min(end, int64(len(w.b)))
		w.done.Records, w.done.Bytes = w.done.Records+1, w.done.Bytes+end-at
		if here {
			rest = rest[1:]
		}
		at = end
	}
	for _, e := range rest {
		w.bad(e.offset(), e.offset(), true)
	}
	if once {
		w.flush()
	}
	w.counts(x)
}

// next is where to go on after a bad record: to where the index says, else to
// where its header says. Without either nothing more can be told apart.
func (w *walk) next(at int64, here bool, rest []entry) int64 {
	next := int64(len(w.b))
	if n, framed := frameAt(w.b[at:]); framed && !here {
		next = min(next, at+recordBytes(n))
	}
	if here {
		rest = rest[1:]
	}
	if len(rest) > 0 {
		next = min(next, rest[0].offset())
	}
	return next
}

func (w *walk) bad(at, next int64, here bool) {
	switch {
	case at >= int64(len(w.b)):
		w.torn = append(w.torn, fmt.Sprintf("the record at offset %d is cut off: the file has %d bytes", at, len(w.b)))
	case here:
		w.torn = append(w.torn, fmt.Sprintf("the record at offset %d does not match its checksum", at))
	default:
		w.torn = append(w.torn, fmt.Sprintf("there is no whole record from offset %d to %d", at, next))
	}
}

// flush tells of the bad places so far.
func (w *walk) flush() {
	for _, t := range w.torn {
		w.health.records = true
		w.found(w.path, DamagedRecord, "%s", t)
	}
	w.torn = w.torn[:0]
}

func (w *walk) wrongIndex(x *index, format string, args ...any) {
	if x == nil {
		return // told already
	}
	w.health.index = true
	w.found(w.checker.path(w.health.id, indexExt), DamagedIndex, format, args...)
}

// counts compares the index's counts by recipe with those of the records.
func (w *walk) counts(x *index) {
	if x == nil || w.health.index || w.health.records {
		return // they differ for a reason that is told
	}
	for _, p := range sortedPrefixes(w.health.recipes) {
		if x.recipes[p] != w.health.recipes[p] {
			w.wrongIndex(x, "it counts %d records of recipe %x, there are %d", x.recipes[p].entries, p, w.health.recipes[p].entries)
		}
	}
	if len(x.recipes) != len(w.health.recipes) {
		w.wrongIndex(x, "it counts %d recipes, there are %d", len(x.recipes), len(w.health.recipes))
	}
}

// sample checks the records that the seed chooses.
func (w *walk) sample() {
	for _, e := range w.known {
		if float64(mix(e.fragment^w.o.Seed)) >= w.o.Sample*(1<<64) {
			continue
		}
		g := &segment{b: w.b}
		_, rec := (&table{segments: []*segment{g}}).record(e)
		p, ok := check(rec)
		switch {
		case !ok:
			w.bad(e.offset(), e.offset(), true)
			w.flush()
		case recordKey(rec).fragment() != e.fragment:
			w.found(w.checker.path(w.health.id, indexExt), DamagedIndex, "its entry of offset %d is of another key", e.offset())
		default:
			w.done.Records, w.done.Bytes = w.done.Records+1, w.done.Bytes+recordBytes(len(p))
		}
	}
}

// mix spreads the bits of x evenly: the finaliser of SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// zeros says whether the bytes from lo to hi are zeros, as far as the file has
// them: its last record may lack its padding.
func (w *walk) zeros(lo, hi int) (all bool) {
	defer func() {
		if unreadable(recover()) {
			all = false
		}
	}()
	hi = min(hi, len(w.b))
	return lo >= hi || !slices.ContainsFunc(w.b[lo:hi], func(b byte) bool { return b != 0 })
}
