// Package host turns dialogues into a dataset of tensors: it reads question
// and answer pairs, lets filters judge their texts, has a teacher embed what
// is left, lets filters judge the vectors, and writes Parquet. Every vector is
// cached and every finished chunk kept, so that a build that was stopped goes
// on where it was, and the next one pays only for what is new.
package host

import (
	"context"
	"errors"
	"fmt"
)

// Build runs a whole build and returns what came of it. With an error, the
// Summary says how far it got.
//
// Cancelling ctx interrupts: batches under way end, their vectors reach the
// cache, finished chunks are kept, the dataset that was in c.Out stays as it
// was, and the error is ErrInterrupted. The same call goes on from there.
func Build(ctx context.Context, c Config, o Options) (Summary, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	read := lookAtSources(ctx, c, o.files())
	if sum, ok := upToDate(c, o.files(), read); ok {
		return sum, strictly(c, &sum)
	}
	sum, err := rebuild(ctx, c, o, read, (*build).findKnown)
	if errors.Is(err, errNotKnown) {
		o.Progress.reset()
		sum, err = rebuild(ctx, c, o, read, nothingKnown)
	}
	return sum, err
}

func rebuild(ctx context.Context, c Config, o Options, read *sources, known func(*build, *sources) *known) (sum Summary, err error) {
	b, err := open(ctx, c, o)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, b.close(), b.capCache()) }()
	b.known = known(b, read)

	if err = b.findTrainQuestions(ctx); err == nil {
		err = inOrder(ctx, c.Workers, b.chunks(ctx), b.withKnown(stages[*chunk]{
			prepare: b.prepare, // read → filter texts
			decide:  b.dedup,   // the first of twins stays
			finish:  b.finish,  // embed → filter vectors → project → write
			collect: b.collect,
		}))
	}
	if err == nil {
		err = b.commit()
	}
	if err == nil {
		b.remember(ctx, read)
	}
	return b.summary(), b.verdict(ctx, err)
}

// step is one thing that happens to a batch of rows: some of them come out,
// in order, and what became of the others is noted in the chunk.
type step struct {
	name string
	do   func(context.Context, *chunk, []row) ([]row, error)
}

// through takes c's rows through the steps, batchRows at a time from the
// chunk's start, and leaves in c.rows those that came out of the last.
func through(ctx context.Context, c *chunk, steps ...step) (err error) {
	kept := c.rows[:0]
	for rows := range batches(c.rows) {
		for _, s := range steps {
			if rows, err = s.do(context.WithoutCancel(ctx), c, rows); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
		kept = append(kept, rows...)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	c.rows = kept
	return nil
}

// prepare parses a chunk's records and runs the text filters, before any
// embedding is paid for.
// Of a chunk that is as it was in an earlier build, what decide needs is known.
func (b *build) prepare(ctx context.Context, c *chunk) error {
	c.seal()
	if !b.memorable() {
		return b.judgeTexts(ctx, c)
	}
	if c.memoKey = b.memoKey(c); !b.recall(c) {
		if err := b.judgeTexts(ctx, c); err != nil {
			return err
		}
		if err := b.memorise(c); err != nil {
			return err
		}
	}
	if b.known != nil {
		return b.known.mark(c)
	}
	return nil
}

func (b *build) judgeTexts(ctx context.Context, c *chunk) error {
	b.parse(c)
	gate := b.gate(b.textFilters)
	defer gate.close()
	if err := through(ctx, c, step{"filter", gate.judge}); err != nil {
		return err
	}
	b.nameTwins(c.rows)
	c.memo = b.memoRows(c.rows)
	return nil
}

// dedup marks the rows of c that repeat an earlier row of the whole build. It
// sees one chunk at a time, in order. What is left of c names its parts.
func (b *build) dedup(c *chunk) error {
	b.number(c)
	b.markTwins(c)
	b.markLeaks(c)
	b.countIDs(c)
	c.Key = b.partKey(c)
	return nil
}

// finish makes c's parts, unless an earlier build left them.
func (b *build) finish(ctx context.Context, c *chunk) error {
	if reused, err := b.reuse(c); reused || err != nil {
		return err
	}
	if err := b.dropMarked(ctx, c); err != nil {
		return err
	}
	gate, parts := b.gate(b.vectorFilters), b.newParts(c)
	defer gate.close()
	defer parts.abandon()
	if err := through(ctx, c, step{"embed", b.embed}, step{"filter", gate.judge}, step{"project", b.project}, step{"write", parts.write}); err != nil {
		return err
	}
	return b.keep(c, parts)
}
