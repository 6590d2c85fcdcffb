// Package teachertest checks whether a teacher keeps to plugins/PROTOCOL.md. It
// starts the teacher as a host does, in whatever language it is written, and
// tries what a host may do to it. Each check names the rules it is about.
//
//	func TestTeacher(t *testing.T) { teachertest.Run(t, []string{"./my-teacher"}) }
//
// The command "cubeset teacher test" does the same.
package teachertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cubeset/cubeset/plugins"
	"github.com/cubeset/cubeset/sdk/checklist"
)

// Options bound the checks. Start from DefaultOptions.
type Options struct {
	StartTimeout time.Duration // from launch to the answer of Describe
	CallTimeout  time.Duration // for one call
	EndTimeout   time.Duration // from Shutdown, or the end of the host, to the end of the teacher
	Each         func(Result)  // gets each result as soon as it is there; nil = nobody
}

// DefaultOptions returns the times of PROTOCOL.md, but for the end: a teacher
// has a second there, and five here, since a machine may be busy.
func DefaultOptions() Options {
	return Options{StartTimeout: 10 * time.Second, CallTimeout: 60 * time.Second, EndTimeout: 5 * time.Second}
}

// Validate returns all complaints at once.
func (o Options) Validate() error {
	var errs []error
	for _, f := range []struct {
		name string
		d    time.Duration
	}{{"start timeout", o.StartTimeout}, {"call timeout", o.CallTimeout}, {"end timeout", o.EndTimeout}} {
		if f.d <= 0 {
			errs = append(errs, fmt.Errorf("%s: %v is not positive", f.name, f.d))
		}
	}
	return errors.Join(errs...)
}

// Check runs every check on the teacher that s starts. Nothing of the teacher
// is left when it returns. An error means that the checks could not be done,
// or that ctx ended; what is wrong with the teacher is in the report.
func Check(ctx context.Context, s plugins.Spec, o Options) (Report, error) {
	if err := o.Validate(); err != nil {
		return Report{}, err
	}
	if len(s.Command) == 0 || s.Command[0] == "" {
		return Report{}, errors.New("no command")
	}
	s.Command = slices.Clone(s.Command)
	if strings.Contains(s.Command[0], "/") { // else it would be sought in s.Dir
		path, err := filepath.Abs(s.Command[0])
		if err != nil {
			return Report{}, err
		}
		s.Command[0] = path
	}
	dir, err := os.MkdirTemp("", "cs") // short: a socket's path has about 100 bytes
	if err != nil {
		return Report{}, err
	}
	k := &kit{spec: s, options: o, dir: dir}
	r := k.run(ctx)
	if err := errors.Join(context.Cause(ctx), os.RemoveAll(dir)); err != nil {
		return r, err
	}
	return r, nil
}

// Run runs every check on the teacher that command starts, each as a subtest.
// setEnv are variables, NAME=value, that the teacher gets besides PATH and
// TMPDIR.
func Run(t *testing.T, command []string, setEnv ...string) {
	t.Helper()
	r, err := Check(t.Context(), plugins.Spec{Command: command, SetEnv: setEnv}, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	checklist.Subtests(t, Document, r.Checks)
}
