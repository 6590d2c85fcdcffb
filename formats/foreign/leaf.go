package foreign

import (
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/format"
)

// leaf is a column of values, with what is left of its chunk in the current row
// group and the page at hand.
type leaf struct {
	path     string
	index    int // among the leaves of the file
	physical format.Type
	kind     kind
	def, rep uint8 // the most its levels can be

	chunk chunk
	left  int64 // entries in pages that were not read
	page  int   // entries of the page at hand that were not read
	ready bool  // r and d are those of the next entry
	ended bool  // there is no next entry
	r, d  uint8

	repeat, define hybrid
	values         values
}

// begin goes to the leaf's chunk in a row group.
func (l *leaf) begin(r io.ReaderAt, m *format.ColumnMetaData, p *pool) {
	l.chunk.begin(r, m, p)
	l.left, l.page, l.ready, l.ended = m.NumValues, 0, false, false
}

// finish checks that all of the chunk was read.
func (l *leaf) finish() error {
	if l.left > 0 || l.page > 0 || l.ready && !l.ended {
		return fmt.Errorf("%w: values behind the last row", ErrDamaged)
	}
	return nil
}

// next makes r and d those of the next entry, or notes that there is none.
func (l *leaf) next() error {
	if l.ready {
		return nil
	}
	for l.page == 0 {
		if l.left == 0 {
			l.ready, l.ended, l.r, l.d = true, true, 0, 0
			return nil
		}
		if err := l.load(); err != nil {
			return err
		}
	}
	l.page--
	var err error
	if l.rep > 0 {
		if l.r, err = l.repeat.level(l.rep); err != nil {
			return fmt.Errorf("page at byte %d: repetition levels: %w", l.chunk.began, err)
		}
	}
	if l.def > 0 {
		if l.d, err = l.define.level(l.def); err != nil {
			return fmt.Errorf("page at byte %d: definition levels: %w", l.chunk.began, err)
		}
	}
	l.ready = true
	return nil
}

// peek is next where there must be an entry.
func (l *leaf) peek() error {
	if err := l.next(); err != nil {
		return err
	}
	if l.ended {
		return fmt.Errorf("%w: no values for its last rows", ErrDamaged)
	}
	return nil
}

// repeats reports whether the next entry goes on with the list of level rep.
// A level above it would be of a list that has not begun.
func (l *leaf) repeats(rep uint8) (bool, error) {
	if err := l.next(); err != nil {
		return false, err
	}
	if l.r > rep {
		return false, fmt.Errorf("%w: repetition level %d, at most %d here", ErrDamaged, l.r, rep)
	}
	return !l.ended && l.r == rep, nil
}

// skip steps over an entry without a value.
func (l *leaf) skip() error {
	if err := l.peek(); err != nil {
		return err
	}
	if l.d == l.def {
		return fmt.Errorf("%w: levels unlike those beside it", ErrDamaged)
	}
	l.ready = false
	return nil
}

// emit appends the value of the next entry.
func (l *leaf) emit(o *output) error {
	if err := l.peek(); err != nil {
		return &leafError{l, err}
	}
	if l.d != l.def {
		return &leafError{l, fmt.Errorf("%w: definition level %d, want %d", ErrDamaged, l.d, l.def)}
	}
	l.ready = false
	bits, text, err := l.values.next()
	if err != nil {
		return &leafError{l, fmt.Errorf("page at byte %d: %w", l.chunk.began, err)}
	}
	o.value(l, bits, text)
	return nil
}
