package dialogue

// turnBytesMax is how far the splitter looks ahead to tell an array of turns,
// which is one record, from an array of records.
const turnBytesMax = 64 << 10

// jsonSplit makes a record of every element of the arrays that hold records: a
// file's outermost array, or one under a key of containerKey in its outermost
// object; or of every member of an outermost object of conversations, with its
// key. An outermost array of turns and an outermost object without any of these
// are a record themselves. There may be several outermost values.
//
// It finds where values end by their brackets and strings alone; whether a
// record is JSON is for the parser to say. So a bad element costs that element
// and not the file, as long as its brackets and quotes pair up.
type jsonSplit struct {
	w      *window
	names  *names
	line   int64 // where the outermost object began
	object bool  // inside an outermost object
	found  bool  // an array of records was found in it
	array  bool  // inside an array of records
	keyed  bool  // inside an outermost object of conversations
	comma  bool  // behind a comma of that array
}

func (s *jsonSplit) next() (Record, bool) {
	for {
		c, more := s.w.space()
		switch {
		case !more:
			return s.end()
		case s.array && c == ']':
			s.array = false
			if s.comma {
				s.w.mark()
				s.w.advance(1)
				return s.w.finish(s.w.line, 1, true)
			}
			s.w.advance(1)
		case s.array:
			return s.element('}')
		case s.keyed && c == '}':
			s.keyed = false
			s.w.advance(1)
		case s.keyed:
			return s.element(']')
		case s.object:
			if s.member(c) {
				return s.w.finish(s.line, 0, true)
			}
		case c == '{' && s.keyedAhead():
			s.w.advance(1)
			s.keyed = true
		case c == '{':
			s.w.mark()
			s.line, s.object, s.found = s.w.line, true, false
			s.w.advance(1)
		case c == '[' && !s.turnsAhead():
			s.w.advance(1)
			s.array, s.comma = true, false
		case c == '[':
			return s.turns()
		default:
			return s.junk()
		}
	}
}

// end is the record that the end of the file cuts off, if it does.
func (s *jsonSplit) end() (r Record, ok bool) {
	switch {
	case s.w.ended() && (s.array || s.keyed || s.object && s.found):
		r, ok = Record{Line: s.w.line, Skip: ReasonJSON}, true
	case s.object && !s.found:
		r, ok = s.w.finish(s.line, 0, false)
	}
	s.array, s.keyed, s.object = false, false, false
	return r, ok
}

// element is one element of an array of records, or member of an object of
// them. stray is the bracket that closes nothing there.
func (s *jsonSplit) element(stray byte) (Record, bool) {
	s.w.mark()
	line := s.w.line
	c, whole := s.pass()
	for whole && c == stray { // let the parser complain
		s.w.advance(1)
		c, whole = s.pass()
	}
	r, ok := s.w.finish(line, trailing(s.w.record()), whole)
	s.comma = whole && c == ','
	if s.comma {
		s.w.advance(1)
	}
	if !whole {
		// The file ends here. If that broke the element, its fault is the one
		// to report; if not, end has yet to say that the array is not closed.
		var found members
		_, body := keyed(r.Raw)
		good := checkJSON(r.Raw[body:], &found) == nil
		s.array, s.keyed, s.object = s.array && good, s.keyed && good, false
	}
	return r, ok
}

// member passes one member of an outermost object, or enters the array of
// records it holds. It reports true at the end of an object that is a record.
func (s *jsonSplit) member(c byte) bool {
	switch c {
	case '}':
		s.w.advance(1)
		s.object = false
		return !s.found
	case ',', ']':
		s.w.advance(1)
		return false
	case '"':
		const keyBytesMax = 32
		b := s.w.look(keyBytesMax)
		b = b[:min(keyBytesMax, len(b))]
		n, _ := stringEnd(b, 1)
		if n == len(b) {
			break
		}
		container, turns := containerKey(string(b[1:n]))
		if f, _ := s.names.rank(b[1:n]); f == fieldMessages {
			turns = true
		}
		s.w.advance(n + 1)
		if c, more := s.w.space(); !more || c != ':' {
			break
		}
		s.w.advance(1)
		if c, more := s.w.space(); more && c == '[' && container && !(turns && s.turnsAhead()) {
			s.w.advance(1)
			s.array, s.comma, s.found = true, false, true
			return false
		}
	}
	s.pass()
	return false
}

