package cache

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cubeset/cubeset/host/internal/fsx"
)

func TestSizeCapEvictsTheLongestUnused(t *testing.T) {
	dir := scratch(t)
	var keys [6][]Key
	var want [6][][]byte
	for i := range keys { // six segments, a day apart
		age(t, dir)
		keys[i], want[i] = rows(100*i, 25)
		session(t, dir, keys[i], want[i])
	}
	age(t, dir)
	session(t, dir, keys[1], want[1]) // the second is used again
	total, err := Collect(dir, options(), CollectOptions{DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, dir)
	c := CollectOptions{BytesMax: total.BytesBefore * 6 / 10, DryRun: true}
	dry, err := Collect(dir, options(), c)
	if err != nil || snapshot(t, dir) != before {
		t.Fatal("a dry run changed the cache", err)
	}
	c.DryRun = false
	done, err := Collect(dir, options(), c)
	if err != nil {
		t.Fatal(err)
	}
	if done.Evicted != dry.Evicted || done.Evicted.Segments != 3 || done.Evicted.Entries != 75 {
		t.Fatalf("evicted %+v, announced %+v", done.Evicted, dry.Evicted)
	}
	if done.BytesAfter > c.BytesMax || done.BytesAfter == 0 || done.BytesBefore != dry.BytesBefore {
		t.Fatalf("%+v, at most %d", done, c.BytesMax)
	}
	for i, stays := range []bool{false, true, false, false, true, true} {
		if n := hits(t, dir, keys[i], want[i]); (n == 25) != stays || n != 0 && n != 25 {
			t.Errorf("session %d: %d hits", i, n)
		}
	}
	sound(t, dir)
}

func TestEvictionSparesTheYoungerOfTwo(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 5)
	old, young := mustOpen(t, dir, options()), mustOpen(t, dir, options())
	mustPut(t, old, keys, want)
	mustClose(t, old)
	age(t, dir)
	mustPut(t, young, keys, want)
	mustClose(t, young)
	for i := range smallMin { // so that what is left is packed
		k, w := rows(100+i, 1)
		session(t, dir, k, w)
	}
	done, err := Collect(dir, options(), CollectOptions{Now: time.Now(), AgeMax: 12 * time.Hour})
	if err != nil || done.Evicted.Entries != 5 || done.Packed.Entries != 5+smallMin {
		t.Fatalf("%+v, %v", done, err)
	}
	if n := hits(t, dir, keys, want); n != 5 {
		t.Fatalf("%d hits, want 5: they went with the older copies", n)
	}
}

func TestAgeIsTheEdgesClock(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 50)
	session(t, dir, keys[:25], want[:25])
	age(t, dir)
	session(t, dir, keys[25:], want[25:])
	now := time.Now()
	for _, c := range []struct {
		now     time.Time
		evicted int
	}{{now, 0}, {now.Add(35 * time.Hour), 1}, {now.Add(59 * time.Hour), 2}} {
		done, err := Collect(dir, options(), CollectOptions{Now: c.now, AgeMax: 48 * time.Hour, DryRun: true})
		if err != nil || done.Evicted.Segments != c.evicted {
			t.Fatalf("%+v, %v, want %d evicted", done, err, c.evicted)
		}
	}
}

func TestEvictionUnderAReaderAndAWriter(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 200)
	session(t, dir, keys, want)
	reader, writer := mustOpen(t, dir, options()), mustOpen(t, dir, options())
	more, moreWant := rows(1000, 20)
	mustPut(t, writer, more, moreWant)
	done, err := Collect(dir, options(), CollectOptions{BytesMax: 1})
	if err != nil || done.Live != 1 || done.Evicted.Entries != 200 {
		t.Fatalf("%+v, %v", done, err)
	}
	if n := get(t, reader, keys, want); n != 200 {
		t.Fatalf("a reader that had them mapped has %d hits, want 200", n)
	}
	if n := get(t, writer, more, moreWant); n != 20 {
		t.Fatalf("the writer has %d of its own rows, want 20", n)
	}
	mustClose(t, writer)
	if n := hits(t, dir, more, moreWant); n != 20 {
		t.Fatalf("%d hits, want 20: a segment that was being written vanished", n)
	}
	sound(t, dir)
}

