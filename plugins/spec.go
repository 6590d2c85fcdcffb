package plugins

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/cubeset/cubeset/sdk/teacher"
)

// Spec says which program is a teacher and what it may see.
type Spec struct {
	Name    string   // label in errors and logs until the teacher has named itself
	Command []string // program and arguments; a name without a slash is looked up on PATH
	Env     []string // names of variables of this process that are let through
	SetEnv  []string // NAME=value, set for the teacher alone
	Dir     string   // working directory, empty = this process's
	Seal    *Seal    // if not nil, Command and Dir are those of a copy of its folder
}

// Options bound a teacher. Start from DefaultOptions.
type Options struct {
	StartTimeout time.Duration // from launch to a checked description
	CallTimeout  time.Duration // for one batch
	BatchTokens  int           // of one batch at most, estimated; a longer text goes alone
	BusyTimeout  time.Duration // how long Supervised waits for a teacher that is busy
	// Log gets what the teacher writes, capped and with control characters
	// escaped; nil = nothing. A structured line keeps its level, a plain one
	// is Debug.
	Log *slog.Logger
	// TempDir is where each teacher gets a private folder (0700) for its
	// socket and as TMPDIR; it is made if missing. Empty = os.TempDir. A
	// socket's path may have about 100 bytes, so keep it short.
	TempDir string
}

// DefaultOptions returns the options a build uses.
func DefaultOptions() Options {
	return Options{StartTimeout: 10 * time.Second, CallTimeout: 60 * time.Second, BatchTokens: 128 << 10, BusyTimeout: 5 * time.Minute}
}

// Validate returns all complaints at once.
func (o Options) Validate() error {
	var errs []error
	if o.StartTimeout <= 0 {
		errs = append(errs, fmt.Errorf("start timeout: %v is not positive", o.StartTimeout))
	}
	if o.CallTimeout <= 0 {
		errs = append(errs, fmt.Errorf("call timeout: %v is not positive", o.CallTimeout))
	}
	if o.BatchTokens < 1 {
		errs = append(errs, fmt.Errorf("batch tokens: %d is not positive", o.BatchTokens))
	}
	if o.BusyTimeout < 0 {
		errs = append(errs, fmt.Errorf("busy timeout: %v is negative", o.BusyTimeout))
	}
	return errors.Join(errs...)
}

// baseEnv is let through to every teacher: scripts that start with
// "#!/usr/bin/env" need PATH, and it holds no secret.
var baseEnv = []string{"PATH"}

// environ is the teacher's whole environment but for what go-plugin adds.
func (s Spec) environ(tempDir string) ([]string, error) {
	env := []string{"TMPDIR=" + tempDir}
	for _, name := range append(baseEnv[:len(baseEnv):len(baseEnv)], s.Env...) {
		if err := checkEnvName(name); err != nil {
			return nil, err
		}
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	for _, pair := range s.SetEnv {
		name, _, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("environment: %s has no value", clean(name))
		}
		if err := checkEnvName(name); err != nil {
			return nil, err
		}
		env = append(env, pair)
	}
	return env, nil
}

// checkEnvName also keeps the handshake's own variables ours.
func checkEnvName(name string) error {
	switch {
	case name == "" || strings.ContainsAny(name, "=\x00"):
		return errors.New("environment: not a name of a variable")
	case strings.HasPrefix(name, "PLUGIN_") || name == teacher.Handshake.MagicCookieKey:
		return fmt.Errorf("environment: %s belongs to the handshake", clean(name))
	}
	return nil
}
