package dialogue

import (
	"fmt"
	"io"
	"os"
)

// Place is a place between two records of a file.
type Place struct {
	Offset int64 `json:"offset"` // in bytes
	Line   int64 `json:"line"`   // from 1
}

// Here is the place behind the last record that Records yielded. It reports
// false where no one can begin to read: in a file that is packed, is no file, or
// whose format gives records a meaning by what stands around them.
func (in *Input) Here() (Place, bool) {
	if _, ok := in.seekable(); !ok {
		return Place{}, false
	}
	return Place{in.w.base + int64(in.w.pos), in.w.line}, true
}

// GoTo makes Records go on from p, which Here returned for a file that began
// with the same bytes up to there, and that was opened as the same Format.
func (in *Input) GoTo(p Place) error {
	f, ok := in.seekable()
	if !ok {
		return in.at(p.Line, fmt.Errorf("format %s: it is read from its beginning", in.layout.format))
	}
	if _, err := f.Seek(p.Offset, io.SeekStart); err != nil {
		return in.at(p.Line, err)
	}
	in.packed.n.Store(p.Offset)
	*in.w = window{src: in.packed, base: p.Offset, line: p.Line, max: in.w.max}
	return nil
}

func (in *Input) seekable() (*os.File, bool) {
	f, ok := in.file.(*os.File)
	if !ok || in.size < 0 || in.plain.limit > 0 {
		return nil, false
	}
	switch in.split.(type) {
	case lineSplit, csvSplit:
		return f, true
	}
	return nil, false
}
