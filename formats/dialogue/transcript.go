package dialogue

import "bytes"

// mark begins a message of a transcript. ASCII letters count in either case.
type mark struct {
	text []byte
	who  speaker
}

var transcriptMarks = marksOf(map[speaker][]string{
	user:      {"User", "Human", "Customer", "Пользователь", "Клиент", "用户", "المستخدم"},
	assistant: {"Assistant", "Bot", "AI", "Agent", "Ассистент", "Бот", "助手", "المساعد"},
	system:    {"System", "Система", "系统", "النظام"},
})

func marksOf(all map[speaker][]string) (marks []mark) {
	for _, who := range []speaker{user, assistant, system} {
		for _, name := range all[who] {
			for _, colon := range []string{":", "："} {
				marks = append(marks, mark{[]byte(name + colon), who})
			}
		}
	}
	return marks
}

// cutSpeaker is the offset behind the mark that b begins with, and whose it is.
// Before a mark may be what Markdown puts there, as in "### User:" or
// "**User:**".
func cutSpeaker(b []byte) (int, speaker) {
	i := len(b) - len(bytes.TrimLeft(b, " \t#*"))
	for _, m := range transcriptMarks {
		if end := i + len(m.text); end <= len(b) && bytes.EqualFold(b[i:end], m.text) {
			return end + len(b[end:]) - len(bytes.TrimLeft(b[end:], "*")), m.who
		}
	}
	return 0, nobody
}

// transcriptSplit makes a record of every dialogue of a transcript: what stands
// between two lines of ---, or two blank lines, that are followed by a mark.
type transcriptSplit struct{ w *window }

func (s transcriptSplit) next() (Record, bool) {
	if _, more := s.w.space(); !more {
		return Record{}, false
	}
	s.w.mark()
	line, blank, parted, trim := s.w.line, 0, false, 0 // trim: bytes of what parts it from the next
	for {
		b := s.w.look(markLookBytes)
		text, _, ended := bytes.Cut(b[:min(markLookBytes, len(b))], []byte{'\n'})
		n := len(text)
		if ended {
			n++
		}
		switch {
		case len(b) == 0:
		case n == markLookBytes && !ended: // a longer line
			blank, parted, trim = 0, false, 0
		case len(bytes.TrimSpace(text)) == 0:
			blank++
			trim += n
		case isRule(text):
			parted = true
			trim += n
		default:
			blank, parted, trim = 0, false, 0
		}
		whole := s.w.passLine()
		last := !whole
		if whole && (parted || blank >= 2) {
			_, who := cutSpeaker(s.w.look(markLookBytes))
			last = who != nobody
		}
		if !last {
			continue
		}
		kept := s.w.record()[:max(0, len(s.w.record())-trim)]
		kept = kept[:len(kept)-trailing(kept)]
		if len(kept) == 0 && !s.w.tooLong() { // rules and nothing else
			return s.next()
		}
		return s.w.finish(line, len(s.w.record())-len(kept), whole)
	}
}

// markLookBytes is enough for white space and a mark, and for a line that parts
// dialogues.
const markLookBytes = 256

// isRule reports whether a line is three or more of one of - = * and _.
func isRule(line []byte) bool {
	line = bytes.TrimSpace(line)
	return len(line) >= 3 && bytes.IndexByte([]byte("-=*_"), line[0]) >= 0 && len(bytes.Trim(line, string(line[:1]))) == 0
}

// transcript reads one dialogue.
func (p *Parser) transcript(from Record) {
	r := &p.rec
	r.reset(from.Raw, from.Line)
	at := 0
	for line := range bytes.Lines(from.Raw) {
		n, who := cutSpeaker(line)
		if k := len(p.said) - 1; who == nobody && k >= 0 {
			p.said[k].text.to = int32(at + len(line))
		} else if who != nobody {
			p.said = append(p.said, said{who: who, at: int32(at), text: value{span: span{int32(at + n), int32(at + len(line))}, kind: kindString}})
		}
		at += len(line)
	}
	p.converse(r)
}

// endOfUtterance ends each message of a dialogue in DailyDialog.
const endOfUtterance = "__eou__"

// utterances reads a line of messages by turns.
func (p *Parser) utterances(from Record) {
	r := &p.rec
	r.reset(from.Raw, from.Line)
	i := 0
	for text := range bytes.SplitSeq(from.Raw, []byte(endOfUtterance)) {
		if end := i + len(text); end < len(from.Raw) || len(bytes.TrimSpace(text)) > 0 { // behind the last mark is nothing
			p.said = append(p.said, said{who: user + speaker(len(p.said)%2), at: int32(i), text: value{span: span{int32(i), int32(end)}, kind: kindString}})
		}
		i += len(text) + len(endOfUtterance)
	}
	p.rules[ruleByTurns]++
	p.converse(r)
}
