package host

import (
	"iter"
	"math"
	"slices"

	"github.com/zeebo/xxh3"

	"github.com/cubeset/cubeset/formats/dialogue"
	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/dedup"
)

// batchRows is how many rows a filter, the teacher and the writer see at once.
// Batches are counted from the chunk's start, so that nothing a filter does
// can depend on how chunks fell to workers.
const batchRows = 1024

// row is a pair on its way. Its vectors are the teacher's own, before any
// projection; they may be views of the cache and are never written to.
type row struct {
	dialogue.Pair
	question, answer []float32
	similarity       float32 // native cosine
	questionNorm     float64 // length of the vector
	answerNorm       float64
	scores           []float32 // of the filters so far, in their order
	twin             dedup.Key
	signature        dedup.Signature // only where near twins are looked for
}

// batches cuts rows into runs of batchRows.
func batches(rows []row) iter.Seq[[]row] {
	return func(yield func([]row) bool) {
		for len(rows) > 0 {
			n := min(batchRows, len(rows))
			if !yield(rows[:n:n]) {
				return
			}
			rows = rows[n:]
		}
	}
}

// outcome is what became of a chunk: what the journal keeps of it, and all
// that counts, statistics and rejects are made of.
type outcome struct {
	Key     string            `json:"key"`
	Read    int64             `json:"read"`
	Dropped map[string]int64  `json:"dropped,omitempty"`
	Skipped map[string]int64  `json:"skipped,omitempty"`
	Parts   []tensor.PartInfo `json:"parts,omitempty"`
	Lines   [][]int64         `json:"lines,omitempty"` // of each part's rows, relative to the chunk's
	Rejects []reject          `json:"rejects,omitempty"`
	Stats   stats             `json:"stats"`
}

// reject is a row that did not make it. Line is relative to the chunk's.
type reject struct {
	ID       string   `json:"id,omitempty"`
	Question string   `json:"question,omitempty"`
	Answer   string   `json:"answer,omitempty"`
	Source   string   `json:"source,omitempty"`
	Line     int64    `json:"line"`
	Filter   string   `json:"filter"`
	Reason   string   `json:"reason"`
	Score    *float32 `json:"score,omitempty"` // nil: no score

	Scores []float32 `json:"scores,omitempty"` // of the filters that said yes before
}

// place is where a row of c stands in the input, for a person.
func (c *chunk) place(r *row) dialogue.Pos {
	return dialogue.Pos{File: c.input.path, Line: c.line + r.Line}
}

// drop notes that a row was dropped, and by what. hide leaves its texts out.
func (c *chunk) drop(r *row, filter, reason string, score float32, hide bool) {
	c.Dropped[filter+"/"+reason]++
	c.Stats.source(r.Source, filter+"/"+reason, 1)
	j := reject{ID: r.ID, Source: r.Source, Line: r.Line, Filter: filter, Reason: reason, Scores: slices.Clone(r.scores)}
	if !hide {
		j.Question, j.Answer = r.Question, r.Answer
	}
	if !math.IsNaN(float64(score)) {
		j.Score = &score
	}
	c.Rejects = append(c.Rejects, j)
}

// skip notes a record, or a part of one, that never became a pair.
func (c *chunk) skip(s dialogue.Skip) {
	c.Skipped[s.Reason]++
	c.Stats.source(c.input.name, s.Reason, 1)
	c.Rejects = append(c.Rejects, reject{Source: c.input.name, Line: s.Line, Filter: "read", Reason: s.Reason})
}

// noScore is the score of a reject that no filter scored.
var noScore = float32(math.NaN())

// parse makes rows of a chunk's records.
func (b *build) parse(c *chunk) {
	c.Dropped, c.Skipped = map[string]int64{}, map[string]int64{}
	p := c.input.newParser()
	for i := range c.spans {
		p.Pairs(c.record(i), func(pair *dialogue.Pair) {
			pair.ID = dialogue.PairID(pair)
			c.rows = append(c.rows, row{Pair: *pair})
		}, c.skip)
	}
	c.Read = int64(len(c.rows) + len(c.Rejects))
	c.Stats.Rules, c.Stats.Ignored = p.Rules(), p.Ignored()
	c.data = nil // the pairs own their texts
	n := len(b.textFilters) + len(b.vectorFilters)
	scores := make([]float32, n*len(c.rows))
	for i := range c.rows {
		c.rows[i].scores = scores[i*n : i*n : (i+1)*n]
	}
}

// nameTwins gives each row the key that its twins share.
func (b *build) nameTwins(rows []row) {
	if b.twins == nil {
		return
	}
	for i := range rows {
		question, answer := dialogue.Fold(rows[i].Question), dialogue.Fold(rows[i].Answer)
		rows[i].twin = dedup.KeyOf(question, answer)
		if b.near != nil {
			rows[i].signature = dedup.Sign(question, answer)
		}
	}
}

// twinOf says in which way an earlier row was the same as r, "" if none was.
func (b *build) twinOf(r *row) (reason string, score float32) {
	if !b.twins.First(r.twin) {
		return "exact", noScore
	}
	if b.near != nil {
		if twin, ok := b.near.First(r.signature); !ok {
			return "near", float32(b.near.Similarity(twin, r.signature))
		}
	}
	return "", noScore
}

// resetTwins forgets every row seen so far.
func (b *build) resetTwins() (err error) {
	if b.config.Dedup != "none" {
		b.twins = dedup.NewExact()
	}
	if b.config.Dedup == "near" {
		b.near, err = dedup.NewNear(dedup.NearThreshold)
	}
	return err
}

// countIDs counts the rows whose id an earlier row had. Ids are labels, and may
// repeat; it takes some 16 bytes a row to know.
func (b *build) countIDs(c *chunk) {
	for i := range c.rows {
		n := len(b.ids)
		if b.ids[xxh3.HashString(c.rows[i].ID)] = struct{}{}; len(b.ids) == n {
			b.total.Stats.RepeatedIDs++
		}
	}
}

// dropTwins drops the rows whose texts an earlier row had, or where that is
// asked for nearly had, and marks them in c.twins.
func (b *build) dropTwins(c *chunk) {
	if b.twins == nil {
		return
	}
	kept := c.rows[:0]
	c.twins = make([]byte, (len(c.rows)+7)/8)
	for i := range c.rows {
		r := &c.rows[i]
		if reason, score := b.twinOf(r); reason != "" {
			c.twins[i/8] |= 1 << (i % 8)
			c.drop(r, "dedup", reason, score, false)
			continue
		}
		r.signature = dedup.Signature{}
		kept = append(kept, *r)
	}
	c.rows = kept
}
