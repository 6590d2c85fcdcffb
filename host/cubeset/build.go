package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cubeset/cubeset/host"
)

// configName is read from the working folder when -c names no other file.
const configName = "cubeset.yaml"

func buildCommand(self []string) *cobra.Command {
	var file string
	var asJSON, verbose, dry bool
	c := &cobra.Command{
		Use:   "build INPUT… -o DIR",
		Short: "Make a dataset of dialogue files, or bring one up to date",
		Long: `Read dialogues, filter them, embed every question and answer, and write a
dataset of [8,8,12] tensors to DIR. Run the same command again to go on after
an interruption, or after the inputs changed: what is done is not done twice.

Each setting is taken from its flag, else from its environment variable
(CUBESET_MIN_SIMILARITY for --min-similarity), else from cubeset.yaml
(min_similarity), else its default.`,
		Example: `  cubeset build dialogues.jsonl -o dataset
  cubeset build a.jsonl.gz b.csv folder 'more/*.zip' -o dataset --validation 0.1 --seed 7
  cubeset build dialogues.jsonl -o dataset --teacher ./my-teacher --filter my-filter.wasm
  cubeset build dialogues.jsonl -o everything --preset none
  cubeset build dialogues.jsonl -o dataset --teacher all-minilm-l6 --fallback static-768
  cubeset build dialogues.jsonl -o datasets --each-teacher hash-768 --each-teacher static-768
  cubeset build dialogues.jsonl -o dataset --dry-run
  zcat dialogues.jsonl.gz | cubeset build - -o dataset --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("build: no input; for example: cubeset build dialogues.jsonl -o dataset")}
			}
			return nil
		},
	}
	c.Flags().StringVarP(&file, "config", "c", "", "configuration file (default ./"+configName+" if it is there)")
	c.Flags().BoolVar(&dry, "dry-run", false, "say what would be reused, embedded and written, and write nothing")
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "say more, the teacher's and the filters' own words among it")
	jsonFlag(c, &asJSON)
	flags := settingFlags(c.Flags())
	c.RunE = func(c *cobra.Command, args []string) error {
		config, err := configure(file, flags)
		if err != nil {
			return usageError{err}
		}
		config.Inputs = args
		if dry {
			return dryRun(c.Context(), config, self, asJSON, verbose)
		}
		if len(config.EachTeacher) > 0 {
			return buildEach(c.Context(), config, self, asJSON, verbose)
		}
		return build(c.Context(), config, self, asJSON, verbose)
	}
	return c
}

// settingFlag gathers what the command line says of one setting.
type settingFlag struct {
	host.Setting
	given []string
}

func (f *settingFlag) Set(s string) error { f.given = append(f.given, s); return nil }
func (f *settingFlag) Type() string       { return f.Arg }
func (f *settingFlag) String() string {
	if f.Key() == "" {
		return "" // the zero value that pflag makes to compare with
	}
	c := host.DefaultConfig()
	return f.Get(&c)
}

// settingFlags makes a flag of every setting, or of those named.
func settingFlags(set *pflag.FlagSet, names ...string) []*settingFlag {
	var all []*settingFlag
	for _, s := range host.Settings() {
		if len(names) > 0 && !slices.Contains(names, s.Name) {
			continue
		}
		f := &settingFlag{Setting: s}
		flag := set.VarPF(f, s.Name, s.Short, s.Doc)
		if s.Arg == "" {
			flag.NoOptDefVal = "true"
		}
		all = append(all, f)
	}
	return all
}

// configure gathers a Config: the defaults, then the file, then the
// environment, then the flags.
func configure(file string, flags []*settingFlag) (host.Config, error) {
	c := host.DefaultConfig()
	name := file
	if name == "" {
		name = configName
	}
	src, err := os.ReadFile(name)
	if err == nil {
		err = c.ReadYAML(name, src)
	} else if file == "" && errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return c, err
	}
	for _, f := range flags {
		if v := os.Getenv(f.Env()); v != "" {
			values := []string{v}
			if f.List {
				values = strings.Split(v, ",")
			}
			if err := set(&c, f.Setting, values); err != nil {
				return c, fmt.Errorf("%s: %w", f.Env(), err)
			}
		}
	}
	for _, f := range flags {
		if err := set(&c, f.Setting, f.given); err != nil {
			return c, fmt.Errorf("--%s: %w", f.Name, err)
		}
	}
	if beside := lockBeside(file); c.Lock == "" && exists(beside) {
		c.Lock = beside
	}
	return c, nil
}

func set(c *host.Config, s host.Setting, values []string) error {
	for _, v := range values {
		if err := s.Set(c, v); err != nil {
			return err
		}
	}
	return nil
}

// withHost calls do with what a call into the host needs of this program: an
// end at Ctrl-C, a log, and the progress on standard error.
func withHost(ctx context.Context, self []string, verbose bool, do func(context.Context, host.Options) error) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once

	level := slog.LevelInfo
	if verbose {
		level = slog.LevelDebug
	}
	show := startProgress(os.Stderr)
	log := slog.New(slog.NewTextHandler(show, &slog.HandlerOptions{Level: level, ReplaceAttr: withoutTime}))
	defer show.stop()
	return do(ctx, host.Options{Self: self, Log: log, Progress: &show.Progress})
}

func build(ctx context.Context, c host.Config, self []string, asJSON, verbose bool) error {
	var sum host.Summary
	err := withHost(ctx, self, verbose, func(ctx context.Context, o host.Options) (err error) {
		sum, err = host.Build(ctx, c, o)
		return err
	})
	if sum.SchemaVersion == 0 { // it did not come to reading
		return err
	}
	if errors.Is(err, host.ErrInterrupted) {
		fmt.Fprintf(os.Stderr, "cubeset: %s done and kept. Go on with the same command:\n  %s\n", plural(sum.Parts.Built+sum.Parts.Reused, "part"), again(os.Args))
		return err
	}
	if errors.Is(err, host.ErrTeacher) && !errors.Is(err, host.ErrModelChanged) {
		fmt.Fprintf(os.Stderr, "cubeset: what is done is kept; go on with the same command:\n  %s\n", again(os.Args))
	}
	if err != nil && !errors.Is(err, host.ErrSkipped) && !errors.Is(err, host.ErrNothingKept) {
		return err
	}
	hintLock(c)
	return showBuilds([]host.Summary{sum}, asJSON, err)
}

// buildEach builds a dataset for each of several teachers.
func buildEach(ctx context.Context, c host.Config, self []string, asJSON, verbose bool) error {
	var sums []host.Summary
	err := withHost(ctx, self, verbose, func(ctx context.Context, o host.Options) (err error) {
		sums, err = host.BuildEach(ctx, c, o)
		return err
	})
	if errors.Is(err, host.ErrInterrupted) || errors.Is(err, host.ErrTeacher) {
		fmt.Fprintf(os.Stderr, "cubeset: %d of %s done, and of the others what is done is kept. Go on with the same command:\n  %s\n", len(sums), plural(int64(len(c.EachTeacher)), "dataset"), again(os.Args))
	}
	if len(sums) > 0 {
		hintLock(c)
	}
	return showBuilds(sums, asJSON, err)
}

// showBuilds prints what came of builds, and returns err, what they ended with.
func showBuilds(sums []host.Summary, asJSON bool, err error) error {
	for _, sum := range sums {
		if !asJSON {
			printSummary(os.Stdout, sum)
		} else if jsonErr := printJSON(sum); jsonErr != nil {
			return jsonErr
		}
	}
	return err
}

func dryRun(ctx context.Context, c host.Config, self []string, asJSON, verbose bool) error {
	var sums []host.DryRunSummary
	err := withHost(ctx, self, verbose, func(ctx context.Context, o host.Options) (err error) {
		all := []host.Config{c}
		if len(c.EachTeacher) > 0 {
			if all, err = c.Each(o); err != nil {
				return err
			}
		}
		for _, c := range all {
			sum, err := host.DryRun(ctx, c, o)
			if err != nil {
				return err
			}
			sums = append(sums, sum)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, sum := range sums {
		if !asJSON {
			printDryRun(os.Stdout, sum)
		} else if err := printJSON(sum); err != nil {
			return err
		}
	}
	return nil
}

// withoutTime leaves the time out of log lines: they are for a person who is
// looking, and tests compare them.
func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// again is the command line as it was given.
func again(args []string) string {
	var words []string
	for _, a := range args {
		words = append(words, quote(a))
	}
	return strings.Join(words, " ")
}
