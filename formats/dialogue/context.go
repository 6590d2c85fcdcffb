package dialogue

import "fmt"

// promptField puts the field system into p.systems, if prompts are kept.
func (p *Parser) promptField(r *record, s *span) bool {
	if p.options.System != "context" || r.value(fieldSystem).kind == kindNull {
		return true
	}
	from := len(p.text)
	var text span
	if !p.textField(r, fieldSystem, &text) {
		return false
	}
	*s = p.keepPrompt(span{}, text.of(p.text), false)
	p.text = p.text[:from]
	return true
}

// systemField puts the field system before the context of a pair.
func (p *Parser) systemField(r *record, context *span) bool {
	var prompt span
	if !p.promptField(r, &prompt) {
		return false
	}
	var ok bool
	if *context, ok = p.withSystem(prompt, *context); !ok {
		p.reject(r.line, ReasonTooLong, p.contextsTooLong())
	}
	return ok
}

// keepPrompt puts a prompt into p.systems, below the last one if goOn.
func (p *Parser) keepPrompt(last span, text []byte, goOn bool) span {
	from := int32(len(p.systems))
	if goOn && !last.empty() {
		from = last.from
		p.systems = append(p.systems, '\n')
	}
	p.systems = append(p.systems, text...)
	return span{from, int32(len(p.systems))}
}

// withSystem is a context with a prompt before it, both copied to the end of
// p.text if there is a prompt. It is false if that makes the contexts of the
// record longer than a record may be: a long prompt before many short pairs
// would take memory without end.
func (p *Parser) withSystem(prompt, context span) (span, bool) {
	if prompt.empty() {
		return context, true
	}
	from, label := len(p.text), system.label()
	if !p.room(len(label) + int(prompt.to-prompt.from) + 1 + int(context.to-context.from)) {
		return span{}, false
	}
	p.text = append(p.text, label...)
	p.text = append(p.text, prompt.of(p.systems)...)
	if !context.empty() {
		p.text = append(p.text, '\n')
		p.text = append(p.text, context.of(p.text)...)
	}
	return p.since(from), true
}

// room reports whether n more bytes may be copied into contexts.
func (p *Parser) room(n int) bool {
	if p.copied+n > p.options.RecordBytesMax {
		return false
	}
	p.copied += n
	return true
}

func (p *Parser) contextsTooLong() string {
	return fmt.Sprintf("the contexts of its record are longer than %d bytes", p.options.RecordBytesMax)
}
