// Command check sets up whatever the whole test suite needs and runs it: the
// second command of the README, and all that continuous integration runs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

func main() {
	onlyFast := flag.Bool("fast", false, "only what needs nothing but Go")
	alsoFull := flag.Bool("full", false, "also what is rarely needed and takes long")
	only := flag.String("stage", "", "only the stage of this `NAME`, such as readers")
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, "usage: go run ./host/check [--fast|--full|--stage NAME]\n\nSets up what the test suite needs and runs it, and ends with a line of counts.\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	most := standard
	switch {
	case *onlyFast && *alsoFull || flag.NArg() > 0:
		flag.Usage()
		os.Exit(64)
	case *onlyFast:
		most = fast
	case *alsoFull:
		most = full
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s, err := newSuite(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(1)
	}
	os.Exit(s.run(most, *only))
}

// level says when a stage runs: at its own level and all above.
type level int

const (
	fast     level = iota // --fast: needs nothing but Go
	standard              // what continuous integration runs
	full                  // --full
)

// stage is one part of the suite. An error of it is a failure by itself; what
// it tests one by one it counts in the suite.
type stage struct {
	name  string
	level level
	run   func() error
}

func (s *suite) stages() []stage {
	return []stage{
		{"format", fast, s.format},
		{"vet", fast, s.vet},
		{"staticcheck", fast, s.staticcheck},
		{"other systems", fast, s.otherSystems},
		{"go test", fast, s.goTest},
		{"go test -race", standard, s.goRace},
		{"mutants", standard, s.mutants},
		{"guests", standard, s.guests},
		{"sdks", standard, s.sdks},
		{"readers", standard, s.readers},
		{"python", standard, s.pythonTests},
		{"teachers", standard, s.teachers},
		{"models", standard, s.models},
		{"documents", standard, s.documents},
		{"rare readers", full, s.rareReaders},
		{"minilm", full, s.minilm},
		{"mutants, soak", full, s.mutantSoak},
	}
}

// suite is one run of the checks.
type suite struct {
	ctx   context.Context
	root  string // of the module
	tools string // what was set up in earlier runs
	tmp   string // of this run

	passed, failed, skipped int
}

func newSuite(ctx context.Context) (*suite, error) {
	root, err := moduleRoot()
	if err != nil {
		return nil, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp("", "cubeset-check-")
	if err != nil {
		return nil, err
	}
	tools := filepath.Join(cache, "cubeset-check")
	return &suite{ctx: ctx, root: root, tools: tools, tmp: tmp}, os.MkdirAll(tools, 0o755)
}

func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if filepath.Dir(dir) == dir {
			return "", fmt.Errorf("no go.mod here or above: run it in the project's folder")
		}
		dir = filepath.Dir(dir)
	}
}

// run goes through the stages up to a level, or the one that only names, the
// failed ones too, and returns the exit code.
func (s *suite) run(most level, only string) int {
	defer os.RemoveAll(s.tmp)
	ran := 0
	for _, st := range s.stages() {
		if only == "" && st.level > most || only != "" && st.name != only {
			continue
		}
		ran++
		fmt.Printf("== %s\n", st.name)
		begin := time.Now()
		if err := st.run(); err != nil {
			s.fail(st.name, err)
		} else {
			s.passed++
		}
		fmt.Printf("   %s: %.1f s\n", st.name, time.Since(begin).Seconds())
	}
	if ran == 0 {
		s.fail(only, errors.New("there is no such stage"))
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", s.passed, s.failed, s.skipped)
	if s.failed > 0 {
		return 1
	}
	return 0
}

func (s *suite) fail(what string, err error) {
	s.failed++
	fmt.Printf("FAIL %s: %v\n", what, err)
}
