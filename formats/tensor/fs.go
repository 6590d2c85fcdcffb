package tensor

import (
	"io"
	"io/fs"
)

// File is an open file.
type File = interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.Closer
	Sync() error
	Stat() (fs.FileInfo, error)
}

// FS is what a commit asks of the file system. Errors are those of package os.
type FS interface {
	// Create makes or empties a file for reading and writing.
	Create(name string) (File, error)
	// CreateNew is Create, but fails with fs.ErrExist if the name is taken.
	CreateNew(name string) (File, error)
	Open(name string) (File, error)
	Stat(name string) (fs.FileInfo, error)
	ReadDir(name string) ([]fs.DirEntry, error)
	ReadFile(name string) ([]byte, error)
	MkdirAll(name string, perm fs.FileMode) error
	Rename(oldname, newname string) error
	Link(oldname, newname string) error
	// Exchange swaps two existing paths in one step. A system that cannot may
	// rename a to a.old, b to a, and a.old to b: then there is a moment without
	// a, and a stop in it is put right by Recover.
	Exchange(a, b string) error
	Remove(name string) error
	RemoveAll(name string) error
	// SyncDir makes the names in a folder durable.
	SyncDir(name string) error
}
