package dialogue

// field is one of the fields of a record that mean something here.
type field uint8

const (
	fieldNone field = iota
	fieldQuestion
	fieldAnswer
	fieldID
	fieldDialogue
	fieldTurn
	fieldLang
	fieldSource
	fieldContext
	fieldSplit
	fieldMessages
	fieldConversations
	fieldTurns
	fieldInstruction
	fieldCount
)

// fields lists the names of each field, the field's own first. Names are
// matched without regard to ASCII case.
var fields = [fieldCount][]string{
	fieldNone:          {"-"},
	fieldQuestion:      {"question", "q", "input", "user_message", "prompt"},
	fieldAnswer:        {"answer", "a", "response", "output", "completion", "assistant_message"},
	fieldID:            {"id"},
	fieldDialogue:      {"dialogue_id", "conversation_id", "conv_id"},
	fieldTurn:          {"turn"},
	fieldLang:          {"lang", "language"},
	fieldSource:        {"source"},
	fieldContext:       {"context"},
	fieldSplit:         {"split"},
	fieldMessages:      {"messages"},
	fieldConversations: {"conversations", "conversation"},
	fieldTurns:         {"turns", "dialogue"},
	fieldInstruction:   {"instruction"},
}

func (f field) String() string { return fields[f][0] }

// fieldOf is the field of that name, and fieldNone for a name that means
// nothing here. It is the table above written out, since it runs for every key
// of every record.
func fieldOf(name []byte) field {
	f, _ := fieldRank(name)
	return f
}

// fieldRank is fieldOf together with the name's place among the names of its
// field: where a record has two of them, the earlier name counts.
func fieldRank(name []byte) (f field, rank uint8) {
	const longest = len("assistant_message")
	if len(name) > longest {
		return fieldNone, 0
	}
	var buf [longest]byte
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	switch string(buf[:len(name)]) {
	case "question":
		return fieldQuestion, 0
	case "q":
		return fieldQuestion, 1
	case "input":
		return fieldQuestion, 2
	case "user_message":
		return fieldQuestion, 3
	case "prompt":
		return fieldQuestion, 4
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
	case "id":
		return fieldID, 0
	case "dialogue_id":
		return fieldDialogue, 0
	case "conversation_id":
		return fieldDialogue, 1
	case "conv_id":
		return fieldDialogue, 2
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
	case "split":
		return fieldSplit, 0
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
	case "instruction":
		return fieldInstruction, 0
	}
	return fieldNone, 0
}
