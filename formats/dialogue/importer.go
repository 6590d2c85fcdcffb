package dialogue

import "fmt"

// importer reads one shape of record. A file may mix shapes: for each record
// the first importer that detects its own reads it.
type importer struct {
	name   string
	detect func(*record) bool
	read   func(*Parser, *record)
}

// importers is never changed.
var importers = [...]importer{
	// {"question":"…","answer":"…"} under any of their names.
	{"pair", isPair, readPair},
	// OpenAI: {"messages":[{"role":"user","content":"…"}, …]}.
	{"messages", hasField(fieldMessages), turnsOf(fieldMessages)},
	// ShareGPT: {"conversations":[{"from":"human","value":"…"}, …]}.
	{"sharegpt", hasField(fieldConversations), turnsOf(fieldConversations)},
	// {"turns":[{"role":"user","text":"…"}, …]}, or such a list by itself.
	{"turns", hasField(fieldTurns), turnsOf(fieldTurns)},
	{"list", isList, func(p *Parser, r *record) { p.turns(r, r.whole) }},
}

// isPair leaves out {"instruction", "input", "output"}, where the input is
// what an instruction is to be done with, and no question.
func isPair(r *record) bool {
	const rankInput = 2
	return r.has(fieldQuestion) && r.has(fieldAnswer) &&
		!(r.has(fieldInstruction) && r.ranks[fieldQuestion] == rankInput)
}

func isList(r *record) bool { return r.whole.kind == kindArray }

func hasField(f field) func(*record) bool {
	return func(r *record) bool { return r.value(f).kind != kindNull }
}

func turnsOf(f field) func(*Parser, *record) {
	return func(p *Parser, r *record) {
		if v := r.value(f); v.kind == kindArray {
			p.turns(r, v)
		} else {
			p.rejectKind(r, f, "an array")
		}
	}
}

func (p *Parser) rejectKind(r *record, f field, want string) {
	p.reject(r.line, ReasonField, fmt.Sprintf("%s is %v, want %s", r.name(f), r.value(f).kind, want))
}
