package host

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

func upTo(n int, last error) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
		if last != nil {
			yield(0, last)
		}
	}
}

func TestInOrderKeepsOrderAndBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, workers := rapid.IntRange(0, 40).Draw(t, "n"), rapid.IntRange(1, 5).Draw(t, "workers")
		var decided, collected []int
		var busy atomic.Int64
		err := inOrder(context.Background(), workers, upTo(n, nil), stages[int]{
			prepare: func(context.Context, int) error {
				if busy.Add(1) > int64(workers) {
					return errors.New("more items at once than workers")
				}
				return nil
			},
			decide:  func(i int) error { decided = append(decided, i); return nil },
			finish:  func(context.Context, int) error { busy.Add(-1); return nil },
			collect: func(i int) error { collected = append(collected, i); return nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(decided) != n || !slices.IsSorted(decided) || !slices.Equal(decided, collected) {
			t.Fatalf("decided %v, collected %v", decided, collected)
		}
	})
}

func TestInOrderStopsAtTheFirstError(t *testing.T) {
	boom := errors.New("boom")
	fine := func(context.Context, int) error { return nil }
	at := func(n int) func(int) error {
		return func(i int) error {
			if i == n {
				return boom
			}
			return nil
		}
	}
	always := func(int) error { return nil }
	for _, c := range []struct {
		name  string
		items iter.Seq2[int, error]
		s     stages[int]
	}{
		{"items", upTo(3, boom), stages[int]{fine, always, fine, always}},
		{"prepare", upTo(1000, nil), stages[int]{func(_ context.Context, i int) error { return at(5)(i) }, always, fine, always}},
		{"decide", upTo(1000, nil), stages[int]{fine, at(5), fine, always}},
		{"finish", upTo(1000, nil), stages[int]{fine, always, func(_ context.Context, i int) error { return at(5)(i) }, always}},
		{"collect", upTo(1000, nil), stages[int]{fine, always, fine, at(5)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := inOrder(context.Background(), 3, c.items, c.s); !errors.Is(err, boom) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestInOrderEndsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var once sync.Once
	err := inOrder(ctx, 2, upTo(1<<30, nil), stages[int]{
		prepare: func(context.Context, int) error { return nil },
		decide:  func(i int) error { return nil },
		finish:  func(context.Context, int) error { once.Do(cancel); return nil },
		collect: func(int) error { return nil },
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

// Whoever stops taking chunks is not offered another, though the build be
// cancelled at that moment.
func TestChunksEndWithTheirConsumer(t *testing.T) {
	for _, rows := range []int{5, 100} { // the consumer ends at the last chunk, or before
		c := testConfig(t, chats(rows))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		b, err := openSteps(ctx, c, testOptions(t, nil), (*build).openInputs)
		if err != nil {
			t.Fatal(err)
		}
		for range b.chunks(ctx) {
			cancel()
			break
		}
		if err := b.close(); err != nil {
			t.Error(err)
		}
	}
}
