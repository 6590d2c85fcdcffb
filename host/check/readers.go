package main

import (
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cubeset/cubeset/formats/tensor"
)

//go:embed requirements.txt
var requirements []byte

//go:embed readers.py
var readersPy []byte

// readers builds a dataset of the first example and has other programs read
// it: every value must be the Go reader's, to the bit.
func (s *suite) readers() error {
	python, err := s.python()
	if err != nil {
		return err
	}
	for _, profile := range []tensor.Profile{tensor.Compat, tensor.Fast} {
		out := filepath.Join(s.tmp, "readers-"+string(profile))
		if _, err := s.command("go", "run", "./host/cubeset", "build", "examples/01-first-dataset/dialogues.jsonl", "-o", out, "--profile", string(profile), "--test", "0.1"); err != nil {
			return err
		}
		if err := dump(out, filepath.Join(s.tmp, "expected")); err != nil {
			return err
		}
		script := filepath.Join(s.tmp, "readers.py")
		if err := os.WriteFile(script, readersPy, 0o644); err != nil {
			return err
		}
		said, err := s.commandIn(s.tmp, []string{"HF_HUB_OFFLINE=1", "HF_HOME=" + filepath.Join(s.tmp, "hf")}, python, script, out, filepath.Join(s.tmp, "expected"), filepath.Join(s.root, "host", "split", "vectors.json"))
		for line := range strings.Lines(said) {
			switch {
			case strings.HasPrefix(line, "ok "):
				s.passed++
				fmt.Printf("   %s: %s", profile, line)
			case strings.HasPrefix(line, "FAIL "):
				s.failed++
				fmt.Printf("%s: %s", profile, line)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// python makes a virtual environment with the readers, once for each set of
// versions, and returns its interpreter.
func (s *suite) python() (string, error) {
	if err := s.need("python3", "python3-venv"); err != nil {
		return "", err
	}
	sum := sha256.Sum256(requirements)
	dir := filepath.Join(s.tools, "python-"+hex.EncodeToString(sum[:8]))
	python, done := filepath.Join(dir, "bin", "python"), filepath.Join(dir, "complete")
	if _, err := os.Stat(done); err == nil {
		return python, nil
	}
	fmt.Printf("   installing into %s: %s\n", dir, strings.Join(strings.Fields(string(requirements)), " "))
	list := filepath.Join(s.tmp, "requirements.txt")
	if err := os.WriteFile(list, requirements, 0o644); err != nil {
		return "", err
	}
	if _, err := s.command("python3", "-m", "venv", "--clear", dir); err != nil {
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
