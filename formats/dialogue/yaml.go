package dialogue

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// entries reads an item of a list in YAML that is itself a list of texts, by
// turns. Of YAML this reads what such files are made of, which is plain, quoted
// and block texts in block lists: what it takes to read the rest grows faster
// than a file made to that end.
func (p *Parser) entries(from Record) {
	p.cells.text = append(p.cells.text[:0], from.Raw...) // the texts go behind it
	b := p.cells.text
	b[bytes.IndexByte(b, '-')] = ' ' // of the item: what is left is the list in it
	depth, at := -1, 0               // of the dashes
	var entries []span               // behind their dashes
	line := from.Line
	for text := range bytes.Lines(b) {
		switch kind, indent := yamlLine(text); {
		case kind == lineItem && (depth < 0 || indent == depth):
			depth = indent
			entries = append(entries, span{int32(at + indent + 1), int32(at + len(text))})
		case kind != lineBlank && (depth < 0 || indent <= depth):
			p.reject(line, ReasonYAML, "not a list of texts in block style")
			return
		case kind == lineBlank && indent <= depth: // a comment here ends a text, and is in none
			for i := range bytes.TrimRight(text, "\r\n") {
				text[i] = ' '
			}
		case depth >= 0:
			entries[len(entries)-1].to = int32(at + len(text))
		}
		at += len(text)
		line++
	}
	lines := lines{raw: b, line: from.Line}
	for i, entry := range entries {
		start := len(p.cells.text)
		var fault string
		if p.cells.text, fault = yamlText(p.cells.text, entry.of(b), depth); fault != "" {
			p.reject(lines.of(entry.from), ReasonYAML, fault)
			return
		}
		text := value{span: span{int32(start), int32(len(p.cells.text))}, kind: kindString}
		p.said = append(p.said, said{who: user + speaker(i%2), text: text, at: entry.from})
	}
	p.rec.reset(p.cells.text, from.Line)
	p.rules[ruleByTurns]++
	p.converse(&p.rec)
}

// yamlText appends the text that begins behind the dash of an entry to dst, or
// says what is wrong with it.
func yamlText(dst, entry []byte, depth int) (_ []byte, fault string) {
	first := bytes.TrimLeft(entry, " ")
	if len(bytes.TrimSpace(first)) == 0 {
		return dst, ""
	}
	switch first[0] {
	case '|', '>':
		return yamlBlock(dst, first, depth)
	case '"', '\'':
		return yamlQuoted(dst, yamlFold(first, first[0]), first[0])
	case '[', ']', '{', '}', '&', '*', '!', '%', '@', '`', ',':
		return dst, "a text that begins with a mark of YAML"
	case '-', '?', ':':
		if len(first) == 1 || first[1] == ' ' || first[1] == '\n' {
			return dst, "an entry that is no text"
		}
	}
	text := yamlFold(first, 0)
	if bytes.Contains(text, []byte(": ")) || bytes.HasSuffix(text, []byte(":")) {
		return dst, "an entry that is no text"
	}
	if s := string(text); s == "~" || s == "null" {
		return dst, ""
	}
	return append(dst, text...), ""
}

// yamlFold makes one line of the lines of a text: a line end becomes a space,
// and each blank line a line end. quote is what the text is in, 0 if nothing,
// where a # behind a space begins a comment.
func yamlFold(b []byte, quote byte) []byte {
	var out []byte
	blank, joined := 0, true // joined: there is nothing to put before the next line
	for line := range bytes.Lines(b) {
		line = bytes.TrimSpace(line)
		if quote == 0 {
			if len(line) > 0 && line[0] == '#' {
				continue
			}
			if i := bytes.Index(line, []byte(" #")); i >= 0 {
				line = bytes.TrimSpace(line[:i])
			}
		}
		if len(line) == 0 {
			blank++
			continue
		}
		switch {
		case blank > 0 && len(out) > 0:
			out = append(out, bytes.Repeat([]byte{'\n'}, blank)...)
		case !joined:
			out = append(out, ' ')
		}
		blank, joined = 0, false
		if slashes := len(line) - len(bytes.TrimRight(line, `\`)); quote == '"' && slashes%2 == 1 {
			line, joined = line[:len(line)-1], true
		}
		out = append(out, line...)
	}
	return out
}

// yamlQuoted appends a text in quotes.
func yamlQuoted(dst, b []byte, quote byte) (_ []byte, fault string) {
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == quote && quote == '\'' && i+1 < len(b) && b[i+1] == quote:
			dst = append(dst, quote)
			i++
		case c == quote:
			if rest := bytes.TrimSpace(b[i+1:]); len(rest) > 0 && rest[0] != '#' {
				return dst, "a closing quote is not the end of its text"
			}
			return dst, ""
		case c == '\\' && quote == '"':
			var n int
			if dst, n = yamlEscape(dst, b[i+1:]); n == 0 {
				return dst, "bad escape"
			}
			i += n
		default:
			dst = append(dst, c)
		}
	}
	return dst, "a quote is opened and never closed"
}

// yamlEscape appends the character whose escape b begins with, behind its
// backslash, and returns how long that is; 0 if it is none.
func yamlEscape(dst, b []byte) (_ []byte, n int) {
	if len(b) == 0 {
		return dst, 0
	}
	const letters, means = `0abtnvfre "/\N_LP`, "\x00\a\b\t\n\v\f\r\x1b \"/\\\u0085\u00a0\u2028\u2029"
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[b[0]]
	if digits == 0 {
		i := bytes.IndexByte([]byte(letters), b[0])
		if i < 0 {
			return dst, 0
		}
		return utf8.AppendRune(dst, []rune(means)[i]), 1
	}
	if len(b) <= digits {
		return dst, 0
	}
	r, err := strconv.ParseUint(string(b[1:1+digits]), 16, 32)
	if err != nil || r > utf8.MaxRune || !utf8.ValidRune(rune(r)) {
		return dst, 0
	}
	return utf8.AppendRune(dst, rune(r)), 1 + digits
}

// yamlBlock appends a text that begins with | or >.
func yamlBlock(dst, b []byte, depth int) (_ []byte, fault string) {
	header, body, _ := bytes.Cut(b, []byte{'\n'})
	folded, indent := header[0] == '>', -1
	header, _, _ = bytes.Cut(bytes.TrimSpace(header[1:]), []byte(" #"))
	for _, c := range bytes.TrimSpace(header) {
		switch {
		case '1' <= c && c <= '9':
			indent = depth + int(c-'0')
		case c != '+' && c != '-':
			return dst, "a block that begins with a mark unknown here"
		}
	}
	apart := true // the next line is not to be joined to what is before
	for line := range bytes.Lines(body) {
		line = bytes.TrimRight(line, "\r\n")
		spaces := len(line) - len(bytes.TrimLeft(line, " "))
		blank := spaces == len(line)
		if indent < 0 && !blank {
			indent = spaces
		}
		line = line[min(max(0, indent), spaces):]
		switch free := blank || line[0] == ' ' || line[0] == '\t'; {
		case !folded:
			dst = append(append(dst, line...), '\n')
		case free:
			if !apart && !blank {
				dst = append(dst, '\n')
			}
			dst = append(append(dst, line...), '\n')
			apart = true
		default:
			if !apart {
				dst = append(dst, ' ')
			}
			dst = append(dst, line...)
			apart = false
		}
	}
	return dst, ""
}
