package precomputed

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sort"
)

const rowsMax = 1<<32 - 1 // of a file

// key stands for a text: the first 16 bytes of its sha256.
type key [16]byte

func keyOf(text string) key {
	sum := sha256.Sum256([]byte(text))
	return key(sum[:16])
}

// entry is where a text's vector is. It has 20 bytes: all that is held of a
// file in memory.
type entry struct {
	key key
	row uint32
}

// index finds the row of a text.
type index []entry

func (x *index) add(text string) error {
	if len(*x) == rowsMax {
		return fmt.Errorf("more than %d texts", rowsMax)
	}
	*x = append(*x, entry{keyOf(text), uint32(len(*x))})
	return nil
}

// sort makes the index ready. A text may be there several times if its vectors
// are the same; the first one counts.
func (x *index) sort(vector func(row int64, dst []float32) error, dims int, line func(row uint32) string) error {
	all := *x
	slices.SortFunc(all, func(a, b entry) int {
		return cmp.Or(bytes.Compare(a.key[:], b.key[:]), cmp.Compare(a.row, b.row))
	})
	first, other := make([]float32, dims), make([]float32, dims)
	kept := all[:0]
	for i, e := range all {
		if i == 0 || kept[len(kept)-1].key != e.key {
			kept = append(kept, e)
			continue
		}
		twin := kept[len(kept)-1]
		if err := errors.Join(vector(int64(twin.row), first), vector(int64(e.row), other)); err != nil {
			return err
		}
		if !slices.Equal(first, other) {
			return fmt.Errorf("%s and %s have the same text and different vectors", line(twin.row), line(e.row))
		}
	}
	*x = kept
	return nil
}

// find returns the row of a text.
func (x index) find(text string) (int64, bool) {
	k := keyOf(text)
	i, ok := sort.Find(len(x), func(i int) int { return bytes.Compare(k[:], x[i].key[:]) })
	if !ok {
		return 0, false
	}
	return int64(x[i].row), true
}
