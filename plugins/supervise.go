package plugins

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cubeset/cubeset/sdk/teacher"
)

const (
	restartsMax = 3 // times a teacher is started again that does not come up, before it is given up
	lethalMax   = 8 // texts that may kill their teacher before all of it is thought broken
)

// Codes of texts that Supervised refuses, because the teacher dies of them.
const (
	CodeCrash   = "crash"   // twice its process ended with this text alone
	CodeTimeout = "timeout" // twice there was no answer to this text alone
)

// Supervised is a teacher that is kept running: one that dies is started again,
// one that is busy is waited for, and a text that kills it is found and refused
// by itself. Its methods may be called from any goroutine. PROTOCOL.md, section
// 3, says what happens on which error.
type Supervised struct {
	spec    Spec
	options Options
	check   func(context.Context, *Teacher) error
	wait    func(context.Context, time.Duration) error

	// alone is held for reading during a call, and for writing by a batch that
	// a teacher died of: nothing else is then to blame if it happens again.
	alone sync.RWMutex

	mu      sync.Mutex // held while the process starts: the others wait for it
	embedID string     // of the first one; "" = it has not said
	running *Teacher
	checked bool // running has passed check
	worked  bool // one has passed
	failed  error
	lethal  int // texts refused because the teacher dies of them
	rows    int // of a call that the teacher can answer in time, 0 = as many as it says
	stats   Stats
}

// Supervise makes a Supervised of the teacher of s, and starts nothing yet. An
// embedID that is not empty is what it must say it is. check is asked of each
// process before its first text: an error of its is final, unless it says that
// the teacher died or is busy. nil checks nothing.
func Supervise(s Spec, o Options, embedID string, check func(context.Context, *Teacher) error) *Supervised {
	if check == nil {
		check = func(context.Context, *Teacher) error { return nil }
	}
	return &Supervised{spec: s, options: o, embedID: embedID, check: check, wait: sleep}
}

// Describe starts the teacher if it is not running, and says what it is.
func (s *Supervised) Describe(ctx context.Context) (teacher.Description, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return teacher.Description{}, s.failed
	}
	if err := s.start(ctx); err != nil {
		if ctx.Err() == nil {
			s.failed = err
		}
		return teacher.Description{}, err
	}
	return s.running.Description(), nil
}

// Ready starts the teacher if it is not running, and has it checked.
func (s *Supervised) Ready(ctx context.Context) error {
	_, err := s.ready(ctx)
	return err
}

// Pid is the process that runs at present, 0 if none does.
func (s *Supervised) Pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		return 0
	}
	return s.running.Pid()
}

// Embed is [Teacher.Embed] that does what it can before it fails. With an error
// it returns the rows of those texts, from the first on, whose vectors are in
// dst nevertheless. After an error that is not of ctx it fails at once.
func (s *Supervised) Embed(ctx context.Context, texts []string, dst []float32) ([]Row, error) {
	t, err := s.ready(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]Row, len(texts))
	calls, err := t.calls(texts, dst, rows)
	if err != nil {
		return nil, err
	}
	for c := range calls {
		if err := s.embed(ctx, c, false); err != nil {
			s.count(rows[:c.first])
			return rows[:c.first], err
		}
	}
	s.count(rows)
	return rows, nil
}

// Close ends the teacher. Embed fails from then on.
func (s *Supervised) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = fail(s.spec.Name, ErrClosed, "closed")
	}
	if s.running == nil {
		return nil
	}
	t := s.running
	s.running = nil
	return t.Close()
}

// embed gives a span its vectors. A suspect is a span that is part of one the
// teacher died of.
func (s *Supervised) embed(ctx context.Context, c span, suspect bool) error {
	if _, rows := s.learned(); rows > 0 && len(c.texts) > rows {
		return s.halve(ctx, c, suspect)
	}
	busy := patience{left: s.options.BusyTimeout, wait: s.wait}
	deaths, bearable := 0, 2
	if suspect && len(c.texts) > 1 {
		bearable = 1
	}
	for {
		t, err := s.ask(ctx, c, suspect || deaths > 0)
		switch {
		case err == nil || ctx.Err() != nil:
			return err
		case t == nil: // it could not be started
			return err
		case errors.Is(err, ErrBusy):
			if err := busy.spend(ctx, err); err != nil {
				return err
			}
		case errors.Is(err, ErrClosed): // for what another batch did
			if err := s.forget(t); err != nil {
				return err
			}
		case deadly(err):
			s.say(err, deaths == 0 && !suspect)
			if err := s.forget(t); err != nil {
				return err
			}
			if deaths++; deaths < bearable {
				continue
			}
			return s.divide(ctx, c, err)
		default:
			return s.fail(err)
		}
	}
}

