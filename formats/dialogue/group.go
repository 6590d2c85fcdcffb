package dialogue

import (
	"crypto/sha256"
	"fmt"
	"hash"
)

// group is what a speaker says in one go.
type group struct {
	speaker        speaker
	from           int32 // in p.text, of the label before it
	text           span
	turn           int32
	line           int64
	system         span   // in p.systems: the prompt that holds for it
	reason, detail string // if not empty, why it cannot be used
}

// converse makes pairs of p.said.
func (p *Parser) converse(r *record) {
	if len(p.said) > messagesMax {
		p.rejectMany(r)
		return
	}
	var s pairSpans
	id := fieldDialogue
	if r.value(id).kind == kindNull {
		id = fieldID
	}
	var prompt span
	if !p.labelField(r, id, true, &s.dialogue) ||
		!p.labelField(r, fieldLang, false, &s.lang) ||
		!p.labelField(r, fieldSource, false, &s.source) ||
		!p.promptField(r, &prompt) {
		return
	}
	none := p.speakers(r)
	var sum hash.Hash
	if s.dialogue.empty() {
		sum = sha256.New()
	}
	p.group(r, sum, prompt)
	if sum != nil {
		from := len(p.text)
		p.text = append(p.text, hex16(sum.Sum(nil))...)
		s.dialogue = p.since(from)
	}
	p.pairGroups(s)
	if none == "" {
		none = "no turn of a user that an assistant answers"
	}
	p.flush(r, none, p.options.MaxTurns)
}

// pairGroups makes items of p.groups. s is what they have in common.
func (p *Parser) pairGroups(s pairSpans) {
	for i := 1; i < len(p.groups); i++ {
		q, a := &p.groups[i-1], &p.groups[i]
		if q.speaker != user || a.speaker != assistant {
			continue
		}
		x := item{pairSpans: s, turn: q.turn, line: q.line, reason: q.reason, detail: q.detail}
		if x.reason == "" {
			x.reason, x.detail = a.reason, a.detail
		}
		x.question, x.answer = q.text, a.text
		var ok bool
		if x.context, ok = p.withSystem(q.system, p.before(i-1)); !ok && x.reason == "" {
			x.reason, x.detail = ReasonTooLong, p.contextsTooLong()
		}
		p.items = append(p.items, x)
	}
}

// before is the context of group i: the labelled groups before it, which stand
// before it in p.text too.
func (p *Parser) before(i int) span {
	from := max(0, i-p.options.ContextTurns)
	s := span{p.groups[from].from, p.groups[i].from - 1} // less the line end between them
	if s.from >= s.to {
		return span{}
	}
	return s
}

// group fills p.groups and p.text from p.said, and adds every message to sum if
// there is one. If there are to be contexts, each group in p.text has its label
// before it and a line end between it and the next, so that contexts are parts
// of p.text; a group that cannot be used is not there.
func (p *Parser) group(r *record, sum hash.Hash, prompt span) {
	p.groups = p.groups[:0]
	at, base := newLines(r), len(p.text)
	last := nobody
	for n := range p.said {
		s := &p.said[n]
		talks := s.who == user || s.who == assistant
		k := len(p.groups) - 1
		same := talks && k >= 0 && p.groups[k].speaker == s.who
		if talks && !same {
			p.closeGroup(base)
			g := group{speaker: s.who, turn: int32(n), line: at.of(s.at), system: prompt}
			p.openGroup(&g, base)
			p.groups = append(p.groups, g)
			k++
		}
		from := len(p.text)
		if same && !p.groups[k].text.empty() {
			p.text = append(p.text, '\n')
		}
		start := len(p.text)
		reason, detail := p.content(r, s, n)
		if sum != nil {
			sumTurn(sum, r, s, p.text[start:])
		}
		if s.who == system && reason == "" && p.options.System == "context" {
			prompt = p.keepPrompt(prompt, p.text[start:], last == system)
		}
		last = s.who
		if len(p.text) == start || !talks {
			p.text = p.text[:from]
		}
		if talks {
			g := &p.groups[k]
			g.text.to = int32(len(p.text))
			if g.reason == "" {
				g.reason, g.detail = reason, detail
			}
		}
	}
	p.closeGroup(base)
}

// openGroup puts the label of g behind p.text.
func (p *Parser) openGroup(g *group, base int) {
	if p.options.ContextTurns > 0 {
		if len(p.text) > base {
			p.text = append(p.text, '\n')
		}
		g.from = int32(len(p.text))
		p.text = append(p.text, g.speaker.label()...)
	}
	g.text = p.since(len(p.text))
}

// closeGroup takes the last group out of p.text again if it cannot be used.
func (p *Parser) closeGroup(base int) {
	if len(p.groups) == 0 || p.options.ContextTurns == 0 {
		return
	}
	if g := &p.groups[len(p.groups)-1]; g.text.empty() || g.reason != "" {
		g.text = span{}
		p.text = p.text[:max(base, int(g.from)-1)]
	}
}

func sumTurn(sum hash.Hash, r *record, s *said, text []byte) {
	switch s.who { // the same dialogue in two shapes is one dialogue
	case user:
		sum.Write([]byte("user"))
	case assistant:
		sum.Write([]byte("assistant"))
	default:
		sum.Write(roleOf(r, s.role))
	}
	sum.Write([]byte{0})
	sum.Write(text)
	sum.Write([]byte{0})
}

// content appends the text of a message to p.text: a string, null, or a list of
// parts, of which those of type text count. It returns why it cannot.
func (p *Parser) content(r *record, s *said, n int) (reason, detail string) {
	switch s.text.kind {
	case kindNull:
	case kindString:
		reason, detail = p.contentText(r, s.text, n)
	case kindArray:
		reason, detail = p.contentParts(r, s.text, n)
	default:
		return ReasonField, fmt.Sprintf("the content of turn %d is %v, want a string", n, s.text.kind)
	}
	if reason != "" || s.more.kind == kindNull {
		return reason, detail
	}
	if s.more.kind != kindString {
		return ReasonField, fmt.Sprintf("the input of turn %d is %v, want a string", n, s.more.kind)
	}
	from := len(p.text)
	p.text = append(p.text, "\n\n"...)
	behind := len(p.text)
	reason, detail = p.contentText(r, s.more, n)
	if len(p.text) == behind {
		p.text = p.text[:from]
	}
	return reason, detail
}

func (p *Parser) contentParts(r *record, list value, n int) (reason, detail string) {
	start := len(p.text)
	for s := newListScan(r.raw, list); s.next(); {
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

func (p *Parser) contentText(r *record, v value, n int) (reason, detail string) {
	raw, ok := p.string(r, v)
	if !ok {
		return ReasonUTF8, fmt.Sprintf("half of a surrogate pair in turn %d", n)
	}
	p.appendText(v, raw)
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
