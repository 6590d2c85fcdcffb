package dedup

import "iter"

const (
	bands     = 16        // keys a row is filed under
	blockRows = 1024      // rows that buckets ask memory for at once
	headsMin  = 256       // entries of an empty table
	rowsMax   = 1<<32 - 2 // rows that can be filed: more than fit in 700 GB
)

// keys are what a row is filed under: rows that agree in one key, at the same
// place, are worth a closer look.
type keys [bands]uint32

// buckets files rows, numbered from 0, by their keys. It takes 128 bytes a row
// and 32 to 64 for the tables.
type buckets struct {
	walkMax int              // rows looked at for each key
	heads   [bands][]uint32  // by the key's low bits: the newest row's number plus 1, or 0
	blocks  [][][bands]filed // the rows
	len     uint32
}

// filed is a row's place in the chain of one band.
type filed struct {
	key    uint32
	before uint32 // number plus 1 of the next older row in the chain, or 0
}

func newBuckets(walkMax int) buckets {
	b := buckets{walkMax: walkMax}
	b.grow(headsMin)
	return b
}

// sharing yields the rows that share a key with k, the newest first for each
// key. A row that shares several comes several times.
func (b *buckets) sharing(k *keys) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for band, key := range k {
			next := b.heads[band][b.slot(key)]
			for steps := 0; next != 0 && steps < b.walkMax; steps++ {
				f := &b.row(next - 1)[band]
				if f.key == key && !yield(next-1) {
					return
				}
				next = f.before
			}
		}
	}
}

// add files the next row and says whether there was room for it.
func (b *buckets) add(k *keys) bool {
	if b.len == rowsMax {
		return false
	}
	if b.len%blockRows == 0 {
		b.blocks = append(b.blocks, make([][bands]filed, blockRows))
	}
	if n := len(b.heads[0]); int(b.len) == 2*n {
		b.grow(2 * n)
	}
	row := b.row(b.len)
	for band, key := range k {
		row[band].key = key
	}
	b.len++
	b.link(b.len)
	return true
}

// grow makes the tables n long, and files all rows anew.
func (b *buckets) grow(n int) {
	for band := range b.heads {
		b.heads[band] = make([]uint32, n)
	}
	for number := range b.len {
		b.link(number + 1)
	}
}

// link puts the row of this number, less 1, at the head of its chains.
func (b *buckets) link(number uint32) {
	row := b.row(number - 1)
	for band := range row {
		head := &b.heads[band][b.slot(row[band].key)]
		row[band].before, *head = *head, number
	}
}

func (b *buckets) row(i uint32) *[bands]filed { return &b.blocks[i/blockRows][i%blockRows] }

func (b *buckets) slot(key uint32) int { return int(key) & (len(b.heads[0]) - 1) }