// divide goes on with a span that the teacher dies of: by halves, down to the
// text to refuse.
func (s *Supervised) divide(ctx context.Context, c span, cause error) error {
	if len(c.texts) == 1 {
		return s.refuse(c, cause)
	}
	before, _ := s.learned()
	if err := s.halve(ctx, c, true); err != nil {
		return err
	}
	if after, _ := s.learned(); after == before && errors.Is(cause, ErrTimeout) { // no text was to blame, there were too many
		s.learn(len(c.texts) / 2)
	}
	return nil
}

func (s *Supervised) halve(ctx context.Context, c span, suspect bool) error {
	a, b := c.halves()
	if err := s.embed(ctx, a, suspect); err != nil {
		return err
	}
	return s.embed(ctx, b, suspect)
}

// refuse ends the search for a text that the teacher dies of.
func (s *Supervised) refuse(c span, cause error) error {
	s.mu.Lock()
	s.lethal++
	n := s.lethal
	s.mu.Unlock()
	if n > lethalMax {
		return s.fail(fmt.Errorf("%w; it has died of %d texts by now", cause, n))
	}
	code := CodeCrash
	if errors.Is(cause, ErrTimeout) {
		code = CodeTimeout
	}
	if s.options.Log != nil {
		s.options.Log.Warn(fmt.Sprintf("teacher %s: it dies of one text, which is refused (%s)", clean(s.spec.Name), code))
	}
	clear(c.dst)
	c.rows[0] = refusal(code, "the teacher died of it, twice")
	return nil
}

// learned is how many texts were refused since the teacher dies of them, and how
// many a call may have.
func (s *Supervised) learned() (lethal, rows int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lethal, s.rows
}

func (s *Supervised) learn(rows int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rows == 0 || rows < s.rows {
		s.rows = rows
	}
}

// ask makes one call. The Teacher is nil if there was none to ask.
func (s *Supervised) ask(ctx context.Context, c span, alone bool) (*Teacher, error) {
	if alone {
		s.alone.Lock()
		defer s.alone.Unlock()
	} else {
		s.alone.RLock()
		defer s.alone.RUnlock()
	}
	t, err := s.ready(ctx)
	if err != nil {
		return nil, err
	}
	if dims := len(c.dst) / len(c.texts); t.description.Dims != dims {
		return nil, s.fail(fail(s.spec.Name, ErrShape, "its vectors have %d values now, and had %d", t.description.Dims, dims))
	}
	begin := time.Now()
	err = t.embed(ctx, c)
	spent := time.Since(begin)
	s.mu.Lock()
	s.stats.Spent += spent
	s.mu.Unlock()
	return t, err
}

// deadly says whether a teacher is of no more use: it is gone, or it hangs.
func deadly(err error) bool { return errors.Is(err, ErrDied) || errors.Is(err, ErrTimeout) }

// say tells of a death: a person the first time, later ones are the search for
// its cause.
func (s *Supervised) say(err error, loud bool) {
	if s.options.Log == nil {
		return
	}
	level := slog.LevelDebug
	if loud {
		level = slog.LevelWarn
	}
	s.options.Log.Log(context.Background(), level, clean(err.Error())+"; it is started again")
}

// fail makes an error final: whoever asks next gets it at once, without the
// place it has among the texts of another.
func (s *Supervised) fail(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = err
		if at := (*Error)(nil); errors.As(err, &at) && at.Row >= 0 {
			s.failed = &Error{Teacher: at.Teacher, Kind: at.Kind, Row: -1, Err: at.Err}
		}
	}
	return err
}
