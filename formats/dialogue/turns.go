package dialogue

import "fmt"

// A conversation is read in four steps: its lists become messages (p.said),
// their roles speakers, what one speaker says in several messages in a row a
// group (p.groups), and each group of the user that one of the assistant
// follows a pair. Messages of others are passed over.

// messagesMax is how many messages, or questions, one record may have: what is
// kept of each is longer than the shortest of them.
const messagesMax = 1 << 18

func (p *Parser) rejectMany(r *record) {
	p.reject(r.line, ReasonTooLong, fmt.Sprintf("more than %d messages or questions", messagesMax))
}

// said is one message of a conversation.
type said struct {
	who  speaker
	role value // what the file calls the speaker; null where the shape tells
	text value
	more value // what goes below text, after a blank line
	at   int32 // where it begins
}

// part is a part of a conversation: a list of turns, or a text that who says.
type part struct {
	list, more value
	who        speaker
	unnamed    bool // the turns of the list may be without roles
}

// conversation reads a record that is one.
func (p *Parser) conversation(r *record, parts ...part) {
	for _, x := range parts {
		switch x.list.kind {
		case kindNull:
		case kindString:
			p.said = append(p.said, said{who: x.who, text: x.list, more: x.more, at: x.list.from})
		case kindArray:
			if detail := p.say(r, x.list, x.unnamed); detail != "" {
				p.reject(r.line, ReasonField, detail)
				return
			}
			if len(p.said) > messagesMax {
				p.rejectMany(r)
				return
			}
		default:
			p.reject(r.line, ReasonField, fmt.Sprintf("what the %v says is %v, want a string or an array", x.who, x.list.kind))
			return
		}
	}
	p.converse(r)
}

// say adds the turns of a list to p.said. It returns what is wrong with the
// list, "" if nothing. Where turns may be unnamed and the first is, they are by
// turns.
func (p *Parser) say(r *record, list value, unnamed bool) (detail string) {
	i, texts := 0, false // texts: it is a list of strings
	for s := newListScan(r.raw, list); len(p.said) <= messagesMax; i++ {
		from, more := s.ahead()
		if !more {
			break
		}
		n := len(p.said)
		if !texts && r.raw[from] == '{' {
			t := p.turn(r, from)
			s.pass(t.end)
			if i == 0 {
				unnamed = unnamed && t.isUnnamed()
			}
			if unnamed && t.isUnnamed() {
				p.said = append(p.said, said{who: user + speaker(i%2), text: t.content, at: int32(from)})
				continue
			}
			if detail := p.sayTurn(&t, from); detail != "" {
				return detail
			}
			continue
		}
		s.next()
		if i == 0 {
			texts = s.value.kind == kindString
		}
		switch {
		case texts && s.value.kind == kindString:
			p.said = append(p.said, said{who: user + speaker(i%2), text: s.value, at: s.value.from})
		case texts:
			return fmt.Sprintf("turn %d is %v, want a string", n, s.value.kind)
		case s.value.kind == kindArray:
			if detail := p.exchange(r, s.value, n); detail != "" {
				return detail
			}
		default:
			return fmt.Sprintf("turn %d is %v, want an object", n, s.value.kind)
		}
	}
	if texts || unnamed && i > 0 {
		p.rules[ruleByTurns]++
	}
	return ""
}

// sayTurn adds a turn that is an object to p.said.
func (p *Parser) sayTurn(t *turnFields, at int) (detail string) {
	switch {
	case t.role.kind == kindNull && (t.human.kind != kindNull || t.answer.kind != kindNull):
		p.said = append(p.said, said{who: user, text: t.human, at: int32(at)}, said{who: assistant, text: t.answer, at: int32(at)})
	case t.role.kind != kindString:
		return fmt.Sprintf("the role of turn %d is %v, want a string", len(p.said), t.role.kind)
	default:
		p.said = append(p.said, said{who: t.who, role: t.role, text: t.content, at: int32(at)})
	}
	return ""
}

