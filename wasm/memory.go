package wasm

import (
	"errors"

	"github.com/tetratelabs/wazero/experimental"
)

// ErrMemory is wrapped when the system has no memory for a guest that may have
// it. It is no guest's doing: on another machine the guest would go on.
var ErrMemory = errors.New("the system is out of memory")

// memory is the linear memory of one instance.
//
// Where the system can, it is address space that is reserved at once, up to the
// instance's ceiling, and becomes real where the guest writes: so it grows
// without being copied, and goes back to the system when the instance is closed
// and not when the garbage collector gets to it. Elsewhere it is a slice.
type memory struct {
	reserved []byte // nil where nothing could be reserved
	used     []byte
}

// Allocate implements experimental.MemoryAllocator. An instance has one memory.
func (m *memory) Allocate(_, most uint64) experimental.LinearMemory {
	m.reserved = reserve(most)
	return m
}

// Reallocate implements experimental.LinearMemory.
func (m *memory) Reallocate(size uint64) []byte {
	if m.reserved == nil {
		if grow := int(size) - len(m.used); grow > 0 {
			m.used = append(m.used, make([]byte, grow)...)
		}
		return m.used
	}
	if !unlock(m.reserved[len(m.used):size]) {
		panic(ErrMemory) // the guest must not learn of it
	}
	m.used = m.reserved[:size]
	return m.used
}

// Free implements experimental.LinearMemory. The engine does not call it for an
// instance that failed to start; to call it again does nothing.
func (m *memory) Free() {
	if m.reserved != nil {
		release(m.reserved)
	}
	m.reserved, m.used = nil, nil
}
