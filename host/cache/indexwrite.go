package cache

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"math/bits"
	"slices"
)

// fanBits makes buckets of two to four entries.
func fanBits(entries int) uint {
	return uint(min(max(bits.Len(uint(entries))-2, 0), fanBitsMax))
}

// indexOf builds the index of one segment, as a file's bytes and parsed.
func indexOf(id segmentID, f found) ([]byte, *index, error) {
	slices.SortFunc(f.entries, byFragment)
	var b bytes.Buffer
	if err := writeIndex(&b, []segmentID{id}, f.recipes, len(f.entries), slices.Values(f.entries)); err != nil {
		return nil, nil, err
	}
	x, err := parseIndex(b.Bytes())
	return b.Bytes(), x, err
}

// writeIndex streams an index of exactly n entries, which must come sorted.
func writeIndex(w io.Writer, ids []segmentID, recipes map[recipePrefix]recipeCount, n int, entries iter.Seq[entry]) error {
	fbits := fanBits(n)
	out := &indexWriter{w: w}

	head := make([]byte, indexHeaderBytes)
	copy(head, indexMagic)
	binary.LittleEndian.PutUint32(head[8:], uint32(fbits))
	binary.LittleEndian.PutUint32(head[12:], uint32(len(ids)))
	binary.LittleEndian.PutUint32(head[16:], uint32(len(recipes)))
	binary.LittleEndian.PutUint64(head[24:], uint64(n))
	out.add(head)
	for _, id := range ids {
		out.add(id[:])
	}
	for _, p := range sortedPrefixes(recipes) {
		out.add(p[:])
		out.uint64(uint64(recipes[p].entries))
		out.uint64(uint64(recipes[p].bytes))
	}
	fan, shift := make([]bucket, 1<<fbits+1), 64-fbits
	count := 0
	for e := range entries {
		at := e.fragment >> shift
		fan[at].filter |= filterBit(e.fragment, shift)
		fan[at+1].start++ // a count, until it is summed up below
		out.uint64(e.fragment)
		out.uint64(e.where)
		count++
	}
	if count != n {
		return fmt.Errorf("index of %d entries was announced with %d", count, n)
	}
	start := uint32(0)
	for _, b := range fan {
		start += b.start
		out.uint32(start)
		out.uint32(b.filter)
	}
	out.flush()
	out.uint32(out.crc)
	out.flush()
	return out.err
}

func sortedPrefixes(m map[recipePrefix]recipeCount) []recipePrefix {
	ps := make([]recipePrefix, 0, len(m))
	for p := range m {
		ps = append(ps, p)
	}
	slices.SortFunc(ps, func(a, b recipePrefix) int { return bytes.Compare(a[:], b[:]) })
	return ps
}

const indexChunkBytes = 1 << 20

// indexWriter gathers small pieces into large writes and sums them up. Its
// first error stays.
type indexWriter struct {
	w   io.Writer
	b   []byte
	crc uint32
	err error
}

func (w *indexWriter) add(p []byte) {
	if len(w.b)+len(p) > indexChunkBytes {
		w.flush()
	}
	w.b = append(w.b, p...)
}

func (w *indexWriter) uint64(v uint64) {
	if len(w.b)+8 > indexChunkBytes {
		w.flush()
	}
	w.b = binary.LittleEndian.AppendUint64(w.b, v)
}

func (w *indexWriter) uint32(v uint32) {
	if len(w.b)+4 > indexChunkBytes {
		w.flush()
	}
	w.b = binary.LittleEndian.AppendUint32(w.b, v)
}

func (w *indexWriter) flush() {
	w.crc = crc32.Update(w.crc, castagnoli, w.b)
	if w.err == nil {
		_, w.err = w.w.Write(w.b)
	}
	w.b = w.b[:0]
}
