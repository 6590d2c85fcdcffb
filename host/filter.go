package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/filters"
)

// filter is a loaded, configured filter.
type filter struct {
	*wasm.Filter
	name     string
	config   json.RawMessage
	blobs    map[string][]byte
	digest   string
	manifest wasm.Manifest
	script   string // "FILE.js: " of a filter in JavaScript, where lines are counted
	needs    map[string]bool
	hide     map[uint16]bool // reasons whose rejects hold no text
}

// filterSet is the filters of one stage, in order.
type filterSet []*filter

func (s filterSet) names() []string {
	var names []string
	for _, f := range s {
		names = append(names, f.name)
	}
	return names
}

// loadFilters loads the preset's filters, then c.Filters, and sorts them into
// those that judge texts alone and those that need vectors.
func (b *build) loadFilters(ctx context.Context) (text, vector filterSet, err error) {
	options := b.config.FilterOptions
	seen := map[string]bool{}
	for _, name := range b.config.filterNames() {
		f, err := b.loadFilter(ctx, name, options)
		if err != nil {
			return nil, nil, as(ErrFilter, err)
		}
		if seen[f.name] {
			return nil, nil, as(ErrConfig, fmt.Errorf("two filters are called %s", f.name))
		}
		seen[f.name] = true
		if f.manifest.Stage() == "vector" {
			vector = append(vector, f)
		} else {
			text = append(text, f)
		}
	}
	for _, m := range []struct {
		key   string
		names []string
	}{{"filter_option", keys(options)}, {"filter_blob", keys(b.config.FilterBlobs)}} {
		for _, name := range m.names {
			if !seen[name] {
				return nil, nil, as(ErrConfig, fmt.Errorf("%s: no filter %q in this build%s", m.key, name, suggest(name, keys(seen))))
			}
		}
	}
	return text, vector, nil
}

func (b *build) loadFilter(ctx context.Context, name string, options map[string]map[string]json.RawMessage) (*filter, error) {
	source, known := b.sources[name]
	if !known {
		var err error
		if source, err = b.config.readFilter(name); err != nil {
			return nil, err
		}
	}
	f := &filter{needs: map[string]bool{}, hide: map[uint16]bool{}}
	loaded, err := b.sandbox.Load(ctx, source.module)
	if err != nil {
		return nil, err
	}
	f.Filter = loaded
	f.manifest = f.Manifest()
	f.name = f.manifest.Name
	if filters.IsScript(name) {
		f.script = name + ": "
	}
	for _, n := range f.manifest.Needs {
		f.needs[n] = true
	}
	for _, r := range f.manifest.Reasons {
		f.hide[r.Code] = r.Sensitive && b.config.Rejects == "safe"
	}
	user := map[string]json.RawMessage{}
	if f.name == similarityFilter {
		user["min"], _ = json.Marshal(b.similarity.Min)
	}
	for k, v := range options[f.name] {
		user[k] = v
	}
	raw, err := json.Marshal(user)
	if err != nil {
		return nil, err
	}
	if f.config, err = f.MergeConfig(raw); err != nil {
		return nil, as(ErrConfig, err)
	}
	f.blobs = source.blobs
	f.digest = f.Digest(f.config, f.blobs)
	return f, nil
}

// similarityFilter is the bundled filter whose threshold is min_similarity.
const similarityFilter = "similarity"

// gate is a stage's filters at work on one chunk, each in an instance of its
// own that nothing else has used.
type gate struct {
	set       filterSet
	instances []*wasm.Instance
	verdicts  []wasm.Verdict
	batch     wasm.Batch
	onError   string
	scores    []string // names of the filters, in the order of a row's scores
}

func (b *build) gate(set filterSet) *gate {
	return &gate{set: set, instances: make([]*wasm.Instance, len(set)), onError: b.config.OnError, scores: b.filters().names()}
}

func (g *gate) close() {
	for _, in := range g.instances {
		if in != nil {
			in.Close(context.Background())
		}
	}
}

