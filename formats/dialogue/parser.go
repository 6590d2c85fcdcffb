package dialogue

import (
	"bytes"
	"fmt"
	"maps"
	"math/bits"
	"unicode/utf8"
)

// Parser makes pairs of records. It is for one goroutine.
type Parser struct {
	layout   layout
	importer *importer // of the rows of a table
	names    *names
	source   string // of pairs that name none
	options  Options
	ignored  [fieldCount]int64
	rules    map[string]int64

	emit func(*Pair)
	skip func(Skip)

	// What follows is kept from record to record to save allocations.
	rec     record
	text    []byte  // the strings of the record's pairs, one behind another
	scratch []byte  // a string with its escapes undone
	cells   cells   // of a row
	said    []said  // in a conversation
	groups  []group // of what was said
	systems []byte  // what the system said
	nodes   []node  // of a tree
	items   []item  // of the record
	pair    Pair
	copied  int // bytes of p.text that are copies, for contexts
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
	names, err := newNames(o.Fields)
	if err != nil {
		return nil, err
	}
	return newParser(l, name, names, o), nil
}

func newParser(l layout, name string, names *names, o Options) *Parser {
	return &Parser{layout: l, importer: l.importer(), names: names, source: name, options: o, rules: map[string]int64{}, rec: record{names: names}}
}

// Pairs calls emit for every pair of r and skip for everything in it that is
// none, in the order of the record; it calls at least one of them. The Pair
// itself is valid during the call only, its strings for as long as they are
// kept.
func (p *Parser) Pairs(r Record, emit func(*Pair), skip func(Skip)) {
	p.emit, p.skip = emit, skip
	p.text, p.items, p.said, p.systems, p.copied = p.text[:0], p.items[:0], p.said[:0], p.systems[:0], 0
	switch {
	case r.Skip != "":
		p.reject(r.Line, r.Skip, map[string]string{
			ReasonTooLong: fmt.Sprintf("longer than %d bytes", p.options.RecordBytesMax),
			ReasonJSON:    "the file ends inside an array or an object",
			ReasonNoPair:  "no list under the key conversations",
		}[r.Skip])
	case p.layout.format == "json", p.layout.format == "jsonl", p.layout.format == "parquet":
		p.json(r)
	case !p.isUTF8(r):
	case p.layout.comma() != 0:
		p.row(r)
	default:
		switch p.layout.format {
		case "qa":
			p.block(r)
		case "flat":
			p.flat(r)
		case "parlai":
			p.episode(r)
		case "transcript":
			p.transcript(r)
		case "eou":
			p.utterances(r)
		case "yaml":
			p.entries(r)
		}
	}
	p.emit, p.skip = nil, nil
}

// Ignored counts, by name, the fields that were seen and left out: split
// always, since which rows are for validation is decided anew; rejected and
// negative, which are no answers; and context, history, input, instruction and
// system where a record's shape, or Options.System, has no use for them.
func (p *Parser) Ignored() map[string]int64 {
	all := map[string]int64{}
	for f, n := range p.ignored {
		if n > 0 {
			all[field(f).String()] = n
		}
	}
	return all
}

// The rules that Rules counts.
const (
	ruleFirstAsks   = "roles: first speaker asks"
	ruleByTurns     = "roles: by turns, first asks"
	ruleFirstAnswer = "answers: first of several"
	ruleBestAnswer  = "branches: best of several answers"
)

// Rules counts how often something was decided that a file does not say:
//
//   - "roles: first speaker asks": a dialogue of two whose roles are names
//   - "roles: by turns, first asks": a dialogue without roles
//   - "answers: first of several": a question with a list of answers
//   - "branches: best of several answers": a question of a tree, see
//     Options.Branches
func (p *Parser) Rules() map[string]int64 { return maps.Clone(p.rules) }

func (p *Parser) reject(line int64, reason, detail string) {
	p.skip(Skip{Line: line, Reason: reason, Detail: detail})
}

// isUTF8 skips the record if it is not UTF-8.
func (p *Parser) isUTF8(r Record) bool {
	ok := utf8.Valid(r.Raw)
	if !ok {
		p.reject(r.Line, ReasonUTF8, fmt.Sprintf("not UTF-8 at byte %d", invalidAt(r.Raw)+1))
	}
	return ok
}

func (p *Parser) json(r Record) {
	var key value
	body := 0
	if p.layout.format == "json" {
		key, body = keyed(r.Raw)
	}
	fault := p.rec.read(r, body)
	if !(fault == nil && body == 0 && p.rec.found.plain) && !p.isUTF8(r) {
		return
	}
	if fault != nil {
		p.reject(r.Line, ReasonJSON, fault.String())
		return
	}
	if body > 0 && p.rec.value(fieldDialogue).kind == kindNull {
		p.rec.set(fieldDialogue, 0, key)
	}
	for i := range importers {
		if importers[i].detect(&p.rec) {
			p.read(&importers[i])
			return
		}
	}
	p.countIgnored(0)
	p.reject(r.Line, ReasonNoPair, p.rec.shape())
}

func (p *Parser) read(i *importer) {
	p.countIgnored(i.reads)
	i.read(p, &p.rec)
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
			p.rec.set(f, 0, value{span: cell, kind: kindString})
		}
	}
	p.read(p.importer)
}

func (p *Parser) block(r Record) {
	question, answer, missing := cutBlock(r.Raw)
	if missing != "" {
		p.reject(r.Line, ReasonNoPair, fmt.Sprintf("no line begins with %s", missing))
		return
	}
	p.rec.reset(r.Raw, r.Line)
	p.rec.set(fieldQuestion, 0, value{span: question, kind: kindString})
	p.rec.set(fieldAnswer, 0, value{span: answer, kind: kindString})
	readPair(p, &p.rec)
}

// countIgnored counts the fields of the record that are not in reads.
func (p *Parser) countIgnored(reads fieldSet) {
	if p.options.System != "context" {
		reads &^= setOf(fieldSystem)
	}
	for left := p.rec.seen & passedOver &^ reads; left != 0; left &= left - 1 {
		f := field(bits.TrailingZeros32(uint32(left)))
		if v := p.rec.value(f); v.kind == kindNull || v.kind == kindString && v.empty() || v.kind == kindArray && v.to-v.from == int32(len("[]")) {
			continue
		}
		p.ignored[f]++
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
