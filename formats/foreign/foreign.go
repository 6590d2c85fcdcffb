// Package foreign reads rows of Parquet files that other programs wrote, as
// JSON objects:
//
//	f, err := os.Open("train.parquet")
//	…
//	r, err := foreign.Open(f, size, foreign.DefaultOptions())
//	…
//	for {
//		row, err := r.Next()
//		if err == io.EOF {
//			break
//		}
//		…
//	}
//
// Columns may be nested in any way: lists become arrays, structs objects, and
// maps arrays of {"key":…,"value":…}. Equal rows of equal columns are equal
// bytes, however the file is packed.
//
// A file is read a page a column at a time. No byte of it, however damaged or
// made to do harm, makes a Reader panic, hand out bytes that are no JSON but
// for texts that are not UTF-8, or hold more than 512 MiB.
package foreign

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/format"

	"github.com/cubeset/cubeset/formats/internal/footer"
)

// Magic begins a Parquet file.
const Magic = footer.Magic

const (
	pageBytesMax   = 96 << 20  // of a page, packed or not; some writers go to 100 MB
	bufferBytesMax = 192 << 20 // of all pages held at once
	rowBytesMax    = 16 << 20  // the default of Options.RowBytesMax
	rowBytesLimit  = 64 << 20  // the most it may be
)

// What callers match on with errors.Is.
var (
	// ErrNotParquet means that a file does not begin like Parquet.
	ErrNotParquet = footer.ErrNotParquet
	// ErrDamaged means that a file is not what it says of itself.
	ErrDamaged = footer.ErrDamaged
	// ErrUnsupported means that a file has what this package does not read.
	ErrUnsupported = errors.New("not supported")
	// ErrTooLong means that a row is longer than Options.RowBytesMax. The next
	// call of Next gives the row behind it.
	ErrTooLong = errors.New("too long a row")
)

// Options say what is read. Start from DefaultOptions.
type Options struct {
	// Column says whether a column, by its outermost name, is read. Of the
	// others not a byte is read.
	Column func(name string) bool
	// RowBytesMax is the longest row, as JSON. At most 64 MiB.
	RowBytesMax int
}

// DefaultOptions reads all columns, and rows of up to 16 MiB.
func DefaultOptions() Options {
	return Options{Column: func(string) bool { return true }, RowBytesMax: rowBytesMax}
}

// Reader reads the rows of a file in their order. It is for one goroutine.
type Reader struct {
	r       io.ReaderAt
	end     int64 // of the pages
	columns []*node
	leaves  []*leaf
	groups  []format.RowGroup
	group   int   // the next of groups
	left    int64 // rows of the one before it
	row     int64
	rows    int64
	out     output
	pool    pool
	err     error
}

// Open reads the footer of a file of size bytes. The file must stay open for as
// long as the Reader is used.
func Open(r io.ReaderAt, size int64, o Options) (*Reader, error) {
	if o.Column == nil || o.RowBytesMax < 1 || o.RowBytesMax > rowBytesLimit {
		return nil, fmt.Errorf("foreign: row bytes max is %d, want 1..%d, and a choice of columns", o.RowBytesMax, rowBytesLimit)
	}
	md, end, err := footer.Read(r, size)
	if err != nil {
		return nil, err
	}
	d := &Reader{r: r, end: end, groups: md.RowGroups, rows: md.NumRows, out: output{most: o.RowBytesMax}, pool: pool{left: bufferBytesMax}}
	if md.EncryptionAlgorithm.Value != nil {
		return nil, fmt.Errorf("footer: %w: an encrypted file", ErrUnsupported)
	}
	s := schema{elements: md.Schema}
	if d.columns, d.leaves, err = s.read(o.Column); err != nil {
		return nil, fmt.Errorf("footer: %w", err)
	}
	if len(d.leaves) == 0 {
		return nil, fmt.Errorf("footer: %w: none of its columns is one to read", ErrUnsupported)
	}
	var rows int64
	for i := range d.groups {
		if err := d.checkGroup(&d.groups[i], s.leaves); err != nil {
			return nil, fmt.Errorf("footer: row group %d: %w", i, err)
		}
		if rows += d.groups[i].NumRows; rows > rowsMax {
			break
		}
	}
	if rows != d.rows || rows > rowsMax {
		return nil, fmt.Errorf("footer: %w: it counts %d rows, its row groups %d", ErrDamaged, d.rows, rows)
	}
	return d, nil
}

// Columns are the names of the columns that are read, in the file's order.
func (d *Reader) Columns() []string {
	names := make([]string, len(d.columns))
	for i, c := range d.columns {
		names[i] = c.name
	}
	return names
}

// Rows is how many rows the file has.
func (d *Reader) Rows() int64 { return d.rows }

// Row is how many rows were read.
func (d *Reader) Row() int64 { return d.row }

// Next is the next row, valid until the call after it. At the end of the file
// the error is io.EOF. An error that is not ErrTooLong is the last thing Next
// gives: it names the row group, the column and, where there is one, the page.
func (d *Reader) Next() ([]byte, error) {
	if d.err != nil {
		return nil, d.err
	}
	for d.left == 0 {
		if d.err = d.nextGroup(); d.err != nil {
			return nil, d.err
		}
	}
	d.left--
	d.out.reset()
	d.out.byte('{')
	for _, c := range d.columns {
		if err := d.column(c); err != nil {
			return nil, err
		}
	}
	d.out.byte('}')
	d.row++
	if d.out.over {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLong, d.out.most)
	}
	return d.out.b, nil
}

// column appends what the row has of a column. A column that is null is left
// out, as if the file did not have it.
func (d *Reader) column(c *node) error {
	mark := d.out.mark()
	if mark > len("{") {
		d.out.byte(',')
	}
	d.out.bytes(c.key)
	err := c.begin()
	if err == nil {
		var null bool
		if null, err = c.emit(&d.out); null {
			d.out.back(mark)
		}
	}
	if err != nil {
		d.err = d.fail(c, err)
	}
	return d.err
}

// nextGroup goes to the next row group.
func (d *Reader) nextGroup() error {
	for _, l := range d.leaves {
		if err := l.finish(); err != nil {
			return d.fault(l.path, err)
		}
	}
	if d.group == len(d.groups) {
		return io.EOF
	}
	g := &d.groups[d.group]
	d.group++
	d.left = g.NumRows
	for _, l := range d.leaves {
		l.begin(d.r, &g.Columns[l.index].MetaData, &d.pool)
	}
	return nil
}

// fail says where in the file an error of a column is.
func (d *Reader) fail(c *node, err error) error {
	path := c.name
	if l := (*leafError)(nil); errors.As(err, &l) {
		path, err = l.leaf.path, l.err
	}
	return d.fault(path, err)
}

func (d *Reader) fault(path string, err error) error {
	return fmt.Errorf("row group %d, column %q: %w", d.group-1, clip(path), err)
}

// clip keeps a name that a file gives short enough to be said.
func clip(name string) string {
	const most = 64
	if len(name) <= most {
		return name
	}
	return name[:most] + "…"
}
