package host

import (
	"iter"
	"math"
	"slices"

	"github.com/cubeset/cubeset/formats/dialogue"
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
	group            string          // what the split goes by
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

// place is where a row of c stands in the input, for a person.
func (c *chunk) place(r *row) dialogue.Pos {
	return dialogue.Pos{File: c.input.path, Line: c.line + r.Line}
}

// drop notes that a row was dropped, and by what. hide leaves its texts out.
func (c *chunk) drop(r *row, filter, reason string, score float32, hide bool) {
	c.Dropped[filter+"/"+reason]++
	c.Stats.source(r.Source, filter+"/"+reason, 1)
	j := reject{ID: r.ID, Source: r.Source, Line: r.Line, Filter: filter, Reason: reason, Score: score, Scores: slices.Clone(r.scores)}
	if !hide {
		j.Question, j.Answer = r.Question, r.Answer
	}
	c.Rejects = append(c.Rejects, j)
}

// skip notes a record, or a part of one, that never became a pair.
func (c *chunk) skip(s dialogue.Skip) {
	c.Skipped[s.Reason]++
	c.Stats.source(c.input.name, s.Reason, 1)
	c.Rejects = append(c.Rejects, reject{Source: c.input.name, Line: s.Line, Filter: "read", Reason: s.Reason, Score: noScore})
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

// nameTwins gives each row its group, and the key that its twins share.
func (b *build) nameTwins(rows []row) {
	for i := range rows {
		if b.config.Dedup == "none" {
			rows[i].group = dialogue.Group(&rows[i].Pair)
			continue
		}
		question, answer := dialogue.Fold(rows[i].Question), dialogue.Fold(rows[i].Answer)
		rows[i].group = dialogue.GroupOf(&rows[i].Pair, question)
		rows[i].twin = dedup.KeyOf(question, answer)
		if b.near != nil {
			rows[i].signature = dedup.Sign(question, answer)
		}
	}
}

// resetTwins forgets every row seen so far.
func (b *build) resetTwins() (err error) {
	if b.config.Dedup != "none" {
		b.twins = dedup.NewExact[dedup.Key]()
	}
	if b.config.Dedup == "near" {
		b.near, err = dedup.NewNear(dedup.NearThreshold)
	}
	return err
}

// countIDs counts the rows whose id an earlier row had. Ids are labels, and may
// repeat; it takes some 16 bytes a row to know.
func (b *build) countIDs(c *chunk) {
	for i, m := range c.memo {
		if first := !m.IDKnown && b.ids.First(m.ID); !first && !marked(c.marks, i) {
			c.repeated++
		}
	}
}
