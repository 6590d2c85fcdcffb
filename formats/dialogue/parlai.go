package dialogue

import (
	"bytes"
	"strings"
)

// The fields of a line of ParlAI. Of the labels the first is the answer.
const (
	parlaiText   = "text"
	parlaiLabels = "labels"
	parlaiEval   = "eval_labels" // as labels, in files for validation
	parlaiDone   = "episode_done"
)

// parlaiSplit makes a record of every episode: the lines up to and with one
// that says it is done.
type parlaiSplit struct{ w *window }

func (s parlaiSplit) next() (Record, bool) {
	if _, more := s.w.space(); !more {
		return Record{}, false
	}
	s.w.mark()
	line := s.w.line
	for {
		begin := s.w.pos - s.w.start
		whole := s.w.passLine()
		if s.w.tooLong() || !whole || isLast(s.w.record()[begin:]) {
			return s.w.finish(line, trailing(s.w.record()), whole)
		}
	}
}

// isLast reports whether a line ends its episode.
func isLast(line []byte) bool {
	e, _ := parlaiOf(line)
	return e.done
}

// exchange is a line of an episode: what is said, and the answers to it, as
// they are written.
type exchange struct {
	text, labels value
	eval         bool // the labels are eval_labels
	done         bool
}

// parlaiOf reads a line, of JSON or of fields behind tabs.
func parlaiOf(line []byte) (e exchange, fault *jsonFault) {
	i := skipSpace(line, 0)
	if i == len(line) || line[i] != '{' {
		return parlaiFields(line), nil
	}
	var found members
	if fault := checkJSON(line, &found); fault != nil {
		return e, fault
	}
	for s := newFieldScan(line, value{span: span{from: int32(i)}}); s.next(); {
		e.set(string(s.name()), s.value, string(s.value.of(line)) == "true")
	}
	return e, nil
}

func parlaiFields(line []byte) (e exchange) {
	at := int32(0)
	for part := range bytes.SplitSeq(bytes.TrimRight(line, "\r\n"), []byte{'\t'}) {
		end := at + int32(len(part))
		if name, text, ok := bytes.Cut(part, []byte{':'}); ok {
			e.set(string(name), value{span: span{end - int32(len(text)), end}, kind: kindString}, string(text) == "True")
		}
		at = end + 1
	}
	return e
}

func (e *exchange) set(name string, v value, yes bool) {
	switch name {
	case parlaiText:
		e.text = v
	case parlaiLabels:
		e.labels, e.eval = v, false
	case parlaiEval:
		if e.labels.kind == kindNull || e.eval {
			e.labels, e.eval = v, true
		}
	case parlaiDone:
		e.done = yes
	}
}

// isParlai reports whether a line has the fields of ParlAI.
func isParlai(line []byte) bool {
	e, fault := parlaiOf(line)
	labelled := e.labels.kind == kindArray || e.labels.kind == kindString
	if len(line) > 0 && line[0] == '{' { // others have texts and labels too
		return fault == nil && e.text.kind == kindString && labelled && bytes.Contains(line, []byte(`"`+parlaiDone+`"`))
	}
	return e.text.kind == kindString && labelled
}

// episode reads the lines of one. A bad line costs itself.
func (p *Parser) episode(from Record) {
	r := &p.rec
	p.cells.text = append(p.cells.text[:0], from.Raw...) // and, behind it, texts without escapes
	at, line := 0, from.Line
	for text := range bytes.Lines(from.Raw) {
		if len(bytes.TrimSpace(text)) > 0 {
			p.exchangeLine(text, int32(at), line)
		}
		at += len(text)
		line++
	}
	if len(p.said) == 0 {
		return // every line was skipped
	}
	r.reset(p.cells.text, from.Line)
	p.converse(r)
}

// exchangeLine adds a line that begins at an offset to p.said.
func (p *Parser) exchangeLine(line []byte, at int32, number int64) {
	e, fault := parlaiOf(line)
	switch {
	case fault != nil:
		p.reject(number, ReasonJSON, fault.String())
		return
	case e.text.kind != kindString && e.text.kind != kindNull:
		p.reject(number, ReasonField, "text is "+e.text.kind.String()+", want a string")
		return
	case e.text.kind == kindNull && e.labels.kind == kindNull:
		p.reject(number, ReasonNoPair, "no text and no labels")
		return
	}
	isJSON := line[skipSpace(line, 0)] == '{'
	if isJSON && e.labels.kind == kindArray {
		r := record{raw: line}
		if e.labels = p.firstAnswer(&r, e.labels); e.labels.kind != kindString && e.labels.kind != kindNull {
			p.reject(number, ReasonField, "the first of labels is "+e.labels.kind.String()+", want a string")
			return
		}
	}
	for i, v := range []value{e.text, e.labels} {
		if v.kind == kindNull {
			continue
		}
		start, ok := len(p.cells.text), true
		if isJSON {
			p.cells.text, ok = unescape(p.cells.text, v.of(line))
		} else {
			p.cells.text = append(p.cells.text, p.parlaiText(string(v.of(line)), i == 1)...)
		}
		if !ok {
			p.cells.text = p.cells.text[:start]
			p.reject(number, ReasonUTF8, "half of a surrogate pair in the text or the labels")
			return
		}
		p.said = append(p.said, said{who: user + speaker(i), at: at, text: value{span: span{int32(start), int32(len(p.cells.text))}, kind: kindString}})
	}
}

// parlaiText undoes how ParlAI writes a text: labels are parted by |, which in
// a text is __PIPE__.
func (p *Parser) parlaiText(s string, labels bool) string {
	if labels {
		first, _, several := strings.Cut(s, "|")
		if several {
			p.rules[ruleFirstAnswer]++
		}
		s = first
	}
	return strings.NewReplacer(`\n`, "\n", `\t`, "\t", "__PIPE__", "|").Replace(s)
}
