package dialogue

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// pairSpans are where in Parser.text the strings of a pair are, before all of
// that is made one string, so that a record costs one allocation.
type pairSpans struct {
	id, question, answer, context, dialogue, lang, source span
}

// readPair reads a record that is one pair.
func readPair(p *Parser, r *record) {
	var s pairSpans
	if p.textField(r, fieldQuestion, &s.question) {
		p.rest(r, s)
	}
}

// readInstruction reads a record whose question is what to do and, below it,
// what to do it with. An input is never left out.
func readInstruction(p *Parser, r *record) {
	var s pairSpans
	var input span
	if !p.textField(r, fieldInstruction, &s.question) {
		return
	}
	const between = "\n\n"
	from := len(p.text)
	p.text = append(p.text, between...)
	switch {
	case !p.textField(r, fieldInput, &input):
		return
	case input.empty():
		p.text = p.text[:from]
	case s.question.empty():
		s.question = input
	default:
		s.question.to = input.to
	}
	p.rest(r, s)
}

// rest reads what a pair has besides its question.
func (p *Parser) rest(r *record, s pairSpans) {
	turn := int32(-1)
	ok := p.answerField(r, &s.answer) &&
		p.textField(r, fieldContext, &s.context) &&
		p.systemField(r, &s.context) &&
		p.labelField(r, fieldID, true, &s.id) &&
		p.labelField(r, fieldDialogue, true, &s.dialogue) &&
		p.labelField(r, fieldLang, false, &s.lang) &&
		p.labelField(r, fieldSource, false, &s.source) &&
		p.turnField(r, &turn)
	if !ok {
		return
	}
	if what := emptyPart(s.question, s.answer); what != "" {
		p.reject(r.line, ReasonEmpty, what)
		return
	}
	text := string(p.text)
	s.fill(&p.pair, text, p.source)
	p.pair.Turn, p.pair.Line, p.pair.Ordinal = turn, r.line, 0
	p.emit(&p.pair)
}

// fill gives a pair the parts of text. The source is what it is if the record
// names none.
func (s *pairSpans) fill(p *Pair, text, source string) {
	p.ID = text[s.id.from:s.id.to]
	p.Question = text[s.question.from:s.question.to]
	p.Answer = text[s.answer.from:s.answer.to]
	p.Context = text[s.context.from:s.context.to]
	p.DialogueID = text[s.dialogue.from:s.dialogue.to]
	p.Lang = text[s.lang.from:s.lang.to]
	if p.Source = source; !s.source.empty() {
		p.Source = text[s.source.from:s.source.to]
	}
}

// emptyPart says which of the two is empty, "" if none is.
func emptyPart(question, answer span) string {
	switch {
	case question.empty():
		return "the question is empty"
	case answer.empty():
		return "the answer is empty"
	}
	return ""
}

// textField appends the text/v1 of a field to p.text; false if it skipped the
// record instead.
func (p *Parser) textField(r *record, f field, s *span) bool {
	v := r.value(f)
	if v.kind == kindNull {
		return true
	}
	if v.kind != kindString {
		p.rejectKind(r, f, "a string")
		return false
	}
	return p.textValue(r, f, v, s)
}

func (p *Parser) textValue(r *record, f field, v value, s *span) bool {
	raw, ok := p.string(r, v)
	if !ok {
		p.reject(r.line, ReasonUTF8, fmt.Sprintf("half of a surrogate pair in %s", r.name(f)))
		return false
	}
	from := len(p.text)
	p.appendText(v, raw)
	*s = p.since(from)
	return true
}

// answerField is textField for the answer, of which there may be a list.
func (p *Parser) answerField(r *record, s *span) bool {
	v := r.value(fieldAnswer)
	if v.kind != kindArray && v.kind != kindObject {
		return p.textField(r, fieldAnswer, s)
	}
	switch v = p.firstAnswer(r, v); v.kind {
	case kindString:
		return p.textValue(r, fieldAnswer, v, s)
	case kindNull:
		p.reject(r.line, ReasonNoPair, "no answer is given")
	default:
		p.reject(r.line, ReasonField, fmt.Sprintf("the first of %s is %v, want a string", r.name(fieldAnswer), v.kind))
	}
	return false
}

// firstAnswer is the first of several answers: of a list of strings, of one of
// objects with a text, or of an object with a list of texts. It is null if
// there is none.
func (p *Parser) firstAnswer(r *record, v value) value {
	if v.kind == kindObject {
		v = textOf(r.raw, v)
	}
	if v.kind != kindArray {
		return v
	}
	s := newListScan(r.raw, v)
	if !s.next() {
		return value{}
	}
	first := s.value
	if first.kind == kindObject {
		first = textOf(r.raw, first)
	}
	if s.next() {
		p.rules[ruleFirstAnswer]++
	}
	return first
}

// textOf is the field text of an object.
func textOf(b []byte, object value) (text value) {
	for s := newFieldScan(b, object); s.next(); {
		if string(s.name()) == "text" {
			text = s.value
		}
	}
	return text
}

// labelField appends a field as it is: a string or, if it may be one, a number.
func (p *Parser) labelField(r *record, f field, number bool, s *span) bool {
	v := r.value(f)
	if v.kind == kindNull {
		return true
	}
	if v.kind != kindString && !(number && v.kind == kindNumber) {
		want := "a string"
		if number {
			want = "a string or a number"
		}
		p.rejectKind(r, f, want)
		return false
	}
	var ok bool
	if *s, ok = p.labelValue(r, v); !ok {
		p.reject(r.line, ReasonUTF8, fmt.Sprintf("half of a surrogate pair in %s", r.name(f)))
	}
	return ok
}

func (p *Parser) labelValue(r *record, v value) (span, bool) {
	raw, ok := p.string(r, v)
	from := len(p.text)
	if ok {
		p.text = append(p.text, raw...)
	}
	return p.since(from), ok
}

// turnField reads a whole number, also as a string and with the .0 that tables
// with gaps put behind it.
func (p *Parser) turnField(r *record, turn *int32) bool {
	v := r.value(fieldTurn)
	switch v.kind {
	case kindNull:
		return true
	case kindNumber, kindString:
		n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(string(v.of(r.raw))), ".0"), 10, 64)
		if err == nil && 0 <= n && n <= math.MaxInt32 {
			*turn = int32(n)
			return true
		}
		p.reject(r.line, ReasonField, fmt.Sprintf("turn is not a whole number in 0..%d", math.MaxInt32))
	default:
		p.rejectKind(r, fieldTurn, "a number")
	}
	return false
}

// since is the span of what was appended to p.text since it was from long.
func (p *Parser) since(from int) span { return span{int32(from), int32(len(p.text))} }

// string is the text of a string, or the digits of a number. It is valid until
// the next call. Only JSON has escapes: tables and plain text are as they are.
func (p *Parser) string(r *record, v value) ([]byte, bool) {
	raw := v.of(r.raw)
	if v.plain || r.whole.kind == kindNull || bytes.IndexByte(raw, '\\') < 0 {
		return raw, true
	}
	var ok bool
	p.scratch, ok = unescape(p.scratch[:0], raw)
	return p.scratch, ok
}

// appendText appends the text/v1 of a value, whose text is raw, to p.text.
func (p *Parser) appendText(v value, raw []byte) {
	if v.plain { // text/v1 but for white space around it
		p.text = append(p.text, bytes.TrimSpace(raw)...)
	} else {
		p.text = appendText(p.text, raw)
	}
}
