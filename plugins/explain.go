package plugins

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/cubeset/cubeset/sdk/teacher"
	"github.com/hashicorp/go-plugin"
)

// explain says in plain words why a start failed with err. Everything has
// ended by now.
func (l *launch) explain(err error) error {
	p := l.process
	if p.startErr != nil {
		return p.startErr
	}
	if p.ID() == "" {
		return errors.New(clean(err.Error()))
	}
	exit := p.ended()
	if p.endedByUs() {
		exit = ""
	}
	line, _, _ := strings.Cut(p.said.String(), "\n")
	switch {
	case line == "" && exit == "":
		return fmt.Errorf("closed its standard output without a handshake line%s", l.lastWords())
	case line == "":
		return fmt.Errorf("exited before it was ready (%s)%s", exit, l.lastWords())
	}
	if err := checkHandshake(line); err != nil {
		return err
	}
	if exit != "" {
		return fmt.Errorf("exited before it was ready (%s)%s", exit, l.lastWords())
	}
	if errors.Is(err, ErrProtocol) {
		return err
	}
	return errors.New(clean(err.Error()))
}

// lastWords quotes what the teacher wrote last. No text has been sent to it by
// then, so none can be in there.
func (l *launch) lastWords() string {
	if w := l.words.String(); w != "" {
		return ": " + w
	}
	return ""
}

// checkHandshake says what is wrong with a handshake line:
// CORE|VERSION|unix|PATH|grpc|CERTIFICATE.
func checkHandshake(line string) error {
	f := strings.Split(strings.TrimSpace(line), "|")
	if len(f) < 4 {
		return fmt.Errorf("%w: printed something else before the handshake line: %s", ErrProtocol, clean(line))
	}
	for len(f) < 6 {
		f = append(f, "")
	}
	switch {
	case f[0] != strconv.Itoa(plugin.CoreProtocolVersion):
		return fmt.Errorf("%w: core version %s, want %d", ErrProtocol, clean(f[0]), plugin.CoreProtocolVersion)
	case f[1] != strconv.Itoa(teacher.Version):
		return fmt.Errorf("%w: speaks version %s, this host speaks %d: one of the two needs an update", ErrProtocol, clean(f[1]), teacher.Version)
	case f[2] != "unix":
		return fmt.Errorf("%w: listens on %s, want unix", ErrProtocol, clean(f[2]))
	case f[4] != string(plugin.ProtocolGRPC):
		return fmt.Errorf("%w: speaks %s, want grpc", ErrProtocol, clean(f[4]))
	case f[5] == "":
		return fmt.Errorf("%w: no certificate in the handshake line", ErrProtocol)
	}
	return nil
}

// explainLaunch says why the system would not run path.
func explainLaunch(path string, err error) error {
	name := clean(path)
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("%s: no such program on PATH", name)
	case errors.Is(err, syscall.ENOEXEC):
		return fmt.Errorf("%s: neither a program for %s/%s nor a script with a #! line", name, runtime.GOOS, runtime.GOARCH)
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(path); err == nil {
			return fmt.Errorf("%s: the interpreter or loader it names is missing", name)
		}
		return fmt.Errorf("%s: no such file", name)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: not executable by this user", name)
	}
	return errors.New(clean(err.Error()))
}

// endedByUs reports whether the process was ended by kill, and not by itself
// before.
func (p *process) endedByUs() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.killed || p.state == nil {
		return false
	}
	w, ok := p.state.Sys().(syscall.WaitStatus)
	return ok && w.Signaled() && w.Signal() == syscall.SIGKILL
}
