package httpteacher

import (
	"slices"
	"sync"

	"github.com/cubeset/cubeset/sdk/teacher"
)

// keptMax is how many vectors are kept of calls that failed: two calls' worth.
const keptMax = 2 * callRowsMax

// kept are vectors that were paid for in calls that came to nothing. The host
// sends the same texts again, and then they are given out.
type kept struct {
	mu   sync.Mutex
	rows map[string]keptRow // by text, with its mark
}

type keptRow struct {
	vector []float32
	row    teacher.RowResult
}

// keep takes in what a failed call got.
func (k *kept) keep(c *call) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.rows == nil {
		k.rows = map[string]keptRow{}
	}
	dims := c.client.dims
	for i, text := range c.texts {
		if c.done[i] && len(k.rows) < keptMax {
			k.rows[text] = keptRow{slices.Clone(c.dst[i*dims : (i+1)*dims]), c.rows[i]}
		}
	}
}

// fill hands out what is kept for the texts of a call.
func (k *kept) fill(c *call) {
	k.mu.Lock()
	defer k.mu.Unlock()
	dims := c.client.dims
	for i, text := range c.texts {
		r, ok := k.rows[text]
		if !ok {
			continue
		}
		delete(k.rows, text)
		copy(c.dst[i*dims:(i+1)*dims], r.vector)
		c.rows[i], c.done[i] = r.row, true
	}
}
