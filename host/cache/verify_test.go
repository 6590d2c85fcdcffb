package cache

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// everyKind is a cache with files of every kind, a dead writer's segment among
// them, and its rows.
func everyKind(t testing.TB, dir string) (keys []Key, want [][]byte) {
	t.Helper()
	keys, want = rows(0, 440)
	for i := 0; i < 400; i += 100 { // some segments each, merged now and then
		s, err := Open(dir, options())
		if err != nil {
			t.Fatal(err)
		}
		mustPut(t, s, keys[i:i+100], want[i:i+100])
		get(t, s, keys, want)
		if err := s.Describe(recipe, doc); err != nil {
			t.Fatal(err)
		}
		s.Account(recipe, Tally{Hits: 1})
		mustClose(t, s)
	}
	kill(t, dir, keys[400:], want[400:], options())
	return keys, want
}

// tree is every file of a cache.
func tree(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		all[path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// restore makes the cache hold these files and no other.
func restore(t testing.TB, dir string, clean map[string][]byte) {
	t.Helper()
	for path := range tree(t, dir) {
		if clean[path] == nil {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	for path, b := range clean {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTwentyFlippedBytesAnywhere(t *testing.T) {
	dir := scratch(t)
	keys, want := everyKind(t, dir)
	sound(t, dir)
	clean := tree(t, dir)
	kinds := map[string][]string{}
	for _, path := range slices.Sorted(maps.Keys(clean)) {
		kinds[filepath.Ext(path)] = append(kinds[filepath.Ext(path)], path)
	}
	for _, ext := range []string{segmentExt, indexExt, mergedExt, useExt, recipeExt} {
		if len(kinds[ext]) == 0 {
			t.Fatalf("there is no %s", ext)
		}
	}
	sets := [][]string{{segmentExt}, {indexExt}, {mergedExt}, {useExt, recipeExt}, {indexExt, mergedExt}, {segmentExt, indexExt, mergedExt, useExt, recipeExt}}
	r := rand.New(rand.NewPCG(7, 7))
	for round := range 72 {
		restore(t, dir, clean)
		set := sets[round%len(sets)]
		exact := len(set) < 5 // what is lost is only what was hit itself
		lost := map[string]bool{}
		for range 20 {
			ext := set[r.IntN(len(set))]
			path := kinds[ext][r.IntN(len(kinds[ext]))]
			at := r.IntN(len(clean[path]))
			flip(t, path, int64(at), 1<<r.IntN(8))
			if ext == segmentExt {
				if clean[strings.TrimSuffix(path, segmentExt)+indexExt] == nil {
					exact = false // without an index nobody knows where the next record begins
				}
				if rec := recordAround(clean[path], int64(at)); rec != "" {
					lost[rec] = true
				}
			}
		}
		n := hits(t, dir, keys, want) // fails on any wrong vector
		if exact && n != len(keys)-len(lost) {
			t.Fatalf("round %d, %v: %d hits, %d records were hit of %d", round, set, n, len(lost), len(keys))
		}
		told := 0
		if _, err := Repair(dir, options(), func(Damage) { told++ }); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if told == 0 {
			t.Fatalf("round %d, %v: no damage was seen", round, set)
		}
		sound(t, dir)
		if m := hits(t, dir, keys, want); m < n || exact && m != n {
			t.Fatalf("round %d, %v: %d hits after the repair, %d before", round, set, m, n)
		}
	}
}

// recordAround names the record that the byte belongs to, if it does.
func recordAround(segment []byte, at int64) string {
	for _, e := range scan(segment).entries {
		p, _ := check(segment[e.offset():])
		if at >= e.offset() && at < e.offset()+headerBytes+int64(len(p)) {
			return string(recordKey(segment[e.offset():])[:])
		}
	}
	return ""
}

func TestEveryByteIsWatched(t *testing.T) {
	dir := scratch(t)
	everyKind(t, dir)
	seen := map[string]bool{}
	for path, b := range tree(t, dir) {
		ext := filepath.Ext(path)
		if seen[ext] || ext == recipeExt || ext == segmentExt && !exists(strings.TrimSuffix(path, ext)+indexExt) {
			continue
		}
		seen[ext] = true
		for at := 0; at < len(b); at += 1 + len(b)/60 {
			flip(t, path, int64(at), 1<<(at%8))
			if d := damages(t, dir); len(d) == 0 || !slices.ContainsFunc(d, func(d Damage) bool {
				return d.File == filepath.Join(formatFolder, strings.TrimPrefix(path, filepath.Join(dir, formatFolder)+"/"))
			}) {
				t.Fatalf("byte %d of %d of a %s may be flipped: %v", at, len(b), ext, d)
			}
			flip(t, path, int64(at), 1<<(at%8))
		}
	}
	if len(seen) != 4 {
		t.Fatalf("saw %v", seen)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestVerifyListsEveryDamage(t *testing.T) {
	dir := scratch(t)
	everyKind(t, dir)
	segments, indexes, merged := files(t, dir, segmentExt), files(t, dir, indexExt), files(t, dir, mergedExt)
	uses, err := filepath.Glob(filepath.Join(dir, formatFolder, usesFolder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	notes, err := filepath.Glob(filepath.Join(dir, formatFolder, recipesFolder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var sealed []string
	for _, s := range segments {
		if exists(strings.TrimSuffix(s, segmentExt) + indexExt) {
			sealed = append(sealed, s)
		}
	}
	flip(t, sealed[0], 3, 1)                             // a segment's header
	flip(t, sealed[1], headerBytes+8, 1)                 // a record's length
	flip(t, sealed[1], headerBytes+70, 1)                // the same record's payload: one damage, not two
	flip(t, sealed[2], headerBytes+70, 1)                // a payload
	if err := os.Truncate(sealed[3], 4000); err != nil { // the end is missing
		t.Fatal(err)
	}
	flip(t, indexes[4], 70, 1)
	if err := os.Remove(indexes[5]); err != nil {
		t.Fatal(err)
	}
	flip(t, merged[0], 70, 1)
	flip(t, uses[0], 9, 1)
	flip(t, notes[0], 3, 1)
	kinds := map[string]int{}
	for _, d := range damages(t, dir) {
		kinds[d.Kind]++
		if d.File == "" || d.Detail == "" || strings.Contains(d.Detail, dir) {
			t.Errorf("%+v", d)
		}
	}
	cut := 0
	s := mustOpen(t, scratch(t), options())
	x := s.readIndex(strings.TrimSuffix(sealed[3], segmentExt) + indexExt)
	for _, e := range x.entries {
		if e.offset() >= 4000-headerBytes {
			cut++
		}
	}
	want := map[string]int{DamagedSegment: 1, DamagedIndex: 1, DamagedMerged: 1, DamagedUse: 1, DamagedRecipe: 1}
	for kind, n := range want {
		if kinds[kind] < n {
			t.Errorf("%d damages of kind %s, want %d: %v", kinds[kind], kind, n, kinds)
		}
	}
	if n := kinds[DamagedRecord]; n < 2+cut || n > 2+cut+1 { // one more may be cut in the middle
		t.Errorf("%d bad records, want %d", n, 2+cut)
	}
}

// An index whose checksum is right and whose content is not is a bug of ours or
// an attack: it must be seen too.
func TestWrongIndexesAreSeen(t *testing.T) {
	for name, change := range map[string]func(f *found){
		"without an entry": func(f *found) { f.entries = f.entries[1:] },
		"a wrong place":    func(f *found) { f.entries[0].where++ },
		"inside a record":  func(f *found) { f.entries = append(f.entries, entry{7, location(0, 128+64)}) },
		"past the end":     func(f *found) { f.entries = append(f.entries, entry{7, location(0, 1<<30)}) },
		"another key":      func(f *found) { f.entries[0].fragment++ },
		"a wrong count":    func(f *found) { f.recipes[recipe.prefix()] = recipeCount{1, 1} },
		"another recipe":   func(f *found) { f.recipes[recipePrefix{1}] = recipeCount{1, 1} },
	} {
		t.Run(name, func(t *testing.T) {
			dir := scratch(t)
			keys, want := rows(0, 20)
			session(t, dir, keys, want)
			path := files(t, dir, segmentExt)[0]
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f := scan(b)
			change(&f)
			id, _ := parseName(filepath.Base(path), segmentExt)
			slices.SortFunc(f.entries, byFragment)
			var x bytes.Buffer
			if err := writeIndex(&x, []segmentID{id}, f.recipes, len(f.entries), slices.Values(f.entries)); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(strings.TrimSuffix(path, segmentExt)+indexExt, x.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			hits(t, dir, keys, want)
			if len(damages(t, dir)) == 0 {
				t.Fatal("it was not seen")
			}
			if _, err := Repair(dir, options(), func(Damage) {}); err != nil {
				t.Fatal(err)
			}
			sound(t, dir)
			if n := hits(t, dir, keys, want); n != len(keys) {
				t.Fatalf("%d hits after the repair, want %d", n, len(keys))
			}
		})
	}
}

func TestRepairKeepsWhatOnlyAMergedIndexKnows(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 400)
	session(t, dir, keys, want)
	// The index is gone and the second record has lost its length: a walk from
	// the front would end there.
	lost := 0
	for _, path := range files(t, dir, segmentExt) {
		if err := os.Remove(strings.TrimSuffix(path, segmentExt) + indexExt); err != nil {
			t.Fatal(err)
		}
		x := mergedOf(t, dir, path)
		if x == nil {
			continue // was sealed after the last merge
		}
		flip(t, path, x[1].offset()+4, 1)
		lost++
	}
	if lost == 0 {
		t.Fatal("nothing was merged")
	}
	done, err := Repair(dir, options(), func(Damage) {})
	if err != nil || done.Segments != lost {
		t.Fatalf("%+v, %v", done, err)
	}
	sound(t, dir)
	if n := hits(t, dir, keys, want); n != len(keys)-lost {
		t.Fatalf("%d hits, want %d", n, len(keys)-lost)
	}
}

// mergedOf is where a merged index says that a segment's records are.
func mergedOf(t *testing.T, dir, path string) []entry {
	id, _ := parseName(filepath.Base(path), segmentExt)
	s := mustOpen(t, scratch(t), options())
	c := &checker{s: s}
	merged := map[segmentID]*index{}
	for i, name := range files(t, dir, mergedExt) {
		merged[segmentID{byte(i)}] = s.readIndex(name)
	}
	known := c.mergedEntries(merged, id)
	slices.SortFunc(known, func(a, b entry) int { return int(a.offset() - b.offset()) })
	return known
}

func TestSample(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 1000)
	session(t, dir, keys, want)
	seen := map[string]bool{}
	flip(t, files(t, dir, segmentExt)[0], headerBytes+3, 1)
	for seed := range uint64(4) {
		v := DefaultVerifyOptions()
		v.Sample, v.Seed = 0.3, seed
		done, err := Verify(dir, options(), v)
		if err != nil || done.Records < 200 || done.Records > 400 {
			t.Fatalf("%+v, %v", done, err)
		}
		seen[fmt.Sprint(done.Records, done.Bytes)] = true
	}
	if len(seen) < 2 {
		t.Fatal("every seed chooses the same")
	}
	v := DefaultVerifyOptions()
	v.Sample = 0.999999
	if done, err := Verify(dir, options(), v); err != nil || done.Damages != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	for _, f := range []float64{0, -1, 1.1} {
		v.Sample = f
		if _, err := Verify(dir, options(), v); err == nil {
			t.Errorf("a sample of %v was taken", f)
		}
	}
}

func TestVerifyChangesNothing(t *testing.T) {
	dir := scratch(t)
	everyKind(t, dir)
	flip(t, files(t, dir, indexExt)[0], 70, 1)
	before := tree(t, dir)
	damages(t, dir)
	after := tree(t, dir)
	if !maps.EqualFunc(before, after, bytes.Equal) {
		t.Fatal("the cache changed")
	}
}

func FuzzUse(f *testing.F) {
	u := newUse()
	u.tallies[recipe] = Tally{1, 2, 3, 4, 5}
	u.segments[segmentID{1}] = moment{7, true}
	u.replaced = []segmentID{{2}}
	f.Add(u.encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		b = bytes.Clone(b)
		fixChecksum(b)
		u, err := parseUse(b)
		if err != nil {
			return
		}
		again, err := parseUse(u.encode())
		if err != nil || !maps.Equal(again.tallies, u.tallies) || !maps.Equal(again.segments, u.segments) || !slices.Equal(again.replaced, u.replaced) {
			t.Fatalf("%+v became %+v, %v", u, again, err)
		}
	})
}
