package dialogue

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// Parser makes pairs of records. It is for one goroutine.
type Parser struct {
	layout  layout
	source  string // of pairs that name none
	max     int
	ignored int64

	emit func(*Pair)
	skip func(Skip)

	// What follows is kept from record to record to save allocations.
	rec     record
	text    []byte  // the strings of the record's pairs, one behind another
	scratch []byte  // a string with its escapes undone
	cells   cells   // of a row
	groups  []group // of a conversation
	pair    Pair
}

// NewParser makes a parser without an open file. The format is what
// Input.Format says, so for a table it lists the columns; the name is the
// source of pairs that name none.
func NewParser(format, name string, o Options) (*Parser, error) {
	l, err := parseLayout(format)
	if err != nil {
		return nil, err
	}
	if err := l.check(); err != nil {
		return nil, err
	}
	return newParser(l, name, o), nil
}

func newParser(l layout, name string, o Options) *Parser {
	return &Parser{layout: l, source: name, max: o.RecordBytesMax}
}

// Pairs calls emit for every pair of r and skip for everything in it that is
// none, in the order of the record; it calls at least one of them. The Pair
// itself is valid during the call only, its strings for as long as they are
// kept.
func (p *Parser) Pairs(r Record, emit func(*Pair), skip func(Skip)) {
	p.emit, p.skip = emit, skip
	p.text = p.text[:0]
	switch {
	case r.Skip != "":
		p.reject(r.Line, r.Skip, map[string]string{
			ReasonTooLong: fmt.Sprintf("longer than %d bytes", p.max),
			ReasonJSON:    "the file ends inside an array or an object",
		}[r.Skip])
	case !utf8.Valid(r.Raw):
		p.reject(r.Line, ReasonUTF8, fmt.Sprintf("not UTF-8 at byte %d", invalidAt(r.Raw)+1))
	case p.layout.comma() != 0:
		p.row(r)
	case p.layout.format == "qa":
		p.block(r)
	default:
		p.json(r)
	}
	p.emit, p.skip = nil, nil
}

// Ignored counts, by name, the fields that were seen and are never read. The
// only one is split: which rows are for validation is decided anew.
func (p *Parser) Ignored() map[string]int64 {
	if p.ignored == 0 {
		return map[string]int64{}
	}
	return map[string]int64{fieldSplit.String(): p.ignored}
}

func (p *Parser) reject(line int64, reason, detail string) {
	p.skip(Skip{Line: line, Reason: reason, Detail: detail})
}

func (p *Parser) json(r Record) {
	if fault := p.rec.read(r); fault != nil {
		p.reject(r.Line, ReasonJSON, fault.String())
		return
	}
	p.countIgnored()
	for i := range importers {
		if importers[i].detect(&p.rec) {
			importers[i].read(p, &p.rec)
			return
		}
	}
	p.reject(r.Line, ReasonNoPair, p.rec.shape())
}

func (p *Parser) row(r Record) {
	fault := p.cells.read(r.Raw, p.layout.comma())
	switch got, want := len(p.cells.spans), len(p.layout.columns); {
	case fault != nil:
		p.reject(r.Line+fault.lines, ReasonCSV, fault.what)
		return
	case got != want:
		p.reject(r.Line, ReasonCSV, fmt.Sprintf("%d fields, want %d", got, want))
		return
	}
	p.rec.reset(p.cells.text, r.Line)
	for i, f := range p.layout.columns {
		cell := p.cells.spans[i]
		if f != fieldNone && len(bytes.TrimSpace(cell.of(p.cells.text))) > 0 {
			p.rec.set(f, 0, value{cell, kindString})
		}
	}
	p.countIgnored()
	readPair(p, &p.rec)
}

func (p *Parser) block(r Record) {
	question, answer, missing := cutBlock(r.Raw)
	if missing != "" {
		p.reject(r.Line, ReasonNoPair, fmt.Sprintf("no line begins with %s", missing))
		return
	}
	p.rec.reset(r.Raw, r.Line)
	p.rec.set(fieldQuestion, 0, value{question, kindString})
	p.rec.set(fieldAnswer, 0, value{answer, kindString})
	readPair(p, &p.rec)
}

func (p *Parser) countIgnored() {
	if p.rec.has(fieldSplit) {
		p.ignored++
	}
}

// invalidAt is the offset of the first byte of b that is not UTF-8.
func invalidAt(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(b)
}
