package fsx

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
)

// ErrInjected is what a Fault's failing call returns, wrapped with the call.
var ErrInjected = errors.New("injected fault")

// ErrStopped is what every call returns once a Fault has stopped: the process
// is "dead", and nothing it does reaches the disk any more.
var ErrStopped = errors.New("stopped by the test")

// Fault is the test double of FS. It counts the calls that reach it, file
// writes and syncs among them, and at call number At (from 1) either fails
// that one call with Err, or, with Stop, that call and every later one.
type Fault struct {
	FS   FS
	At   int   // 0 never fails
	Stop bool  // true: everything from At on fails, as if the process had died
	Err  error // nil means ErrInjected

	Before func() // called before every call that counts; nil is nothing

	mu    sync.Mutex
	calls int
}

var _ FS = (*Fault)(nil)

// Calls is the number of calls seen so far.
func (f *Fault) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

func (f *Fault) hit(op, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.Before != nil {
		f.Before()
	}
	f.calls++
	switch {
	case f.At == 0 || f.calls < f.At:
		return nil
	case f.Stop:
		return fmt.Errorf("%s %s: %w", op, name, ErrStopped)
	case f.calls == f.At && f.Err != nil:
		return fmt.Errorf("%s %s: %w", op, name, f.Err)
	case f.calls == f.At:
		return fmt.Errorf("%s %s: %w", op, name, ErrInjected)
	}
	return nil
}

func (f *Fault) file(op, name string, open func() (File, error)) (File, error) {
	if err := f.hit(op, name); err != nil {
		return nil, err
	}
	g, err := open()
	if err != nil {
		return nil, err
	}
	return &faultFile{File: g, f: f, name: name}, nil
}

func (f *Fault) Create(name string) (File, error) {
	return f.file("create", name, func() (File, error) { return f.FS.Create(name) })
}

func (f *Fault) CreateNew(name string) (File, error) {
	return f.file("create", name, func() (File, error) { return f.FS.CreateNew(name) })
}

func (f *Fault) Open(name string) (File, error) {
	return f.file("open", name, func() (File, error) { return f.FS.Open(name) })
}

func (f *Fault) do(op, name string, call func() error) error {
	if err := f.hit(op, name); err != nil {
		return err
	}
	return call()
}

func (f *Fault) Stat(name string) (fi fs.FileInfo, err error) {
	err = f.do("stat", name, func() error { fi, err = f.FS.Stat(name); return err })
	return fi, err
}

func (f *Fault) ReadDir(name string) (es []fs.DirEntry, err error) {
	err = f.do("readdir", name, func() error { es, err = f.FS.ReadDir(name); return err })
	return es, err
}

func (f *Fault) ReadFile(name string) (b []byte, err error) {
	err = f.do("read", name, func() error { b, err = f.FS.ReadFile(name); return err })
	return b, err
}

func (f *Fault) MkdirAll(name string, perm fs.FileMode) error {
	return f.do("mkdir", name, func() error { return f.FS.MkdirAll(name, perm) })
}

func (f *Fault) Rename(oldname, newname string) error {
	return f.do("rename", newname, func() error { return f.FS.Rename(oldname, newname) })
}

func (f *Fault) Link(oldname, newname string) error {
	return f.do("link", newname, func() error { return f.FS.Link(oldname, newname) })
}

func (f *Fault) Exchange(a, b string) error {
	return f.do("exchange", a, func() error { return f.FS.Exchange(a, b) })
}

func (f *Fault) Remove(name string) error {
	return f.do("remove", name, func() error { return f.FS.Remove(name) })
}

func (f *Fault) RemoveAll(name string) error {
	return f.do("removeall", name, func() error { return f.FS.RemoveAll(name) })
}

func (f *Fault) Truncate(name string, size int64) error {
	return f.do("truncate", name, func() error { return f.FS.Truncate(name, size) })
}

func (f *Fault) SyncDir(name string) error {
	return f.do("syncdir", name, func() error { return f.FS.SyncDir(name) })
}

func (f *Fault) Map(name string, size int64) (m Mapping, err error) {
	err = f.do("map", name, func() error { m, err = f.FS.Map(name, size); return err })
	return m, err
}

type faultFile struct {
	File
	f    *Fault
	name string
}

// Write that fails writes half of its bytes first, as a full disk does.
func (f *faultFile) Write(b []byte) (int, error) {
	if err := f.f.hit("write", f.name); err != nil {
		if errors.Is(err, ErrStopped) {
			return 0, err
		}
		n, _ := f.File.Write(b[:len(b)/2])
		return n, err
	}
	return f.File.Write(b)
}

func (f *faultFile) Sync() error {
	return f.f.do("sync", f.name, f.File.Sync)
}
