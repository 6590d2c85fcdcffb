package main

import (
	"io/fs"
	"syscall"
)

// allocated is the room a file takes on disk.
func allocated(info fs.FileInfo) int64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Blocks * 512
	}
	return info.Size()
}
