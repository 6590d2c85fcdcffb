package dialogue

import "bytes"

// The marks that begin a turn in a string of HH-RLHF, as JSON has them.
var (
	hhHuman     = []byte(`\n\nHuman:`)
	hhAssistant = []byte(`\n\nAssistant:`)
)

// isHH reports whether an answer without a question is a whole conversation as
// HH-RLHF has it.
func isHH(r *record) bool {
	v := r.value(fieldAnswer)
	return v.kind == kindString && !r.has(fieldQuestion) && r.whole.kind == kindObject && bytes.HasPrefix(v.of(r.raw), hhHuman)
}

func readHH(p *Parser, r *record) {
	v := r.value(fieldAnswer)
	at, end := v.from, v.to
	for at < end {
		n, who := nextHH(r.raw[at:end])
		if k := len(p.said) - 1; k >= 0 {
			p.said[k].text.to = at + int32(n)
		}
		at += int32(n)
		if who == nobody {
			break
		}
		mark := len(hhHuman)
		if who == assistant {
			mark = len(hhAssistant)
		}
		at += int32(mark)
		p.said = append(p.said, said{who: who, at: at, text: value{span: span{at, end}, kind: kindString}})
	}
	p.converse(r)
}

// nextHH is the offset of the first mark in the text of a JSON string, and whose
// it is; its length and nobody if there is none.
func nextHH(b []byte) (int, speaker) {
	for i := 0; i < len(b); i++ {
		n := bytes.IndexByte(b[i:], '\\')
		if n < 0 {
			break
		}
		switch i += n; {
		case bytes.HasPrefix(b[i:], hhHuman):
			return i, user
		case bytes.HasPrefix(b[i:], hhAssistant):
			return i, assistant
		}
		i++ // what is escaped may be a backslash
	}
	return len(b), nobody
}
