package host

import (
	"context"
	"encoding/binary"
	"math"
	"sort"

	"github.com/cubeset/cubeset/host/dedup"
)

// mark says that decide drops a row of a chunk, and why. Marks are in the order
// of the rows.
type mark struct {
	row            int
	filter, reason string
	score          float32
}

// marked says whether row i has a mark.
func marked(marks []mark, i int) bool {
	k := sort.Search(len(marks), func(k int) bool { return marks[k].row >= i })
	return k < len(marks) && marks[k].row == i
}

// appendMarks appends all that marks say to b.
func appendMarks(b []byte, marks []mark) []byte {
	for _, m := range marks {
		b = binary.AppendUvarint(b, uint64(m.row))
		b = append(append(append(append(b, m.filter...), 0), m.reason...), 0)
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(m.score))
	}
	return b
}

// markTwins marks the rows whose texts an earlier row had, or where that is
// asked for nearly had.
func (b *build) markTwins(c *chunk) {
	if b.twins == nil {
		return
	}
	for i := range c.memo {
		if m := c.memo[i]; m.TwinKnown || !b.twins.First(m.Twin) {
			c.marks = append(c.marks, mark{i, "dedup", "exact", noScore})
			continue
		}
		if b.near == nil {
			continue
		}
		signature := c.rows[i].signature
		if twin, ok := b.near.First(signature); !ok {
			c.marks = append(c.marks, mark{i, "dedup", "near", float32(b.near.Similarity(twin, signature))})
		}
	}
}

// dropMarked drops the rows that have a mark, out of c's texts if only their
// keys were known so far.
func (b *build) dropMarked(ctx context.Context, c *chunk) error {
	if c.recalled {
		if err := b.judgeTexts(ctx, c); err != nil {
			return err
		}
	}
	kept, marks := c.rows[:0], c.marks
	for i := range c.rows {
		r := &c.rows[i]
		r.signature = dedup.Signature{}
		if len(marks) > 0 && marks[0].row == i {
			c.drop(r, marks[0].filter, marks[0].reason, marks[0].score, false)
			marks = marks[1:]
			continue
		}
		kept = append(kept, *r)
	}
	c.rows = kept
	return nil
}
