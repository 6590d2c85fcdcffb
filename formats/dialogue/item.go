package dialogue

import (
	"bytes"
	"fmt"
)

// item is one of several things that come of a record: a pair, or what is
// wrong with it. They are kept until the texts of all of them are one string.
type item struct {
	pairSpans
	turn           int32
	line           int64
	reason, detail string // if not empty, why it is no pair
}

// flush emits p.items. If there are none, the record is skipped, and none says
// why. Of a dialogue at most most pairs are taken, if that is not 0.
func (p *Parser) flush(r *record, none string, most int) {
	if len(p.items) == 0 {
		p.reject(r.line, ReasonNoPair, none)
		return
	}
	text := string(p.text)
	pairs := 0
	for i := range p.items {
		x := &p.items[i]
		what := emptyPart(x.question, x.answer)
		switch {
		case x.reason != "":
			p.reject(x.line, x.reason, x.detail)
		case what != "":
			p.reject(x.line, ReasonEmpty, what)
		case most > 0 && pairs >= most:
			p.reject(x.line, ReasonMaxTurns, fmt.Sprintf("behind the first %d pairs of its dialogue", most))
		default:
			x.fill(&p.pair, text, p.source)
			p.pair.Turn, p.pair.Line, p.pair.Ordinal = x.turn, x.line, int32(pairs)
			pairs++
			p.emit(&p.pair)
		}
	}
}

// lines tells the line of an offset in a record. Offsets that mostly grow cost
// one pass over the record.
type lines struct {
	raw  []byte
	at   int32
	line int64
}

func newLines(r *record) lines { return lines{raw: r.raw, line: r.line} }

func (l *lines) of(at int32) int64 {
	if at < l.at {
		l.line -= int64(bytes.Count(l.raw[at:l.at], []byte{'\n'}))
	} else {
		l.line += int64(bytes.Count(l.raw[l.at:at], []byte{'\n'}))
	}
	l.at = at
	return l.line
}
