package tensor

import "encoding/binary"

// flatbuf builds a FlatBuffer, as much of it as an Arrow schema takes. It
// grows downwards: an offset counts from the end, and what is referred to is
// written before what refers to it.
type flatbuf struct {
	buf   []byte
	head  int
	align int
	slots []int // offsets of the fields of the open table, 0 = absent
	open  int   // offset at which it began
}

func newFlatbuf() *flatbuf { return &flatbuf{buf: make([]byte, 1024), head: 1024, align: 1} }

func (b *flatbuf) offset() int { return len(b.buf) - b.head }

// reserve pads so that, after extra bytes more, the head lies on a multiple of
// size, and makes room for size bytes beside.
func (b *flatbuf) reserve(size, extra int) {
	b.align = max(b.align, size)
	pad := -(b.offset() + extra) & (size - 1)
	for b.head < pad+size+extra {
		grown := make([]byte, 2*len(b.buf))
		copy(grown[len(b.buf):], b.buf)
		b.head += len(b.buf)
		b.buf = grown
	}
	b.head -= pad
	clear(b.buf[b.head : b.head+pad])
}

func (b *flatbuf) put(size int, v uint64) {
	b.reserve(size, 0)
	b.head -= size
	var le [8]byte
	binary.LittleEndian.PutUint64(le[:], v)
	copy(b.buf[b.head:], le[:size])
}

func (b *flatbuf) putRef(target int) {
	b.reserve(4, 0)
	b.put(4, uint64(b.offset()-target+4))
}

func (b *flatbuf) text(s string) int {
	b.reserve(4, len(s)+1)
	b.head--
	b.buf[b.head] = 0
	b.head -= len(s)
	copy(b.buf[b.head:], s)
	b.put(4, uint64(len(s)))
	return b.offset()
}

func (b *flatbuf) vector(targets []int) int {
	b.reserve(4, 4*len(targets))
	for i := len(targets) - 1; i >= 0; i-- {
		b.putRef(targets[i])
	}
	b.put(4, uint64(len(targets)))
	return b.offset()
}

func (b *flatbuf) begin(slots int) { b.slots, b.open = make([]int, slots), b.offset() }

func (b *flatbuf) field(slot, size int, v uint64) {
	b.put(size, v)
	b.slots[slot] = b.offset()
}

func (b *flatbuf) ref(slot, target int) {
	b.putRef(target)
	b.slots[slot] = b.offset()
}

// end writes the open table's field map and returns the table's offset.
func (b *flatbuf) end() int {
	b.put(4, 0) // where the map is, known below
	table := b.offset()
	for i := len(b.slots) - 1; i >= 0; i-- {
		at := 0
		if b.slots[i] != 0 {
			at = table - b.slots[i]
		}
		b.put(2, uint64(at))
	}
	b.put(2, uint64(table-b.open))
	b.put(2, uint64(4+2*len(b.slots)))
	binary.LittleEndian.PutUint32(b.buf[len(b.buf)-table:], uint32(b.offset()-table))
	return table
}

func (b *flatbuf) finish(root int) []byte {
	b.reserve(b.align, 4)
	b.putRef(root)
	return b.buf[b.head:]
}
