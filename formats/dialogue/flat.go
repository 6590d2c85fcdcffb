package dialogue

import (
	"bytes"
	"fmt"
)

// flatSplit makes a record of the lines that stand together and are messages of
// one tree.
type flatSplit struct{ w *window }

func (s flatSplit) next() (Record, bool) {
	if _, more := s.w.space(); !more {
		return Record{}, false
	}
	s.w.mark()
	line := s.w.line
	var tree []byte
	for n := 0; ; n++ {
		if n > 0 && !s.w.lineFits() {
			// What is left of the tree is read as one without its beginning.
			return s.w.finish(line, trailing(s.w.record()), true)
		}
		begin := s.w.pos - s.w.start
		whole := s.w.passLine()
		if s.w.tooLong() {
			return s.w.finish(line, 0, whole)
		}
		text := s.w.record()[begin:]
		id, root := treeOf(text)
		if n > 0 && (root && !bytes.Equal(id, tree) || root && id == nil) {
			s.w.pos -= len(text)
			s.w.line -= int64(bytes.Count(text, []byte{'\n'}))
			return s.w.finish(line, trailing(s.w.record()), true)
		}
		if root {
			tree = bytes.Clone(id)
		}
		if !whole {
			return s.w.finish(line, trailing(s.w.record()), false)
		}
	}
}

// lineFits reports whether a record with the line ahead is no longer than max.
func (w *window) lineFits() bool {
	for {
		if n := bytes.IndexByte(w.ahead(), '\n'); n >= 0 {
			return w.pos+n+1-w.start <= w.max
		}
		if len(w.buf)-w.start > w.max || !w.more() {
			return len(w.buf)-w.start <= w.max
		}
	}
}

// treeOf is the id of the tree of the message on a line, nil if it has none.
// root says that the line may be the first of a tree: it is a message, and
// names its tree or no message that it answers.
func treeOf(line []byte) (id []byte, root bool) {
	var found members
	i := skipSpace(line, 0)
	if i == len(line) || line[i] != '{' || checkJSON(line, &found) != nil {
		return nil, false
	}
	answers := false
	for _, m := range found.list {
		v := valueOf(line, m.value)
		switch string(span{m.key.from + 1, m.key.to - 1}.of(line)) {
		case "message_tree_id":
			id = m.value.of(line)
		case "parent_id":
			answers = v.kind != kindNull
		}
	}
	return id, id != nil || !answers
}

// flatMessage reports whether an object that was checked is a message of a
// tree by itself.
func flatMessage(b []byte, v value, names *names) (m message, ok bool) {
	for s := newFieldScan(b, v); s.next(); {
		m.set(s.name(), s.value, names)
	}
	return m, m.id.kind != kindNull && m.role.kind == kindString && m.text.kind == kindString
}

// isFlat reports whether the record is a list of such messages.
func isFlat(r *record) bool {
	if r.whole.kind != kindArray {
		return false
	}
	s := newListScan(r.raw, r.whole)
	if !s.next() || s.value.kind != kindObject {
		return false
	}
	_, ok := flatMessage(r.raw, s.value, r.names)
	return ok
}

func readFlat(p *Parser, r *record) {
	p.nodes = p.nodes[:0]
	at, ids := newLines(r), map[string]int32{}
	for s := newListScan(r.raw, r.whole); s.next(); {
		if s.value.kind != kindObject {
			p.reject(at.of(s.value.from), ReasonField, fmt.Sprintf("a message is %v, want an object", s.value.kind))
			continue
		}
		p.place(r, s.value, at.of(s.value.from), ids)
	}
	if len(p.nodes) > 0 {
		p.walk(r)
	}
}

// flat reads a record of lines, each a message of one tree. A bad line costs
// itself.
func (p *Parser) flat(from Record) {
	p.nodes = p.nodes[:0]
	r, ids, skips := &p.rec, map[string]int32{}, 0
	r.reset(from.Raw, from.Line)
	r.whole = value{span: span{0, int32(len(from.Raw))}, kind: kindArray} // of its lines
	count := p.skip
	p.skip = func(s Skip) { skips++; count(s) }
	at, line := 0, from.Line
	for text := range bytes.Lines(from.Raw) {
		begin, end := at+skipSpace(text, 0), at+len(text)-trailing(text)
		if at += len(text); begin < end {
			p.flatLine(r, span{int32(begin), int32(end)}, line, ids)
		}
		line++
	}
	p.skip = count
	if len(p.nodes) > 0 || skips == 0 {
		p.walk(r)
	}
}

func (p *Parser) flatLine(r *record, s span, line int64, ids map[string]int32) {
	if fault := checkJSON(s.of(r.raw), &r.found); fault != nil {
		p.reject(line, ReasonJSON, fault.String())
		return
	}
	v := valueOf(r.raw, s)
	if v.kind != kindObject {
		p.reject(line, ReasonNoPair, "the record is "+v.kind.String())
		return
	}
	for _, m := range r.found.list {
		if f, rank := p.names.rank(m.key.shift(int(s.from)).of(r.raw)[1 : m.key.to-m.key.from-1]); f == fieldDialogue || f == fieldSource {
			r.set(f, rank, valueOf(r.raw, m.value.shift(int(s.from))))
		}
	}
	p.place(r, v, line, ids)
}

// place adds a message to p.nodes, below the one it names.
func (p *Parser) place(r *record, v value, line int64, ids map[string]int32) {
	if len(p.nodes) == messagesMax {
		p.reject(line, ReasonTooLong, fmt.Sprintf("more than %d messages in a tree", messagesMax))
		return
	}
	m, _ := flatMessage(r.raw, v, r.names)
	n, ok := p.node(r, &m, line)
	if !ok {
		return
	}
	parent := int32(-1)
	if m.parent.kind != kindNull {
		if parent, ok = ids[string(label(m.parent.of(r.raw)))]; !ok {
			parent, n.orphan = -1, true
		}
	}
	i := p.attach(n, parent)
	if id := string(n.id.of(p.text)); id != "" {
		if _, twice := ids[id]; !twice {
			ids[id] = i
		}
	}
}
