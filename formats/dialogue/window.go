package dialogue

import (
	"bytes"
	"errors"
	"io"
)

// windowBytes is how much is read at once.
const windowBytes = 256 << 10

// window is the part of a file that is in memory: the record being read, from
// start, and what is known of the bytes behind it. Splitters move pos forward
// and call more where the bytes run out; the window keeps the record whole
// while it is no longer than max, and lets go of it beyond that.
type window struct {
	src        io.Reader
	buf        []byte
	base       int64 // offset of buf in the file
	start, pos int
	line       int64 // of pos, from 1
	max        int   // bytes of a record
	long       bool  // the record was longer than max and is not in memory
	err        error // of src; io.EOF at its end
}

func newWindow(src io.Reader, max int) *window {
	return &window{src: src, line: 1, max: max}
}

// ahead are the bytes in memory that have not been passed.
func (w *window) ahead() []byte { return w.buf[w.pos:] }

// advance passes n bytes.
func (w *window) advance(n int) {
	w.line += int64(bytes.Count(w.buf[w.pos:w.pos+n], []byte{'\n'}))
	w.pos += n
}

// mark begins a record at pos.
func (w *window) mark() { w.start, w.long = w.pos, false }

// record is what was passed since mark.
func (w *window) record() []byte { return w.buf[w.start:w.pos] }

// more reads on, and reports whether there is more ahead than before. It moves
// bytes: slices of the window are not valid after it.
func (w *window) more() bool {
	if w.err != nil {
		return false
	}
	if w.long = w.tooLong(); w.long {
		w.start = w.pos
	}
	if w.start > 0 {
		n := copy(w.buf, w.buf[w.start:])
		w.base += int64(w.start)
		w.buf, w.pos, w.start = w.buf[:n], w.pos-w.start, 0
	}
	if cap(w.buf)-len(w.buf) < windowBytes/2 {
		w.buf = append(make([]byte, 0, max(windowBytes, 2*cap(w.buf))), w.buf...)
	}
	for range 100 { // a reader may return nothing a few times
		n, err := w.src.Read(w.buf[len(w.buf):cap(w.buf)])
		w.buf, w.err = w.buf[:len(w.buf)+n], err
		if n > 0 || err != nil {
			return n > 0
		}
	}
	w.err = io.ErrNoProgress
	return false
}

// look makes at least n bytes ahead available if the file has them, and
// returns what is ahead.
func (w *window) look(n int) []byte {
	for len(w.ahead()) < n && w.more() {
	}
	return w.ahead()
}

// ended reports whether the file was read to its end without a fault.
func (w *window) ended() bool { return errors.Is(w.err, io.EOF) }

// space passes white space and returns the byte behind it; false at the end.
func (w *window) space() (byte, bool) {
	for {
		b := w.ahead()
		if i := skipSpace(b, 0); i < len(b) {
			w.advance(i)
			return b[i], true
		}
		w.advance(len(b))
		if !w.more() {
			return 0, false
		}
	}
}

// finish makes a Record of what was passed since mark, which began at line,
// less its last trim bytes. whole says that its end was seen; if it was not,
// and the file broke off rather than ended, there is no record.
func (w *window) finish(line int64, trim int, whole bool) (Record, bool) {
	if !whole && !w.ended() {
		return Record{}, false
	}
	if w.tooLong() {
		return Record{Line: line, Skip: ReasonTooLong}, true
	}
	end := w.pos - trim
	return Record{Raw: w.buf[w.start:end:end], Line: line}, true
}

// tooLong reports whether more than max bytes were passed since mark.
func (w *window) tooLong() bool { return w.long || w.pos-w.start > w.max }

// trailing is how many bytes of white space end b.
func trailing(b []byte) int { return len(b) - len(bytes.TrimRight(b, " \t\r\n")) }
