package cache

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/cubeset/cubeset/host/internal/fsx"
)

func TestOpenRefusesAFolderOthersCanWrite(t *testing.T) {
	for _, c := range []struct {
		name string
		mode fs.FileMode
		want error
	}{
		{"private", 0o700, nil}, {"readable by all", 0o755, nil},
		{"group", 0o770, ErrForeign}, {"world", 0o702, ErrForeign},
	} {
		for _, sub := range []string{"", formatFolder, filepath.Join(formatFolder, recipesFolder)} {
			dir := scratch(t)
			if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(filepath.Join(dir, sub), c.mode); err != nil {
				t.Fatal(err)
			}
			s, err := Open(dir, options())
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Fatalf("%s, %q: %v, want %v", c.name, sub, err, c.want)
			}
			if err == nil {
				mustClose(t, s)
			}
		}
	}
	file := filepath.Join(scratch(t), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, options()); err == nil {
		t.Fatal("a file was opened as a cache")
	}
}

// foreign shows every folder as another user's.
type foreign struct{ fsx.Quick }

type foreignInfo struct{ fs.FileInfo }

func (i foreignInfo) Sys() any { return &syscall.Stat_t{Uid: uint32(os.Geteuid() + 1)} }

func (f foreign) Stat(name string) (fs.FileInfo, error) {
	fi, err := f.Quick.Stat(name)
	return foreignInfo{fi}, err
}

func TestOpenRefusesAFolderOfAnotherUser(t *testing.T) {
	dir := scratch(t)
	for _, readOnly := range []bool{false, true} {
		_, err := Open(dir, Options{FS: foreign{}, SegmentBytesMax: 8 << 10, ReadOnly: readOnly})
		if !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), "belongs to user") {
			t.Fatalf("read-only %t: %v", readOnly, err)
		}
	}
	if _, err := Survey(dir, foreign{}); !errors.Is(err, ErrForeign) {
		t.Fatalf("survey: %v", err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 0 {
		t.Fatal("something was written into a foreign folder", names, err)
	}
}

func TestDraftsOfTheDeadAreSwept(t *testing.T) {
	dir := scratch(t)
	s := mustOpen(t, dir, options())
	live, err := s.draft()
	if err != nil {
		t.Fatal(err)
	}
	dead, err := s.draft()
	if err != nil {
		t.Fatal(err)
	}
	if err := dead.release(); err != nil {
		t.Fatal(err)
	}
	stranger := filepath.Join(dir, formatFolder, "notes.txt")
	if err := os.WriteFile(stranger, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, dir, options())
	if got := files(t, dir, draftExt); !slices.Equal(got, []string{live.path}) {
		t.Fatalf("drafts left: %q, want only %q", got, live.path)
	}
	if _, err := os.Stat(stranger); err != nil {
		t.Fatal(err)
	}
	if err := live.drop(); err != nil {
		t.Fatal(err)
	}
}

// journal notes the calls that decide what a loss of power can do.
type journal struct {
	fsx.OS
	mu    sync.Mutex
	calls []string
}

type journalFile struct {
	fsx.File
	j    *journal
	name string
}

func (j *journal) add(call, name string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.calls = append(j.calls, call+" "+filepath.Ext(name))
}

func (f journalFile) Sync() error {
	f.j.add("sync", f.name)
	return f.File.Sync()
}

func (f journalFile) Write(b []byte) (int, error) {
	f.j.add("write", f.name)
	return f.File.Write(b)
}

func (j *journal) CreateNew(name string) (fsx.File, error) {
	f, err := j.OS.CreateNew(name)
	return journalFile{f, j, name}, err
}

func (j *journal) Open(name string) (fsx.File, error) {
	f, err := j.OS.Open(name)
	return journalFile{f, j, name}, err
}

func (j *journal) Rename(from, to string) error {
	j.add("rename", to)
	return j.OS.Rename(from, to)
}

func (j *journal) SyncDir(name string) error {
	j.add("syncdir", "")
	return j.OS.SyncDir(name)
}

func TestSealingSyncsBeforeItRenames(t *testing.T) {
	j := &journal{}
	o := options()
	o.FS = j
	s := mustOpen(t, scratch(t), o)
	keys, want := rows(0, 5)
	mustPut(t, s, keys, want)
	if err := s.Checkpoint(); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	got := strings.Join(j.calls, ", ")
	if want := "write .new, rename .seg, write .new, " + // the segment's header, its place, its records
		"sync .new, syncdir , " + // the checkpoint
		"sync .new, write .new, sync .new, rename .idx, syncdir "; got != want {
		t.Fatalf("calls\n%s\nwant\n%s", got, want)
	}
}

func TestSealingTheDeadSyncsFirst(t *testing.T) {
	dir := scratch(t)
	keys, want := rows(0, 5)
	kill(t, dir, keys, want, options())
	j := &journal{}
	o := options()
	o.FS = j
	mustOpen(t, dir, o)
	if got, want := strings.Join(j.calls, ", "), "sync .seg, write .new, sync .new, rename .idx, syncdir "; got != want {
		t.Fatalf("calls\n%s\nwant\n%s", got, want)
	}
}

func TestSurvey(t *testing.T) {
	dir := filepath.Join(scratch(t), "cache")
	if _, err := Survey(dir, fsx.Quick{}); !errors.Is(err, ErrAbsent) {
		t.Fatalf("a cache that does not exist: %v", err)
	}
	s := mustOpen(t, dir, options())
	keys, want := rows(0, 100)
	mustPut(t, s, keys[:70], want[:70])
	if err := s.Put(other, keys[70:], want[70:]); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Describe(recipe, doc); err != nil {
			t.Fatal(err)
		}
	}
	mustClose(t, s)
	kill(t, dir, []Key{recipe.Key("dead")}, [][]byte{make([]byte, 64)}, options())
	live := mustOpen(t, dir, Options{FS: fsx.Quick{}, SegmentBytesMax: 8 << 10}) // seals the dead one
	mustPut(t, live, []Key{recipe.Key("live")}, [][]byte{{1}})

	u, err := Survey(dir, fsx.Quick{})
	if err != nil {
		t.Fatal(err)
	}
	bytesOf := func(payloads [][]byte) (n int64) {
		for _, p := range payloads {
			n += recordBytes(len(p))
		}
		return n
	}
	by := map[string]RecipeUsage{}
	for _, r := range u.Recipes {
		by[string(r.Doc)] = r
	}
	mine, theirs := by[string(doc)], by[""]
	if len(u.Recipes) != 2 || u.Entries != 101 || u.Unsealed != 1 ||
		mine.Entries != 71 || mine.Bytes != bytesOf(want[:70])+128 ||
		theirs.Entries != 30 || theirs.Bytes != bytesOf(want[70:]) || theirs.Doc != nil {
		t.Fatalf("%+v", u)
	}
	disk := int64(0)
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		fi, err := d.Info()
		disk += fi.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if u.Bytes != disk || u.Segments != len(files(t, dir, segmentExt)) {
		t.Fatalf("%d bytes in %d segments, want %d", u.Bytes, u.Segments, disk)
	}
}
