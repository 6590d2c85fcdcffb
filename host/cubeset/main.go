// Command cubeset turns dialogues into datasets of teacher embeddings.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host"
	"github.com/cubeset/cubeset/plugins"
)

// Exit codes. 2 is the Go runtime's.
const (
	exitDone        = 0
	exitFailed      = 1
	exitSkipped     = 3
	exitTeacher     = 4
	exitFilter      = 5
	exitDamage      = 6
	exitLock        = 7
	exitUsage       = 64
	exitInterrupted = 130
)

func main() { os.Exit(run(nil, os.Args[1:])) }

// run is the whole command. self is how to run this program again; nil leaves
// that to the host.
func run(self, args []string) int {
	root := &cobra.Command{
		Use:           "cubeset",
		Short:         "Turn dialogues into datasets of teacher embeddings",
		Long:          "cubeset turns dialogues into training data: each question and each answer becomes\na teacher model's embedding, shaped [8,8,12], in compressed Parquet.",
		Example:       "  cubeset build examples/01-first-dataset/dialogues.jsonl -o first-dataset\n  cubeset inspect first-dataset",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          knownCommand,
		RunE:          showHelp,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(buildCommand(self), calibrateCommand(self), compareCommand(self), inspectCommand(), verifyCommand(), dedupCommand(), mergeCommand(), exportCommand(), explainCommand(), lockCommand(self), teacherCommand(self), filterCommand(), cacheCommand(), versionCommand(), teacherChild(), compileChild())
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "cubeset:", err)
	}
	return exitCode(err)
}

// usageError is a command line that cannot be run.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// errDamage is what verify ends with when it found faults.
var errDamage = errors.New("damage found")

func exitCode(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, host.ErrInterrupted):
		return exitInterrupted
	case errors.Is(err, host.ErrLock):
		return exitLock
	case errors.Is(err, host.ErrSkipped):
		return exitSkipped
	case errors.As(err, &usage), errors.Is(err, host.ErrConfig):
		return exitUsage
	case errors.Is(err, host.ErrTeacher):
		return exitTeacher
	case errors.Is(err, host.ErrFilter):
		return exitFilter
	case errors.Is(err, errDamage):
		return exitDamage
	}
	return exitFailed
}

// oneArg and someArgs are cobra's checks, told as usage errors.
func oneArg(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageError{fmt.Errorf("want one %s, got %d arguments", what, len(args))}
		}
		return nil
	}
}

// knownCommand and showHelp make a command that only holds others.
func knownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf(" (did you mean %q?)", near[0])
	}
	return usageError{fmt.Errorf("%s has no command %q%s", c.CommandPath(), args[0], hint)}
}

func showHelp(c *cobra.Command, _ []string) error { return c.Help() }

func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unexpected argument %q", args[0])}
	}
	return nil
}

// compileChild is what the host runs to have a filter compiled under limits.
func compileChild() *cobra.Command {
	return &cobra.Command{
		Use: host.CompileCommand, Hidden: true, Args: oneArg("folder"),
		RunE: func(c *cobra.Command, args []string) error {
			return host.CompileChild(c.Context(), args[0], os.Stdin)
		},
	}
}

// teacherChild is what the host runs to have a bundled teacher in a process
// of its own.
func teacherChild() *cobra.Command {
	return &cobra.Command{
		Use: host.TeacherCommand, Hidden: true, Args: oneArg("teacher"),
		RunE: func(_ *cobra.Command, args []string) error { return plugins.ServeProgram(args[0]) },
	}
}
