package cache

import (
	"bytes"
	"encoding/hex"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cubeset/cubeset/host/internal/fsx"
)

// damages verifies a cache and returns what is wrong with it.
func damages(t testing.TB, dir string) (all []Damage) {
	t.Helper()
	v := DefaultVerifyOptions()
	v.Found = func(d Damage) { all = append(all, d) }
	done, err := Verify(dir, options(), v)
	if err != nil {
		t.Fatal(err)
	}
	if done.Damages != int64(len(all)) {
		t.Fatalf("%d damages were told, it says %d", len(all), done.Damages)
	}
	return all
}

func sound(t testing.TB, dir string) {
	t.Helper()
	if d := damages(t, dir); len(d) > 0 {
		t.Fatalf("damage: %+v", d)
	}
}

// session opens a store, puts or gets the rows and closes it.
func session(t testing.TB, dir string, keys []Key, want [][]byte) {
	t.Helper()
	s, err := Open(dir, options())
	if err != nil {
		t.Fatal(err)
	}
	get(t, s, keys, want)
	mustPut(t, s, keys, want)
	mustClose(t, s)
}

// age makes the files that are in the cache look a day older, uses included.
func age(t testing.TB, dir string) {
	t.Helper()
	for _, pattern := range []string{"*" + segmentExt, filepath.Join(usesFolder, "*")} {
		names, err := filepath.Glob(filepath.Join(dir, formatFolder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			fi, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(name, time.Time{}, fi.ModTime().Add(-24*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func hits(t testing.TB, dir string, keys []Key, want [][]byte) int {
	t.Helper()
	o := options()
	o.ReadOnly = true // leaves no trace of its own
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	n := get(t, s, keys, want)
	mustClose(t, s)
	return n
}

func TestRemoveOneRecipe(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 200)
	s := mustOpen(t, dir, options())
	for i := range keys { // both in every segment
		r := recipe
		if i%2 == 1 {
			r = other
		}
		if err := s.Put(r, keys[i:i+1], want[i:i+1]); err != nil {
			t.Fatal(err)
		}
	}
	for r, doc := range map[Recipe][]byte{recipe: doc, other: otherDoc} {
		if err := s.Describe(r, doc); err != nil {
			t.Fatal(err)
		}
		s.Account(r, Tally{Hits: 3})
	}
	mustClose(t, s)
	kill(t, dir, []Key{recipe.Key("dead")}, [][]byte{{1, 2, 3}}, options())
	mine, p := []Key{}, [][]byte{}
	theirs, q := []Key{}, [][]byte{}
	for i := range keys {
		if i%2 == 0 {
			mine, p = append(mine, keys[i]), append(p, want[i])
		} else {
			theirs, q = append(theirs, keys[i]), append(q, want[i])
		}
	}
	name := hex.EncodeToString(recipe[:8])
	if _, err := Remove(dir, options(), []string{"abc"}, false); err == nil {
		t.Fatal("removed by a prefix that is none")
	}
	dry, err := Remove(dir, options(), []string{name}, true)
	if err != nil || dry.Entries != 101 || hits(t, dir, keys, want) != 200 {
		t.Fatalf("%+v, %v", dry, err)
	}
	done, err := Remove(dir, options(), []string{name}, false)
	if err != nil || done != dry {
		t.Fatalf("%+v, announced %+v, %v", done, dry, err)
	}
	if n, m := hits(t, dir, mine, p), hits(t, dir, theirs, q); n != 0 || m != 100 {
		t.Fatalf("%d of the removed recipe, %d of the other, want 0 and 100", n, m)
	}
	u, err := Survey(dir, fsx.Quick{})
	if err != nil || len(u.Recipes) != 1 || u.Recipes[0].Entries != 100 || u.Recipes[0].Hits != 3 || u.Recipes[0].Doc == nil {
		t.Fatalf("%+v, %v", u, err)
	}
	sound(t, dir)
}

// Every command on a damaged cache with all kinds of files, ended at every call
// or met by an error there: no live row may be lost, and the same command then
// gets through.
func TestHousekeepingStoppedAtEveryCall(t *testing.T) {
	keys, want := rows(0, 30)
	dead, deadWant := rows(500, 20)
	name := hex.EncodeToString(other[:8])
	setUp := func(t *testing.T) string {
		dir := scratch(t)
		for i := 0; i < 30; i += 3 { // ten small segments
			s, err := Open(dir, options())
			if err != nil {
				t.Fatal(err)
			}
			mustPut(t, s, keys[i:i+3], want[i:i+3])
			if err := s.Put(other, dead[i/3*2:i/3*2+2], deadWant[i/3*2:i/3*2+2]); err != nil {
				t.Fatal(err)
			}
			mustClose(t, s)
		}
		return dir
	}
	for _, c := range []struct {
		name string
		do   func(dir string, o Options) error
	}{
		{"gc", func(dir string, o Options) error {
			_, err := Collect(dir, o, CollectOptions{})
			return err
		}},
		{"rm", func(dir string, o Options) error {
			_, err := Remove(dir, o, []string{name}, false)
			return err
		}},
		{"repair", func(dir string, o Options) error {
			_, err := Repair(dir, o, func(Damage) {})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			whole := setUp(t)
			for at := 1; ; at += 1 + at/15 {
				dir := scratch(t)
				if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
					t.Fatal(err)
				}
				for _, d := range []string{"", formatFolder, formatFolder + "/" + recipesFolder, formatFolder + "/" + usesFolder} {
					if err := os.Chmod(filepath.Join(dir, d), 0o700); err != nil {
						t.Fatal(err)
					}
				}
				if c.name == "repair" { // rm and gc keep what is bad where it is
					flip(t, files(t, dir, indexExt)[3], 70, 1)
					flip(t, files(t, dir, segmentExt)[5], 64+64+1, 1)
					flip(t, files(t, dir, mergedExt)[0], 70, 1)
				}
				o := options()
				f := &fsx.Fault{FS: fsx.Quick{}, At: at, Stop: at%2 == 0}
				o.FS = f
				err := c.do(dir, o)
				if f.Calls() < at {
					if err != nil {
						t.Fatalf("no call failed, but: %v", err)
					}
					if at < 60 {
						t.Fatalf("only %d calls", at)
					}
					return
				}
				n := hits(t, dir, keys, want)
				if c.name == "repair" && n < 29 || c.name != "repair" && n != 30 {
					t.Fatalf("call %d: %d hits, want 30", at, n)
				}
				if err := c.do(dir, options()); err != nil {
					t.Fatalf("call %d: the same again: %v", at, err)
				}
				if m := hits(t, dir, keys, want); m < n {
					t.Fatalf("call %d: %d hits after the same again, %d before", at, m, n)
				}
				if n := hits(t, dir, dead, deadWant); c.name == "rm" && n != 0 || c.name == "gc" && n != 20 {
					t.Fatalf("call %d: %d rows of the other recipe", at, n)
				}
				sound(t, dir)
			}
		})
	}
}

func TestOneKeeperAtATime(t *testing.T) {
	dir := scratch(t)
	if _, err := Collect(dir, options(), CollectOptions{}); !errors.Is(err, ErrAbsent) || !strings.Contains(err.Error(), dir) {
		t.Fatalf("an empty folder: %v", err)
	}
	keys, want := rows(0, 20)
	session(t, dir, keys, want)
	k, err := keep(dir, options())
	if err != nil {
		t.Fatal(err)
	}
	if lock, err := claim(fsx.Quick{}, k.dir, false); lock != nil || err != nil {
		t.Fatal("the folder is not locked", err)
	}
	session(t, dir, keys, want) // a build waits for nobody
	if err := k.close(); err != nil {
		t.Fatal(err)
	}
	sound(t, dir)
}

func TestHousekeepingBesideBuilds(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 400)
	var builds, keeper sync.WaitGroup
	var done atomic.Bool
	mustClose(t, mustOpen(t, dir, options()))
	for g := range 4 {
		builds.Go(func() {
			for i := range 20 { // a session of five rows; the neighbour does the same ones
				at := (g/2*20 + i) * 5
				s, err := Open(dir, options())
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Put(recipe, keys[at:at+5], want[at:at+5]); err != nil {
					t.Error(err)
				}
				got := make([][]byte, 5)
				if n, err := s.Get(keys[at:at+5], got); n != 5 || err != nil {
					t.Errorf("%d hits of what was put, %v", n, err)
				}
				for j := range got {
					if !bytes.Equal(got[j], want[at+j]) {
						t.Errorf("row %d is wrong", at+j)
					}
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	keeper.Go(func() {
		for i := 0; !done.Load() || i < 3; i++ {
			var err error
			switch i % 3 {
			case 0:
				_, err = Collect(dir, options(), CollectOptions{})
			case 1:
				_, err = Repair(dir, options(), func(d Damage) { t.Errorf("damage: %+v", d) })
			case 2:
				_, err = Remove(dir, options(), []string{hex.EncodeToString(other[:8])}, false)
			}
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	builds.Wait()
	done.Store(true)
	keeper.Wait()
	if n := hits(t, dir, keys[:200], want[:200]); n != 200 {
		t.Fatalf("%d hits, want 200", n)
	}
	sound(t, dir)
}

// readOnly is a file system that makes no file.
type readOnly struct{ fsx.Quick }

func (readOnly) CreateNew(name string) (fsx.File, error) {
	return nil, &os.PathError{Op: "open", Path: name, Err: syscall.EROFS}
}

func TestHousekeepingInAFolderThatCannotBeWritten(t *testing.T) {
	dir := scratch(t)
	everyKind(t, dir)
	before := tree(t, dir)
	o := options()
	o.FS = readOnly{}
	_, gc := Collect(dir, o, CollectOptions{BytesMax: 1})
	_, repair := Repair(dir, o, func(Damage) {})
	_, rm := Remove(dir, o, []string{hex.EncodeToString(recipe[:8])}, false)
	for name, err := range map[string]error{"gc": gc, "repair": repair, "rm": rm} {
		if !errors.Is(err, ErrReadOnly) || !strings.Contains(err.Error(), "cache is read-only: open "+dir) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !maps.EqualFunc(before, tree(t, dir), bytes.Equal) {
		t.Error("the cache changed")
	}
	for name, dry := range map[string]error{
		"gc":     func() error { _, err := Collect(dir, o, CollectOptions{DryRun: true}); return err }(),
		"rm":     func() error { _, err := Remove(dir, o, nil, true); return err }(),
		"verify": func() error { _, err := Verify(dir, o, DefaultVerifyOptions()); return err }(),
	} {
		if dry != nil {
			t.Errorf("%s: %v, though it writes nothing", name, dry)
		}
	}
}
