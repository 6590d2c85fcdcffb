package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/cubeset/cubeset/formats/dialogue"
	"github.com/cubeset/cubeset/host"
	"github.com/klauspost/compress/zstd"
)

const (
	dialogueRows = 100_000
	// realPairs is a corpus that is not part of the project.
	realPairs = "../shared/data/sgd-train.jsonl.zst"
)

// dialogueGroups compares readers of one file of JSON lines, and measures the
// steps of a build up to the cache.
func dialogueGroups(ctx context.Context, p place) ([]Group, error) {
	file, data, err := pairsFile(p)
	if err != nil {
		return nil, err
	}
	python, err := findSnake(ctx, p)
	if err != nil {
		return nil, err
	}
	cubeset, err := buildCubeset(ctx, p)
	if err != nil {
		return nil, err
	}
	parse := Group{Title: "dialogue: JSON lines to the last pair", Unit: "MB/s", Scale: 1, Rate: true, Columns: []Column{{"pairs", "pairs", "%.0f"}},
		Notes: []string{data, "cubeset also checks and normalises every text (text/v1); the others hand over what is in the file. datasets and DuckDB make a table of it."},
		Cases: []Case{
			{"cubeset", []string{"encoding/json", "datasets", "duckdb"}, child("parse", "cubeset", file)},
			{Name: "encoding/json", Run: child("parse", "encoding/json", file)},
			{Name: "datasets", Run: python.run("parse", "datasets", file, p.tmp)},
			{Name: "duckdb", Run: python.run("parse", "duckdb", file, p.tmp)},
		}}
	steps := Group{Title: "dialogue: a build's steps before the cache", Unit: "pairs/s", Scale: 1, Rate: true,
		Notes: []string{data, "host.DryRun with one worker and no cache: it reads and filters as a build does, and hashes both texts of each pair that is left into their keys. Filters are compiled by a child and not counted in the processor time."},
		Cases: []Case{
			{Name: "read, text/v1", Run: child("pipeline", p.tmp, cubeset, file, "none")},
			{"and exact dedup", []string{"read, text/v1"}, child("pipeline", p.tmp, cubeset, file, "exact")},
			{"and filters length, echo", []string{"read, text/v1"}, child("pipeline", p.tmp, cubeset, file, "exact", "length", "echo")},
		}}
	return []Group{parse, steps}, nil
}

// buildCubeset builds the command, which compiles filters and packs them.
func buildCubeset(ctx context.Context, p place) (string, error) {
	path := filepath.Join(p.tmp, "cubeset")
	c := exec.CommandContext(ctx, "go", "build", "-o", path, "./host/cubeset")
	c.Dir = p.root
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the command: %w\n%s", err, out)
	}
	return path, nil
}

// pairsFile leaves a file of pairs in the run's folder, and says what it holds.
func pairsFile(p place) (file, what string, err error) {
	file = filepath.Join(p.tmp, "pairs.jsonl")
	out, err := os.Create(file)
	if err != nil {
		return "", "", err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	packed, err := os.Open(filepath.Join(p.root, realPairs))
	if err == nil && p.rows == 0 {
		defer packed.Close()
		z, err := zstd.NewReader(packed)
		if err != nil {
			return "", "", err
		}
		defer z.Close()
		_, err = z.WriteTo(out)
		return file, "The file: 111,878 pairs of the Schema-Guided Dialogue corpus.", err
	}
	n := p.orRows(dialogueRows)
	w := bufio.NewWriter(out)
	questions, answers := texts(n, 60, 3), texts(n, 240, 4)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for i := range n {
		line := pairLine{Question: questions[i], Answer: answers[i], Source: "made", DialogueID: strconv.Itoa(i / 8), Turn: int32(i%8) * 2}
		if err := e.Encode(line); err != nil {
			return "", "", err
		}
	}
	return file, fmt.Sprintf("The file: %d made pairs. (%s is not there, or --rows was given.)", n, realPairs), w.Flush()
}

type pairLine struct {
	Question   string `json:"question"`
	Answer     string `json:"answer"`
	Source     string `json:"source"`
	DialogueID string `json:"dialogue_id"`
	Turn       int32  `json:"turn"`
}

// parseChild reads all pairs of a file.
func parseChild(_ context.Context, args []string) (s Sample, err error) {
	read, file := map[string]func(string) (int, error){"cubeset": parseOurs, "encoding/json": parseStandard}[args[0]], args[1]
	info, err := os.Stat(file)
	if err != nil {
		return s, err
	}
	var watch stopwatch
	pairs := 0
	err = watch.lap(func() error {
		pairs, err = read(file)
		return err
	})
	s = watch.sample(float64(info.Size()) / 1e6)
	s.More["pairs"] = float64(pairs)
	return s, err
}

func parseOurs(file string) (pairs int, err error) {
	in, err := dialogue.Open(file, dialogue.DefaultOptions())
	if err != nil {
		return 0, err
	}
	defer in.Close()
	p, emit, skip := in.Parser(), func(*dialogue.Pair) { pairs++ }, func(dialogue.Skip) {}
	for r, err := range in.Records() {
		if err != nil {
			return pairs, err
		}
		p.Pairs(r, emit, skip)
	}
	return pairs, nil
}

func parseStandard(file string) (pairs int, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	for lines.Scan() {
		var p pairLine
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			return pairs, err
		}
		pairs++
	}
	return pairs, lines.Err()
}

// pipelineChild does what a build does before it looks into the cache.
func pipelineChild(ctx context.Context, args []string) (s Sample, err error) {
	out, err := os.MkdirTemp(args[0], "out-")
	if err != nil {
		return s, err
	}
	defer os.RemoveAll(out)
	c := host.DefaultConfig()
	c.Inputs, c.Out, c.Cache, c.Workers = []string{args[2]}, filepath.Join(out, "dataset"), "off", 1
	c.Preset, c.Dedup, c.Filters = "none", args[3], args[4:]
	var watch stopwatch
	var sum host.DryRunSummary
	err = watch.lap(func() error {
		sum, err = host.DryRun(ctx, c, host.Options{Self: []string{args[1]}})
		return err
	})
	return watch.sample(float64(sum.Read)), err
}
