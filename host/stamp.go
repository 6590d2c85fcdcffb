package host

import (
	"io/fs"
	"time"
)

// racy is how new a file must not be for its stamp to be believed: a change in
// the same tick of a file system's clock leaves the stamp as it was.
const racy = 2 * time.Second

// stamp is what a file system says of a file without reading it. A file with
// another stamp may have changed; one with the same has not, but for a forger.
type stamp struct {
	Size  int64  `json:"size"`
	MTime int64  `json:"mtime"` // nanoseconds since 1970, like CTime
	CTime int64  `json:"ctime"`
	Inode uint64 `json:"inode"`
}

func stampOf(fi fs.FileInfo) stamp {
	s := stamp{Size: fi.Size(), MTime: fi.ModTime().UnixNano()}
	s.CTime, s.Inode = inode(fi)
	return s
}

// settled says that the file had not just changed at the time now.
func (s stamp) settled(now time.Time) bool { return s.MTime < now.Add(-racy).UnixNano() }
