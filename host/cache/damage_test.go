package cache

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/cubeset/cubeset/host/internal/fsx"
)

func TestFlippedBytesInSegmentsAreMisses(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 200)
	s := mustOpen(t, dir, options())
	mustPut(t, s, keys, want)
	mustClose(t, s)
	segments := files(t, dir, segmentExt)
	clean := readAll(t, segments)
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		for i, b := range clean {
			if err := os.WriteFile(segments[i], b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for range 20 {
			i := r.IntN(len(clean))
			flip(t, segments[i], int64(r.IntN(len(clean[i]))), 1<<r.IntN(8))
		}
		s := mustOpen(t, dir, options())
		n := get(t, s, keys, want)
		if st := s.Stats(); n < 180 || int64(200-n) != st.Corrupt || st.Misses != st.Corrupt {
			t.Fatalf("round %d: %d hits, %+v", round, n, st)
		}
		mustClose(t, s)
	}
}

func TestEveryFlippedBitOfARecordIsAMiss(t *testing.T) {
	key, p := recipe.Key("x"), payload(1, 100)
	rec := appendRecord(nil, recipe.prefix(), &key, p)
	if got, ok := check(rec); !ok || !bytes.Equal(got, p) || *recordKey(rec) != key {
		t.Fatal("a whole record is not whole")
	}
	for i := range headerBytes + len(p) {
		for bit := range 8 {
			rec[i] ^= 1 << bit
			if _, ok := check(rec); ok {
				t.Fatalf("bit %d of byte %d may be flipped", bit, i)
			}
			rec[i] ^= 1 << bit
		}
	}
}

func flip(t testing.TB, path string, at int64, mask byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil {
		t.Fatal(err)
	}
	b[0] ^= mask
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}

func TestCorruptRecordIsPutAgain(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 10)
	s := mustOpen(t, dir, options())
	mustPut(t, s, keys, want)
	mustClose(t, s)
	flip(t, files(t, dir, segmentExt)[0], headerBytes+headerBytes+3, 1)
	s = mustOpen(t, dir, options())
	if n := get(t, s, keys, want); n != 9 {
		t.Fatalf("%d hits, want 9", n)
	}
	for range 2 {
		mustPut(t, s, keys, want)
		if n := get(t, s, keys, want); n != 10 {
			t.Fatalf("%d hits after putting the bad one again, want 10", n)
		}
		if n := s.Stats().Entries; n != 11 {
			t.Fatalf("%d entries, want 11: nothing but the bad record is written again", n)
		}
		mustClose(t, s)
		s = mustOpen(t, dir, options())
	}
}

func TestCorruptRecordOfALiveSegmentIsPutAgain(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 10)
	s := mustOpen(t, dir, options())
	mustPut(t, s, keys, want)
	flip(t, files(t, dir, segmentExt)[0], 2*headerBytes+3, 1)
	if n := get(t, s, keys, want); n != 9 || s.Stats().Corrupt != 1 {
		t.Fatalf("%d hits, %+v", n, s.Stats())
	}
	for range 2 {
		mustPut(t, s, keys, want)
		if n := get(t, s, keys, want); n != 10 {
			t.Fatalf("%d hits after putting the bad one again, want 10", n)
		}
		mustClose(t, s)
		s = mustOpen(t, dir, options())
	}
}

func TestDamagedIndexesAreRebuilt(t *testing.T) {
	keys, want := rows(0, 500)
	damages := map[string]func(t *testing.T, path string){
		"missing": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
		"empty": func(t *testing.T, path string) {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"cut": func(t *testing.T, path string) {
			if err := os.Truncate(path, 100); err != nil {
				t.Fatal(err)
			}
		},
		"flipped header":  func(t *testing.T, path string) { flip(t, path, 8, 4) },
		"flipped entry":   func(t *testing.T, path string) { flip(t, path, 120, 64) },
		"whole but empty": func(t *testing.T, path string) { writeEmptyIndex(t, path) },
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			dir := scratch(t)
			s := mustOpen(t, dir, options())
			mustPut(t, s, keys, want)
			mustClose(t, s)
			indexes, merged := files(t, dir, indexExt), files(t, dir, mergedExt)
			if len(merged) == 0 {
				t.Fatal("nothing was merged")
			}
			before := readAll(t, indexes)
			for _, path := range append(merged, indexes...) {
				damage(t, path)
			}
			s = mustOpen(t, dir, options())
			if n := get(t, s, keys, want); n != len(keys) {
				t.Fatalf("%d hits, want %d", n, len(keys))
			}
			if !slices.EqualFunc(before, readAll(t, indexes), bytes.Equal) {
				t.Fatal("an index was not rebuilt as it was")
			}
		})
	}
}