func TestSmallSegmentsArePackedAndKeepTheirAge(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 50)
	for i := 0; i < 50; i += 5 {
		session(t, dir, keys[i:i+5], want[i:i+5])
	}
	for range 3 {
		age(t, dir)
	}
	old := mustOpen(t, dir, options())
	done, err := Collect(dir, options(), CollectOptions{})
	if err != nil || done.Packed.Segments != 10 || done.Packed.Entries != 50 || done.BytesAfter >= done.BytesBefore {
		t.Fatalf("%+v, %v", done, err)
	}
	if n := len(files(t, dir, segmentExt)); n > 4 {
		t.Fatalf("%d segments are left", n)
	}
	if n := hits(t, dir, keys, want); n != 50 {
		t.Fatalf("%d hits, want 50", n)
	}
	if n := get(t, old, keys, want); n != 50 {
		t.Fatalf("a store that was open has %d hits, want 50", n)
	}
	sound(t, dir)
	aged, err := Collect(dir, options(), CollectOptions{Now: time.Now(), AgeMax: 48 * time.Hour, DryRun: true})
	if err != nil || aged.Evicted.Entries != 50 {
		t.Fatalf("%+v, %v: packing made them young", aged, err)
	}
	again, err := Collect(dir, options(), CollectOptions{})
	if err != nil || again.Packed.Segments != 0 {
		t.Fatalf("%+v, %v: packed twice", again, err)
	}
}

func TestTrimKeepsWhatFits(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 20)
	session(t, dir, keys[:10], want[:10])
	age(t, dir)
	session(t, dir, keys[10:], want[10:])
	before, err := Trim(dir, options(), 1<<30)
	if err != nil || before.Evicted.Segments != 0 || before.BytesAfter != before.BytesBefore || hits(t, dir, keys, want) != 20 {
		t.Fatalf("%+v, %v", before, err)
	}
	done, err := Trim(dir, options(), before.BytesBefore-1)
	if err != nil || done.Evicted.Entries != 10 || done.BytesAfter >= before.BytesBefore {
		t.Fatalf("%+v, %v", done, err)
	}
	if hits(t, dir, keys[:10], want[:10]) != 0 || hits(t, dir, keys[10:], want[10:]) != 10 {
		t.Fatal("not the oldest went")
	}
	if _, err := Trim(filepath.Join(dir, "none"), options(), 1); !errors.Is(err, ErrAbsent) {
		t.Fatal(err)
	}
}

func TestManySmallBuildsStayFewSegments(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, crowdMin+40)
	for i := range keys {
		session(t, dir, keys[i:i+1], want[i:i+1])
	}
	if n := len(files(t, dir, segmentExt)); n >= crowdMin {
		t.Fatalf("%d segments", n)
	}
	if n := hits(t, dir, keys, want); n != len(keys) {
		t.Fatalf("%d hits, want %d", n, len(keys))
	}
	sound(t, dir)
}

func TestDiskOverhead(t *testing.T) {
	dir := scratch(t)
	s := mustOpen(t, dir, Options{FS: fsx.Quick{}, SegmentBytesMax: 4 << 20})
	keys, payloads := benchRows(0, 20_000)
	mustPut(t, s, keys, payloads)
	mustClose(t, s)
	n, err := s.bytes()
	if more := float64(n)/(20_000*benchPayload) - 1; err != nil || more > 0.05 {
		t.Fatalf("%.1f %% more on disk than the payloads, %v", 100*more, err)
	} else {
		t.Logf("%.2f %% more on disk than the payloads", 100*more)
	}
}

func TestRepetitionsArePacked(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 60)
	other := make([][]byte, len(want)) // a teacher that is not exact: other bits under the same keys
	for i, p := range want {
		other[i] = append(bytes.Clone(p), 1)
	}
	a, b := mustOpen(t, dir, options()), mustOpen(t, dir, options())
	c := mustOpen(t, dir, options())
	mustPut(t, a, keys, want)
	mustPut(t, b, keys[:40], want[:40])
	mustPut(t, c, keys[20:], other[20:])
	for _, s := range []*Store{a, b, c} {
		mustClose(t, s)
	}
	answers := func() (all [][]byte) {
		s := mustOpen(t, dir, options())
		all = make([][]byte, len(keys))
		if n, err := s.Get(keys, all); n != len(keys) || err != nil {
			t.Fatal(n, err)
		}
		for i := range all {
			all[i] = bytes.Clone(all[i])
		}
		mustClose(t, s)
		return all
	}
	before := answers()
	if _, err := Collect(dir, options(), CollectOptions{}); err != nil {
		t.Fatal(err)
	}
	for i, p := range answers() {
		if !bytes.Equal(p, before[i]) {
			t.Fatalf("key %d has another answer than before", i)
		}
	}
	u, err := Survey(dir, fsx.Quick{})
	if err != nil || u.Entries != 60 {
		t.Fatalf("%d entries, want 60, %v", u.Entries, err)
	}
	sound(t, dir)
}

func TestDraftsAndOrphansAreCounted(t *testing.T) {
	dir := scratch(t)
	for i := range 3 {
		keys, want := rows(i*50, 20)
		session(t, dir, keys, want)
	}
	if err := os.Remove(files(t, dir, segmentExt)[0]); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, formatFolder, strings.Repeat("ab", 16)+draftExt), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	done, err := Collect(dir, options(), CollectOptions{})
	if err != nil || done.Leavings != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	sound(t, dir)
}
