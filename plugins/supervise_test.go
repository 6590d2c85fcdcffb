package plugins

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cubeset/cubeset/sdk/teacher"
)

// fakeState is the folder in which a frail teacher leaves word to the one that
// takes its place.
const fakeState = "FAKE_STATE"

// frail is a teacher with a fault that its texts bring out.
type frail struct{ mode string }

func (f frail) Describe(context.Context) (teacher.Description, error) {
	d := fakeDescription()
	if f.mode == "frail turncoat" && f.left("died") > 0 {
		d.Revision = "2"
	}
	if f.mode == "frail wide" && f.left("died") > 0 {
		d.Name, d.MaxRows = "wide", 7 // which are no part of what it is
	}
	return d, nil
}

func (f frail) Embed(ctx context.Context, texts []string, dst []float32) error {
	all := strings.Join(texts, " ")
	sick := f.mode == "frail sick" && f.left("died") > 0
	if sick || strings.Contains(all, "lethal") {
		os.Exit(3)
	}
	if strings.Contains(all, "once") && f.leave("died") == 1 {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	if strings.Contains(all, "endless") || strings.Contains(all, "tedious") && len(texts) > 2 {
		hang()
	}
	if strings.Contains(all, "later") && f.leave("asked") <= 3 {
		return teacher.ErrBusy
	}
	if strings.Contains(all, "down") && f.leave("asked") <= 2 {
		return teacher.ErrUnavailable
	}
	if strings.Contains(all, "never") {
		return teacher.ErrBusy
	}
	return fake{"healthy"}.Embed(ctx, texts, dst)
}

// left is how often the word was left, leave leaves it.
func (f frail) left(word string) int {
	b, _ := os.ReadFile(filepath.Join(os.Getenv(fakeState), word))
	return len(b)
}

func (f frail) leave(word string) int {
	w, err := os.OpenFile(filepath.Join(os.Getenv(fakeState), word), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = w.WriteString("x")
	}
	if err != nil {
		panic(err)
	}
	w.Close()
	return f.left(word)
}

// pauses is a clock that does not let anybody wait.
type pauses struct {
	n     atomic.Int64
	total atomic.Int64
}

func (p *pauses) wait(ctx context.Context, d time.Duration) error {
	p.n.Add(1)
	p.total.Add(int64(d))
	return ctx.Err()
}

func supervised(t *testing.T, mode string, change func(*Options), check func(context.Context, *Teacher) error) (*Supervised, *pauses) {
	t.Helper()
	o := DefaultOptions()
	o.TempDir = shortTempDir(t)
	if change != nil {
		change(&o)
	}
	spec := fakeSpec(mode)
	spec.SetEnv = append(spec.SetEnv, fakeState+"="+t.TempDir())
	s, p := Supervise(spec, o, EmbedID(fakeDescription()), check), &pauses{}
	s.wait = p.wait
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(o.TempDir); len(left) > 0 {
			t.Errorf("Close left %v", left)
		}
	})
	return s, p
}

// embedded has all texts embedded and returns the rows.
func embedded(t *testing.T, s *Supervised, texts []string) []Row {
	t.Helper()
	dst := make([]float32, len(texts)*fakeDims)
	rows, err := s.Embed(t.Context(), texts, dst)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		if got := dst[i*fakeDims]; r.Err == nil && got != float32(len(texts[i])) || r.Err != nil && got != 0 {
			t.Fatalf("text %d has another vector", i)
		}
	}
	return rows
}

// with puts odd texts among n ordinary ones.
func with(n int, odd map[int]string) []string {
	texts := numbered(n)
	for i, text := range odd {
		texts[i] = text
	}
	return texts
}