// exchange is a turn that is a list of what both sides say.
func (p *Parser) exchange(r *record, list value, n int) (detail string) {
	i := 0
	for s := newListScan(r.raw, list); s.next(); i++ {
		if i < 2 {
			p.said = append(p.said, said{who: user + speaker(i), text: s.value, at: s.value.from})
		}
	}
	if i != 2 {
		return fmt.Sprintf("turn %d is an array of %d, want a question and an answer", n, i)
	}
	return ""
}

// turnFields are the fields of a turn that mean something.
type turnFields struct {
	role, content value
	who           speaker // if the role means something else than usual
	human, answer value   // of a turn of both sides
	ranks         [2]uint8
	end           int // the offset behind it
}

// turn finds the role and the text of the turn that begins at an offset.
func (p *Parser) turn(r *record, at int) (t turnFields) {
	t = turnOf(r.raw, at, p.names)
	role, _ := p.names.ofTurn()
	// What answers in SGD and MultiWOZ is a system, and never a prompt.
	const rankSpeaker = 2
	if role == nil && t.ranks[0] == rankSpeaker && t.role.kind == kindString && string(lowerASCII(t.role.of(r.raw))) == "system" {
		t.who = assistant
	}
	return t
}

// turnOf is what the file says of the turn that begins at an offset. Of several
// names the earliest that is not null counts.
func turnOf(b []byte, at int, names *names) (t turnFields) {
	role, content := names.ofTurn()
	s := fieldScan{b: b, i: at}
	for s.next() {
		name := s.name()
		i, rank := turnRank(name)
		switch {
		case role != nil && string(lowerASCII(name)) == string(role):
			i, rank = 0, 0
		case content != nil && string(lowerASCII(name)) == string(content):
			i, rank = 1, 0
		case i == 0 && role != nil || i == 1 && content != nil:
			continue
		}
		switch i {
		case 0:
			t.set(&t.role, i, rank, s.value)
		case 1:
			t.set(&t.content, i, rank, s.value)
		case 2:
			t.human = s.value
		case 3:
			t.answer = s.value
		}
	}
	t.end = s.end()
	return t
}

// isUnnamed reports whether a turn has a text and says nothing of who says it.
func (t *turnFields) isUnnamed() bool {
	return t.role.kind == kindNull && t.human.kind == kindNull && t.answer.kind == kindNull && t.content.kind == kindString
}

func (t *turnFields) set(to *value, i int, rank uint8, v value) {
	if to.kind == kindNull || v.kind != kindNull && rank <= t.ranks[i] {
		*to, t.ranks[i] = v, rank
	}
}

// turnRank is what a field of a turn means: 0 its role, 1 its content, 2 and 3
// what either side says, and its place among the names of that.
func turnRank(name []byte) (i int, rank uint8) {
	switch string(name) {
	case "role":
		return 0, 0
	case "from":
		return 0, 1
	case "speaker":
		return 0, 2
	case "agent":
		return 0, 3
	case "content":
		return 1, 0
	case "value":
		return 1, 1
	case "text":
		return 1, 2
	case "utterance":
		return 1, 3
	case "message":
		return 1, 4
	case "human":
		return 2, 0
	case "assistant":
		return 3, 0
	}
	return -1, 0
}

// isTurn reports whether an object that was checked looks like a turn.
func isTurn(b []byte, v value, names *names, unnamed bool) bool {
	t := turnOf(b, int(v.from), names)
	return unnamed && t.isUnnamed() || t.role.kind == kindString && (t.content.kind == kindString || t.content.kind == kindArray)
}

// isMessages reports whether a value that was checked is a list of turns.
func isMessages(b []byte, v value, names *names) bool {
	if v.kind != kindArray {
		return false
	}
	s := newListScan(b, v)
	return s.next() && s.value.kind == kindObject && turnOf(b, int(s.value.from), names).role.kind == kindString
}

// asks reports whether the first in a list of turns who is no system asks.
func (p *Parser) asks(r *record, list value) bool {
	if list.kind != kindArray {
		return false
	}
	for s := newListScan(r.raw, list); s.next(); {
		if s.value.kind != kindObject {
			return false
		}
		if t := p.turn(r, int(s.value.from)); t.role.kind == kindString {
			if who := speakerOf(roleOf(r, t.role)); who != system {
				return who == user
			}
		}
	}
	return false
}
