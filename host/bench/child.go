package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// childCommand makes this program one contestant: a process of its own, so that
// nothing another one left running or in memory is counted.
const childCommand = "__run"

// runChild runs the contestant and prints its sample.
func runChild(ctx context.Context, name string, args []string) error {
	roles := map[string]func(context.Context, []string) (Sample, error){
		"put": putChild, "get": getChild, "parquet": parquetChild, "parse": parseChild, "pipeline": pipelineChild,
	}
	role, ok := roles[name]
	if !ok {
		return fmt.Errorf("no contestant %q", name)
	}
	s, err := role(ctx, args)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(s)
}

// child is a case's Run in a process of its own.
func child(name string, args ...string) func(context.Context) (Sample, error) {
	return func(ctx context.Context) (Sample, error) {
		self, err := os.Executable()
		if err != nil {
			return Sample{}, err
		}
		return sampleOf(exec.CommandContext(ctx, self, append([]string{childCommand, name}, args...)...))
	}
}

// snake runs peers.py.
type snake struct {
	python string // interpreter; "" if there is none
	script string
	tmp    string
}

// findSnake looks for an interpreter: CUBESET_BENCH_PYTHON, or one of those that
// host/check has set up.
func findSnake(ctx context.Context, p place) (snake, error) {
	s := snake{script: filepath.Join(p.root, "host", "bench", "peers.py"), tmp: p.tmp}
	if s.python = os.Getenv("CUBESET_BENCH_PYTHON"); s.python != "" {
		return s, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return s, err
	}
	found, err := filepath.Glob(filepath.Join(cache, "cubeset-check", "python-*", "bin", "python"))
	for _, path := range found {
		if exec.CommandContext(ctx, path, "-c", "import pyarrow, pandas, polars, duckdb, datasets").Run() == nil {
			s.python = path
			break
		}
	}
	return s, err
}

// run is a case's Run in Python.
func (s snake) run(args ...string) func(context.Context) (Sample, error) {
	return func(ctx context.Context) (Sample, error) {
		if s.python == "" {
			return Sample{}, &missing{"Python with pyarrow, pandas, polars, duckdb and datasets",
				"go run ./host/check --stage readers sets one up, or name an interpreter in CUBESET_BENCH_PYTHON"}
		}
		c := exec.CommandContext(ctx, s.python, append([]string{s.script}, args...)...)
		c.Env = append(os.Environ(), "HF_HUB_OFFLINE=1", "HF_HOME="+filepath.Join(s.tmp, "hf"), "POLARS_MAX_THREADS=1", "OMP_NUM_THREADS=1", "PYTHONDONTWRITEBYTECODE=1")
		return sampleOf(c)
	}
}

// sampleOf runs a child and reads the sample it prints last.
func sampleOf(c *exec.Cmd) (Sample, error) {
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		return Sample{}, fmt.Errorf("%s: %w\n%s", filepath.Base(c.Path), err, said.String())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	var answer struct {
		Sample
		Missing string
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &answer); err != nil {
		return Sample{}, fmt.Errorf("%s: its answer: %w", filepath.Base(c.Path), err)
	}
	switch {
	case answer.Missing != "":
		return Sample{}, &missing{answer.Missing, c.Path + " -m pip install " + answer.Missing}
	case answer.CPU <= 0 || answer.Units <= 0:
		return Sample{}, errors.New("no time or nothing done")
	}
	return answer.Sample, nil
}
