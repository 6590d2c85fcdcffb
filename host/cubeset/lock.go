package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host"
	"github.com/cubeset/cubeset/host/lock"
)

// lockedFlags are the settings that decide what a lock holds.
var lockedFlags = []string{
	"lock", "filter", "filter-option", "filter-blob", "preset", "projection",
	"teacher", "fallback", "each-teacher", "model", "teacher-option", "python", "teacher-timeout",
}

func lockCommand(self []string) *cobra.Command {
	var file string
	var asJSON, verbose, check bool
	c := &cobra.Command{
		Use:   "lock",
		Short: "Write down exactly which filters and teachers builds may use",
		Long: `Write cubeset.lock beside the configuration: the sha256 of each filter, of its
settings and of the files it is given, the sha256 of the projection, and each
teacher's embed id; of a teacher of your own also a digest of its whole folder on
this platform, of one behind an API or in Python libraries its settings and what
its vectors are like. Commit the file. From then on a build that would use
anything else ends with exit code 7 before any of it runs.

Run the command again to accept a change, or on another platform to add its
folders; it says what changed. It takes the settings a build takes, from flags,
environment and cubeset.yaml. No filter is run; a teacher that is not part of
cubeset is started, to say which model it is.`,
		Example: `  cubeset lock
  cubeset lock --teacher ./my-teacher --filter my-filter.wasm
  cubeset lock --check`,
		Args: noArgs,
	}
	f := c.Flags()
	f.StringVarP(&file, "config", "c", "", "configuration `FILE` (default ./"+configName+" if it is there)")
	f.BoolVar(&check, "check", false, "write nothing; exit code 7 if the lock would change")
	f.BoolVarP(&verbose, "verbose", "v", false, "say more, the teacher's own words among it")
	jsonFlag(c, &asJSON)
	flags := settingFlags(f, lockedFlags...)
	c.RunE = func(c *cobra.Command, _ []string) error {
		config, err := configure(file, flags)
		if err != nil {
			return usageError{err}
		}
		config.Lock = cmp.Or(config.Lock, lockBeside(file))
		var sum host.LockSummary
		err = withHost(c.Context(), self, verbose, func(ctx context.Context, o host.Options) (err error) {
			sum, err = host.Lock(ctx, config, o, check)
			return err
		})
		if err != nil && (!errors.Is(err, host.ErrLock) || sum.Changes == nil) { // it did not come to comparing
			return err
		}
		if !asJSON {
			printLock(os.Stdout, sum, err != nil)
		} else if err := printJSON(sum); err != nil {
			return err
		}
		return err
	}
	return c
}

// lockBeside is where the lock of a configuration lies.
func lockBeside(config string) string {
	return filepath.Join(filepath.Dir(cmp.Or(config, configName)), lock.Name)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func printLock(w io.Writer, s host.LockSummary, differs bool) {
	state := "as it was"
	if s.Written {
		state = "written"
	} else if differs {
		state = "would change"
	}
	fmt.Fprintf(w, "%s: %s; %s, %s\n", s.File, state, plural(int64(s.Filters), "filter"), plural(int64(len(s.Teachers)), "teacher")+" ("+strings.Join(s.Teachers, ", ")+")")
	for _, change := range s.Changes {
		fmt.Fprintln(w, " ", change)
	}
}

// hintLock says once, after a build, that what was not part of cubeset was held
// by no lock.
func hintLock(c host.Config) {
	if external := c.External(); c.Lock == "" && len(external) > 0 {
		fmt.Fprintf(os.Stderr, "cubeset: no lock covers %s; cubeset lock, with the same settings, has later builds refuse any change to it\n", strings.Join(external, ", "))
	}
}
