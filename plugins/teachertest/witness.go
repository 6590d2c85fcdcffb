package teachertest

import (
	"bytes"
	"strings"
	"sync"
)

// canary is a word in the texts that no message or log may repeat.
const canary = "zyzzyvaquoll"

// witness hears everything that the processes of a teacher say: on standard
// error, on standard output, in messages. It keeps where the canary was heard
// first, and the last line.
type witness struct {
	mu   sync.Mutex
	last []byte // the end of what was said
	sang string // where the canary was heard, "" = nowhere
}

const lastBytesMax = 4096

func (w *witness) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = append(w.last, b...)
	if w.sang == "" && bytes.Contains(w.last, []byte(canary)) {
		w.sang = "in its log"
	}
	if n := len(w.last); n > lastBytesMax {
		w.last = append(w.last[:0], w.last[n-lastBytesMax:]...)
	}
	return len(b), nil
}

// forget makes room for the words of another process.
func (w *witness) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = nil
}

// hear takes a message of the protocol.
func (w *witness) hear(where, message string) {
	if strings.Contains(message, canary) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.sang == "" {
			w.sang = where
		}
	}
}

func (w *witness) heard() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sang
}

// words is the last line that was said, to be put behind what went wrong.
func (w *witness) words() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(w.last)), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return "; its last words: " + quoted(last)
	}
	return ""
}
