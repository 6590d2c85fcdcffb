package cache

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/cubeset/cubeset/host/internal/fsx"
)

func TestPutThenGet(t *testing.T) {
	dir := filepath.Join(scratch(t), "a", "cache")
	s := mustOpen(t, dir, options())
	keys, want := rows(0, 100)
	if n := get(t, s, keys, want); n != 0 {
		t.Fatalf("an empty cache has %d hits", n)
	}
	mustPut(t, s, keys, want)
	if n := get(t, s, keys, want); n != 100 {
		t.Fatalf("%d hits, want 100", n)
	}
	if err := s.Checkpoint(); err != nil {
		t.Fatal(err)
	}
	st := s.Stats()
	if st.Entries != 100 || st.Hits != 100 || st.Misses != 100 || st.Corrupt != 0 || st.Segments < 2 {
		t.Fatalf("%+v", st)
	}
	if fi, err := os.Stat(dir); err != nil || fi.Mode().Perm() != 0o700 {
		t.Fatalf("the folder has mode %v, %v", fi.Mode(), err)
	}
	mustClose(t, s)
	if _, err := s.Get(keys, want); !errors.Is(err, ErrClosed) {
		t.Fatalf("Get after Close: %v", err)
	}

	s = mustOpen(t, dir, options())
	if n := get(t, s, keys, want); n != 100 {
		t.Fatalf("%d hits after reopening, want 100", n)
	}
	disk := int64(0)
	for _, b := range readAll(t, files(t, dir, segmentExt)) {
		disk += int64(len(b))
	}
	if now := s.Stats(); now.Bytes != disk || now.Segments != st.Segments || st.Bytes != disk {
		t.Fatalf("%+v, before %+v, %d bytes on disk", now, st, disk)
	}
	if n := len(files(t, dir, draftExt)); n != 0 {
		t.Fatalf("%d drafts are left", n)
	}
}

func TestFirstWriterWins(t *testing.T) {
	dir := scratch(t)
	s := mustOpen(t, dir, options())
	key := recipe.Key("x")
	mustPut(t, s, []Key{key, key}, [][]byte{{1}, {2}})
	mustPut(t, s, []Key{key}, [][]byte{{3}})
	for range 2 {
		got := make([][]byte, 1)
		if _, err := s.Get([]Key{key}, got); err != nil || !bytes.Equal(got[0], []byte{1}) {
			t.Fatalf("got %v, %v, want the first payload", got[0], err)
		}
		if n := s.Stats().Entries; n != 1 {
			t.Fatalf("%d entries, want 1", n)
		}
		mustClose(t, s)
		s = mustOpen(t, dir, options())
	}
}

func TestPayloadsAreAlignedAndOfAnySize(t *testing.T) {
	s := mustOpen(t, scratch(t), options())
	var keys []Key
	var want [][]byte
	for n := range 200 {
		keys, want = append(keys, recipe.Key(fmt.Sprint(n))), append(want, payload(uint64(n), n))
	}
	mustPut(t, s, keys, want)
	got := make([][]byte, len(keys))
	if hits, err := s.Get(keys, got); hits != len(keys) || err != nil {
		t.Fatal(hits, err)
	}
	for i := range got {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("payload of %d bytes came back wrong", i)
		}
		if len(got[i]) > 0 && address(got[i])%alignBytes != 0 {
			t.Fatalf("payload of %d bytes is not aligned", i)
		}
		if cap(got[i]) != len(got[i]) {
			t.Fatal("an append to a view would write into the cache")
		}
	}
}

func TestKeysThatBeginAlike(t *testing.T) {
	dir := scratch(t)
	s := mustOpen(t, dir, options())
	var keys []Key
	var want [][]byte
	for i := range 30 { // more than a bucket holds, among others that it does
		keys = append(keys, Key{1, 2, 3, 31: byte(i)}, Key{1, 2, byte(i), 1})
		want = append(want, []byte{byte(i)}, []byte{byte(i), 1})
	}
	mustPut(t, s, keys, want)
	for range 2 {
		if n := get(t, s, keys, want); n != len(keys) {
			t.Fatalf("%d hits, want %d", n, len(keys))
		}
		if n := get(t, s, []Key{{1, 2, 3, 31: 99}, {1, 2, 3, 4}}, make([][]byte, 2)); n != 0 {
			t.Fatalf("%d hits for keys that only begin like others", n)
		}
		mustClose(t, s)
		s = mustOpen(t, dir, options())
	}
}

