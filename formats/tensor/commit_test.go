package tensor

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// snapshots are the old and the new dataset of a commit, and what to compare.
type snapshots struct {
	name     string
	old, new dataset
}

func commits(t *testing.T) []snapshots {
	shape := Shape{2, 3}
	a := testDataset(t, shape, 5, 1, "train-aa", "train-bb", "validation-aa")
	grown := testDataset(t, shape, 5, 1, "train-aa", "train-bb", "validation-aa", "train-cc") // equal names have equal bytes
	other := testDataset(t, shape, 7, 2, "train-dd", "validation-dd")
	less := testDataset(t, shape, 5, 1, "train-aa")
	same := testDataset(t, shape, 5, 1, "train-aa", "train-bb", "validation-aa")
	same.files["stats.json"] = []byte("{}\n")
	noRejects := testDataset(t, shape, 5, 3, "train-ee")
	noRejects.manifest.Rejects, noRejects.rejects = nil, nil
	// The same names and sizes, other bytes: only the sums tell them apart.
	twin := testDataset(t, shape, 5, 31, "train-aa", "train-bb", "validation-aa")
	for base := range twin.parts {
		b := slices.Clone(a.parts[base])
		b[len(b)/2] ^= 1
		twin.parts[base] = b
	}
	for i := range twin.manifest.Parts {
		p := &twin.manifest.Parts[i]
		p.SHA256, p.Bytes = sum256(twin.parts[path.Base(p.Path)]), a.manifest.Parts[i].Bytes
	}
	return []snapshots{
		{"first", dataset{}, a}, {"grown", a, grown}, {"shrunk", grown, less}, {"replaced", a, other},
		{"only files", a, same}, {"without rejects", a, noRejects}, {"twin", a, twin},
	}
}

// globbed is what a reader of data/*.parquet gets, as name → bytes.
func globbed(m *memFS) map[string]string {
	got := m.tree("ds/data")
	maps.DeleteFunc(got, func(name, _ string) bool { return !strings.HasSuffix(name, ".parquet") })
	return got
}

func (d dataset) data() map[string]string {
	m := map[string]string{}
	for n, b := range d.parts {
		m[n] = string(b)
	}
	return m
}

// look checks, at any moment, that a listing of data/ is one of the datasets
// and that ReadManifest gives the manifest that belongs to it.
func (s snapshots) look(t *testing.T, m *memFS, at int) {
	t.Helper()
	got := globbed(m)
	isOld, isNew := maps.Equal(got, s.old.data()), maps.Equal(got, s.new.data())
	if !isOld && !isNew {
		t.Fatalf("call %d: data/ holds %v, neither the old parts nor the new", at, slices.Sorted(maps.Keys(got)))
	}
	manifest, err := ReadManifest(&memFS{files: m.files}, "ds")
	if errors.Is(err, ErrNoManifest) && s.old.parts == nil && len(got) == 0 {
		return
	}
	if err != nil {
		t.Fatalf("call %d: %v", at, err)
	}
	for _, p := range manifest.Parts {
		if b, ok := got[path.Base(p.Path)]; !ok || sum256([]byte(b)) != p.SHA256 {
			t.Fatalf("call %d: the manifest lists %s, which data/ has not or has otherwise", at, p.Path)
		}
	}
	if len(manifest.Parts) != len(got) {
		t.Fatalf("call %d: the manifest lists %d parts, data/ holds %d", at, len(manifest.Parts), len(got))
	}
	v := &verifier{fs: &memFS{files: m.files}, dir: "ds", m: manifest}
	if err := v.foreign(); err != nil || len(v.faults) > 0 {
		t.Fatalf("call %d: %v, %v", at, v.faults, err)
	}
}

// start is the old dataset with the new one finished, not yet committed.
func (s snapshots) start(t *testing.T) *memFS {
	t.Helper()
	m := newMemFS()
	if s.old.parts != nil {
		s.old.commit(t, m)
	}
	s.new.finish(m)
	return m
}

func (s snapshots) commit(m *memFS) error { return Commit(m, "ds", s.new.manifest, s.new.files) }

// stopAt makes every call from number at on fail.
func (m *memFS) stopAt(at int) *memFS {
	n := 0
	m.before = func() error {
		if n++; n >= at {
			return errStopped
		}
		return nil
	}
	return m
}

