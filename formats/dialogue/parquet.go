package dialogue

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cubeset/cubeset/formats/foreign"
)

// parquetSplit makes a record of every row of a Parquet file: an object of
// JSON with the row's columns that mean something here, whose line is the
// number of the row. How the reading ended it leaves in the window.
type parquetSplit struct {
	w      *window
	rows   *foreign.Reader
	size   int64    // of the file
	passed *counter // how much of it the rows so far are, about
}

// startParquet opens a file that is read from its end, so that it can be
// neither a stream nor packed as a whole.
func (in *Input) startParquet() error {
	f, ok := in.file.(*os.File)
	if !ok || in.size < 0 || in.plain.limit > 0 {
		return in.at(1, fmt.Errorf("%w: Parquet is read from its end, so it has to be a file of its own: not the standard input, not packed, not in an archive", ErrFormat))
	}
	rows, err := foreign.Open(f, in.size, foreign.Options{
		Column:      func(name string) bool { f, _ := in.names.rank([]byte(name)); return f != fieldNone },
		RowBytesMax: min(in.options.RecordBytesMax, parquetRowBytesMax),
	})
	if err != nil {
		return in.at(1, parquetFault(err))
	}
	in.split = &parquetSplit{w: in.w, rows: rows, size: in.size, passed: in.packed}
	return nil
}

// parquetRowBytesMax is the longest row that package foreign reads.
const parquetRowBytesMax = 64 << 20

func (s *parquetSplit) next() (Record, bool) {
	row, err := s.rows.Next()
	line := s.rows.Row()
	if n := s.rows.Rows(); n > 0 {
		s.passed.n.Store(int64(float64(s.size) * float64(line) / float64(n)))
	}
	switch {
	case errors.Is(err, foreign.ErrTooLong):
		return Record{Line: line, Skip: ReasonTooLong}, true
	case errors.Is(err, io.EOF):
		s.w.err = io.EOF
		return Record{}, false
	case err != nil:
		s.w.err, s.w.line = parquetFault(err), line+1
		return Record{}, false
	}
	return Record{Raw: row, Line: line}, true
}

// parquetFault gives an error of package foreign the meaning it has here.
func parquetFault(err error) error {
	switch {
	case errors.Is(err, foreign.ErrDamaged):
		return damaged{err}
	case errors.Is(err, foreign.ErrNotParquet), errors.Is(err, foreign.ErrUnsupported):
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return err
}

// damaged is an ErrDamaged that speaks for itself.
type damaged struct{ error }

func (d damaged) Unwrap() []error { return []error{ErrDamaged, d.error} }
