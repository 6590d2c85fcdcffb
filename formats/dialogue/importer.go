package dialogue

import "fmt"

// importer reads one shape of record. A file may mix shapes: for each record
// the first importer that detects its own reads it.
type importer struct {
	Format
	reads  fieldSet // of those in passedOver
	detect func(*record) bool
	read   func(*Parser, *record)
}

// passedOver are the fields that some importers leave out, which is counted.
var passedOver = setOf(fieldInput, fieldInstruction, fieldContext, fieldSystem, fieldHistory, fieldSplit, fieldRejected, fieldNegative)

// importers is never changed.
var importers = [...]importer{
	{Format{"tree", "OpenAssistant: a prompt with its replies, theirs, and so on; each answer is a pair with what it answers",
		`{"message_tree_id":"1","prompt":{"message_id":"1","text":"…","role":"prompter","replies":[{"message_id":"2","text":"…","role":"assistant","rank":0,"replies":[]}]}}`},
		0, isTree, readTree},
	{Format{"trl", "a conversation in two parts, of which at least one is a list of messages: prompt, and completion or chosen",
		`{"prompt":[{"role":"user","content":"…"}],"chosen":[{"role":"assistant","content":"…"}],"rejected":[{"role":"assistant","content":"…"}]}`},
		setOf(fieldSystem), isTRL, readTRL},
	{Format{"history", "ms-swift: a pair and what was said before it",
		`{"query":"…","response":"…","history":[["…","…"]]}`},
		setOf(fieldSystem, fieldHistory, fieldInstruction, fieldInput), isHistory, readHistory},
	{Format{"pair", "a question and its answer under any of their names, also as prompt and chosen, or anchor and positive; of a list of answers the first",
		`{"question":"…","answer":"…"}`},
		setOf(fieldSystem, fieldContext), isPair, readPair},
	{Format{"instruction", "Alpaca and Dolly: the question is the instruction and, below a blank line, the input if there is one",
		`{"instruction":"…","input":"…","output":"…"}`},
		setOf(fieldSystem, fieldContext, fieldInstruction, fieldInput), isInstruction, readInstruction},
	{Format{"hh", "HH-RLHF: a conversation in one string, each turn behind a blank line and Human: or Assistant:",
		`{"chosen":"\n\nHuman: …\n\nAssistant: …","rejected":"\n\nHuman: …\n\nAssistant: …"}`},
		setOf(fieldSystem), isHH, readHH},
	{Format{"messages", "OpenAI: turns with role and content",
		`{"messages":[{"role":"user","content":"…"},{"role":"assistant","content":"…"}]}`},
		setOf(fieldSystem), hasField(fieldMessages), turnsOf(fieldMessages)},
	{Format{"sharegpt", "ShareGPT: turns with from and value; ms-swift: both sides in one turn",
		`{"conversations":[{"from":"human","value":"…"},{"from":"gpt","value":"…"}]}`},
		setOf(fieldSystem), hasField(fieldConversations), turnsOf(fieldConversations)},
	{Format{"turns", "SGD, MultiWOZ, Taskmaster: turns with speaker and utterance or text, or by turns where nobody is named; DailyDialog: texts by turns",
		`{"dialogue_id":"1","turns":[{"speaker":"USER","utterance":"…"},{"speaker":"SYSTEM","utterance":"…"}]}`},
		setOf(fieldSystem), hasField(fieldTurns), turnsOf(fieldTurns)},
	{Format{"squad", "SQuAD: questions about paragraphs, each with its paragraph as context",
		`{"paragraphs":[{"context":"…","qas":[{"id":"1","question":"…","answers":[{"text":"…"}]}]}]}`},
		0, hasField(fieldParagraphs), readParagraphs},
	{Format{"list", "Topical-Chat: turns with agent and message under content; UltraChat: texts by turns under data",
		`{"id":"1","data":["…","…"]}`},
		setOf(fieldSystem), hasArray(fieldList), turnsOf(fieldList)},
	{Format{"flat", "a list of messages, each with the id of the one it answers",
		`[{"message_id":"1","text":"…","role":"prompter"},{"message_id":"2","parent_id":"1","text":"…","role":"assistant"}]`},
		0, isFlat, readFlat},
	{Format{"bare", "a list of turns by itself",
		`[{"role":"user","text":"…"},{"role":"assistant","text":"…"}]`},
		0, isArray, readBare},
}

// Shapes lists the shapes a record of JSON may have, in the order in which they
// are tried; pair and instruction are the shapes of a row of a table too.
func Shapes() []Format {
	shapes := make([]Format, len(importers))
	for i := range importers {
		shapes[i] = importers[i].Format
	}
	return shapes
}

func importerOf(name string) *importer {
	for i := range importers {
		if importers[i].Name == name {
			return &importers[i]
		}
	}
	return nil
}

func hasField(f field) func(*record) bool {
	return func(r *record) bool { return r.value(f).kind != kindNull }
}

func hasArray(f field) func(*record) bool {
	return func(r *record) bool { return r.value(f).kind == kindArray }
}

func isArray(r *record) bool { return r.whole.kind == kindArray }

func readBare(p *Parser, r *record) { p.conversation(r, part{list: r.whole}) }

func turnsOf(f field) func(*Parser, *record) {
	return func(p *Parser, r *record) {
		if v := r.value(f); v.kind == kindArray {
			p.conversation(r, part{list: v, unnamed: f == fieldTurns})
		} else {
			p.rejectKind(r, f, "an array")
		}
	}
}

func isPair(r *record) bool { return r.has(fieldQuestion) && r.has(fieldAnswer) }

func isInstruction(r *record) bool {
	return r.value(fieldInstruction).kind != kindNull && r.has(fieldAnswer)
}

// isTRL leaves strings to the pair, which they are.
func isTRL(r *record) bool {
	q, a := r.value(fieldQuestion), r.value(fieldAnswer)
	return (q.kind == kindArray || a.kind == kindArray) && (isMessages(r.raw, q, r.names) || isMessages(r.raw, a, r.names))
}

// readTRL leaves out a prompt that is a string if the messages of the answer
// begin with it, as those of a user.
func readTRL(p *Parser, r *record) {
	q, a := part{list: r.value(fieldQuestion), who: user}, part{list: r.value(fieldAnswer), who: assistant}
	if q.list.kind == kindString && p.asks(r, a.list) {
		q = part{}
	}
	p.conversation(r, q, a)
}

func isHistory(r *record) bool {
	v := r.value(fieldHistory)
	return v.kind == kindArray && v.to-v.from > int32(len("[]")) && (isPair(r) || isInstruction(r))
}

func readHistory(p *Parser, r *record) {
	q := part{list: r.value(fieldQuestion), who: user}
	if q.list.kind == kindNull {
		q.list, q.more = r.value(fieldInstruction), r.value(fieldInput)
	}
	p.conversation(r, part{list: r.value(fieldHistory)}, q, part{list: r.value(fieldAnswer), who: assistant})
}

func (p *Parser) rejectKind(r *record, f field, want string) {
	p.reject(r.line, ReasonField, fmt.Sprintf("%s is %v, want %s", r.name(f), r.value(f).kind, want))
}
