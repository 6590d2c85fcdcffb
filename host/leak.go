package host

import (
	"context"
	"fmt"
	"slices"

	"github.com/cubeset/cubeset/formats/dialogue"
	"github.com/cubeset/cubeset/host/dedup"
	"github.com/cubeset/cubeset/host/split"
)

// No dialogue is in two splits, but a question may be: people ask the same
// thing in different dialogues. A model that saw it in training is then
// measured on what it knows. With Config.Leak "drop" such rows are dropped
// from validation and test.

// findTrainQuestions reads the inputs once more, before anything is embedded,
// and remembers the questions of all rows that reach embedding and are in
// train: 16 bytes each, and about as much for the table.
func (b *build) findTrainQuestions(ctx context.Context) error {
	if b.config.Leak != "drop" {
		return nil
	}
	for _, in := range b.inputs {
		if in.path == "-" {
			return as(ErrConfig, fmt.Errorf("leak: drop reads the inputs twice, which standard input cannot"))
		}
	}
	b.trainQuestions = map[dedup.Key]struct{}{}
	err := inOrder(ctx, b.config.Workers, b.chunks(ctx), stages[*chunk]{
		prepare: b.prepare,
		decide: func(c *chunk) error {
			b.markTwins(c)
			if err := b.dropMarked(ctx, c); err != nil {
				return err
			}
			for i := range c.rows {
				if r := &c.rows[i]; b.splitOf(r) == split.Train {
					b.trainQuestions[questionKey(r)] = struct{}{}
				}
			}
			return nil
		},
		finish:  func(context.Context, *chunk) error { return nil },
		collect: func(*chunk) error { return nil },
	})
	if err == nil {
		err = b.resetTwins()
	}
	b.bytesBefore = 0
	return err
}

// markLeaks marks the rows outside train that ask what a train row asks.
func (b *build) markLeaks(c *chunk) {
	if b.trainQuestions == nil {
		return
	}
	twins := c.marks
	for i := range c.rows {
		r := &c.rows[i]
		if marked(twins, i) {
			continue
		}
		if _, asked := b.trainQuestions[questionKey(r)]; asked && b.splitOf(r) != split.Train {
			c.marks = append(c.marks, mark{i, "split", "leak", noScore})
		}
	}
	slices.SortFunc(c.marks, func(x, y mark) int { return x.row - y.row })
}

func (b *build) splitOf(r *row) string { return b.splitter.Of(r.group) }

func questionKey(r *row) dedup.Key { return dedup.KeyOf(dialogue.Fold(r.Question), "") }
