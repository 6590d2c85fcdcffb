package cache

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strings"
	"time"
)

// Tally is what a recipe was used for. It only informs people.
type Tally struct {
	Hits    int64 // texts that the cache answered
	Misses  int64 // texts that it did not, corrupt ones among them
	Corrupt int64 // records that were met and did not match their checksum
	// TeacherTexts and TeacherTime are what the misses cost, as far as a
	// teacher was asked.
	TeacherTexts int64
	TeacherTime  time.Duration
}

// Plus is the sum of two tallies.
func (t Tally) Plus(u Tally) Tally {
	return Tally{t.Hits + u.Hits, t.Misses + u.Misses, t.Corrupt + u.Corrupt,
		t.TeacherTexts + u.TeacherTexts, t.TeacherTime + u.TeacherTime}
}

// Saved is the time that a teacher would have taken for the hits, at the mean
// of the texts it did embed.
func (t Tally) Saved() time.Duration {
	if t.TeacherTexts == 0 {
		return 0
	}
	return time.Duration(float64(t.Hits) * float64(t.TeacherTime) / float64(t.TeacherTexts))
}

// use is a use file: which segments one store answered from, and what for. Its
// own mtime says when, so that no build has to read a clock. FORMAT.md has the
// bytes.
type use struct {
	replaced []segmentID // use files that this one sums up
	tallies  map[Recipe]Tally
	segments map[segmentID]moment
}

// moment is when a segment was last used.
type moment struct {
	unix   int64 // seconds; 0 is the mtime of the use file
	packed bool  // the segment is a copy of older ones: its own mtime says nothing
}

const (
	useMagic        = "CUBEUSE1"
	useHeaderBytes  = 32
	useRecipeBytes  = 72
	useSegmentBytes = 32

	// useListMax bounds each list of a use file.
	useListMax = 1 << 24
)

var errUse = errors.New("damaged use file")

func newUse() use {
	return use{tallies: map[Recipe]Tally{}, segments: map[segmentID]moment{}}
}

// add takes the use u, of the time mtime, into the sum.
func (sum use) add(u use, mtime int64) {
	for r, t := range u.tallies {
		sum.tallies[r] = sum.tallies[r].Plus(t)
	}
	for id, m := range u.segments {
		if m.unix == 0 {
			m.unix = mtime
		}
		old := sum.segments[id]
		sum.segments[id] = moment{max(m.unix, old.unix), m.packed || old.packed}
	}
}

func (u use) encode() []byte {
	b := append([]byte(nil), useMagic...)
	for _, n := range []int{len(u.replaced), len(u.tallies), len(u.segments), 0, 0, 0} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	for _, id := range u.replaced {
		b = append(b, id[:]...)
	}
	byRecipe := func(a, b Recipe) int { return strings.Compare(string(a[:]), string(b[:])) }
	for _, r := range slices.SortedFunc(maps.Keys(u.tallies), byRecipe) {
		t := u.tallies[r]
		b = append(b, r[:]...)
		for _, n := range []int64{t.Hits, t.Misses, t.Corrupt, t.TeacherTexts, int64(t.TeacherTime)} {
			b = binary.LittleEndian.AppendUint64(b, uint64(n))
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(u.segments), compareIDs) {
		m := u.segments[id]
		b = append(b, id[:]...)
		b = binary.LittleEndian.AppendUint64(b, uint64(m.unix))
		packed := uint64(0)
		if m.packed {
			packed = 1
		}
		b = binary.LittleEndian.AppendUint64(b, packed)
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// parseUse reads a use file and trusts nothing.
func parseUse(b []byte) (use, error) {
	u := newUse()
	if len(b) < useHeaderBytes+4 || string(b[:8]) != useMagic {
		return u, fmt.Errorf("%w: %d bytes do not begin with %s", errUse, len(b), useMagic)
	}
	body := b[:len(b)-4]
	if got, want := crc32.Checksum(body, castagnoli), binary.LittleEndian.Uint32(b[len(body):]); got != want {
		return u, fmt.Errorf("%w: checksum %08x, want %08x", errUse, got, want)
	}
	var n [3]uint64
	for i := range n {
		if n[i] = uint64(binary.LittleEndian.Uint32(b[8+4*i:])); n[i] > useListMax {
			return u, fmt.Errorf("%w: a list of %d, at most %d", errUse, n[i], useListMax)
		}
	}
	if want := useHeaderBytes + n[0]*segmentIDBytes + n[1]*useRecipeBytes + n[2]*useSegmentBytes; uint64(len(body)) != want {
		return u, fmt.Errorf("%w: %d bytes, want %d", errUse, len(body), want)
	}
	rest := body[useHeaderBytes:]
	number := func(at int) int64 { return int64(binary.LittleEndian.Uint64(rest[at:])) }
	for range n[0] {
		u.replaced = append(u.replaced, segmentID(rest))
		rest = rest[segmentIDBytes:]
	}
	for range n[1] {
		u.tallies[Recipe(rest)] = Tally{number(32), number(40), number(48), number(56), time.Duration(number(64))}
		rest = rest[useRecipeBytes:]
	}
	for range n[2] {
		u.segments[segmentID(rest)] = moment{number(16), number(24)&1 == 1}
		rest = rest[useSegmentBytes:]
	}
	return u, nil
}
