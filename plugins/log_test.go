package plugins

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"
	"pgregory.net/rapid"
)

// record is a log in memory.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(b)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

func (r *record) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(r, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// What a teacher prints, wherever to, reaches the log escaped and breaks
// nothing.
func TestLogOfTeacher(t *testing.T) {
	var r record
	o := DefaultOptions()
	o.Log = r.logger()
	f := start(t, fakeSpec("prints"), o)
	if _, err := f.Embed(t.Context(), []string{"my secret text"}, make([]float32, fakeDims)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil { // all output has been read then
		t.Fatal(err)
	}
	log := r.String()
	if !strings.Contains(log, "a C library") {
		t.Errorf("descriptor 1 is not in the log:\n%s", log)
	}
	if strings.Contains(log, "\x1b") || strings.Contains(log, "my secret") {
		t.Errorf("the log holds what it must not:\n%s", log)
	}
}

func TestLogFlood(t *testing.T) {
	var r record
	o := DefaultOptions()
	o.Log = r.logger()
	f := start(t, fakeSpec("floods"), o)
	if _, err := f.Embed(t.Context(), []string{"x"}, make([]float32, fakeDims)); err != nil {
		t.Fatal(err)
	}
	f.Close()
	log := r.String()
	if n := strings.Count(log, "\n"); n < linesBurst || n > 5*linesBurst {
		t.Errorf("%d lines in the log", n)
	}
	for line := range strings.Lines(log) {
		if len(line) > 2*lineBytesMax {
			t.Fatalf("a line of %d bytes", len(line))
		}
	}
}

func TestBridge(t *testing.T) {
	var r record
	b := newBridge(r.logger(), "dir/fake")
	b.Error("go-plugin about itself", "error", "x")
	own := b.Named("fake")
	own.Warn("a structured warning", "timestamp", "today")
	own.Error("panic: a plain line")
	own.Trace("not at all")
	b.Named("stdio").Warn("about streams", "a", 1)
	own.With("a", 1).Info("more\x1b", "b", 2)
	own.StandardLogger(nil).Print("nowhere")
	if own.GetLevel() != hclog.Debug {
		t.Error(own.GetLevel())
	}
	var got strings.Builder
	for line := range strings.Lines(r.String()) {
		_, line, _ = strings.Cut(line, " ")
		got.WriteString(line)
	}
	want := `level=DEBUG msg="go-plugin about itself" teacher=dir/fake
level=WARN msg="a structured warning" teacher=dir/fake
level=DEBUG msg="panic: a plain line" teacher=dir/fake
level=DEBUG msg="about streams" teacher=dir/fake
level=INFO msg=more\u001b teacher=dir/fake
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
}

func TestLimit(t *testing.T) {
	var r record
	b := newBridge(r.logger(), "fake")
	for i := range 3 * linesBurst {
		b.Debug(fmt.Sprint(i))
	}
	b.limit.rate.SetLimit(1e9)
	b.Debug("last")
	b.Debug("last")
	if log := r.String(); !strings.Contains(log, `msg="lines left out" teacher=fake lines=`) || !strings.Contains(log, "msg=last") {
		t.Error("dropped lines are not counted")
	}
	newBridge(nil, "x").Error("nowhere")
}

// However writes cut them, lines come out whole, long ones in pieces.
func TestLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOf(rapid.IntRange(0, 3*lineBytesRead)).Draw(t, "lengths")
		var text strings.Builder
		for i, n := range in {
			text.WriteString(strings.Repeat(string(rune('a'+i%26)), n) + "\n")
		}
		var got []string
		l := &lines{say: func(s string) { got = append(got, s) }}
		for rest := text.String(); rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "cut")
			l.Write([]byte(rest[:n]))
			rest = rest[n:]
		}
		for _, s := range got {
			if len(s) > lineBytesRead || strings.Trim(s, s[:min(1, len(s))]) != "" {
				t.Fatalf("a piece of %d bytes", len(s))
			}
		}
		if strings.Join(got, "") != strings.ReplaceAll(text.String(), "\n", "") {
			t.Fatal("bytes were lost")
		}
	})
}