// containerKey reports whether an array under that key of the outermost object
// is an array of records, and whether it may as well be the turns of one.
func containerKey(key string) (container, turns bool) {
	switch key {
	case "dialogues", "data", "rows", "examples", "records", "items":
		return true, false
	case "conversations":
		return true, true
	}
	return false, false
}

// turnsAhead reports whether the array at hand holds the turns of a dialogue.
func (s *jsonSplit) turnsAhead() bool { return turnsAt(s.w.look(turnBytesMax), 0, s.names, false) }

// turnsAt reports whether the array that begins at i, which may be cut off,
// holds the turns of a dialogue: its first element is one, and no pair.
func turnsAt(b []byte, i int, names *names, unnamed bool) bool {
	i = skipSpace(b, i+1)
	if i >= len(b) || b[i] != '{' {
		return false
	}
	first := span{int32(i), int32(valueEnd(b, i))}
	var found members
	if checkJSON(first.of(b), &found) != nil {
		return false
	}
	var has fieldSet
	for _, m := range found.list {
		f, _ := names.rank(span{m.key.from + 1, m.key.to - 1}.of(first.of(b)))
		has |= setOf(f)
	}
	return isTurn(b, valueOf(b, first), names, unnamed) && !(has.has(fieldQuestion) && has.has(fieldAnswer))
}

// keyedAhead reports whether the object at hand holds conversations by their
// ids: its first member is an object with a list of turns.
func (s *jsonSplit) keyedAhead() bool {
	b := s.w.look(turnBytesMax)
	_, i := keyBefore(b, 1)
	if i == len(b) || b[i] != '{' {
		return false
	}
	for i < len(b) && (b[i] == '{' || b[i] == ',') {
		key, at := keyBefore(b, i+1)
		if at == len(b) {
			return false
		}
		if f, _ := s.names.rank(key); b[at] == '[' && setOf(fieldMessages, fieldConversations, fieldTurns, fieldList).has(f) {
			return turnsAt(b, at, s.names, f == fieldTurns)
		}
		i = skipSpace(b, valueEnd(b, at))
	}
	return false
}

// keyBefore is the key at i and the offset of its value; the length of b if
// there is none.
func keyBefore(b []byte, i int) (key []byte, at int) {
	if i = skipSpace(b, i); i == len(b) || b[i] != '"' {
		return nil, len(b)
	}
	end, _ := stringEnd(b, i+1)
	colon := skipSpace(b, min(end+1, len(b)))
	if colon == len(b) || b[colon] != ':' {
		return nil, len(b)
	}
	return b[i+1 : end], skipSpace(b, colon+1)
}

// turns is an outermost array that is one record.
func (s *jsonSplit) turns() (Record, bool) {
	s.w.mark()
	line := s.w.line
	s.w.advance(1)
	for {
		c, whole := s.pass()
		if whole {
			s.w.advance(1)
		}
		if !whole || c == ']' {
			return s.w.finish(line, 0, whole)
		}
	}
}

// junk is whatever stands outside of all arrays and objects.
func (s *jsonSplit) junk() (Record, bool) {
	s.w.mark()
	line := s.w.line
	for {
		for i, c := range s.w.ahead() {
			if c == '\n' || c == '{' || c == '[' {
				s.w.advance(i)
				return s.w.finish(line, trailing(s.w.record()), true)
			}
		}
		s.w.advance(len(s.w.ahead()))
		if !s.w.more() {
			return s.w.finish(line, trailing(s.w.record()), false)
		}
	}
}

// pass passes what is left of a value: all before the next comma or closing
// bracket that belongs to what the value is in. It returns that byte, or false
// at the end of the file.
func (s *jsonSplit) pass() (byte, bool) {
	depth, quoted, escaped := 0, false, false
	for {
		b := s.w.ahead()
		for i := 0; i < len(b); i++ {
			switch {
			case escaped:
				escaped = false
				continue
			case quoted:
				i, _ = plainEnd(b, i)
			case depth > 0:
				i = bracketEnd(b, i)
			}
			if i == len(b) {
				break
			}
			switch c := b[i]; {
			case quoted:
				escaped = c == '\\'
				quoted = c != '"'
			case c == '"':
				quoted = true
			case c == '{' || c == '[':
				depth++
			case depth == 0 && (c == ',' || c == '}' || c == ']'):
				s.w.advance(i)
				return c, true
			case c == '}' || c == ']':
				depth--
			}
		}
		s.w.advance(len(s.w.ahead()))
		if !s.w.more() {
			return 0, false
		}
	}
}
