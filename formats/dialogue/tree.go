package dialogue

import (
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// treeDepthMax is how many messages may stand one below another in a tree of
// nested replies: each is looked through once for every message above it.
const treeDepthMax = 64

// unranked is the rank of a message without one: behind all that have one.
const unranked = math.MaxInt32

// node is a message of a tree.
type node struct {
	id, text, lang span // in p.text
	who            speaker
	rank, depth    int32
	parent         int32 // in p.nodes, before it; -1: none
	first, last    int32 // of its replies; -1: none
	next           int32 // reply to the same; -1: none
	line           int64
	orphan         bool   // it answers a message that is not there
	out            string // if not empty, neither it nor what answers it is read, for this reason
	reason, detail string // if not empty, why its text cannot be used
}

func isTree(r *record) bool {
	v := r.value(fieldQuestion)
	if v.kind != kindObject {
		return false
	}
	t := turnOf(r.raw, int(v.from), r.names)
	return t.role.kind == kindString && t.content.kind == kindString
}

func readTree(p *Parser, r *record) {
	p.nodes = p.nodes[:0]
	at := newLines(r)
	if p.nest(r, r.value(fieldQuestion), -1, &at) {
		p.walk(r)
	}
}

// nest adds a message and the replies inside it to p.nodes; false if it skipped
// the record instead.
func (p *Parser) nest(r *record, v value, parent int32, at *lines) bool {
	var replies value
	var m message
	for s := newFieldScan(r.raw, v); s.next(); {
		if name := s.name(); string(name) == "replies" {
			replies = s.value
		} else {
			m.set(name, s.value, r.names)
		}
	}
	n, ok := p.node(r, &m, at.of(v.from))
	if !ok {
		return false
	}
	i := p.attach(n, parent)
	if replies.kind != kindArray && replies.kind != kindNull {
		p.reject(n.line, ReasonField, fmt.Sprintf("the replies of a message are %v, want an array", replies.kind))
		return false
	}
	if replies.kind == kindNull {
		return true
	}
	for s := newListScan(r.raw, replies); s.next(); {
		switch {
		case s.value.kind != kindObject:
			p.reject(at.of(s.value.from), ReasonField, fmt.Sprintf("a reply is %v, want an object", s.value.kind))
			return false
		case p.nodes[i].depth+1 == treeDepthMax:
			p.reject(at.of(s.value.from), ReasonTooLong, fmt.Sprintf("more than %d messages one below another", treeDepthMax))
			return false
		case len(p.nodes) > messagesMax:
			p.rejectMany(r)
			return false
		case !p.nest(r, s.value, i, at):
			return false
		}
	}
	return true
}

// message is where the fields of a message of a tree are.
type message struct {
	id, parent, text, role, lang, rank, deleted, review value
}

// set gives a message its field of that name, which may be the user's for it.
func (m *message) set(name []byte, v value, names *names) {
	role, content := names.ofTurn()
	switch {
	case role != nil && string(lowerASCII(name)) == string(role):
		m.role = v
		return
	case content != nil && string(lowerASCII(name)) == string(content):
		m.text = v
		return
	case role != nil && string(name) == "role", content != nil && string(name) == "text":
		return
	}
	switch string(name) {
	case "message_id":
		m.id = v
	case "parent_id":
		m.parent = v
	case "text":
		m.text = v
	case "role":
		m.role = v
	case "lang":
		m.lang = v
	case "rank":
		m.rank = v
	case "deleted":
		m.deleted = v
	case "review_result":
		m.review = v
	}
}

// node reads a message; false if it skipped the record instead.
func (p *Parser) node(r *record, m *message, line int64) (n node, ok bool) {
	n = node{line: line, rank: unranked, parent: -1, first: -1, last: -1, next: -1}
	if m.role.kind != kindString {
		p.reject(line, ReasonField, fmt.Sprintf("the role of a message is %v, want a string", m.role.kind))
		return n, false
	}
	n.who = speakerOf(roleOf(r, m.role))
	if m.rank.kind == kindNumber {
		if rank, err := strconv.ParseInt(string(m.rank.of(r.raw)), 10, 32); err == nil {
			n.rank = int32(rank)
		}
	}
	switch {
	case string(m.deleted.of(r.raw)) == "true":
		n.out = ReasonDeleted
	case string(m.review.of(r.raw)) == "false":
		n.out = ReasonReview
	}
	for _, label := range []struct {
		value value
		span  *span
	}{{m.id, &n.id}, {m.lang, &n.lang}} {
		if k := label.value.kind; k != kindString && k != kindNumber {
			continue
		}
		if *label.span, ok = p.labelValue(r, label.value); !ok {
			p.reject(line, ReasonUTF8, "half of a surrogate pair in a label of a message")
			return n, false
		}
	}
	switch m.text.kind {
	case kindNull:
	case kindString:
		from := len(p.text)
		if raw, ok := p.string(r, m.text); ok {
			p.appendText(m.text, raw)
			n.text = p.since(from)
		} else {
			n.reason, n.detail = ReasonUTF8, "half of a surrogate pair in the text of a message"
		}
	default:
		n.reason, n.detail = ReasonField, fmt.Sprintf("the text of a message is %v, want a string", m.text.kind)
	}
	return n, true
}

// attach adds n to p.nodes, as the last reply to parent.
func (p *Parser) attach(n node, parent int32) int32 {
	i := int32(len(p.nodes))
	if n.parent = parent; parent >= 0 {
		above := &p.nodes[parent]
		n.depth = above.depth + 1
		if above.last >= 0 {
			p.nodes[above.last].next = i
		} else {
			above.first = i
		}
		above.last = i
	}
	p.nodes = append(p.nodes, n)
	return i
}

// walk makes pairs of p.nodes, each tree of it from its root down.
func (p *Parser) walk(r *record) {
	var s pairSpans
	if !p.labelField(r, fieldDialogue, true, &s.dialogue) ||
		!p.labelField(r, fieldLang, false, &s.lang) ||
		!p.labelField(r, fieldSource, false, &s.source) {
		return
	}
	if s.dialogue.empty() {
		s.dialogue = p.treeID()
	}
	var open []int32 // last in, first out
	for i := len(p.nodes) - 1; i >= 0; i-- {
		if p.nodes[i].parent < 0 {
			open = append(open, int32(i))
		}
	}
	for len(open) > 0 {
		i := open[len(open)-1]
		open = open[:len(open)-1]
		n := &p.nodes[i]
		switch {
		case n.out != "":
			p.items = append(p.items, item{line: n.line, reason: n.out, detail: outDetail(n.out)})
			continue
		case n.who == assistant && n.orphan:
			p.items = append(p.items, item{line: n.line, reason: ReasonNoPair, detail: "what the message answers is not before it in its tree"})
		case n.who == assistant && n.parent >= 0 && p.nodes[n.parent].who == user:
			p.items = append(p.items, p.answer(&p.nodes[n.parent], n, s))
		}
		from := len(open)
		best := p.best(n)
		for k := n.first; k >= 0; k = p.nodes[k].next {
			if reply := &p.nodes[k]; best < 0 || k == best || reply.who != assistant || reply.out != "" {
				open = append(open, k)
			}
		}
		slices.Reverse(open[from:])
	}
	p.flush(r, "no message of a user that an assistant answers", p.options.MaxTurns)
}

func outDetail(reason string) string {
	if reason == ReasonDeleted {
		return "the message was deleted"
	}
	return "the message did not pass its review"
}

// best is the answer to n that is read if there are several and one is enough,
// else -1.
func (p *Parser) best(n *node) int32 {
	if n.who != user || p.options.Branches == "all" {
		return -1
	}
	best, answers := int32(-1), 0
	for k := n.first; k >= 0; k = p.nodes[k].next {
		if reply := &p.nodes[k]; reply.who == assistant && reply.out == "" {
			if answers++; best < 0 || reply.rank < p.nodes[best].rank {
				best = k
			}
		}
	}
	if answers > 1 {
		p.rules[ruleBestAnswer]++
	}
	return best
}

// answer is the pair of q and a. s is what all pairs of the tree have.
func (p *Parser) answer(q, a *node, s pairSpans) item {
	x := item{pairSpans: s, turn: q.depth, line: q.line, reason: q.reason, detail: q.detail}
	if x.reason == "" {
		x.reason, x.detail = a.reason, a.detail
	}
	x.id, x.question, x.answer = a.id, q.text, a.text
	if !q.lang.empty() {
		x.lang = q.lang
	}
	var ok bool
	if x.context, ok = p.above(q); !ok && x.reason == "" {
		x.reason, x.detail = ReasonTooLong, p.contextsTooLong()
	}
	return x
}

// above is the context of n: a copy of the messages above it. Branches share
// those, so their contexts cannot all be parts of one text.
func (p *Parser) above(n *node) (span, bool) {
	var path [contextTurnsMax]int32
	var k, size int
	for i := n.parent; i >= 0 && k < p.options.ContextTurns; i = p.nodes[i].parent {
		size += int(p.nodes[i].text.to-p.nodes[i].text.from) + len(assistant.label()) + 1
		path[k] = i
		k++
	}
	if !p.room(size) {
		return span{}, false
	}
	from := len(p.text)
	for _, i := range slices.Backward(path[:k]) {
		m := &p.nodes[i]
		if m.text.empty() || m.who == nobody {
			continue
		}
		if len(p.text) > from {
			p.text = append(p.text, '\n')
		}
		p.text = append(p.text, m.who.label()...)
		p.text = append(p.text, m.text.of(p.text)...)
	}
	return p.since(from), true
}

// treeID is the id of a tree that has none: that of its first message, or else
// a digest of all of them.
func (p *Parser) treeID() span {
	if len(p.nodes) > 0 && !p.nodes[0].id.empty() {
		return p.nodes[0].id
	}
	sum := sha256.New()
	for i := range p.nodes {
		sum.Write([]byte(p.nodes[i].who.String()))
		sum.Write([]byte{0})
		sum.Write(p.nodes[i].text.of(p.text))
		sum.Write([]byte{0})
	}
	from := len(p.text)
	p.text = append(p.text, hex16(sum.Sum(nil))...)
	return p.since(from)
}
