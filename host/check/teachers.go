package main

import (
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/cubeset/cubeset/plugins"
)

//go:embed teachers.txt
var teacherRequirements []byte

// teachers installs the Python package, puts teachers written with it through
// the conformance kit, and holds what the kind onnx gives against what the
// model gives without it.
func (s *suite) teachers() error {
	python, err := s.pythonTeachers()
	if err != nil {
		return err
	}
	path := []string{"PATH=" + filepath.Dir(python) + string(os.PathListSeparator) + os.Getenv("PATH")}
	if _, err := s.commandIn(s.root, path, "go", "run", "./host/cubeset", "teacher", "test", "./examples/07-python-teacher/teacher.py"); err != nil {
		return err
	}
	s.passed++

	texts := []string{"where is the parcel", "what time is the museum open", "how is the order", "the train is a day", "nothing that it knows, but one town"}
	model, want, err := s.tinyModel(python, texts)
	if err != nil {
		return err
	}
	if _, err := s.command("go", "run", "./host/cubeset", "teacher", "test", "onnx", "--model", model, "--python", python); err != nil {
		return err
	}
	s.passed++
	got, err := s.through([]string{python, "-m", "cubeset.teacher", "onnx"}, map[string]any{"model": model}, texts)
	if err != nil {
		return err
	}
	if len(got) != len(want) {
		return fmt.Errorf("onnx: %d values, want %d", len(got), len(want))
	}
	for i := range got {
		if math.Abs(float64(got[i])-float64(want[i])) > 1e-5 {
			return fmt.Errorf("onnx: value %d is %v, the model says %v", i, got[i], want[i])
		}
	}
	s.passed++
	out := filepath.Join(s.tmp, "onnx")
	if _, err := s.command("go", "run", "./host/cubeset", "build", "examples/01-first-dataset/dialogues.jsonl", "-o", out, "--teacher", "onnx", "--model", model, "--python", python, "--min-similarity", "-1"); err != nil {
		return err
	}
	if _, err := s.command("go", "run", "./host/cubeset", "verify", out); err != nil {
		return err
	}
	s.passed++
	return nil
}

// tinyModel makes a model, and what it says of texts.
func (s *suite) tinyModel(python string, texts []string) (folder string, vectors []float32, err error) {
	script, err := scripts.ReadFile("tinyonnx.py")
	if err != nil {
		return "", nil, err
	}
	doc, err := json.Marshal(texts)
	if err != nil {
		return "", nil, err
	}
	folder = filepath.Join(s.tmp, "tiny-model")
	for name, b := range map[string][]byte{"tinyonnx.py": script, "texts.json": doc} {
		if err := os.WriteFile(filepath.Join(s.tmp, name), b, 0o644); err != nil {
			return "", nil, err
		}
	}
	raw := filepath.Join(s.tmp, "vectors.f32")
	if _, err := s.command(python, filepath.Join(s.tmp, "tinyonnx.py"), folder, filepath.Join(s.tmp, "texts.json"), raw); err != nil {
		return "", nil, err
	}
	b, err := os.ReadFile(raw)
	if err != nil {
		return "", nil, err
	}
	vectors = make([]float32, len(b)/4)
	_, err = binary.Decode(b, binary.LittleEndian, vectors)
	return folder, vectors, err
}

// through embeds texts with a teacher, started as a build starts it.
func (s *suite) through(command []string, config map[string]any, texts []string) ([]float32, error) {
	doc, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	o := plugins.DefaultOptions()
	o.StartTimeout, o.TempDir = time.Minute, s.tmp // the machine may be busy
	t, err := plugins.Start(s.ctx, plugins.Spec{Command: command, SetEnv: []string{plugins.ConfigEnv + "=" + string(doc)}}, o)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	dst := make([]float32, len(texts)*t.Description().Dims)
	rows, err := t.Embed(s.ctx, texts, dst)
	if err != nil {
		return nil, err
	}
	for i, r := range rows {
		if r.Err != nil {
			return nil, fmt.Errorf("text %d: %w", i, r.Err)
		}
	}
	return dst, nil
}
