// Command bench compares cubeset with other programs on the same data, in one
// run: the cache with key-value stores, the Parquet writer with other writers,
// the reader of dialogues with other readers, and filters with native code and
// another plugin system. It is a module of its own, so that nobody who uses
// cubeset gets what it is compared with.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

const usage = `usage: go run -C host/bench . [cache|parquet|dialogue|wasm|all] [flags]

Compares cubeset with other programs on the same data, in turn, several times.
Processor time is what counts: the clock is shared with whatever else runs.

`

const (
	exitFailed = 1
	exitUsage  = 64
)

// subject is one command: what it compares, as groups of contestants.
type subject struct {
	name   string
	groups func(ctx context.Context, p place) ([]Group, error)
}

func subjects() []subject {
	return []subject{{"cache", cacheGroups}, {"parquet", parquetGroups}, {"dialogue", dialogueGroups}, {"wasm", wasmGroups}}
}

// place is where a run happens, and how much of it there is.
type place struct {
	root string // of the project
	tmp  string // removed at the end
	rows int    // 0 is each subject's own number
}

// orRows is the number of rows asked for, or else n.
func (p place) orRows(n int) int {
	if p.rows > 0 {
		return p.rows
	}
	return n
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) > 2 && os.Args[1] == childCommand {
		exit(runChild(ctx, os.Args[2], os.Args[3:]))
	}
	exit(run(ctx, os.Args[1:]))
}

func exit(err error) {
	switch {
	case err == nil:
		os.Exit(0)
	case errors.Is(err, flag.ErrHelp), errors.Is(err, errUsage):
		os.Exit(exitUsage)
	}
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(exitFailed)
}

var errUsage = errors.New("usage")

func run(ctx context.Context, args []string) (err error) {
	name := "all"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	rounds := flags.Int("rounds", 3, "how often each contestant has its turn")
	rows := flags.Int("rows", 0, "rows in the data; 0 is each benchmark's own `number`")
	asJSON := flags.Bool("json", false, "print the tables as JSON")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen := slices.DeleteFunc(subjects(), func(s subject) bool { return name != "all" && s.name != name })
	if len(chosen) == 0 || flags.NArg() > 0 || *rounds < 1 || *rows < 0 {
		flags.Usage()
		return errUsage
	}
	p := place{rows: *rows}
	if p.root, err = projectRoot(); err != nil {
		return err
	}
	if p.tmp, err = os.MkdirTemp("", "cubeset-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(p.tmp)) }()

	tables := []Table{}
	for _, s := range chosen {
		here := p
		here.tmp = filepath.Join(p.tmp, s.name)
		if err := os.Mkdir(here.tmp, 0o755); err != nil {
			return err
		}
		groups, err := s.groups(ctx, here)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		compared, err := compare(ctx, groups, *rounds, os.Stderr)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if !*asJSON {
			for _, t := range compared {
				if err := t.Print(os.Stdout); err != nil {
					return err
				}
			}
		}
		tables = append(tables, compared...)
		if err := os.RemoveAll(here.tmp); err != nil {
			return err
		}
	}
	if *asJSON {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(tables)
	}
	return nil
}

// projectRoot is the folder above whose go.mod is cubeset's own.
func projectRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(mod), "module github.com/cubeset/cubeset\n") {
			return dir, nil
		}
		if filepath.Dir(dir) == dir {
			return "", errors.New("no cubeset here or above; the command is: go run -C host/bench . all")
		}
		dir = filepath.Dir(dir)
	}
}
