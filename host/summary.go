package host

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/split"
)

// Summary is what came of a build. Its JSON is the line `build --json` prints,
// and stays as it is: scripts depend on it.
type Summary struct {
	SchemaVersion int               `json:"schema_version"`
	Read          int64             `json:"read"`
	Kept          int64             `json:"kept"`
	Dropped       map[string]int64  `json:"dropped"`
	Skipped       map[string]int64  `json:"skipped"`
	Splits        map[string]int64  `json:"splits"`
	Cache         CacheSummary      `json:"cache"`
	Teacher       TeacherSummary    `json:"teacher"`
	Similarity    tensor.Similarity `json:"similarity"`
	Parts         PartsSummary      `json:"parts"`
	Seconds       float64           `json:"seconds"`
	Out           string            `json:"out"`

	// For the table a person reads.
	Shape tensor.Shape     `json:"-"`
	Bytes int64            `json:"-"` // of the parts
	Kepts Cosines          `json:"-"` // of the rows kept
	Rules map[string]int64 `json:"-"` // how dialogues were read that left a choice
}

// CacheSummary counts lookups of texts, not of rows.
type CacheSummary struct {
	Hits    int64 `json:"hits"`
	Misses  int64 `json:"misses"`
	Corrupt int64 `json:"corrupt"`
}

// TeacherSummary says who embedded, and what this build asked of it.
type TeacherSummary struct {
	Name        string `json:"name"`
	FallbackFor string `json:"fallback_for,omitempty"` // the teacher that was to be
	FallbackWhy string `json:"-"`                      // what was wrong with that
	EmbedID     string `json:"embed_id"`
	SpaceID     string `json:"space_id"`
	Determinism string `json:"determinism"`
	TeacherWork
}

// TeacherWork is what a build asked of its teacher. The probes are no part of it.
type TeacherWork struct {
	Texts    int64   `json:"texts"`
	Seconds  float64 `json:"seconds"`
	Tokens   int64   `json:"tokens,omitempty"`   // that the teacher said it read, 0 = it does not count
	Cost     float64 `json:"cost,omitempty"`     // of the tokens, at price_per_million_tokens
	Restarts int64   `json:"restarts,omitempty"` // of its process, after it died
}

// PartsSummary counts the files of the dataset.
type PartsSummary struct {
	Built  int64 `json:"built"`
	Reused int64 `json:"reused"`
}

// Progress is how far a build is. Give one to Options and read it from another
// goroutine while Build runs.
type Progress struct {
	Bytes, BytesTotal atomic.Int64 // of the inputs as stored; the total is -1 where it is not known
	Read, Kept        atomic.Int64 // rows
}

// reset makes it that of a build that begins; nil is nobody's.
func (p *Progress) reset() {
	if p != nil {
		p.Bytes.Store(0)
		p.Read.Store(0)
		p.Kept.Store(0)
	}
}

func (b *build) summary() Summary {
	t := b.embedder.teacher
	asked := t.process.Stats()
	s := Summary{
		SchemaVersion: 1,
		Read:          b.total.Read, Kept: b.kept(), Dropped: b.total.Dropped, Skipped: b.total.Skipped,
		Splits: b.splits(),
		Cache:  CacheSummary{Hits: b.embedder.hits.Load(), Misses: b.embedder.misses.Load()},
		Teacher: TeacherSummary{
			Name: t.name, FallbackFor: b.instead.name, FallbackWhy: b.instead.why, EmbedID: t.embedID, SpaceID: b.spaceID, Determinism: string(t.description.Determinism),
			TeacherWork: TeacherWork{Texts: asked.Texts, Seconds: asked.Spent.Seconds(), Tokens: asked.Tokens, Cost: t.cost(), Restarts: asked.Restarts},
		},
		Similarity: b.similarity,
		Parts:      PartsSummary{Built: b.partsBuilt.Load(), Reused: b.partsReused.Load()},
		Seconds:    time.Since(b.begin).Seconds(),
		Out:        b.config.Out,
		Shape:      b.config.shape(),
		Kepts:      b.total.Stats.Kept,
		Rules:      b.total.Stats.Rules,
	}
	if b.embedder.store != nil {
		s.Cache.Corrupt = b.embedder.store.Stats().Corrupt
	}
	for _, p := range b.total.Parts {
		s.Bytes += p.Bytes
	}
	return s
}

// kept is the number of rows in the parts so far.
func (b *build) kept() (n int64) {
	for _, p := range b.total.Parts {
		n += p.Rows
	}
	return n
}

func (b *build) splits() map[string]int64 {
	m := map[string]int64{split.Train: 0, split.Validation: 0} // "test" only where there is one
	for _, p := range b.total.Parts {
		m[p.Split] += p.Rows
	}
	return m
}

// collect adds what became of a chunk to the whole. It sees one chunk at a
// time, in order.
func (b *build) collect(c *chunk) error {
	t := &b.total
	t.Read += c.Read
	for k, n := range c.Dropped {
		t.Dropped[k] += n
	}
	for k, n := range c.Skipped {
		t.Skipped[k] += n
	}
	t.Parts = append(t.Parts, c.Parts...)
	if c.RejectsFile != nil {
		t.RejectFiles = append(t.RejectFiles, *c.RejectsFile)
	}
	t.Stats.merge(&c.Stats)
	t.Stats.RepeatedIDs += c.repeated
	b.done = append(b.done, done{b.placeOf(c), c.memoKey})
	b.progress.Read.Add(c.Read)
	return nil
}

// topReasons is the most frequent reasons rows were lost, for an error text.
func topReasons(sum *outcome) string {
	type reason struct {
		name string
		n    int64
	}
	var all []reason
	for _, m := range []map[string]int64{sum.Dropped, sum.Skipped} {
		for _, k := range keys(m) {
			all = append(all, reason{k, m[k]})
		}
	}
	text := ""
	for range min(3, len(all)) {
		top := 0
		for i, r := range all {
			if r.n > all[top].n {
				top = i
			}
		}
		text += fmt.Sprintf(", %s %d", all[top].name, all[top].n)
		all = append(all[:top], all[top+1:]...)
	}
	return text
}
