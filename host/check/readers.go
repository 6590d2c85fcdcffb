package main

import (
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cubeset/cubeset/formats/tensor"
)

//go:embed requirements.txt
var requirements []byte

//go:embed *.py
var scripts embed.FS

// profiles are those that the readers have to read.
var profiles = tensor.Profiles()

// readers builds a dataset of the first example in each profile and has other
// programs read it and its exports: every value must be the Go reader's, to the
// bit.
func (s *suite) readers() error {
	python, err := s.python()
	if err != nil {
		return err
	}
	if err := s.need("java", "openjdk-17-jre-headless"); err != nil {
		return err
	}
	root, err := s.datasets()
	if err != nil {
		return err
	}
	files, splits := filepath.Join(s.root, "formats", "vectors"), filepath.Join(s.root, "host", "split", "vectors.json")
	errs := []error{s.script(python, "readers.py", root, append([]string{files, splits}, names(profiles)...)...)}
	for _, p := range profiles {
		if err := readArrays(filepath.Join(root, string(p))); err != nil {
			s.fail(fmt.Sprintf("%s: formats/array", p), err)
		} else {
			s.passed++
		}
	}
	errs = append(errs, s.script(python, "spark.py", root, append([]string{files}, names(profiles)...)...))
	return errors.Join(errs...)
}

func names(ps []tensor.Profile) (all []string) {
	for _, p := range ps {
		all = append(all, string(p))
	}
	return all
}

// datasets makes a folder for each profile, with the dataset, its exports and
// what the Go reader finds in it, and returns the folder they are in.
func (s *suite) datasets() (string, error) {
	root, cubeset := filepath.Join(s.tmp, "datasets"), filepath.Join(s.tmp, "cubeset")
	if _, err := os.Stat(root); err == nil {
		return root, nil
	}
	if _, err := s.command("go", "build", "-o", cubeset, "./host/cubeset"); err != nil {
		return "", err
	}
	example := filepath.Join(s.root, "examples", "01-first-dataset", "dialogues.jsonl")
	for _, p := range profiles {
		dir := filepath.Join(root, string(p))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", err
		}
		for _, args := range [][]string{
			{"build", example, "-o", "first-dataset", "--profile", string(p), "--test", "0.1"},
			{"export", "first-dataset", "--to", "npy", "-o", "arrays"},
			{"export", "first-dataset", "--to", "safetensors", "-o", "first.safetensors"},
			{"export", "first-dataset", "--to", "jsonl", "-o", "first.jsonl", "--vectors"},
		} {
			if _, err := s.commandIn(dir, nil, append([]string{cubeset}, args...)...); err != nil {
				return "", err
			}
		}
		if err := dump(filepath.Join(dir, "first-dataset"), filepath.Join(dir, "expected")); err != nil {
			return "", err
		}
	}
	return root, nil
}

// script runs a Python script on the datasets, and counts what it says it tried.
func (s *suite) script(python, name, root string, args ...string) error {
	dir := filepath.Join(s.tmp, "scripts")
	if err := os.CopyFS(dir, scripts); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	env := []string{"HF_HUB_OFFLINE=1", "HF_HOME=" + filepath.Join(s.tmp, "hf"), "PYTHONPATH=" + dir, "PYTHONDONTWRITEBYTECODE=1"}
	said, err := s.commandIn(s.tmp, env, append([]string{python, filepath.Join(dir, name), root}, args...)...)
	s.count(said)
	return err
}

// count prints the lines that begin with ok, FAIL or have, and counts the first
// two.
func (s *suite) count(said string) {
	for line := range strings.Lines(said) {
		switch {
		case strings.HasPrefix(line, "ok "):
			s.passed++
			fmt.Printf("   %s", line)
		case strings.HasPrefix(line, "have "):
			fmt.Printf("   %s", line)
		case strings.HasPrefix(line, "FAIL "):
			s.failed++
			fmt.Print(line)
		}
	}
}

// python is the interpreter of an environment with all the usual readers.
func (s *suite) python() (string, error) { return s.venv(requirements) }

// venv makes a virtual environment with what is required, once for each set of
// versions, and returns its interpreter.
func (s *suite) venv(requirements []byte) (string, error) {
	if err := s.need("python3", "python3-venv"); err != nil {
		return "", err
	}
	return s.venvOf("python3", "python", requirements)
}

// venvOf is venv with an interpreter, a name, and options of venv.
func (s *suite) venvOf(interpreter, name string, requirements []byte, options ...string) (string, error) {
	sum := sha256.Sum256(requirements)
	dir := filepath.Join(s.tools, name+"-"+hex.EncodeToString(sum[:8]))
	python, done := filepath.Join(dir, "bin", "python"), filepath.Join(dir, "complete")
	if _, err := os.Stat(done); err == nil {
		return python, nil
	}
	fmt.Printf("   installing into %s: %s\n", dir, strings.Join(strings.Fields(string(requirements)), " "))
	list := filepath.Join(s.tmp, "requirements.txt")
	if err := os.WriteFile(list, requirements, 0o644); err != nil {
		return "", err
	}
	if _, err := s.command(slices.Concat([]string{interpreter, "-m", "venv", "--clear"}, options, []string{dir})...); err != nil {
		return "", err
	}
	if _, err := s.command(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", list); err != nil {
		return "", err
	}
	return python, os.WriteFile(done, nil, 0o644)
}

// dump writes what the Go reader finds in a dataset for the other readers to
// compare with: vectors as raw little-endian float32, the rest as JSON.
func dump(dataset, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	parts, err := filepath.Glob(filepath.Join(dataset, "data", "*.parquet")) // in the order readers list them
	if err != nil || len(parts) == 0 {
		return fmt.Errorf("no parts in %s: %v", dataset, err)
	}
	type row struct {
		ID         string  `json:"id"`
		Question   string  `json:"question"`
		Answer     string  `json:"answer"`
		Context    *string `json:"context"`
		DialogueID *string `json:"dialogue_id"`
		Turn       *int32  `json:"turn"`
		Lang       *string `json:"lang"`
		Source     string  `json:"source"`
		Split      string  `json:"split"`
		Similarity float32 `json:"similarity"`
	}
	var rows []row
	var questions, answers []byte
	orNull := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	for _, name := range parts {
		p, err := tensor.Open(name)
		if err != nil {
			return err
		}
		for r, err := range p.Rows() {
			if err != nil {
				return err
			}
			j := row{r.ID, r.Question, r.Answer, orNull(r.Context), orNull(r.DialogueID), nil, orNull(r.Lang), r.Source, r.Split, r.Similarity}
			if r.Turn >= 0 {
				j.Turn = &r.Turn
			}
			rows = append(rows, j)
			questions, _ = binary.Append(questions, binary.LittleEndian, r.QuestionEmbedding)
			answers, _ = binary.Append(answers, binary.LittleEndian, r.AnswerEmbedding)
		}
		p.Close()
	}
	doc, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	for name, b := range map[string][]byte{"rows.json": doc, "question_embedding.f32": questions, "answer_embedding.f32": answers} {
		if err := os.WriteFile(filepath.Join(to, name), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}
