package wasm

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Levels of cubeset.log. Others count as LevelInfo.
const (
	LevelDebug = 0
	LevelInfo  = 1
	LevelWarn  = 2
	LevelError = 3
)

const (
	logLineMax     = 1024     // bytes of one message; the rest is cut
	logInstanceMax = 64 << 10 // bytes of all messages of one instance
)

// journal is what one instance may say.
type journal struct {
	filter string
	send   func(filter string, level int, msg string) // nil = nobody listens
	spent  int
	line   []byte // written to stdout or stderr and not yet ended
}

// say sends one message, cut and cleaned, until the instance has said enough.
func (j *journal) say(level int, msg []byte) {
	if j.send == nil || j.spent >= logInstanceMax {
		return
	}
	if level < LevelDebug || level > LevelError {
		level = LevelInfo
	}
	text := clean(msg, logLineMax)
	if j.spent += len(text) + 1; j.spent >= logInstanceMax {
		text += " (the filter has said enough and is no longer heard)"
	}
	j.send(j.filter, level, text)
}

// write takes bytes of stdout or stderr and says them line by line.
func (j *journal) write(p []byte) {
	if j.send == nil || j.spent >= logInstanceMax {
		return
	}
	for _, c := range p {
		if c != '\n' && len(j.line) < logLineMax {
			j.line = append(j.line, c)
			continue
		}
		j.flush()
		if c != '\n' {
			j.line = append(j.line, c)
		}
	}
}

// flush says what stands in the line.
func (j *journal) flush() {
	if len(j.line) > 0 {
		j.say(LevelInfo, j.line)
		j.line = j.line[:0]
	}
}

// clean is foreign text made safe to print: at most limit bytes are read, and
// whatever is not printable, control and bidi characters above all, is escaped.
func clean(p []byte, limit int) string {
	cut := len(p) > limit
	if cut {
		for limit > 0 && !utf8.RuneStart(p[limit]) {
			limit--
		}
		p = p[:limit]
	}
	var b strings.Builder
	for len(p) > 0 {
		c, size := utf8.DecodeRune(p)
		switch {
		case c == utf8.RuneError && size == 1:
			b.WriteString(`\x` + strconv.FormatUint(uint64(p[0])|0x100, 16)[1:])
		case unicode.IsPrint(c):
			b.WriteRune(c)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(c), "'"))
		}
		p = p[size:]
	}
	if cut {
		b.WriteString("…")
	}
	return b.String()
}
