package static

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// What a packed row is made of: sixteen 4-bit values a word, so that four are
// scaled and added by one multiplication and one addition.
const (
	packedDims  = 256
	packedWords = packedDims / 16
	packedLanes = 0x000f_000f_000f_000f

	// A lane of 16 bits holds the sum of this many values of at most 15 · 255.
	packedRowsMax = 0xffff / (15 * 255)
)

// packed is a table of vectors of 4-bit values with a scale of 8 bits a row: a
// value is (q - 7.5) · scale. distill/README.md tells how it was made.
type packed struct {
	scales string // a byte a row
	values string // packedDims/2 bytes a row, the lower half of a byte first
}

// readPacked splits table.bin into the table and its tokens.
func readPacked(file string) (packed, []string, error) {
	if len(file) < 8 {
		return packed{}, nil, fmt.Errorf("table: %d bytes", len(file))
	}
	head := []byte(file[:8])
	n, dims := int(binary.LittleEndian.Uint32(head)), int(binary.LittleEndian.Uint32(head[4:]))
	if dims != packedDims || len(file) < 8+n*(1+packedDims/2) {
		return packed{}, nil, fmt.Errorf("table: %d rows of %d values in %d bytes", n, dims, len(file))
	}
	scales, rest := file[8:8+n], file[8+n:]
	values, text := rest[:n*packedDims/2], rest[n*packedDims/2:]
	tokens := strings.Split(text, "\n")
	if len(tokens) != n {
		return packed{}, nil, fmt.Errorf("table: %d rows, %d tokens", n, len(tokens))
	}
	return packed{scales, values}, tokens, nil
}

// sum is the sum of the rows of ids, twice over, so that it is whole. Whole
// numbers have the same sum in any order, on any machine.
func (p packed) sum(out *[packedDims]int64, ids []int32) {
	clear(out[:])
	var lanes [packedWords * 4]uint64
	bias, held := int64(0), 0
	for _, id := range ids {
		if held == packedRowsMax {
			drain(out, &lanes)
			held = 0
		}
		held++
		scale := uint64(p.scales[id])
		bias += 15 * int64(scale)
		row := p.values[int(id)*packedDims/2:][:packedDims/2]
		for w := range packedWords {
			b := row[w*8 : w*8+8]
			x := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
				uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
			l := lanes[w*4 : w*4+4]
			l[0] += (x & packedLanes) * scale
			l[1] += (x >> 4 & packedLanes) * scale
			l[2] += (x >> 8 & packedLanes) * scale
			l[3] += (x >> 12 & packedLanes) * scale
		}
	}
	drain(out, &lanes)
	for i := range out {
		out[i] = 2*out[i] - bias
	}
}

// drain adds the lanes to out and empties them.
func drain(out *[packedDims]int64, lanes *[packedWords * 4]uint64) {
	for i, x := range lanes {
		at := i/4*16 + i%4 // the lanes of a word are four values apart
		out[at] += int64(x & 0xffff)
		out[at+4] += int64(x >> 16 & 0xffff)
		out[at+8] += int64(x >> 32 & 0xffff)
		out[at+12] += int64(x >> 48)
		lanes[i] = 0
	}
}
