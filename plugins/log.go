package plugins

import (
	"context"
	"io"
	"log"
	"log/slog"
	"path/filepath"
	"sync"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/time/rate"
)

const (
	linesPerSecond = 50  // of one teacher's output that reach the log
	linesBurst     = 500 // at once
)

// bridge is an hclog.Logger over slog. A structured line of the teacher keeps
// its level. Plain lines are Debug, whatever go-plugin reads into them, and so
// are go-plugin's remarks about itself.
type bridge struct {
	hclog.Logger // of nothing: for the methods that do not log
	log          *slog.Logger
	limit        *limit
	teacher      string
	own          bool // go-plugin names the logger for a teacher's lines after it
}

func newBridge(l *slog.Logger, teacher string) *bridge {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	return &bridge{
		Logger: hclog.NewNullLogger(), log: l.With("teacher", clean(teacher)), teacher: filepath.Base(teacher),
		limit: &limit{rate: rate.NewLimiter(linesPerSecond, linesBurst)},
	}
}

func (b *bridge) Trace(msg string, args ...any) { b.Log(hclog.Trace, msg, args...) }
func (b *bridge) Debug(msg string, args ...any) { b.Log(hclog.Debug, msg, args...) }
func (b *bridge) Info(msg string, args ...any)  { b.Log(hclog.Info, msg, args...) }
func (b *bridge) Warn(msg string, args ...any)  { b.Log(hclog.Warn, msg, args...) }
func (b *bridge) Error(msg string, args ...any) { b.Log(hclog.Error, msg, args...) }

// Log passes a line on without its fields, which may be of any size.
func (b *bridge) Log(level hclog.Level, msg string, fields ...any) {
	to := slog.LevelDebug
	if b.own && len(fields) > 0 { // a plain line has none
		switch level {
		case hclog.Info:
			to = slog.LevelInfo
		case hclog.Warn:
			to = slog.LevelWarn
		case hclog.Error:
			to = slog.LevelError
		}
	}
	ctx := context.Background()
	if !b.log.Enabled(ctx, to) || level == hclog.Trace {
		return
	}
	ok, dropped := b.limit.allow()
	if !ok {
		return
	}
	if dropped > 0 {
		b.log.Log(ctx, to, "lines left out", "lines", dropped)
	}
	b.log.Log(ctx, to, cleanTo(msg, lineBytesMax))
}

func (b *bridge) With(...any) hclog.Logger { return b }
func (b *bridge) Named(name string) hclog.Logger {
	c := *b
	c.own = filepath.Base(name) == b.teacher
	return &c
}
func (b *bridge) ResetNamed(name string) hclog.Logger { return b.Named(name) }

// GetLevel is Debug: what is enabled is slog's to say.
func (b *bridge) GetLevel() hclog.Level { return hclog.Debug }

func (b *bridge) StandardLogger(*hclog.StandardLoggerOptions) *log.Logger {
	return log.New(io.Discard, "", 0)
}

// limit lets lines through at a rate and counts the others.
type limit struct {
	mu      sync.Mutex
	rate    *rate.Limiter
	dropped int
}

func (l *limit) allow() (ok bool, dropped int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.rate.Allow() {
		l.dropped++
		return false, 0
	}
	dropped, l.dropped = l.dropped, 0
	return true, dropped
}
