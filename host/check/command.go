package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// command runs a program in the module's folder, with a cache of its own, and
// returns what it printed; with an error, that is part of the error.
func (s *suite) command(argv ...string) (string, error) {
	return s.commandIn(s.root, nil, argv...)
}

func (s *suite) commandIn(dir string, env []string, argv ...string) (string, error) {
	c := exec.CommandContext(s.ctx, argv[0], argv[1:]...)
	c.Dir, c.Env = dir, s.environ(env)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 10 * time.Second
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, tail(out.String()))
	}
	return out.String(), nil
}

// environ is this process's environment with nothing of the user's own
// settings or caches of cubeset in it.
func (s *suite) environ(more []string) []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "CUBESET_") {
			env = append(env, v)
		}
	}
	return append(append(env, "CUBESET_CACHE="+filepath.Join(s.tmp, "cache"), "NO_COLOR=1"), more...)
}

// tail is the end of a long output.
func tail(s string) string {
	const max = 8000
	if len(s) > max {
		return "…" + s[len(s)-max:]
	}
	return s
}

// need makes sure that a program is there: if it is not, and this is root on
// Debian, by installing a package; if that is not possible it is a failure.
func (s *suite) need(program, debian string) error {
	if _, err := exec.LookPath(program); err == nil {
		return nil
	}
	if debian == "" {
		return fmt.Errorf("%s is not installed", program)
	}
	if err := s.install(debian); err != nil {
		return fmt.Errorf("%s is not installed: %w", program, err)
	}
	if _, err := exec.LookPath(program); err != nil {
		return errors.New(program + " is still not there after installing " + debian)
	}
	return nil
}

// install installs packages, if this is root on Debian.
func (s *suite) install(debian ...string) error {
	if os.Geteuid() != 0 {
		return errors.New("only root can install " + strings.Join(debian, " "))
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return err
	}
	fmt.Printf("   installing %s\n", strings.Join(debian, " "))
	env := []string{"DEBIAN_FRONTEND=noninteractive"}
	if _, err := s.commandIn(s.root, env, "apt-get", "update", "-q"); err != nil {
		return err
	}
	_, err := s.commandIn(s.root, env, append([]string{"apt-get", "install", "-q", "-y", "--no-install-recommends"}, debian...)...)
	return err
}
