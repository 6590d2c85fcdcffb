//go:build !unix

package wasm

import "io/fs"

// owner is unknown here.
func owner(fs.FileInfo) (uid int, known bool) { return 0, false }
