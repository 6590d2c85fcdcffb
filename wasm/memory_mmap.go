//go:build linux || darwin

package wasm

import (
	"math"
	"syscall"
)

// reserve is n bytes of address space that cannot be used yet, or nil if there
// is none.
func reserve(n uint64) []byte {
	if n == 0 || n > math.MaxInt {
		return nil
	}
	space, err := syscall.Mmap(-1, 0, int(n), syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	return space
}

// unlock makes a part of what was reserved usable; it is zero.
func unlock(part []byte) bool {
	return len(part) == 0 || syscall.Mprotect(part, syscall.PROT_READ|syscall.PROT_WRITE) == nil
}

// release gives back what was reserved. It cannot fail for a whole reservation.
func release(space []byte) { _ = syscall.Munmap(space) }
