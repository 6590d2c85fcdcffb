package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

const staticcheckVersion = "v0.8.2"

// format checks that gofmt would change nothing, and that no file holds a path
// of the machine it was written on.
func (s *suite) format() error {
	out, err := s.command("gofmt", "-l", "formats", "host", "plugins", "sdk", "wasm", "examples")
	if err == nil && out != "" {
		err = errors.New("gofmt would change:\n" + out)
	}
	return err
}

func (s *suite) vet() error {
	_, err := s.command("go", "vet", "./...")
	return err
}

func (s *suite) staticcheck() error {
	_, err := s.command("go", "run", "honnef.co/go/tools/cmd/staticcheck@"+staticcheckVersion, "./...")
	return err
}

// otherSystems makes sure that what is tested on one system at least compiles
// on the others it is meant for.
func (s *suite) otherSystems() error {
	for _, system := range [][]string{{"linux", "arm64"}, {"darwin", "arm64"}} {
		env := []string{"GOOS=" + system[0], "GOARCH=" + system[1], "CGO_ENABLED=0"}
		if _, err := s.commandIn(s.root, env, "go", "vet", "./..."); err != nil {
			return fmt.Errorf("%s: %w", strings.Join(system, "/"), err)
		}
	}
	return nil
}

func (s *suite) goTest() error { return s.test("./...") }

// goRace runs again, under the race detector, what several workers share.
func (s *suite) goRace() error {
	if err := s.need("gcc", "gcc"); err != nil {
		return err
	}
	return s.test("-race", "-short", "./host", "./host/cache", "./host/dedup", "./plugins", "./wasm")
}

// The damaged copies that are made of each of the bundled filters: 2,080 of
// all, and 20,800.
const (
	mutantsEach     = 160
	mutantsEachSoak = 1600
)

func (s *suite) mutants() error    { return s.damage(mutantsEach) }
func (s *suite) mutantSoak() error { return s.damage(mutantsEachSoak) }

func (s *suite) damage(copies int) error {
	return s.testIn([]string{fmt.Sprint("CUBESET_MUTANTS=", copies)},
		"-timeout=30m", "-count=1", "-run=^TestMutants$", "./wasm/filters")
}

// test runs go test and counts its tests, subtests among them.
func (s *suite) test(args ...string) error { return s.testIn(nil, args...) }

// testIn is test with more environment.
func (s *suite) testIn(env []string, args ...string) error {
	c := exec.CommandContext(s.ctx, "go", append([]string{"test", "-json"}, args...)...)
	c.Dir, c.Env, c.Stderr = s.root, s.environ(env), os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	said := map[string]*strings.Builder{} // of each test, until it is known to have passed
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e struct{ Action, Package, Test, Output string }
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text())
			continue
		}
		name := strings.TrimSpace(e.Package + " " + e.Test)
		if said[name] == nil {
			said[name] = &strings.Builder{}
		}
		switch e.Action {
		case "output", "build-output":
			said[name].WriteString(e.Output)
			continue
		case "pass":
			if e.Test != "" {
				s.passed++
			}
		case "skip":
			if e.Test != "" {
				s.skipped++
				fmt.Printf("   skipped %s: %s\n", name, reason(said[name].String()))
			}
		case "fail":
			fmt.Print(tail(said[name].String()))
			if e.Test != "" {
				s.failed++
				fmt.Printf("FAIL %s\n", name)
			}
		default:
			continue
		}
		delete(said, name)
	}
	if err := c.Wait(); err != nil {
		return fmt.Errorf("go test %s: %w", strings.Join(args, " "), err)
	}
	return lines.Err()
}

// reason is what a skipped test said, without the frame go test puts around it.
func reason(said string) string {
	for line := range strings.Lines(said) {
		if _, why, ok := strings.Cut(line, ".go:"); ok {
			_, why, _ = strings.Cut(why, ": ")
			return strings.TrimSpace(why)
		}
	}
	return "no reason given"
}
