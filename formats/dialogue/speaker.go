package dialogue

import "bytes"

// speaker is whose turn it is.
type speaker uint8

const (
	nobody speaker = iota // a tool, or someone unknown
	user
	assistant
	system
)

func speakerOf(role []byte) speaker {
	switch string(role) {
	case "user", "human", "question", "prompter", "customer":
		return user
	case "assistant", "bot", "answer", "gpt", "chatgpt", "model", "agent":
		return assistant
	case "system", "developer":
		return system
	}
	return nobody
}

// aside reports whether a role is not that of someone who talks.
func aside(role []byte) bool {
	switch string(role) {
	case "tool", "function", "tool_call", "function_call", "tool_response", "observation", "ipython", "environment":
		return true
	}
	return false
}

func (s speaker) String() string {
	return [...]string{"nobody", "user", "assistant", "system"}[s]
}

// label begins a message of s in a context.
func (s speaker) label() string {
	return [...]string{"nobody: ", "user: ", "assistant: ", "system: "}[s]
}

// speakers finds out who says what in p.said. If nobody is known by a role and
// there are two names, the first to speak asks. It returns why nobody answers
// if that is because of the roles.
func (p *Parser) speakers(r *record) (none string) {
	var (
		first, second []byte
		more, known   bool
	)
	for i := range p.said {
		s := &p.said[i]
		if s.role.kind == kindNull {
			known = known || s.who == user || s.who == assistant
			continue
		}
		role := roleOf(r, s.role)
		if s.who == nobody {
			s.who = speakerOf(role)
		}
		switch {
		case s.who == user, s.who == assistant:
			known = true
		case s.who == system, aside(role):
		case first == nil:
			first = role
		case bytes.Equal(role, first):
		case second == nil:
			second = role
		case !bytes.Equal(role, second):
			more = true
		}
	}
	switch {
	case known || second == nil:
		return ""
	case more:
		return "more than two speakers, and none of them a user or an assistant"
	}
	p.rules[ruleFirstAsks]++
	for i := range p.said {
		s := &p.said[i]
		if s.who != nobody || s.role.kind == kindNull {
			continue
		}
		switch role := roleOf(r, s.role); {
		case bytes.Equal(role, first):
			s.who = user
		case bytes.Equal(role, second):
			s.who = assistant
		}
	}
	return ""
}

// roleOf is a role in lower case.
func roleOf(r *record, v value) []byte {
	role := label(v.of(r.raw))
	for _, c := range role {
		if 'A' <= c && c <= 'Z' || c >= 0x80 {
			return bytes.ToLower(role)
		}
	}
	return role
}