// writeEmptyIndex writes an index whose checksum is right and which belongs to
// no segment: it must not be taken for this one's.
func writeEmptyIndex(t testing.TB, path string) {
	t.Helper()
	var b bytes.Buffer
	if err := writeIndex(&b, nil, nil, 0, slices.Values([]entry(nil))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestBadRecordIsSteppedOverInAScan(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 10)
	segment := kill(t, dir, keys, want, options())
	flip(t, segment, headerBytes+recordBytes(len(want[0]))+headerBytes+1, 1) // in the payload of the second
	s := mustOpen(t, dir, options())
	if n := get(t, s, keys, want); n != 9 {
		t.Fatalf("%d hits, want 9", n)
	}
}

func TestPayloadCannotPassForARecord(t *testing.T) {
	// A hostile teacher's payload holds a whole record of somebody else's key,
	// and its own record is torn behind it.
	victim, attacker := recipe.Key("victim"), NewRecipe("attacker", "").Key("x")
	inner := appendRecord(nil, recipe.prefix(), &victim, []byte("poison"))
	outer := append(bytes.Clone(inner), make([]byte, 500)...)
	dir := scratch(t)
	segment := kill(t, dir, []Key{attacker}, [][]byte{outer}, options())
	for _, harm := range []func(){
		func() { flip(t, segment, headerBytes, 1) },
		func() {
			if err := os.Truncate(segment, 2*headerBytes+int64(len(inner))+64); err != nil {
				t.Fatal(err)
			}
		},
	} {
		harm()
		got := make([][]byte, 1)
		if n, err := mustOpen(t, dir, Options{FS: fsx.Quick{}, SegmentBytesMax: 8 << 10, ReadOnly: true}).Get([]Key{victim}, got); n != 0 || err != nil {
			t.Fatalf("%d hits: %q, %v", n, got[0], err)
		}
	}
}

func TestEqualKeysOfTwoProcesses(t *testing.T) {
	a, b := []byte("one payload"), []byte("other payload")
	winner := a
	if ha, hb := sha256.Sum256(a), sha256.Sum256(b); bytes.Compare(ha[:], hb[:]) > 0 {
		winner = b
	}
	key := []Key{recipe.Key("x")}
	for name, order := range map[string][2][]byte{"ab": {a, b}, "ba": {b, a}} {
		t.Run(name, func(t *testing.T) {
			dir := scratch(t)
			first, second := mustOpen(t, dir, options()), mustOpen(t, dir, options())
			mustPut(t, first, key, [][]byte{order[0]})
			mustPut(t, second, key, [][]byte{order[1]})
			reader := mustOpen(t, dir, options())
			for i, s := range []*Store{second, first} { // seal one, then the other
				mustClose(t, s)
				want := order[1] // the first this reader saw stays its answer
				got := make([][]byte, 2)
				if n, err := reader.Get([]Key{key[0], recipe.Key("absent")}, got); n != 1 || err != nil || !bytes.Equal(got[0], want) {
					t.Fatalf("step %d: got %q, want %q", i, got[0], want)
				}
			}
			if n := reader.Stats().Entries; n != 2 {
				t.Fatalf("the reader knows %d records, want 2", n)
			}
			got := make([][]byte, 1)
			s := mustOpen(t, dir, options())
			if n, err := s.Get(key, got); n != 1 || err != nil || !bytes.Equal(got[0], winner) {
				t.Fatalf("a new store answers %q, want %q", got[0], winner)
			}
			mustClose(t, s)
			fill(t, dir, 2000) // so that indexes are merged
			if n, err := mustOpen(t, dir, options()).Get(key, got); n != 1 || err != nil || !bytes.Equal(got[0], winner) {
				t.Fatalf("after a merge the answer is %q, want %q", got[0], winner)
			}
		})
	}
}

func fill(t testing.TB, dir string, n int) {
	t.Helper()
	s, err := Open(dir, options())
	if err != nil {
		t.Fatal(err)
	}
	for i := range n / 100 {
		keys, want := rows(100_000+i*100, 100)
		mustPut(t, s, keys, want)
	}
	mustClose(t, s)
}

func TestRemovedSegmentsAreMisses(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 600)
	s := mustOpen(t, dir, options())
	mustPut(t, s, keys, want)
	mustClose(t, s)
	open := mustOpen(t, dir, options())
	segments := files(t, dir, segmentExt)
	for _, name := range segments[:len(segments)/2] {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if n := get(t, open, keys, want); n != 600 {
		t.Fatalf("a store that had them mapped has %d hits, want 600", n)
	}
	s = mustOpen(t, dir, options())
	if n := get(t, s, keys, want); n < 200 || n > 400 || s.Stats().Corrupt != 0 {
		t.Fatalf("%d hits, %+v", n, s.Stats())
	}
	mustPut(t, s, keys, want)
	fill(t, dir, 1000)
	if n := get(t, mustOpen(t, dir, options()), keys, want); n < 200 {
		t.Fatalf("%d hits", n)
	}
	mustClose(t, s)
	if n := get(t, mustOpen(t, dir, options()), keys, want); n != 600 {
		t.Fatalf("%d hits after putting again, want 600", n)
	}
}

func TestMergesKeepLookupsShort(t *testing.T) {
	dir := scratch(t)
	fill(t, dir, 6000)
	s := mustOpen(t, dir, options())
	if n := len(s.view.Load().tables); n > tablesMax {
		t.Fatalf("%d tables", n)
	}
	if n := len(files(t, dir, mergedExt)); n > tablesMax {
		t.Fatalf("%d merged indexes on disk", n)
	}
	if n := s.Stats().Entries; n != 6000 {
		t.Fatalf("%d entries", n)
	}
	keys, want := rows(100_000, 6000)
	if n := get(t, s, keys, want); n != 6000 {
		t.Fatal(n)
	}
}
