package wasm

import (
	"fmt"
	"os"

	"github.com/tetratelabs/wazero"
)

// openCache opens a folder of compiled code. It is machine code that will be
// run, so the folder must be this user's alone.
func openCache(dir string) (wazero.CompilationCache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("wasm cache: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return nil, fmt.Errorf("wasm cache: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("wasm cache: %s is not a folder", dir)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("wasm cache: %s has mode %#o, want 0700", dir, mode)
	}
	if uid, known := owner(info); known && uid != os.Geteuid() {
		return nil, fmt.Errorf("wasm cache: %s belongs to user %d, want %d", dir, uid, os.Geteuid())
	}
	c, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return nil, fmt.Errorf("wasm cache: %w", err)
	}
	return c, nil
}
