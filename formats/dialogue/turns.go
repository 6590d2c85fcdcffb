package dialogue

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
)

// A conversation is a list of turns, each with a role and a text. Turns of
// roles other than the two speakers are passed over; what one speaker says in
// several turns in a row is one group, and each group of the user that one of
// the assistant follows is a pair.

// speaker is whose turn it is.
type speaker uint8

const (
	nobody speaker = iota // the system, a tool, or someone unknown
	user
	assistant
)

func speakerOf(role []byte) speaker {
	switch string(role) {
	case "user", "human", "question", "prompter", "customer":
		return user
	case "assistant", "bot", "answer", "gpt", "chatgpt", "model", "agent":
		return assistant
	}
	return nobody
}

// group is what a speaker says in one go.
type group struct {
	speaker        speaker
	text           span
	turn           int32
	line           int64
	reason, detail string // if not empty, why it cannot be used
}

// turns reads the conversation in list, which is r or a field of it.
func (p *Parser) turns(r *record, list value) {
	var s pairSpans
	id := fieldDialogue
	if r.value(id).kind == kindNull {
		id = fieldID
	}
	if !p.labelField(r, id, true, &s.dialogue) ||
		!p.labelField(r, fieldLang, false, &s.lang) ||
		!p.labelField(r, fieldSource, false, &s.source) {
		return
	}
	var sum hash.Hash
	if s.dialogue.empty() {
		sum = sha256.New()
	}
	if detail := p.group(r, list, sum); detail != "" {
		p.reject(r.line, ReasonField, detail)
		return
	}
	if sum != nil {
		from := len(p.text)
		p.text = append(p.text, hex16(sum.Sum(nil))...)
		s.dialogue = p.since(from)
	}
	p.pairGroups(r, s)
}

// pairGroups emits the pairs of p.groups.
func (p *Parser) pairGroups(r *record, s pairSpans) {
	text := string(p.text)
	pairs, skips := int32(0), 0
	for i := 1; i < len(p.groups); i++ {
		q, a := &p.groups[i-1], &p.groups[i]
		if q.speaker != user || a.speaker != assistant {
			continue
		}
		bad := q
		if q.reason == "" {
			bad = a
		}
		what := emptyPart(q.text, a.text)
		switch {
		case bad.reason != "":
			p.reject(q.line, bad.reason, bad.detail)
			skips++
		case what != "":
			p.reject(q.line, ReasonEmpty, what)
			skips++
		default:
			s.question, s.answer = q.text, a.text
			p.pair = s.pair(text, p.source)
			p.pair.Turn, p.pair.Line, p.pair.Ordinal = q.turn, q.line, pairs
			pairs++
			p.emit(&p.pair)
		}
	}
	if pairs == 0 && skips == 0 {
		p.reject(r.line, ReasonNoPair, "no turn of a user that an assistant answers")
	}
}

// group fills p.groups and p.text from a list of turns, and adds every turn to
// sum if there is one. It returns what is wrong with the list, "" if nothing.
func (p *Parser) group(r *record, list value, sum hash.Hash) (detail string) {
	p.groups = p.groups[:0]
	line, counted, n := r.line, int32(0), -1
	for s := newListScan(r.raw, list); s.next(); {
		n++
		if s.value.kind != kindObject {
			return fmt.Sprintf("turn %d is %v, want an object", n, s.value.kind)
		}
		role, content := turnFields(r.raw, s.value)
		if role.kind != kindString {
			return fmt.Sprintf("the role of turn %d is %v, want a string", n, role.kind)
		}
		name := role.of(r.raw)
		who := speakerOf(name)
		if who == nobody {
			name = bytes.ToLower(label(name))
			who = speakerOf(name)
		}
		from := len(p.text)
		var g *group
		if k := len(p.groups); k > 0 && p.groups[k-1].speaker == who {
			g = &p.groups[k-1]
			if !g.text.empty() {
				p.text = append(p.text, '\n')
			}
		}
		start := len(p.text)
		reason, detail := p.content(r, content, n)
		if sum != nil {
			sumTurn(sum, who, name, p.text[start:])
		}
		if len(p.text) == start || who == nobody {
			p.text = p.text[:from]
		}
		if who == nobody {
			continue
		}
		if g == nil {
			line += int64(bytes.Count(r.raw[counted:s.value.from], []byte{'\n'}))
			counted = s.value.from
			p.groups = append(p.groups, group{speaker: who, text: p.since(from), turn: int32(n), line: line})
			g = &p.groups[len(p.groups)-1]
		}
		g.text.to = int32(len(p.text))
		if g.reason == "" {
			g.reason, g.detail = reason, detail
		}
	}
	return ""
}

func sumTurn(sum hash.Hash, who speaker, name, text []byte) {
	switch who { // the same dialogue in two shapes is one dialogue
	case user:
		name = []byte("user")
	case assistant:
		name = []byte("assistant")
	}
	sum.Write(name)
	sum.Write([]byte{0})
	sum.Write(text)
	sum.Write([]byte{0})
}

// turnFields finds the role and the text of a turn.
func turnFields(b []byte, turn value) (role, content value) {
	for s := newFieldScan(b, turn); s.next(); {
		switch string(s.name()) {
		case "role", "from":
			role = s.value
		case "content", "value", "text":
			content = s.value
		}
	}
	return role, content
}

// isTurn reports whether an object that was checked looks like a turn.
func isTurn(b []byte, v value) bool {
	role, content := turnFields(b, v)
	return role.kind == kindString && (content.kind == kindString || content.kind == kindArray)
}

// content appends the text of a turn's content to p.text: a string, null, or a
// list of parts, of which those of type text count. It returns why it cannot.
func (p *Parser) content(r *record, v value, n int) (reason, detail string) {
	switch v.kind {
	case kindNull:
		return "", ""
	case kindString:
		return p.contentText(r, v, n)
	case kindArray:
		start := len(p.text)
		for s := newListScan(r.raw, v); s.next(); {
			if s.value.kind != kindObject {
				return ReasonField, fmt.Sprintf("a part of turn %d is %v, want an object", n, s.value.kind)
			}
			text, ok := partText(r.raw, s.value)
			if !ok {
				continue
			}
			if text.kind != kindString {
				return ReasonField, fmt.Sprintf("a text of turn %d is %v, want a string", n, text.kind)
			}
			from := len(p.text)
			if from > start {
				p.text = append(p.text, '\n')
			}
			behind := len(p.text)
			if reason, detail = p.contentText(r, text, n); reason != "" {
				return reason, detail
			}
			if len(p.text) == behind {
				p.text = p.text[:from]
			}
		}
		return "", ""
	}
	return ReasonField, fmt.Sprintf("the content of turn %d is %v, want a string", n, v.kind)
}

func (p *Parser) contentText(r *record, v value, n int) (reason, detail string) {
	raw, ok := p.string(r, v)
	if !ok {
		return ReasonUTF8, fmt.Sprintf("half of a surrogate pair in turn %d", n)
	}
	p.text = appendText(p.text, raw)
	return "", ""
}

// partText is the text of a part {"type":"text","text":…}; false for parts of
// other types.
func partText(b []byte, part value) (text value, ok bool) {
	for s := newFieldScan(b, part); s.next(); {
		switch string(s.name()) {
		case "type":
			ok = s.value.kind == kindString && string(s.value.of(b)) == "text"
		case "text":
			text = s.value
		}
	}
	return text, ok
}
