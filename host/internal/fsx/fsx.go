// Package fsx is the seam between cubeset and the file system. Everything a
// build writes goes through FS, so that a test can fail or stop any single
// call and then look at what is left.
package fsx

import (
	"io"
	"io/fs"
)

// File is an open file. It is an alias of a plain interface, so that packages
// which must not import this one can declare the same type for themselves.
type File = interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.Closer
	Sync() error
	Stat() (fs.FileInfo, error)
}

// FS is every file-system call that changes or reads what cubeset keeps on
// disk. Errors are those of package os, with the path in them.
type FS interface {
	// Create makes or empties a file for reading and writing.
	Create(name string) (File, error)
	// CreateNew is Create, but fails with fs.ErrExist if the name is taken.
	CreateNew(name string) (File, error)
	Open(name string) (File, error)
	Stat(name string) (fs.FileInfo, error)
	ReadDir(name string) ([]fs.DirEntry, error)
	ReadFile(name string) ([]byte, error)
	// MkdirAll makes a folder and its parents with mode perm.
	MkdirAll(name string, perm fs.FileMode) error
	Rename(oldname, newname string) error
	Link(oldname, newname string) error
	// Exchange swaps two existing paths in one step (renameat2 RENAME_EXCHANGE
	// on Linux). Where the system has no such call it is two renames, and for a
	// moment a is absent.
	Exchange(a, b string) error
	Remove(name string) error
	RemoveAll(name string) error
	Truncate(name string, size int64) error
	// SyncDir makes the names in a folder durable.
	SyncDir(name string) error
	// Map maps a file's first size bytes for reading. size may be larger than
	// the file is today: bytes the file gains later appear, and reading past
	// its end is the caller's fault.
	Map(name string, size int64) (Mapping, error)
}

// Mapping is a read-only view of a file. Close ends the view: a slice of it
// that is read afterwards is a fault of the caller.
type Mapping interface {
	Bytes() []byte
	Close() error
}

// WriteFile writes a whole file so that a reader sees either the old bytes or
// the new: it writes name+".tmp", syncs it, renames it over name and syncs the
// folder.
func WriteFile(f FS, dir, name string, b []byte) error {
	tmp := dir + "/" + name + ".tmp"
	w, err := f.Create(tmp)
	if err != nil {
		return err
	}
	if _, err := w.Write(b); err != nil {
		w.Close()
		return err
	}
	if err := w.Sync(); err != nil {
		w.Close()
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := f.Rename(tmp, dir+"/"+name); err != nil {
		return err
	}
	return f.SyncDir(dir)
}
