// Command check sets up whatever the whole test suite needs and runs it: the
// second command of the README, and all that continuous integration runs.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

func main() {
	fast := flag.Bool("fast", false, "only what needs nothing but Go")
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, "usage: go run ./host/check [--fast]\n\nSets up what the test suite needs and runs it, and ends with a line of counts.\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s, err := newSuite(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(1)
	}
	os.Exit(s.run(*fast))
}

// stage is one part of the suite. An error of it is a failure by itself; what
// it tests one by one it counts in the suite.
type stage struct {
	name string
	fast bool // needs nothing but Go
	run  func() error
}

func (s *suite) stages() []stage {
	return []stage{
		{"format", true, s.format},
		{"vet", true, s.vet},
		{"staticcheck", true, s.staticcheck},
		{"other systems", true, s.otherSystems},
		{"go test", true, s.goTest},
		{"go test -race", false, s.goRace},
		{"guests", false, s.guests},
		{"sdks", false, s.sdks},
		{"readers", false, s.readers},
		{"documents", false, s.documents},
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

// run goes through the stages, the failed ones too, and returns the exit code.
func (s *suite) run(fast bool) int {
	defer os.RemoveAll(s.tmp)
	for _, st := range s.stages() {
		if fast && !st.fast {
			continue
		}
		fmt.Printf("== %s\n", st.name)
		begin := time.Now()
		if err := st.run(); err != nil {
			s.fail(st.name, err)
		} else {
			s.passed++
		}
		fmt.Printf("   %s: %.1f s\n", st.name, time.Since(begin).Seconds())
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