func TestSupervise(t *testing.T) {
	quick := func(o *Options) { o.CallTimeout = 400 * time.Millisecond }
	for _, c := range []struct {
		name, mode string
		odd        map[int]string
		change     func(*Options)
		refused    map[int]string
		restarts   int64
		pauses     int64
	}{
		{"nothing is wrong", "frail", nil, nil, nil, 0, 0},
		{"killed once", "frail", map[int]string{5: "once"}, nil, nil, 1, 0},
		{"a lethal text", "frail", map[int]string{300: "lethal"}, nil, map[int]string{300: CodeCrash}, 11, 0},
		{"two lethal texts", "frail", map[int]string{0: "lethal", 1: "lethal"}, nil, map[int]string{0: CodeCrash, 1: CodeCrash}, 13, 0},
		{"a text without an end", "frail", map[int]string{2: "endless"}, func(o *Options) { quick(o); o.BatchTokens = 12 }, map[int]string{2: CodeTimeout}, 4, 0},
		{"more than it can do in time", "frail", map[int]string{0: "tedious", 9: "tedious"}, func(o *Options) { quick(o); o.BatchTokens = 17 }, nil, 2, 0},
		{"busy, then fine", "frail", map[int]string{4: "later"}, nil, nil, 0, 3},
		{"unavailable, then fine", "frail", map[int]string{4: "down"}, nil, nil, 0, 2},
		{"other limits after a restart", "frail wide", map[int]string{4: "once"}, nil, nil, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := 400
			if c.change != nil {
				n = 10
			}
			s, p := supervised(t, c.mode, c.change, nil)
			rows := embedded(t, s, with(n, c.odd))
			for i, r := range rows {
				if r.Code != c.refused[i] {
					t.Errorf("text %d: code %q, want %q", i, r.Code, c.refused[i])
				}
			}
			stats := s.Stats()
			if stats.Texts != int64(n) || stats.Restarts != c.restarts || p.n.Load() != c.pauses || stats.Spent <= 0 {
				t.Errorf("%+v, %d pauses", stats, p.n.Load())
			}
		})
	}
}

func TestSuperviseFails(t *testing.T) {
	for _, c := range []struct {
		name, mode string
		odd        map[int]string
		kind       Kind
		want       string
		done       int
	}{
		{"another model after a restart", "frail turncoat", map[int]string{300: "once"}, ErrOther, "and is known as", 256},
		{"sick for good", "frail sick", map[int]string{300: "once"}, ErrDied, "it was started again 3 times", 256},
		{"busy for good", "frail", map[int]string{300: "never"}, ErrBusy, "busy", 256},
		{"lethal, all of them", "frail", map[int]string{0: "lethal", 1: "lethal", 2: "lethal", 3: "lethal", 4: "lethal", 5: "lethal", 6: "lethal", 7: "lethal", 8: "lethal"},
			ErrDied, "it has died of 9 texts by now", 0},
		{"nothing of it is finite", "nan", nil, ErrNotFinite, "NaN", 0},
		{"no key", "stop", nil, ErrStop, "the key was refused", 0},
		{"never up", "exits early", nil, ErrStart, "no such model", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			check := func(ctx context.Context, f *Teacher) error {
				_, err := f.Embed(ctx, []string{"ok"}, make([]float32, fakeDims))
				return err
			}
			if c.mode == "nan" {
				check = nil
			}
			s, p := supervised(t, c.mode, nil, check)
			texts := with(400, c.odd)
			rows, err := s.Embed(t.Context(), texts, make([]float32, len(texts)*fakeDims))
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if len(rows) != c.done || s.Stats().Texts != int64(c.done) {
				t.Errorf("%d rows are done, want %d", len(rows), c.done)
			}
			if c.kind == ErrBusy && time.Duration(p.total.Load()) != s.options.BusyTimeout {
				t.Errorf("waited %v", time.Duration(p.total.Load()))
			}
			_, again := s.Embed(t.Context(), texts[:1], make([]float32, fakeDims))
			at := (*Error)(nil)
			if c.kind != ErrBusy && (!errors.Is(again, c.kind) || errors.As(again, &at) && at.Row >= 0) {
				t.Errorf("asked again: %v", again)
			}
		})
	}
}

// Whoever else is at work when a teacher dies goes on, and is not to blame.
func TestSuperviseTogether(t *testing.T) {
	s, _ := supervised(t, "frail", nil, nil)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			texts := numbered(300)
			if w == 3 {
				texts[7] = "lethal"
			}
			dst := make([]float32, len(texts)*fakeDims)
			rows, err := s.Embed(t.Context(), texts, dst)
			if err != nil {
				t.Error(err)
			}
			for i, r := range rows {
				if want := w == 3 && i == 7; (r.Code == CodeCrash) != want || r.Code != "" && !want {
					t.Errorf("worker %d, text %d: %q", w, i, r.Code)
				}
			}
		})
	}
	wg.Wait()
	if n := s.Stats().Texts; n != 8*300 {
		t.Errorf("%d texts", n)
	}
}

