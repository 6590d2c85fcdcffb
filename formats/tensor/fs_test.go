package tensor

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing/fstest"
)

// memFS is a file system in memory with hard links and without durability. A
// test may look around, or stop the world, before any call that reaches it.
type memFS struct {
	files    fstest.MapFS
	before   func() error // nil: nothing
	noLinks  bool
	byRename bool // exchange by three renames, each of them a call
}

var (
	errStopped = errors.New("stopped by the test")

	_ FS = (*memFS)(nil)
)

func newMemFS() *memFS { return &memFS{files: fstest.MapFS{}} }

// clone is an independent copy; names that share a file still do.
func (m *memFS) clone() *memFS {
	c := newMemFS()
	copies := map[*fstest.MapFile]*fstest.MapFile{}
	for name, f := range m.files {
		if copies[f] == nil {
			copies[f] = &fstest.MapFile{Data: slices.Clone(f.Data), Mode: f.Mode}
		}
		c.files[name] = copies[f]
	}
	return c
}

// put lays down a file behind the double's back.
func (m *memFS) put(name string, b []byte) {
	m.mkdir(path.Dir(name))
	m.files[name] = &fstest.MapFile{Data: b}
}

// tree is every file under dir by its path.
func (m *memFS) tree(dir string) map[string]string {
	files := map[string]string{}
	for name, f := range m.files {
		if rel, ok := strings.CutPrefix(name, dir+"/"); ok && !f.Mode.IsDir() {
			files[rel] = string(f.Data)
		}
	}
	return files
}

func (m *memFS) mkdir(name string) {
	for ; name != "."; name = path.Dir(name) {
		if m.files[name] == nil {
			m.files[name] = &fstest.MapFile{Mode: fs.ModeDir | 0o755}
		}
	}
}

func (m *memFS) hit() error {
	if m.before == nil {
		return nil
	}
	return m.before()
}

// parent fails like a system call whose folder is not there.
func (m *memFS) parent(op, name string) error {
	if d := path.Dir(name); d != "." && m.files[d] == nil {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return nil
}

// memFile is an open memory file.
type memFile struct {
	*bytes.Reader
	m *memFS
	f *fstest.MapFile
	n string
}

func (f *memFile) Close() error               { return nil }
func (f *memFile) Sync() error                { return f.m.hit() }
func (f *memFile) Stat() (fs.FileInfo, error) { return f.m.files.Stat(f.n) }

// Write that is stopped leaves half of its bytes.
func (f *memFile) Write(b []byte) (int, error) {
	if err := f.m.hit(); err != nil {
		f.f.Data = append(f.f.Data, b[:len(b)/2]...)
		return len(b) / 2, err
	}
	f.f.Data = append(f.f.Data, b...)
	return len(b), nil
}

// Create empties the file itself: whoever linked it sees that.
func (m *memFS) Create(name string) (File, error) {
	if err := errors.Join(m.hit(), m.parent("create", name)); err != nil {
		return nil, err
	}
	if f := m.files[name]; f != nil {
		f.Data = nil
	} else {
		m.files[name] = &fstest.MapFile{}
	}
	return &memFile{bytes.NewReader(nil), m, m.files[name], name}, nil
}

func (m *memFS) CreateNew(name string) (File, error) {
	if m.files[name] != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	return m.Create(name)
}

func (m *memFS) Open(name string) (File, error) {
	if err := m.hit(); err != nil {
		return nil, err
	}
	f := m.files[name]
	if f == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &memFile{bytes.NewReader(f.Data), m, f, name}, nil
}

func (m *memFS) Stat(name string) (fs.FileInfo, error) {
	if err := m.hit(); err != nil {
		return nil, err
	}
	return m.files.Stat(name)
}

func (m *memFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := m.hit(); err != nil {
		return nil, err
	}
	return m.files.ReadDir(name)
}

func (m *memFS) ReadFile(name string) ([]byte, error) {
	if err := m.hit(); err != nil {
		return nil, err
	}
	return m.files.ReadFile(name)
}

func (m *memFS) MkdirAll(name string, _ fs.FileMode) error {
	if err := m.hit(); err != nil {
		return err
	}
	m.mkdir(name)
	return nil
}

func (m *memFS) Rename(from, to string) error {
	if err := errors.Join(m.hit(), m.parent("rename", to)); err != nil {
		return err
	}
	return m.move(from, to)
}

func (m *memFS) move(from, to string) error {
	if m.files[from] == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	if f := m.files[to]; f != nil && f.Mode.IsDir() && len(m.tree(to)) > 0 {
		return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
	}
	moved := fstest.MapFS{}
	for name, f := range m.files {
		if name == from || strings.HasPrefix(name, from+"/") {
			moved[to+name[len(from):]] = f
			delete(m.files, name)
		}
	}
	for name, f := range moved {
		m.files[name] = f
	}
	return nil
}

func (m *memFS) Link(from, to string) error {
	if m.noLinks {
		return &fs.PathError{Op: "link", Path: to, Err: errors.ErrUnsupported}
	}
	if err := errors.Join(m.hit(), m.parent("link", to)); err != nil {
		return err
	}
	if m.files[to] != nil {
		return &fs.PathError{Op: "link", Path: to, Err: fs.ErrExist}
	}
	m.files[to] = m.files[from]
	return nil
}

// Exchange is one step for whoever looks on, unless byRename.
func (m *memFS) Exchange(a, b string) error {
	for i, s := range [][2]string{{a, a + ".old"}, {b, a}, {a + ".old", b}} {
		if i == 0 || m.byRename {
			if err := m.hit(); err != nil {
				return err
			}
		}
		if err := m.move(s[0], s[1]); err != nil {
			return err
		}
	}
	return nil
}

func (m *memFS) Remove(name string) error {
	if err := m.hit(); err != nil {
		return err
	}
	delete(m.files, name)
	return nil
}

// RemoveAll removes one thing a call, as a stop may leave a folder half gone.
func (m *memFS) RemoveAll(name string) error {
	var names []string
	for n := range m.files {
		if n == name || strings.HasPrefix(n, name+"/") {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	for _, n := range slices.Backward(names) {
		if err := m.Remove(n); err != nil {
			return err
		}
	}
	return nil
}

func (m *memFS) SyncDir(name string) error {
	_, err := m.Stat(name)
	return err
}
