package dialogue

import "bytes"

// field is one of the fields of a record that mean something here.
type field uint8

const (
	fieldNone field = iota
	fieldQuestion
	fieldAnswer
	fieldInput
	fieldInstruction
	fieldID
	fieldDialogue
	fieldTurn
	fieldLang
	fieldSource
	fieldContext
	fieldSystem
	fieldHistory
	fieldMessages
	fieldConversations
	fieldTurns
	fieldList
	fieldParagraphs
	fieldMessage
	fieldSplit
	fieldRejected
	fieldNegative
	fieldCount
)

// rankInput is the place of "input" among the names of a question, which it is
// where no instruction stands beside it.
const rankInput = 2

// fields lists the names of each field, the field's own first. Names are
// matched without regard to ASCII case.
var fields = [fieldCount][]string{
	fieldNone:          {"-"},
	fieldQuestion:      {"question", "q", "input", "user_message", "prompt", "query", "anchor", "sentence1"},
	fieldAnswer:        {"answer", "a", "response", "output", "completion", "assistant_message", "chosen", "positive", "sentence2", "answers"},
	fieldInput:         {"input"},
	fieldInstruction:   {"instruction"},
	fieldID:            {"id"},
	fieldDialogue:      {"dialogue_id", "conversation_id", "conv_id", "message_tree_id"},
	fieldTurn:          {"turn"},
	fieldLang:          {"lang", "language"},
	fieldSource:        {"source"},
	fieldContext:       {"context"},
	fieldSystem:        {"system"},
	fieldHistory:       {"history"},
	fieldMessages:      {"messages"},
	fieldConversations: {"conversations", "conversation"},
	fieldTurns:         {"turns", "dialogue", "utterances", "dialog", "log"},
	fieldList:          {"data", "content"},
	fieldParagraphs:    {"paragraphs"},
	fieldMessage:       {"message_id"},
	fieldSplit:         {"split"},
	fieldRejected:      {"rejected"},
	fieldNegative:      {"negative"},
}

func (f field) String() string { return fields[f][0] }

// fieldSet is a set of fields, a bit each.
type fieldSet uint32

func setOf(all ...field) (s fieldSet) {
	for _, f := range all {
		s |= 1 << f
	}
	return s
}

func (s fieldSet) has(f field) bool { return s>>f&1 == 1 }

// fieldRank is the field of that name, and fieldNone for a name that means
// nothing here, together with the name's place among the names of its field:
// where a record has two of them, the earlier name counts.
func fieldRank(name []byte) (field, uint8) {
	const longest = len("assistant_message")
	if len(name) > longest {
		return fieldNone, 0
	}
	f, rank := lowerRank(name)
	if f != fieldNone {
		return f, rank
	}
	var lower [longest]byte
	capitals := false
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
			capitals = true
		}
		lower[i] = c
	}
	if !capitals {
		return fieldNone, 0
	}
	return lowerRank(lower[:len(name)])
}

// lowerRank is fieldRank for names in lower case. It is the table above
// written out, since it runs for every key of every record.
func lowerRank(name []byte) (f field, rank uint8) {
	switch string(name) {
	case "question":
		return fieldQuestion, 0
	case "q":
		return fieldQuestion, 1
	case "input":
		return fieldInput, 0
	case "user_message":
		return fieldQuestion, 3
	case "prompt":
		return fieldQuestion, 4
	case "query":
		return fieldQuestion, 5
	case "anchor":
		return fieldQuestion, 6
	case "sentence1":
		return fieldQuestion, 7
	case "answer":
		return fieldAnswer, 0
	case "a":
		return fieldAnswer, 1
	case "response":
		return fieldAnswer, 2
	case "output":
		return fieldAnswer, 3
	case "completion":
		return fieldAnswer, 4
	case "assistant_message":
		return fieldAnswer, 5
	case "chosen":
		return fieldAnswer, 6
	case "positive":
		return fieldAnswer, 7
	case "sentence2":
		return fieldAnswer, 8
	case "answers":
		return fieldAnswer, 9
	case "instruction":
		return fieldInstruction, 0
	case "id":
		return fieldID, 0
	case "dialogue_id":
		return fieldDialogue, 0
	case "conversation_id":
		return fieldDialogue, 1
	case "conv_id":
		return fieldDialogue, 2
	case "message_tree_id":
		return fieldDialogue, 3
	case "turn":
		return fieldTurn, 0
	case "lang":
		return fieldLang, 0
	case "language":
		return fieldLang, 1
	case "source":
		return fieldSource, 0
	case "context":
		return fieldContext, 0
	case "system":
		return fieldSystem, 0
	case "history":
		return fieldHistory, 0
	case "messages":
		return fieldMessages, 0
	case "conversations":
		return fieldConversations, 0
	case "conversation":
		return fieldConversations, 1
	case "turns":
		return fieldTurns, 0
	case "dialogue":
		return fieldTurns, 1
	case "utterances":
		return fieldTurns, 2
	case "dialog":
		return fieldTurns, 3
	case "log":
		return fieldTurns, 4
	case "data":
		return fieldList, 0
	case "content":
		return fieldList, 1
	case "paragraphs":
		return fieldParagraphs, 0
	case "message_id":
		return fieldMessage, 0
	case "split":
		return fieldSplit, 0
	case "rejected":
		return fieldRejected, 0
	case "negative":
		return fieldNegative, 0
	}
	if bytes.HasPrefix(name, []byte("negative_")) { // negative_1, negative_2 and so on
		return fieldNegative, 0
	}
	return fieldNone, 0
}
