package plugins

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
)

const lineBytesRead = 4096 // longer lines come in pieces

// lines is a writer that hands each line it is given to say, long ones in
// pieces.
type lines struct {
	say  func(string)
	mu   sync.Mutex
	rest []byte
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(b)
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		end := i >= 0
		if !end {
			i = len(b)
		}
		if room := lineBytesRead - len(l.rest); i > room {
			i, end = room, true
			l.rest, b = append(l.rest, b[:i]...), b[i:]
		} else {
			l.rest, b = append(l.rest, b[:i]...), b[min(i+1, len(b)):]
		}
		if end {
			l.say(string(l.rest))
			l.rest = l.rest[:0]
		}
	}
	return n, nil
}

// lastWords keeps the line that best explains why a teacher ended: where it
// panicked, else the last one that says anything.
type lastWords struct {
	mu   sync.Mutex
	line string
}

func (w *lastWords) add(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fatal := func(s string) bool { return strings.HasPrefix(s, "panic: ") || strings.HasPrefix(s, "fatal error: ") }
	if strings.TrimSpace(line) != "" && !fatal(w.line) {
		w.line = line
	}
}

// String is the line, of a structured one the message.
func (w *lastWords) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var entry struct {
		Message string `json:"@message"`
	}
	if json.Unmarshal([]byte(w.line), &entry) == nil && entry.Message != "" {
		return clean(entry.Message)
	}
	return clean(w.line)
}
