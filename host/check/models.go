package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

//go:embed models.txt
var modelRequirements []byte

// debianPython is the interpreter that python3-torch is for.
const debianPython = "/usr/bin/python3"

const (
	buildsAtOnce = 2                // of models: each has a PyTorch of its own
	midRunMax    = 3 * time.Minute  // until a build is in mid-run
	lookEvery    = time.Millisecond // at what a build has finished
	modelPairs   = 500
)

// modelPooling is what cubeset is told, and models.py takes for granted.
var modelPooling = map[string]string{
	"llama": "last", "mistral": "last", "gpt2": "last", "gpt-neox": "mean", "qwen2": "mean",
	"bert": "cls", "distilbert": "mean", "roberta": "mean", "xlm-r": "max",
}

// models runs the tests of the Python package that need PyTorch, and then
// builds a dataset with each of nine tiny language models, all through one
// cache, each killed once in mid-run and resumed. Every vector must be what its
// own model says when called directly.
func (s *suite) models() error {
	python, err := s.torch()
	if err != nil {
		return err
	}
	if err := s.pytest(python, "-m", "torch"); err != nil {
		return err
	}
	root := filepath.Join(s.tmp, "models")
	cubeset, err := s.cubeset()
	if err != nil {
		return err
	}
	pairs := filepath.Join(root, "pairs.jsonl")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	if err := s.script(python, "models.py", "make", append([]string{root, pairs}, s.pairSources()...)...); err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(buildsAtOnce)
	for name, pooling := range modelPooling {
		g.Go(func() error {
			args := []string{"build", pairs, "-o", filepath.Join(root, "datasets", name), "--json", "--preset", "none", "--dedup", "none", "--shape", "4x4x4",
				"--teacher", "transformers", "--model", filepath.Join(root, name), "--teacher-option", "pooling=" + pooling,
				"--teacher-option", "threads=1", "--python", python, "--workers", "1", "--chunk-rows", "32:64"}
			if err := s.killAndResume(append([]string{cubeset}, args...), filepath.Join(root, "datasets", name)); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return s.script(python, "models.py", "compare", root, filepath.Join(root, "datasets"))
}

// torch is the interpreter of an environment with Debian's PyTorch and the
// Python package.
func (s *suite) torch() (string, error) {
	if _, err := s.command(debianPython, "-c", "import torch, ensurepip"); err != nil {
		if err := s.install("python3-torch", "python3-venv"); err != nil {
			return "", fmt.Errorf("python3-torch of Debian 12 is needed: %w", err)
		}
	}
	python, err := s.venvOf(debianPython, "torch", modelRequirements, "--system-site-packages")
	if err != nil {
		return "", err
	}
	return python, s.installPackage(python)
}

// cubeset is the command, built.
func (s *suite) cubeset() (string, error) {
	name := filepath.Join(s.tmp, "cubeset")
	_, err := s.command("go", "build", "-o", name, "./host/cubeset")
	return name, err
}

// killAndResume runs a build twice: the first is killed in mid-run, the second
func (s *suite) killAndResume(build []string, out string) error {
	c := exec.CommandContext(s.ctx, build[0], build[1:]...)
	c.Dir, c.Env = s.root, s.environ(nil)
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for begin := time.Now(); !midRun(out); {
		select {
		case err := <-ended:
			return fmt.Errorf("ended before it could be killed: %v\n%s", err, tail(said.String()))
		case <-look.C:
		}
		if time.Since(begin) > midRunMax {
			c.Process.Kill()
			<-ended
			return errors.New("no chunk was finished in time\n" + tail(said.String()))
		}
	}
	c.Process.Kill()
	<-ended
	if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
		return fmt.Errorf("was over before it was killed: %s", c.ProcessState)
	}
	if _, err := os.Stat(filepath.Join(out, "manifest.json")); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("a build that was killed left a dataset: %v", err)
	}
	resumed, err := s.commandIn(s.root, nil, build...)
	if err != nil {
		return err
	}
	return resumedWork(resumed)
}

// midRun says whether a build is done with its first chunk, but not with all:
// a chunk has a part of each of two splits.
func midRun(out string) bool {
	found, _ := filepath.Glob(filepath.Join(out, "_tmp", "parts", "*.parquet"))
	return len(found) > 2
}

// resumedWork holds what a build says that had a part to go on from against
// what it must have found.
func resumedWork(said string) error {
	sum, err := readSummary(said)
	if err != nil {
		return err
	}
	if sum.Kept != modelPairs || sum.Cache.Corrupt > 0 || sum.Parts.Reused == 0 || sum.Parts.Built == 0 {
		return fmt.Errorf("the resumed build is not one of %d rows with parts of the first: %+v", modelPairs, sum)
	}
	return nil
}

// buildSummary is what is looked at of the summary of a build.
type buildSummary struct {
	Kept    int
	Seconds float64
	Cache   struct{ Hits, Misses, Corrupt int }
	Teacher struct{ Texts int }
	Parts   struct{ Built, Reused int }
}

// readSummary finds the summary in what a build with --json said.
func readSummary(said string) (sum buildSummary, err error) {
	at := strings.LastIndex(said, "\n{") + 1
	return sum, json.Unmarshal([]byte(said[at:]), &sum)
}

// pairSources are the files that models.py makes pairs of: an example, and real
// dialogues that may be missing.
func (s *suite) pairSources() []string {
	return []string{
		filepath.Join(s.root, "examples", "01-first-dataset", "dialogues.jsonl"),
		filepath.Join(filepath.Dir(s.root), "shared", "data", "sgd-train.jsonl.zst"),
	}
}
