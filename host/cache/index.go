package cache

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
)

// An index file says where records are. A segment's own index covers that
// segment; a merged one covers many. After a header of 64 bytes come
//
//	segments × 16 bytes  their ids
//	recipes  × 24 bytes  prefix, entries, bytes (only in a segment's own index)
//	entries  × 16 bytes  key fragment, location; sorted
//	buckets  × 8 bytes   2^bits+1 of them: where each begins, and its filter
//	uint32               crc32c of everything before
//
// Numbers are little-endian.
const (
	indexMagic       = "CUBEIDX1"
	indexHeaderBytes = 64
	segmentIDBytes   = 16
	recipeCountBytes = 24
	entryBytes       = 16
	bucketBytes      = 8
	fanBitsMax       = 26

	indexSegmentsMax = 1 << 24
	indexEntriesMax  = 1 << 31
)

var errIndex = errors.New("damaged index")

// segmentID names a segment; its file is the id in hex.
type segmentID [segmentIDBytes]byte

// entry points from a key's fragment to a record. The layout is the file's.
type entry struct {
	fragment uint64
	where    uint64
}

// location packs the number of a segment within its index with an offset,
// which is a multiple of alignBytes.
func location(segment int, offset int64) uint64 {
	return uint64(segment)<<32 | uint64(offset/alignBytes)
}

func (e entry) segment() int  { return int(e.where >> 32) }
func (e entry) offset() int64 { return int64(uint32(e.where)) * alignBytes }

func byFragment(a, b entry) int {
	if c := cmp.Compare(a.fragment, b.fragment); c != 0 {
		return c
	}
	return cmp.Compare(a.where, b.where)
}

// bucket is a run of entries whose fragments begin alike. Of the fragment's
// next five bits the filter keeps which of the 32 values occur, so that most
// misses end after one look into memory.
type bucket struct {
	start  uint32 // the run ends where the next bucket starts
	filter uint32
}

// recipeCount is how many records, and bytes of them, a recipe has.
type recipeCount struct{ entries, bytes int64 }

func (c recipeCount) plus(entries, bytes int64) recipeCount {
	return recipeCount{c.entries + entries, c.bytes + bytes}
}

// index is a parsed index file: a view of its bytes where the machine allows.
type index struct {
	ids     []segmentID
	recipes map[recipePrefix]recipeCount
	entries []entry
	fan     []bucket
	shift   uint // a fragment's bucket is fragment >> shift
}

// find returns the range of entries with this fragment.
func (x *index) find(fragment uint64) []entry {
	at := fragment >> x.shift
	if x.fan[at].filter&filterBit(fragment, x.shift) == 0 {
		return nil
	}
	lo, hi := x.fan[at].start, x.fan[at+1].start
	for hi-lo > 8 { // a bucket holds two to four; more only if keys were made to
		if mid := lo + (hi-lo)/2; x.entries[mid].fragment < fragment {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	for lo < hi && x.entries[lo].fragment < fragment {
		lo++
	}
	end := lo
	for end < uint32(len(x.entries)) && x.entries[end].fragment == fragment {
		end++
	}
	return x.entries[lo:end]
}

func filterBit(fragment uint64, shift uint) uint32 { return 1 << (fragment >> (shift - 5) & 31) }

// parseIndex reads an index file and trusts nothing: the checksum, every size
// and the fan-out are checked. Locations are checked when they are followed.
func parseIndex(b []byte) (*index, error) {
	if len(b) < indexHeaderBytes+8 || string(b[:8]) != indexMagic {
		return nil, fmt.Errorf("%w: %d bytes do not begin with %s", errIndex, len(b), indexMagic)
	}
	body := b[:len(b)-4]
	if got, want := crc32.Checksum(body, castagnoli), binary.LittleEndian.Uint32(b[len(body):]); got != want {
		return nil, fmt.Errorf("%w: checksum %08x, want %08x", errIndex, got, want)
	}
	fbits := binary.LittleEndian.Uint32(b[8:])
	nIDs := uint64(binary.LittleEndian.Uint32(b[12:]))
	nRecipes := uint64(binary.LittleEndian.Uint32(b[16:]))
	n := binary.LittleEndian.Uint64(b[24:])
	if fbits > fanBitsMax || nIDs > indexSegmentsMax || n > indexEntriesMax {
		return nil, fmt.Errorf("%w: %d fan-out bits, %d segments, %d entries", errIndex, fbits, nIDs, n)
	}
	want := indexHeaderBytes + nIDs*segmentIDBytes + nRecipes*recipeCountBytes + n*entryBytes + (1<<fbits+1)*bucketBytes
	if uint64(len(body)) != want {
		return nil, fmt.Errorf("%w: %d bytes, want %d", errIndex, len(body), want)
	}

	x := &index{shift: 64 - uint(fbits), recipes: map[recipePrefix]recipeCount{}}
	rest := body[indexHeaderBytes:]
	for range nIDs {
		x.ids = append(x.ids, segmentID(rest))
		rest = rest[segmentIDBytes:]
	}
	for range nRecipes {
		x.recipes[recipePrefix(rest)] = recipeCount{
			int64(binary.LittleEndian.Uint64(rest[8:])), int64(binary.LittleEndian.Uint64(rest[16:]))}
		rest = rest[recipeCountBytes:]
	}
	x.entries = decodeEntries(rest[:n*entryBytes], littleEndian)
	x.fan = decodeBuckets(rest[n*entryBytes:], littleEndian)
	last := len(x.fan) - 1
	if x.fan[0].start != 0 || uint64(x.fan[last].start) != n || !slices.IsSortedFunc(x.fan, byStart) {
		return nil, fmt.Errorf("%w: fan-out is not a partition of %d entries", errIndex, n)
	}
	return x, nil
}

func decodeEntries(b []byte, native bool) []entry {
	if v, ok := cast[entry](b, native); ok {
		return v
	}
	v := make([]entry, len(b)/entryBytes)
	for i := range v {
		v[i] = entry{binary.LittleEndian.Uint64(b[entryBytes*i:]), binary.LittleEndian.Uint64(b[entryBytes*i+8:])}
	}
	return v
}

func byStart(a, b bucket) int { return cmp.Compare(a.start, b.start) }

func decodeBuckets(b []byte, native bool) []bucket {
	if v, ok := cast[bucket](b, native); ok {
		return v
	}
	v := make([]bucket, len(b)/bucketBytes)
	for i := range v {
		v[i] = bucket{binary.LittleEndian.Uint32(b[bucketBytes*i:]), binary.LittleEndian.Uint32(b[bucketBytes*i+4:])}
	}
	return v
}
