// Package guard runs risky work in a process of its own, so that what would
// take this one down, by memory or by time, takes only the child.
package guard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cubeset/cubeset/host/internal/term"
)

// Limits of a child.
const (
	AddressBytesMax = 2 << 30
	timeMax         = 60 * time.Second
	messageMax      = 400 // characters of what the child says
)

// ErrKilled means that the child ran into a limit.
var ErrKilled = errors.New("ran into a limit of the compiler's process")

// Run runs argv with stdin and nothing of this process's environment but env,
// and waits for it. The child is expected to call Limit first. What it writes
// to standard error becomes the error's text, made safe to show.
func Run(ctx context.Context, argv, env []string, stdin []byte) error {
	ctx, cancel := context.WithTimeout(ctx, timeMax)
	defer cancel()
	c := exec.CommandContext(ctx, argv[0], argv[1:]...)
	var said bytes.Buffer
	c.Env, c.Stdin, c.Stderr = env, bytes.NewReader(stdin), &limited{buf: &said}
	c.WaitDelay = time.Second
	err := c.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%w: %v", ErrKilled, timeMax)
	case errors.As(err, &exit) && (exit.ExitCode() == 2 || exit.ExitCode() == -1):
		// 2 is the Go runtime's own exit, out of memory above all; -1 a signal.
		return fmt.Errorf("%w: %d bytes of address space, or %v", ErrKilled, AddressBytesMax, exit)
	case errors.As(err, &exit):
		return errors.New(term.Clean(strings.TrimSpace(said.String()), messageMax))
	}
	return err
}

// Limit sets the address space this process may use. Under the race detector it
// sets none.
func Limit() error {
	if raceDetector {
		return nil
	}
	r := unix.Rlimit{Cur: AddressBytesMax, Max: AddressBytesMax}
	if err := unix.Setrlimit(unix.RLIMIT_AS, &r); err != nil {
		return os.NewSyscallError("setrlimit", err)
	}
	return nil
}

// limited keeps the first bytes of what is written and drops the rest.
type limited struct{ buf *bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if room := 4*messageMax - l.buf.Len(); room > 0 {
		l.buf.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