// restart is the world after the stop.
func (m *memFS) restart() *memFS {
	m.before = nil
	return m
}

func TestCommitStoppedAtAnyCall(t *testing.T) {
	for _, s := range commits(t) {
		t.Run(s.name, func(t *testing.T) {
			start := s.start(t)
			m, calls := start.clone(), 0
			m.before = func() error { calls++; s.look(t, m, calls); return nil }
			if err := s.commit(m); err != nil {
				t.Fatal(err)
			}
			s.look(t, m, calls+1)
			s.checkDone(t, m)
			if calls < 30 {
				t.Fatalf("only %d calls were seen", calls)
			}
			for at := 1; at <= calls; at++ {
				m := start.clone().stopAt(at)
				if err := s.commit(m); !errors.Is(err, errStopped) {
					t.Fatalf("stop at %d: %v", at, err)
				}
				s.look(t, m, at)
				n := 0
				m.before = func() error {
					if n++; n%8 == at%8 {
						s.look(t, m, at)
					}
					return nil
				}
				if at%2 == 0 { // half of the time a new build begins with Recover
					if err := Recover(m, "ds"); err != nil {
						t.Fatalf("recover after a stop at %d: %v", at, err)
					}
				}
				if err := s.commit(m); err != nil {
					t.Fatalf("commit after a stop at %d: %v", at, err)
				}
				s.checkDone(t, m)
			}
		})
	}
}

// A second stop, in the midst of putting the first right, does no more harm.
func TestRecoverStoppedAtAnyCall(t *testing.T) {
	for _, s := range commits(t) {
		t.Run(s.name, func(t *testing.T) {
			start := s.start(t)
			for at := 1; ; at++ {
				m := start.clone().stopAt(at)
				if s.commit(m) == nil {
					return
				}
				for again := 1 + at%3; ; again += 3 {
					m := m.clone().stopAt(again)
					err := Recover(m, "ds")
					s.look(t, m.restart(), at)
					if err == nil {
						break
					}
					if again%7 == 0 {
						if err := s.commit(m); err != nil {
							t.Fatalf("commit after stops at %d and %d: %v", at, again, err)
						}
						s.checkDone(t, m)
					}
				}
			}
		})
	}
}

// globber is a reader that lists data/*.parquet once and then opens what it
// listed by name, one file at a time.
type globber struct {
	names []string
	got   map[string]string
	err   error
}

func (g *globber) step(m *memFS) {
	if g.err != nil || len(g.got) == len(g.names) {
		return
	}
	name := g.names[len(g.got)]
	f, ok := m.files["ds/data/"+name]
	if !ok {
		g.err = fs.ErrNotExist
		return
	}
	g.got[name] = string(f.Data)
}

// At every call of a commit a reader begins, and reads on, a file a call, while
// the commit does. It ends up with one dataset, or is told that a file is gone:
// never with parts of both, unless a part's name says nothing of its bytes,
// which is the twin.
func TestGlobbingReadersAtEveryCall(t *testing.T) {
	for _, s := range commits(t) {
		if s.name == "twin" {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			m := s.start(t)
			var readers []*globber
			m.before = func() error {
				for _, g := range readers {
					g.step(m)
				}
				readers = append(readers, &globber{names: slices.Sorted(maps.Keys(globbed(m))), got: map[string]string{}})
				return nil
			}
			if err := s.commit(m); err != nil {
				t.Fatal(err)
			}
			var old, fresh, gone int
			for i, g := range readers {
				for range g.names {
					g.step(m)
				}
				switch {
				case g.err != nil:
					gone++
				case maps.Equal(g.got, s.new.data()):
					fresh++
				case maps.Equal(g.got, s.old.data()):
					old++
				default:
					t.Errorf("the reader of call %d has %v", i+1, slices.Sorted(maps.Keys(g.got)))
				}
			}
			t.Logf("%d readers: %d the old dataset, %d the new, %d a file that is gone", len(readers), old, fresh, gone)
			if fresh == 0 || len(readers) < 30 {
				t.Errorf("of %d readers %d saw the new dataset", len(readers), fresh)
			}
		})
	}
}