func TestManyGoroutines(t *testing.T) {
	s := mustOpen(t, scratch(t), options())
	const n = 300
	keys, want := rows(0, n)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 1))
			for range 60 {
				i := r.IntN(n - 20)
				if g%2 == 0 {
					if err := s.Put(recipe, keys[i:i+20], want[i:i+20]); err != nil {
						t.Error(err)
						return
					}
				}
				got := make([][]byte, 20)
				if _, err := s.Get(keys[i:i+20], got); err != nil {
					t.Error(err)
					return
				}
				for j, p := range got {
					if p == nil && g%2 == 0 || p != nil && !bytes.Equal(p, want[i+j]) {
						t.Errorf("key %d: %d bytes", i+j, len(p))
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestResealingKeepsEveryEntry(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 60)
	s := mustOpen(t, dir, options())
	mustPut(t, s, keys, want)
	mustClose(t, s)
	mustClose(t, s) // a second Close seals nothing
	before := readAll(t, files(t, dir, indexExt))
	for range 3 { // opening and closing a sealed cache must leave its indexes as they are
		s := mustOpen(t, dir, options())
		mustPut(t, s, keys, want)
		mustClose(t, s)
	}
	if !slices.EqualFunc(before, readAll(t, files(t, dir, indexExt)), bytes.Equal) {
		t.Fatal("an index changed")
	}
	// A store that meets a sealed segment on its way to recover it must not make
	// an index of its own. With a record gone bad that index would be another.
	s = mustOpen(t, dir, options())
	flip(t, files(t, dir, segmentExt)[0], 2*headerBytes, 1)
	for id := range s.segments {
		if _, err := s.salvage(id, true); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.EqualFunc(before, readAll(t, files(t, dir, indexExt)), bytes.Equal) {
		t.Fatal("recovery sealed a sealed segment again")
	}
	if n := get(t, s, keys, want); n != len(keys)-1 {
		t.Fatalf("%d hits, want all but one of %d", n, len(keys))
	}
}

// poisoned maps segments such that reading any byte of them is a fault.
type poisoned struct {
	fsx.OS
	t *testing.T
}

type noBytes struct{ fsx.Mapping }

func (p poisoned) Map(name string, size int64) (fsx.Mapping, error) {
	if filepath.Ext(name) != segmentExt {
		return p.OS.Map(name, size)
	}
	// Pages past the end of a file cannot be read: map a file of no bytes.
	empty := filepath.Join(p.t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		return nil, err
	}
	m, err := p.OS.Map(empty, size)
	return noBytes{m}, err
}

func TestOpeningTouchesNoPageOfASegment(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 400)
	s := mustOpen(t, dir, options())
	mustPut(t, s, keys, want)
	mustClose(t, s)

	o := options()
	o.FS = poisoned{t: t}
	s = mustOpen(t, dir, o) // would scan, or die of a fault, if it read a segment
	if n := s.Stats().Entries; n != 400 {
		t.Fatalf("%d entries, want 400", n)
	}
	absent, none := rows(1000, 400)
	if n := get(t, s, absent, none); n != 0 || s.Stats().Corrupt != 0 {
		t.Fatalf("a miss read a record: %+v", s.Stats())
	}
	// The proof that the mapping is poisoned: every hit is now a bad record.
	if n := get(t, s, keys, want); n != 0 || s.Stats().Corrupt != 400 {
		t.Fatalf("%d hits from unreadable pages: %+v", n, s.Stats())
	}
}

func TestSegmentCutUnderAReaderIsAMiss(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 20)
	for i := range want {
		want[i] = payload(uint64(i), 9000) // more than a page, so that cutting takes pages away
	}
	o := options()
	o.SegmentBytesMax = 1 << 20
	s := mustOpen(t, dir, o)
	mustPut(t, s, keys, want)
	mustClose(t, s)
	s = mustOpen(t, dir, o)
	if err := os.Truncate(files(t, dir, segmentExt)[0], 100_000); err != nil {
		t.Fatal(err)
	}
	n := get(t, s, keys, want)
	if st := s.Stats(); n == 0 || n == 20 || st.Corrupt != int64(20-n) {
		t.Fatalf("%d hits, %+v", n, st)
	}
}

func TestOptionsAreCheckedAllAtOnce(t *testing.T) {
	_, err := Open(t.TempDir(), Options{SegmentBytesMax: 5})
	if err == nil || err.Error() != "cache: no file system given\ncache: segment size 5 is outside 4096..68719476736 bytes" {
		t.Fatal(err)
	}
}

func TestPutRefusesWhatDoesNotFit(t *testing.T) {
	s := mustOpen(t, scratch(t), options())
	key := []Key{recipe.Key("x")}
	if err := s.Put(recipe, key, [][]byte{make([]byte, 8<<10)}); err == nil {
		t.Fatal("a payload larger than a segment was taken")
	}
	if err := s.Put(recipe, key, [][]byte{make([]byte, 8<<10-2*headerBytes)}); err != nil {
		t.Fatalf("a payload that just fits: %v", err)
	}
	if err := s.Put(recipe, key, nil); err == nil {
		t.Fatal("a key without a payload was taken")
	}
	if _, err := s.Get(key, nil); err == nil {
		t.Fatal("a key without room for its payload was taken")
	}
}