// judge is a step: it drops the rows that any of the filters says no to. Each
// filter sees only what the ones before it kept.
func (g *gate) judge(ctx context.Context, c *chunk, rows []row) (_ []row, err error) {
	for i := range g.set {
		if len(rows) == 0 {
			break
		}
		if rows, err = g.run(ctx, c, i, rows); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

func (g *gate) run(ctx context.Context, c *chunk, i int, rows []row) ([]row, error) {
	f := g.set[i]
	g.fill(f, rows)
	verdicts, err := g.ask(ctx, i)
	if err != nil {
		return g.mend(ctx, c, i, rows, err)
	}
	kept := rows[:0]
	for n, v := range verdicts {
		r := &rows[n]
		if !v.Keep {
			c.drop(r, f.name, f.ReasonName(v.Reason), v.Score, f.hide[v.Reason])
			continue
		}
		r.scores = append(r.scores, v.Score)
		kept = append(kept, *r)
	}
	return kept, nil
}

func (g *gate) ask(ctx context.Context, i int) (_ []wasm.Verdict, err error) {
	if g.instances[i] == nil {
		if g.instances[i], err = g.set[i].Open(ctx, g.set[i].config, g.set[i].blobs); err != nil {
			return nil, err
		}
	}
	if g.verdicts, err = g.instances[i].Filter(ctx, &g.batch, g.verdicts); err != nil {
		g.instances[i].Close(ctx)
		g.instances[i] = nil // an instance that failed is never asked again
	}
	return g.verdicts, err
}

// mend handles a batch on which filter i failed. A trap is deterministic, so
// there is nothing to retry: the row is named, and the configuration says
// what becomes of it. The rows around it are judged as usual.
func (g *gate) mend(ctx context.Context, c *chunk, i int, rows []row, cause error) ([]row, error) {
	f := g.set[i]
	var guest *wasm.GuestError
	if !errors.As(cause, &guest) || !guest.Deterministic() {
		return nil, as(ErrFilter, cause)
	}
	n, found, err := f.Bisect(ctx, f.config, f.blobs, &g.batch)
	if err != nil {
		if err.Error() != cause.Error() { // as it is of a filter that does not take its options
			cause = errors.Join(cause, err)
		}
		return nil, as(ErrFilter, cause)
	}
	bad := rows[n]
	if g.onError == "fail" {
		return nil, as(ErrFilter, fmt.Errorf("%s: %s%w", c.place(&bad), f.script, found))
	}
	before, err := g.run(ctx, c, i, slices.Clone(rows[:n]))
	if err != nil {
		return nil, err
	}
	if g.onError == "keep" {
		bad.scores = append(bad.scores, 0)
		before = append(before, bad)
	} else {
		c.drop(&bad, f.name, "error", noScore, false)
	}
	after, err := g.run(ctx, c, i, slices.Clone(rows[n+1:]))
	return append(before, after...), err
}

// fill makes g.batch of the rows, with the columns f asks for.
func (g *gate) fill(f *filter, rows []row) {
	b := &g.batch
	b.Questions, b.Answers = column(b.Questions, rows, question), column(b.Answers, rows, answer)
	b.Contexts, b.IDs, b.Langs, b.Sources, b.DialogueIDs, b.Turns = nil, nil, nil, nil, nil, nil
	b.Similarity, b.QuestionEmbeddings, b.AnswerEmbeddings, b.Dim, b.Scores = nil, nil, nil, 0, nil
	for need := range f.needs {
		switch need {
		case "context":
			b.Contexts = column(nil, rows, func(r *row) string { return r.Context })
		case "id":
			b.IDs = column(nil, rows, func(r *row) string { return r.ID })
		case "lang":
			b.Langs = column(nil, rows, func(r *row) string { return r.Lang })
		case "source":
			b.Sources = column(nil, rows, func(r *row) string { return r.Source })
		case "dialogue":
			b.DialogueIDs = column(nil, rows, func(r *row) string { return r.DialogueID })
			b.Turns = column(nil, rows, func(r *row) int32 { return r.Turn })
		case "similarity":
			b.Similarity = column(nil, rows, func(r *row) float32 { return r.similarity })
		case "embeddings":
			b.QuestionEmbeddings = column(nil, rows, func(r *row) []float32 { return r.question })
			b.AnswerEmbeddings = column(nil, rows, func(r *row) []float32 { return r.answer })
			b.Dim = len(rows[0].question)
		case "scores":
			for k := range rows[0].scores {
				b.Scores = append(b.Scores, wasm.ScoreColumn{
					Name:   g.scores[k],
					Values: column(nil, rows, func(r *row) float32 { return r.scores[k] }),
				})
			}
		}
	}
}

func question(r *row) string { return r.Question }
func answer(r *row) string   { return r.Answer }

// column takes one value of each row, into dst's space if it is enough.
func column[T any](dst []T, rows []row, of func(*row) T) []T {
	dst = slices.Grow(dst[:0], len(rows))
	for i := range rows {
		dst = append(dst, of(&rows[i]))
	}
	return dst
}
