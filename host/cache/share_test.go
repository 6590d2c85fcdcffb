package cache

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cubeset/cubeset/host/internal/fsx"
)

func TestManyStoresShareAFolder(t *testing.T) {
	dir := scratch(t)
	reader := mustOpen(t, dir, options())
	keys, want := rows(0, 240)
	var wg sync.WaitGroup
	for g := range 6 {
		wg.Go(func() {
			s, err := Open(dir, options())
			if err != nil {
				t.Error(err)
				return
			}
			for i := g * 40; i < g*40+40; i += 8 {
				if err := s.Put(recipe, keys[i:i+8], want[i:i+8]); err != nil {
					t.Error(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	// What was sealed after the reader opened is found by the first miss.
	if n := get(t, reader, keys, want); n != len(keys) {
		t.Fatalf("the reader has %d hits, want %d", n, len(keys))
	}
	if n := get(t, mustOpen(t, dir, options()), keys, want); n != len(keys) {
		t.Fatalf("a new store has %d hits, want %d", n, len(keys))
	}
}

// frozen is a file system whose clock stands still, and counts listings.
type frozen struct {
	fsx.Quick
	listings *int
}

type frozenInfo struct{ fs.FileInfo }

func (frozenInfo) ModTime() time.Time { return time.Time{} }

func (f frozen) Stat(name string) (fs.FileInfo, error) {
	fi, err := f.Quick.Stat(name)
	return frozenInfo{fi}, err
}

func (f frozen) ReadDir(name string) ([]fs.DirEntry, error) {
	*f.listings++
	return f.Quick.ReadDir(name)
}

func TestListingIsRareAndNeverForgotten(t *testing.T) {
	dir := scratch(t)
	listings := 0
	o := options()
	o.FS = frozen{listings: &listings}
	reader := mustOpen(t, dir, o)
	writer := mustOpen(t, dir, options())
	keys, want := rows(0, 4)
	mustPut(t, writer, keys, want)
	mustClose(t, writer)

	rounds := 0
	for get(t, reader, keys, want) == 0 {
		if rounds++; listings != 1 {
			t.Fatalf("%d listings after %d misses in a folder that seems unchanged", listings, rounds*4)
		}
	}
	if rounds != relistMisses/4-1 {
		t.Fatalf("found after %d misses, want %d", (rounds+1)*4, relistMisses)
	}
	absent, none := rows(100, 4)
	for range 10 {
		get(t, reader, absent, none)
	}
	if listings != 2 {
		t.Fatalf("%d listings, want 2", listings)
	}
}

func TestLiveSegmentIsLeftAlone(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 10)
	writer := mustOpen(t, dir, options())
	mustPut(t, writer, keys, want)
	segment := files(t, dir, segmentExt)[0]
	before, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	for _, readOnly := range []bool{false, true} {
		o := options()
		o.ReadOnly = readOnly
		if n := get(t, mustOpen(t, dir, o), keys, want); n != 0 {
			t.Fatalf("read-only %t: %d hits in a segment that is being written", readOnly, n)
		}
	}
	if after, err := os.ReadFile(segment); err != nil || !bytes.Equal(before, after) || len(files(t, dir, indexExt)) != 0 {
		t.Fatal("the live segment was touched", err)
	}
	mustPut(t, writer, keys, want)
	mustClose(t, writer)
	if n := get(t, mustOpen(t, dir, options()), keys, want); n != len(keys) {
		t.Fatalf("%d hits, want %d", n, len(keys))
	}
}

func TestReadOnly(t *testing.T) {
	dir := filepath.Join(scratch(t), "cache")
	o := options()
	o.ReadOnly = true
	if _, err := Open(dir, o); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("opening nothing for reading: %v", err)
	}
	keys, want := rows(0, 500)
	s := mustOpen(t, dir, options())
	mustPut(t, s, keys, want)
	mustClose(t, s)
	more, moreWant := rows(500, 5)
	kill(t, dir, more, moreWant, options()) // leaves an unsealed segment
	keys, want = append(keys, more...), append(want, moreWant...)
	for _, name := range files(t, dir, mergedExt) { // so that a merge would be due
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	before := snapshot(t, dir)
	s = mustOpen(t, dir, o)
	if after := snapshot(t, dir); before != after {
		t.Fatalf("opening for reading changed the folder:\n%s\n%s", before, after)
	}
	if n := get(t, s, keys, want); n != 505 || len(s.view.Load().tables) <= tablesMax {
		t.Fatalf("%d hits in %d tables, want 505", n, len(s.view.Load().tables))
	}
	if err := s.Put(recipe, keys, want); !errors.Is(err, ErrReadOnly) {
		t.Fatalf("Put: %v", err)
	}
	if err := s.Describe(recipe, nil); !errors.Is(err, ErrReadOnly) {
		t.Fatalf("Describe: %v", err)
	}
	fresh, freshWant := rows(1000, 10)
	other := mustOpen(t, dir, options()) // merges, and seals what was left
	mustPut(t, other, fresh, freshWant)
	mustClose(t, other)
	before = snapshot(t, dir)
	if n := get(t, s, fresh, freshWant); n != 10 {
		t.Fatalf("%d of another's rows, want 10", n)
	}
	mustClose(t, s)
	if after := snapshot(t, dir); before != after {
		t.Fatalf("a read-only store changed the folder:\n%s\n%s", before, after)
	}
}
