package kit

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cubeset/cubeset/sdk/checklist"
	"github.com/cubeset/cubeset/wasm"
)

const depends = "let a verdict depend on its row and the options alone: keep no counts, and nothing of earlier rows"

// rows is ordinary rows in one batch; every other check is held against it.
func rows(ctx context.Context, k *kit) (string, error) {
	k.rows = ordinary(k.dim())
	out, fuel, err := k.fresh(ctx, k.rows, named)
	if err != nil {
		return "", err
	}
	k.want = out
	kept, reasons := 0, map[string]int{}
	for _, v := range out {
		if v.Keep {
			kept++
		} else {
			reasons[k.f.ReasonName(v.Reason)]++
		}
	}
	var dropped []string
	for _, r := range k.m.Reasons {
		if n := reasons[r.Name]; n > 0 {
			dropped = append(dropped, fmt.Sprintf(", %s %d", r.Name, n))
		}
	}
	return fmt.Sprintf("kept %d of %d%s; %d ticks a row", kept, len(out), strings.Join(dropped, ""), fuel/int64(len(out))), nil
}

// empty is a batch without rows, before and after one with rows.
func empty(ctx context.Context, k *kit) (string, error) {
	in, err := k.open(ctx)
	if err != nil {
		return "", err
	}
	defer in.Close(ctx)
	none := k.rows.Slice(0, 0)
	if _, err := k.judge(ctx, in, &none, named); err != nil {
		return "", fmt.Errorf("a batch without rows: %w", err)
	}
	out, err := k.judge(ctx, in, k.rows, named)
	if err != nil {
		return "", err
	}
	if _, err := k.judge(ctx, in, &none, named); err != nil {
		return "", fmt.Errorf("a batch without rows after others: %w", err)
	}
	return "a batch without rows is no trouble", k.equal(out, k.want, nil, "after an empty batch")
}

// repeat is the same rows on another fresh instance, and again on the same one.
func repeat(ctx context.Context, k *kit) (string, error) {
	in, err := k.open(ctx)
	if err != nil {
		return "", err
	}
	defer in.Close(ctx)
	first, err := k.judge(ctx, in, k.rows, named)
	if err != nil {
		return "", err
	}
	fuel := in.Fuel()
	if err := k.equal(first, k.want, nil, "on a second fresh instance"); err != nil {
		return "", err
	}
	if _, again, err := k.fresh(ctx, k.rows, named); err != nil || again != fuel {
		return "", checklist.Broke("let the work depend on the rows alone", "the same rows used %d ticks, then %d: %v", fuel, again, err)
	}
	again, err := k.judge(ctx, in, k.rows, named)
	if err != nil {
		return "", fmt.Errorf("the same rows again: %w", err)
	}
	return "the same verdicts, scores and fuel each time", k.equal(again, k.want, nil, "for the second time on one instance")
}

// batches cuts the rows into batches of several sizes.
func batches(ctx context.Context, k *kit) (string, error) {
	sizes := []int{1, 2, 7, 64, 256}
	for _, size := range sizes {
		in, err := k.open(ctx)
		if err != nil {
			return "", err
		}
		var out []wasm.Verdict
		for i := 0; i < rowsMax && err == nil; i += size {
			part := k.rows.Slice(i, min(i+size, rowsMax))
			var v []wasm.Verdict
			v, err = k.judge(ctx, in, &part, func(j int) string { return named(i + j) })
			out = append(out, v...)
		}
		in.Close(ctx)
		if err != nil {
			return "", fmt.Errorf("in batches of %d: %w", size, err)
		}
		if err := k.equal(out, k.want, nil, fmt.Sprintf("in batches of %d", size)); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("the same verdicts in batches of %v and %d", sizes, rowsMax), nil
}

// order turns the rows round, and counts them from elsewhere.
func order(ctx context.Context, k *kit) (string, error) {
	turned := reversed(k.rows)
	out, _, err := k.fresh(ctx, &turned, func(i int) string { return named(rowsMax - 1 - i) })
	if err != nil {
		return "", fmt.Errorf("in reverse order: %w", err)
	}
	slices.Reverse(out)
	if err := k.equal(out, k.want, nil, "in reverse order"); err != nil {
		return "", err
	}
	later := *k.rows
	later.RowBase = 1 << 33
	out, _, err = k.fresh(ctx, &later, named)
	if err != nil {
		return "", fmt.Errorf("with row_base 2^33: %w", err)
	}
	return "the same verdicts in reverse order, and far into a chunk", k.equal(out, k.want, nil, "with row_base 2^33")
}

func reversed(b *wasm.Batch) wasm.Batch {
	r := wasm.Batch{
		Questions: turn(b.Questions), Answers: turn(b.Answers), Contexts: turn(b.Contexts), IDs: turn(b.IDs),
		Langs: turn(b.Langs), Sources: turn(b.Sources), DialogueIDs: turn(b.DialogueIDs), Turns: turn(b.Turns),
		Similarity: turn(b.Similarity), QuestionEmbeddings: turn(b.QuestionEmbeddings), AnswerEmbeddings: turn(b.AnswerEmbeddings),
		Dim: b.Dim,
	}
	for _, c := range b.Scores {
		r.Scores = append(r.Scores, wasm.ScoreColumn{Name: c.Name, Values: turn(c.Values)})
	}
	return r
}

func turn[T any](column []T) []T {
	column = slices.Clone(column)
	slices.Reverse(column)
	return column
}

// largeBytes is a batch beyond what a filter's first buffer holds.
const largeBytes = 3 << 20

// buffer makes the filter give a larger buffer, and then goes on with small
// batches.
func buffer(ctx context.Context, k *kit) (string, error) {
	in, err := k.open(ctx)
	if err != nil {
		return "", err
	}
	defer in.Close(ctx)
	few := k.rows.Slice(0, 8)
	large := k.rows.Slice(0, 64)
	large.Questions = slices.Clone(large.Questions)
	for i := range large.Questions {
		large.Questions[i] = strings.Repeat("blue sky. ", largeBytes/10/64)
	}
	for _, step := range []struct {
		b    *wasm.Batch
		when string
	}{{&few, "before a large batch"}, {&large, ""}, {&few, "after a large batch"}} {
		out, err := k.judge(ctx, in, step.b, named)
		if err != nil {
			return "", fmt.Errorf("a batch of %d MiB between small ones: %w", largeBytes>>20, err)
		}
		if step.when == "" {
			continue
		}
		if err := k.equal(out, k.want[:8], nil, step.when); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("goes on after a batch of %d MiB", largeBytes>>20), nil
}

// equal holds verdicts against those of the same rows.
func (k *kit) equal(got, want []wasm.Verdict, name func(int) string, when string) error {
	if name == nil {
		name = named
	}
	for i := range want {
		if got[i] != want[i] {
			return checklist.Broke(depends, "%s, %s is %s, but before it was %s", when, name(i), k.verdict(got[i]), k.verdict(want[i]))
		}
	}
	return nil
}
