package dialogue

import "fmt"

// readParagraphs reads paragraphs with the questions about them.
func readParagraphs(p *Parser, r *record) {
	v := r.value(fieldParagraphs)
	if v.kind != kindArray {
		p.rejectKind(r, fieldParagraphs, "an array")
		return
	}
	var s pairSpans
	if !p.labelField(r, fieldLang, false, &s.lang) || !p.labelField(r, fieldSource, false, &s.source) {
		return
	}
	at := newLines(r)
	for scan := newListScan(r.raw, v); scan.next(); {
		line := at.of(scan.value.from)
		if scan.value.kind != kindObject {
			p.items = append(p.items, item{line: line, reason: ReasonField, detail: fmt.Sprintf("a paragraph is %v, want an object", scan.value.kind)})
		} else {
			p.paragraph(r, scan.value, s, &at)
		}
		if len(p.items) > messagesMax {
			p.rejectMany(r)
			return
		}
	}
	p.flush(r, "no question in any paragraph", 0)
}

// paragraph adds the questions of one paragraph to p.items.
func (p *Parser) paragraph(r *record, v value, s pairSpans, at *lines) {
	var context, questions value
	for scan := newFieldScan(r.raw, v); scan.next(); {
		switch string(scan.name()) {
		case "context":
			context = scan.value
		case "qas":
			questions = scan.value
		}
	}
	var bad item
	s.context = p.itemText(r, context, "the context of a paragraph", &bad)
	if questions.kind != kindArray && bad.reason == "" {
		bad.reason, bad.detail = ReasonField, fmt.Sprintf("the qas of a paragraph are %v, want an array", questions.kind)
	}
	if bad.reason != "" {
		bad.line = at.of(v.from)
		p.items = append(p.items, bad)
		return
	}
	for scan := newListScan(r.raw, questions); scan.next() && len(p.items) <= messagesMax; {
		x := item{pairSpans: s, turn: -1, line: at.of(scan.value.from)}
		if scan.value.kind == kindObject {
			p.askedOf(r, scan.value, &x)
		} else {
			x.reason, x.detail = ReasonField, fmt.Sprintf("one of qas is %v, want an object", scan.value.kind)
		}
		p.items = append(p.items, x)
	}
}

// askedOf reads one of qas.
func (p *Parser) askedOf(r *record, v value, x *item) {
	var id, question, answers, impossible value
	for scan := newFieldScan(r.raw, v); scan.next(); {
		switch string(scan.name()) {
		case "id":
			id = scan.value
		case "question":
			question = scan.value
		case "answers":
			answers = scan.value
		case "is_impossible":
			impossible = scan.value
		}
	}
	if string(impossible.of(r.raw)) == "true" {
		x.reason, x.detail = ReasonNoPair, "the question has no answer: is_impossible"
		return
	}
	answer := p.firstAnswer(r, answers)
	if answer.kind == kindNull {
		x.reason, x.detail = ReasonNoPair, "no answer is given"
		return
	}
	x.question = p.itemText(r, question, "the question", x)
	x.answer = p.itemText(r, answer, "the answer", x)
	switch id.kind {
	case kindNull:
	case kindString, kindNumber:
		var ok bool
		if x.id, ok = p.labelValue(r, id); !ok {
			x.reason, x.detail = ReasonUTF8, "half of a surrogate pair in the id"
		}
	default:
		x.reason, x.detail = ReasonField, fmt.Sprintf("the id is %v, want a string or a number", id.kind)
	}
}

// itemText appends the text/v1 of a string or null to p.text, or notes in x,
// if nothing is noted yet, why it cannot.
func (p *Parser) itemText(r *record, v value, what string, x *item) span {
	from := len(p.text)
	reason, detail := "", ""
	switch v.kind {
	case kindNull:
	case kindString:
		if raw, ok := p.string(r, v); ok {
			p.appendText(v, raw)
		} else {
			reason, detail = ReasonUTF8, "half of a surrogate pair in "+what
		}
	default:
		reason, detail = ReasonField, fmt.Sprintf("%s is %v, want a string", what, v.kind)
	}
	if x.reason == "" {
		x.reason, x.detail = reason, detail
	}
	return p.since(from)
}
