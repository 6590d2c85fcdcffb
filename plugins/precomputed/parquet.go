package precomputed

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"unicode/utf8"

	"github.com/cubeset/cubeset/formats/array"
	"github.com/cubeset/cubeset/formats/foreign"
	"github.com/cubeset/cubeset/sdk/teacher"
)

const (
	textColumn   = "text"
	vectorColumn = "vector"
)

// parquetRows reads texts and vectors from front to back.
type parquetRows struct {
	name   string
	r      *foreign.Reader
	vector []float32
}

func openParquet(f *os.File) (*parquetRows, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	o := foreign.DefaultOptions()
	o.Column = func(name string) bool { return name == textColumn || name == vectorColumn }
	r, err := foreign.Open(f, info.Size(), o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	for _, c := range []string{textColumn, vectorColumn} {
		if !slices.Contains(r.Columns(), c) {
			return nil, fmt.Errorf("%s: no column %q", f.Name(), c)
		}
	}
	return &parquetRows{name: f.Name(), r: r}, nil
}

// next gives io.EOF behind the last row. The vector holds until the next call.
func (p *parquetRows) next() (text string, vector []float32, err error) {
	b, err := p.r.Next()
	if err == io.EOF {
		return "", nil, err
	}
	if err == nil {
		text, err = p.decode(b)
	}
	if err != nil {
		return "", nil, fmt.Errorf("%s: row %d: %w", p.name, p.r.Row(), err)
	}
	return text, p.vector, nil
}

func (p *parquetRows) decode(b []byte) (string, error) {
	var row struct {
		Text   *string
		Vector json.RawMessage
	}
	p.vector = p.vector[:0]
	// The decoder's own message may quote the text.
	switch {
	case !utf8.Valid(b):
		return "", errors.New("not UTF-8")
	case json.Unmarshal(b, &row) != nil || row.Text == nil:
		return "", errors.New("the column text holds no string")
	case bytes.Contains(row.Vector, []byte("null")) || json.Unmarshal(row.Vector, &p.vector) != nil:
		return "", errors.New("the column vector holds no list of numbers")
	case len(p.vector) < 1 || len(p.vector) > teacher.DimsMax:
		return "", fmt.Errorf("a vector of %d values, want 1 to %d", len(p.vector), teacher.DimsMax)
	}
	return *row.Text, nil
}

// parquetDims is the length of the first vector.
func parquetDims(f *os.File) (int, error) {
	p, err := openParquet(f)
	if err != nil {
		return 0, err
	}
	_, vector, err := p.next()
	if err == io.EOF {
		return 0, fmt.Errorf("%s: no rows", f.Name())
	}
	return len(vector), err
}

// loadParquet copies the vectors into a nameless temporary file: rows of
// Parquet cannot be read one by one.
func loadParquet(name string) (t table, err error) {
	f, err := os.Open(name)
	if err != nil {
		return t, err
	}
	defer f.Close()
	p, err := openParquet(f)
	if err != nil {
		return t, err
	}
	spool, err := os.CreateTemp("", "cubeset-precomputed-")
	if err != nil {
		return t, err
	}
	if err := os.Remove(spool.Name()); err != nil {
		return t, errors.Join(err, spool.Close())
	}
	if t, err = copyParquet(p, spool); err != nil {
		return t, errors.Join(err, spool.Close())
	}
	return t, nil
}

func copyParquet(p *parquetRows, spool *os.File) (t table, err error) {
	w := bufio.NewWriterSize(spool, 1<<16)
	var b []byte
	dims := 0
	for {
		text, vector, err := p.next()
		if err == io.EOF {
			t.vectors = vectors{array.Header{Shape: []int{len(t.index), dims}, Type: array.F32}, spool}
			return t, w.Flush()
		}
		if err != nil {
			return t, err
		}
		if dims == 0 {
			dims = len(vector)
		}
		if len(vector) != dims {
			return t, fmt.Errorf("%s: row %d: a vector of %d values, the first has %d", p.name, p.r.Row(), len(vector), dims)
		}
		b = b[:0]
		for _, x := range vector {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		if _, err := w.Write(b); err != nil {
			return t, err
		}
		if err := t.index.add(canonical(text)); err != nil {
			return t, err
		}
	}
}
