package tensor

import (
	"fmt"
	"io"
	"iter"
)

// cell takes a row's value of one column out of its pages.
type cell[T any] func(p *pages, row *T) error

// scan yields the rows of a file, front to back, holding one page a column.
// make returns a row to fill and keep; cells are one a column.
func scan[T any](r io.ReaderAt, f *footer, cells []cell[T], fresh func() T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		d, err := newDecoder()
		if err != nil {
			yield(none, err)
			return
		}
		defer d.Close()
		budget := bufferBytesMax
		ps := make([]pages, len(f.columns))
		for i := range ps {
			ps[i] = pages{r: r, column: f.columns[i], decoder: d, budget: &budget}
		}
		var n int64
		place := func(p *pages, err error) error {
			return fmt.Errorf("row %d: column %s: %w", n, p.column.name, err)
		}
		for _, g := range f.groups {
			for i := range ps {
				ps[i].start(g.chunks[i], g.rows)
			}
			for range g.rows {
				row := fresh()
				for i := range ps {
					if err := cells[i](&ps[i], &row); err != nil {
						yield(none, place(&ps[i], err))
						return
					}
				}
				if !yield(row, nil) {
					return
				}
				n++
			}
			for i := range ps {
				if err := ps[i].finish(); err != nil {
					yield(none, place(&ps[i], err))
					return
				}
			}
		}
	}
}

// textCell and its like fill the field that at points to.
func textCell[T any](at func(*T) *string) cell[T] {
	return func(p *pages, row *T) (err error) { *at(row), err = p.text(); return }
}

func floatCell[T any](at func(*T) *float32) cell[T] {
	return func(p *pages, row *T) (err error) { *at(row), err = p.float32(); return }
}

func int32Cell[T any](at func(*T) *int32, absent int32) cell[T] {
	return func(p *pages, row *T) error {
		v, err := p.bits32(uint32(absent))
		*at(row) = int32(v)
		return err
	}
}

func int64Cell[T any](at func(*T) *int64) cell[T] {
	return func(p *pages, row *T) (err error) { *at(row), err = p.int64(); return }
}

func tensorCell[T any](at func(*T) []float32) cell[T] {
	return func(p *pages, row *T) error { return p.tensor(at(row)) }
}
