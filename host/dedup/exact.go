// Package dedup finds rows that repeat earlier rows.
package dedup

import (
	"crypto/sha256"
	"encoding/binary"
)

// Key names a pair by its folded texts: two pairs are twins if and only if
// their keys are equal. 16 bytes of sha256, so that no one can craft a pair
// that hides another.
type Key [16]byte

// KeyOf is the key of a pair, from its folded question and answer.
func KeyOf(question, answer string) Key {
	var buf [1024]byte
	b := binary.LittleEndian.AppendUint64(buf[:0], uint64(len(question)))
	b = append(append(b, question...), answer...)
	sum := sha256.Sum256(b)
	return Key(sum[:16])
}

// Exact keeps the first of every set of twins. It holds a key a row, and about
// as much again for the table around them. It is not safe for use by several
// goroutines: the order of the calls is what "first" means.
type Exact[K Hash] struct{ seen map[K]struct{} }

// NewExact makes an Exact that has seen nothing.
func NewExact[K Hash]() *Exact[K] { return &Exact[K]{map[K]struct{}{}} }

// First says whether k has not been seen before, and remembers it.
func (e *Exact[K]) First(k K) bool {
	n := len(e.seen)
	e.seen[k] = struct{}{}
	return len(e.seen) > n
}