// Each process is checked once, before its first text, and what a check says is
// final but for a death and a busy teacher.
func TestSuperviseCheck(t *testing.T) {
	var checks atomic.Int64
	other := errors.New("it is another model")
	s, _ := supervised(t, "frail", nil, func(context.Context, *Teacher) error {
		if checks.Add(1) == 2 {
			return other
		}
		return nil
	})
	if s.Pid() != 0 {
		t.Error("it is started before anybody asks")
	}
	if d, err := s.Describe(t.Context()); err != nil || s.Pid() == 0 || d.Dims != fakeDims || checks.Load() != 0 {
		t.Fatal(d, err, "or it was checked before it had a text")
	}
	if err := s.Ready(t.Context()); err != nil || checks.Load() != 1 {
		t.Fatal(err)
	}
	embedded(t, s, numbered(3))
	if _, err := s.Embed(t.Context(), []string{"once"}, make([]float32, fakeDims)); !errors.Is(err, other) || checks.Load() != 2 {
		t.Errorf("%v after %d checks", err, checks.Load())
	}
	if err := s.Ready(t.Context()); !errors.Is(err, other) || checks.Load() != 2 {
		t.Errorf("%v after %d checks", err, checks.Load())
	}

	busy := 0
	s, p := supervised(t, "frail", nil, func(context.Context, *Teacher) error {
		if busy++; busy < 3 {
			return fail("fake", ErrBusy, "loading")
		}
		return nil
	})
	if err := s.Ready(t.Context()); err != nil || p.n.Load() != 2 {
		t.Errorf("%v after %d pauses", err, p.n.Load())
	}
}

// A caller that gives up breaks nothing for the others.
func TestSuperviseCancelled(t *testing.T) {
	s, _ := supervised(t, "frail", nil, nil)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Embed(gone, []string{"a"}, make([]float32, fakeDims)); !errors.Is(err, context.Canceled) {
		t.Errorf("before it starts: %v", err)
	}
	embedded(t, s, numbered(3))
	if _, err := s.Embed(gone, []string{"a"}, make([]float32, fakeDims)); !errors.Is(err, context.Canceled) {
		t.Errorf("while it runs: %v", err)
	}
	embedded(t, s, numbered(3))
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Embed(t.Context(), []string{"a"}, make([]float32, fakeDims)); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if _, err := s.Describe(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// A restart is said, without a text.
func TestSuperviseSays(t *testing.T) {
	var log bytes.Buffer
	var mu sync.Mutex
	s, _ := supervised(t, "frail", func(o *Options) { o.Log = slog.New(slog.NewTextHandler(locked{&mu, &log}, nil)) }, nil)
	embedded(t, s, []string{"once and secret"})
	mu.Lock()
	defer mu.Unlock()
	if said := log.String(); !strings.Contains(said, "level=WARN") || !strings.Contains(said, "died (signal: killed) while embedding 1 text; it is started again") || strings.Contains(said, "secret") {
		t.Error(said)
	}
}

type locked struct {
	mu *sync.Mutex
	w  *bytes.Buffer
}

func (l locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func TestPatience(t *testing.T) {
	var waited []time.Duration
	p := patience{left: time.Minute, wait: func(_ context.Context, d time.Duration) error {
		waited = append(waited, d)
		return nil
	}}
	cause := errors.New("busy")
	var err error
	for err == nil {
		err = p.spend(t.Context(), cause)
	}
	var sum time.Duration
	for i, d := range waited {
		most := min(pauseFirst<<i, pauseLast)
		if d > most || d < most/2 && i < len(waited)-1 {
			t.Errorf("pause %d is %v", i, d)
		}
		sum += d
	}
	if !errors.Is(err, cause) || sum != time.Minute {
		t.Errorf("%v after %v", err, sum)
	}
	gone, cancel := context.WithCancelCause(t.Context())
	cancel(fmt.Errorf("enough"))
	if err := sleep(gone, time.Hour); err == nil || err.Error() != "enough" {
		t.Error(err)
	}
	if err := sleep(t.Context(), time.Nanosecond); err != nil {
		t.Error(err)
	}
}
