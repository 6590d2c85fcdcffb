package dialogue

import "bytes"

// yamlSplit makes a record of every item of the list under the outermost key
// conversations. It finds where items begin by their indentation; what is in
// them is for the parser to say.
type yamlSplit struct {
	w      *window
	inside bool // the list
	indent int  // of its items
	found  bool // the key
}

// yamlIndentMax is how far a line may be indented to be looked at.
const yamlIndentMax = 128

func (s *yamlSplit) next() (Record, bool) {
	for {
		switch kind, indent := s.peek(); {
		case kind == lineEnd:
			missing := !s.found && s.w.ended()
			s.found = true
			return Record{Line: 1, Skip: ReasonNoPair}, missing
		case !s.inside:
			s.inside = kind == lineOther && indent == 0 && s.key()
			s.found = s.found || s.inside
			s.indent = -1
			s.w.mark()
			s.w.passLine()
		case kind == lineBlank:
			s.w.mark()
			s.w.passLine()
		case kind == lineItem && (s.indent < 0 || indent == s.indent):
			s.indent = indent
			return s.item()
		default:
			s.inside = false
		}
	}
}

// item is one item of the list, up to the line that is not part of it.
func (s *yamlSplit) item() (Record, bool) {
	s.w.mark()
	line := s.w.line
	for {
		if !s.w.passLine() {
			return s.w.finish(line, trailing(s.w.record()), false)
		}
		if kind, indent := s.peek(); kind != lineBlank && indent <= s.indent {
			return s.w.finish(line, trailing(s.w.record()), true)
		}
	}
}

// What a line is, to yamlSplit.
const (
	lineEnd   = iota // there is none
	lineBlank        // or a comment
	lineItem
	lineOther
)

// peek looks at the line ahead.
func (s *yamlSplit) peek() (kind, indent int) {
	b := s.w.look(yamlIndentMax)
	return yamlLine(b[:min(yamlIndentMax, len(b))])
}

func yamlLine(b []byte) (kind, indent int) {
	if len(b) == 0 {
		return lineEnd, -1
	}
	indent = len(b) - len(bytes.TrimLeft(b, " "))
	switch rest := b[indent:]; {
	case len(rest) == 0, rest[0] == '\n', rest[0] == '\r', rest[0] == '\t', rest[0] == '#':
		return lineBlank, indent
	case rest[0] == '-' && (len(rest) == 1 || rest[1] == ' ' || rest[1] == '\n' || rest[1] == '\r'):
		return lineItem, indent
	}
	return lineOther, indent
}

// key reports whether the line ahead is the key conversations.
func (s *yamlSplit) key() bool {
	line, _, _ := bytes.Cut(s.w.ahead(), []byte{'\n'})
	return conversationsKey(line)
}

func conversationsKey(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte("conversations:"))
	rest = bytes.TrimSpace(rest)
	return ok && (len(rest) == 0 || rest[0] == '#')
}
