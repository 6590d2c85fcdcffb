package host

import (
	"context"
	"iter"

	"golang.org/x/sync/errgroup"
)

// stages is what happens to each item: prepare and finish run side by side for
// several items, decide and collect one item at a time in the items' order.
type stages[T any] struct {
	prepare func(context.Context, T) error
	decide  func(T) error
	finish  func(context.Context, T) error
	collect func(T) error
}

// inOrder takes items through s with the given number of workers. Never more
// than workers items are between prepare and finish, and a fixed number wait
// for collect. The first error stops everything and is returned; ctx is
// checked between stages, and by the stages themselves.
func inOrder[T any](ctx context.Context, workers int, items iter.Seq2[T, error], s stages[T]) error {
	type slot struct {
		item T
		done chan struct{}
	}
	all, ctx := errgroup.WithContext(ctx)
	queue := make(chan *slot, 2*workers)
	all.Go(func() error {
		for q := range queue {
			if err := wait(ctx, q.done); err != nil {
				return err
			}
			if err := s.collect(q.item); err != nil {
				return err
			}
		}
		return nil
	})
	all.Go(func() error {
		defer close(queue)
		work, workCtx := errgroup.WithContext(ctx)
		work.SetLimit(workers)
		before := make(chan struct{})
		close(before)
		for item, err := range items {
			if err != nil {
				work.Go(func() error { return err })
				break
			}
			q, turn, next := &slot{item: item, done: make(chan struct{})}, before, make(chan struct{})
			before = next
			select {
			case queue <- q:
			case <-workCtx.Done():
			}
			if workCtx.Err() != nil {
				break
			}
			work.Go(func() error {
				if err := s.prepare(workCtx, item); err != nil {
					return err
				}
				if err := wait(workCtx, turn); err != nil {
					return err
				}
				if err := s.decide(item); err != nil {
					return err
				}
				close(next)
				if err := s.finish(workCtx, item); err != nil {
					return err
				}
				close(q.done)
				return nil
			})
		}
		if err := work.Wait(); err != nil {
			return err
		}
		return ctx.Err()
	})
	return all.Wait()
}

func wait(ctx context.Context, c <-chan struct{}) error {
	select {
	case <-c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
