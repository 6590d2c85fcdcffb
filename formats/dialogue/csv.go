package dialogue

import "bytes"

// csvSplit makes a record of every row of a table, as RFC 4180 has it: a quote
// at the start of a field opens it, and until it closes, line ends belong to
// the field. Blank lines are not rows.
type csvSplit struct {
	w     *window
	comma byte
}

func (s csvSplit) next() (Record, bool) {
	for {
		s.w.mark()
		line := s.w.line
		whole, open := s.pass()
		if s.w.tooLong() {
			return s.w.finish(line, 0, whole)
		}
		row := s.w.record()
		if len(row) == 0 {
			return Record{}, false
		}
		trim := 0
		if !open {
			trim = len(row) - len(bytes.TrimSuffix(bytes.TrimSuffix(row, []byte{'\n'}), []byte{'\r'}))
		}
		if trim < len(row) {
			return s.w.finish(line, trim, whole)
		}
	}
}

// pass passes a row and its LF. It reports whether there was one, and whether
// a quote was still open at the end of the file.
func (s csvSplit) pass() (whole, open bool) {
	start := true // of a field
	for {
		for i, c := range s.w.ahead() {
			switch {
			case open:
				open = c != '"' // "" closes the field and opens it again
				start = !open
			case c == '\n':
				s.w.advance(i + 1)
				return true, false
			case c == '"' && start:
				open = true
			default:
				start = c == s.comma
			}
		}
		s.w.advance(len(s.w.ahead()))
		if !s.w.more() {
			return false, open
		}
	}
}

// csvFault says what is wrong with a row, and how many line ends are before it.
type csvFault struct {
	lines int64
	what  string
}

// cells are the fields of a row, their quotes undone.
type cells struct {
	text  []byte
	spans []span
}

// read cuts a row into fields.
func (c *cells) read(row []byte, comma byte) *csvFault {
	c.text, c.spans = c.text[:0], c.spans[:0]
	for i := 0; ; i++ { // i is at the start of a field
		from := len(c.text)
		if i < len(row) && row[i] == '"' {
			end := c.quoted(row, i)
			switch {
			case end < 0:
				return &csvFault{int64(bytes.Count(row[:i], []byte{'\n'})), "a quote is opened and never closed"}
			case end < len(row) && row[end] != comma:
				return &csvFault{int64(bytes.Count(row[:end], []byte{'\n'})), "a closing quote is not the end of its field"}
			}
			i = end
		} else {
			end := len(row)
			if n := bytes.IndexByte(row[i:], comma); n >= 0 {
				end = i + n
			}
			c.text = append(c.text, row[i:end]...)
			i = end
		}
		c.spans = append(c.spans, span{int32(from), int32(len(c.text))})
		if i == len(row) {
			return nil
		}
	}
}

// quoted reads the field whose quote opens at i and returns the offset behind
// its closing quote, -1 if there is none.
func (c *cells) quoted(row []byte, i int) int {
	for {
		i++
		n := bytes.IndexByte(row[i:], '"')
		if n < 0 {
			return -1
		}
		c.text = append(c.text, row[i:i+n]...)
		if i += n + 1; i == len(row) || row[i] != '"' {
			return i
		}
		c.text = append(c.text, '"')
	}
}
