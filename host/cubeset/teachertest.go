package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host"
	"github.com/cubeset/cubeset/plugins"
	"github.com/cubeset/cubeset/plugins/teachertest"
)

func teacherTestCommand(self []string) *cobra.Command {
	var file, junit string
	var asJSON bool
	o := teachertest.DefaultOptions()
	c := &cobra.Command{
		Use:   "test CMD|NAME",
		Short: "Test a teacher",
		Long: `Test whether a teacher keeps to the protocol (plugins/PROTOCOL.md), in whatever
language it is written: a command of your own, or a name from cubeset teacher
list. What comes after -- is a command with its arguments.

The teacher is started a few times, as a build starts it, and embeds some
hundreds of short texts and a few very long ones (a teacher that costs money by
the token is not cheap to test). Each check is a line, with the rules it is
about; a failure says what to change. A rule with SHOULD that is not kept is a
warning. Exit code 4 if anything failed.`,
		Example: `  cubeset teacher test ./my-teacher
  cubeset teacher test hash-768 --json
  cubeset teacher test --junit teacher.xml -- python3 my_teacher.py --small`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("teacher test: want a teacher; for example: cubeset teacher test ./my-teacher")}
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVarP(&file, "config", "c", "", "configuration `FILE` (default ./"+configName+" if it is there)")
	f.StringVar(&junit, "junit", "", "also write the result to this `FILE`, as JUnit XML")
	f.DurationVar(&o.CallTimeout, "teacher-timeout", o.CallTimeout, "longest wait for the teacher to answer one batch, a `TIME` such as 60s")
	jsonFlag(c, &asJSON)
	flags := settingFlags(f, "model", "teacher-option", "python")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := o.Validate(); err != nil {
			return usageError{fmt.Errorf("teacher test: %w", err)}
		}
		config, err := configure(file, flags)
		if err != nil {
			return usageError{err}
		}
		spec, err := teacherUnderTest(c.Context(), config, self, args)
		if err != nil {
			return fmt.Errorf("teacher test: %w", err)
		}
		if !asJSON {
			o.Each = printCheck(teachertest.Document)
		}
		ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		defer stop()
		report, err := teachertest.Check(ctx, spec, o)
		if errors.Is(err, context.Canceled) {
			return fmt.Errorf("teacher test: %w", host.ErrInterrupted)
		} else if err != nil {
			return fmt.Errorf("teacher test: %w", err)
		}
		if err := writeJUnit(junit, report.JUnit); err != nil {
			return fmt.Errorf("teacher test: %w", err)
		}
		if asJSON {
			err = printJSON(report)
		}
		if n := report.Failures(); n > 0 && err == nil {
			return badTeacher{fmt.Errorf("teacher test: %s: %d of %s failed", spec.Name, n, plural(int64(len(report.Checks)), "check"))}
		}
		return err
	}
	return c
}

// badTeacher is a teacher that failed a check.
type badTeacher struct{ error }

func (e badTeacher) Unwrap() []error { return []error{e.error, host.ErrTeacher} }

// teacherUnderTest is how the teacher that args name is started.
func teacherUnderTest(ctx context.Context, c host.Config, self, args []string) (plugins.Spec, error) {
	if len(args) > 1 { // a command with its arguments
		return plugins.Spec{Name: filepath.Base(args[0]), Command: args}, nil
	}
	c.Teacher = args[0]
	return host.TeacherSpec(ctx, c, host.Options{Self: self})
}
