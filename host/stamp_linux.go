package host

import (
	"io/fs"
	"syscall"
)

// inode is when anything about a file last changed, and its number.
func inode(fi fs.FileInfo) (ctime int64, number uint64) {
	s, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return s.Ctim.Nano(), s.Ino
}
