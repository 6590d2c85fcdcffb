package dialogue

import "bytes"

// splitter cuts a window into records.
type splitter interface {
	// next is the next record; false at the end of what can be read.
	next() (Record, bool)
}

// lineSplit makes a record of every line that is not blank.
type lineSplit struct{ w *window }

func (s lineSplit) next() (Record, bool) {
	for {
		s.w.mark()
		line := s.w.line
		whole := s.w.passLine()
		if s.w.tooLong() {
			return s.w.finish(line, 0, whole)
		}
		if s.w.pos == s.w.start {
			return Record{}, false
		}
		if n := trailing(s.w.record()); n < len(s.w.record()) {
			return s.w.finish(line, n, whole)
		}
	}
}

// passLine passes a line and its LF; false if the file ended before an LF.
func (w *window) passLine() bool {
	for {
		if n := bytes.IndexByte(w.ahead(), '\n'); n >= 0 {
			w.pos += n + 1
			w.line++
			return true
		}
		w.pos = len(w.buf)
		if !w.more() {
			return false
		}
	}
}