func (s snapshots) checkDone(t *testing.T, m *memFS) {
	t.Helper()
	got := m.tree("ds")
	want := map[string]string{}
	for n, b := range s.new.parts {
		want["data/"+n] = string(b)
	}
	for n, b := range s.new.files {
		want[n] = string(b)
	}
	for n, b := range s.new.rejects {
		want["rejects/"+n] = string(b)
	}
	b, err := s.new.manifest.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want["manifest.json"] = string(b)
	if !maps.Equal(got, want) {
		t.Fatalf("the folder holds %v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

// A call that fails once, as on a full disk, leaves as good a folder.
func TestCommitWithAFailingCall(t *testing.T) {
	for _, s := range commits(t) {
		start := s.start(t)
		for at := 1; ; at++ {
			m, n := start.clone(), 0
			m.before = func() error {
				if n++; n == at {
					return errStopped
				}
				return nil
			}
			err := s.commit(m)
			s.look(t, m.restart(), at)
			if n < at {
				break
			}
			if err == nil {
				t.Fatalf("%s: call %d failed unnoticed", s.name, at)
			}
			if err := s.commit(m); err != nil {
				t.Fatalf("%s: commit after a failure at %d: %v", s.name, at, err)
			}
			s.checkDone(t, m)
		}
	}
}

// Where exchange is three renames, there is a moment without data/, but a stop
// in it is put right.
func TestRecoverFromAHalfExchange(t *testing.T) {
	for _, s := range commits(t) {
		start := s.start(t)
		for at := 1; ; at++ {
			m := start.clone().stopAt(at)
			m.byRename = true
			if s.commit(m) == nil {
				break
			}
			if err := Recover(m.restart(), "ds"); err != nil {
				t.Fatalf("%s: recover after a stop at %d: %v", s.name, at, err)
			}
			s.look(t, m, at)
			if err := s.commit(m); err != nil {
				t.Fatalf("%s: commit after a stop at %d: %v", s.name, at, err)
			}
			s.checkDone(t, m)
		}
	}
}

func TestCommitWithoutHardLinks(t *testing.T) {
	s := commits(t)[1]
	m := s.start(t)
	m.noLinks = true
	if err := s.commit(m); err != nil {
		t.Fatal(err)
	}
	s.checkDone(t, m)
}

func TestRecoverLeavesABuildAlone(t *testing.T) {
	m := commits(t)[1].start(t)
	want := m.tree("ds")
	if err := Recover(m, "ds"); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(m.tree("ds"), want) {
		t.Error("recover touched a build that had not come to its commit")
	}
}

func TestCommitRefuses(t *testing.T) {
	shape := Shape{2, 3}
	for _, c := range []struct {
		name string
		do   func(*dataset)
		say  string
	}{
		{"counts", func(d *dataset) { d.manifest.Kept++ }, "commit: read 14 is not kept 12 + dropped 2 + skipped 1"},
		{"missing part", func(d *dataset) { delete(d.parts, "train-bb.parquet") }, "commit: damaged: data/train-bb.parquet: no file of"},
		{"short part", func(d *dataset) { d.parts["train-bb.parquet"] = []byte("x") }, "commit: damaged: data/train-bb.parquet: no file of"},
		{"file name", func(d *dataset) { d.files["../x"] = nil }, `commit: file name "../x" is not free`},
		{"manifest as a file", func(d *dataset) { d.files["manifest.json"] = nil }, `commit: file name "manifest.json" is not free`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMemFS()
			d := testDataset(t, shape, 5, 1, "train-aa", "train-bb")
			c.do(&d)
			d.finish(m)
			err := Commit(m, "ds", d.manifest, d.files)
			if err == nil || !strings.HasPrefix(err.Error(), c.say) {
				t.Errorf("got %v, want %s", err, c.say)
			}
			if _, err := ReadManifest(m, "ds"); !errors.Is(err, ErrNoManifest) {
				t.Errorf("a manifest is there: %v", err)
			}
		})
	}
}

func TestManifestRoundTrip(t *testing.T) {
	disk := newMemFS()
	d := testDataset(t, Shape{2, 3}, 5, 1, "train-aa", "validation-aa")
	d.commit(t, disk)
	m, err := ReadManifest(disk, "ds")
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Filters { // written with indentation
		var b bytes.Buffer
		if err := compactJSON(&b, m.Filters[i].Config); err != nil {
			t.Fatal(err)
		}
		m.Filters[i].Config = b.Bytes()
	}
	if !reflect.DeepEqual(m, d.manifest) {
		t.Errorf("got  %+v\nwant %+v", m, d.manifest)
	}
}
