package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// pythonTests looks over all that is written in Python, and runs the tests of
// the Python package that need no PyTorch.
func (s *suite) pythonTests() error {
	python, err := s.pythonTeachers()
	if err != nil {
		return err
	}
	lint := []string{python, "-m", "ruff", "check", "--no-cache", "--config", "sdk/python/pyproject.toml", "sdk/python", "host/check", "examples"}
	if _, err := s.command(lint...); err != nil {
		return err
	}
	s.passed++
	return s.pytest(python, "-m", "not torch")
}

// pythonTeachers is the interpreter of an environment with the Python package
// of this tree and what its kind onnx and its tests need.
func (s *suite) pythonTeachers() (string, error) {
	python, err := s.venv(teacherRequirements)
	if err != nil {
		return "", err
	}
	return python, s.installPackage(python)
}

// installPackage installs the Python package of this tree, without what it
// needs.
func (s *suite) installPackage(python string) error {
	_, err := s.command(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--force-reinstall", "./sdk/python")
	return err
}

var outcome = regexp.MustCompile(`(\d+) (passed|failed|skipped|errors?)\b`)

// pytest runs tests of the Python package, in which nothing is skipped for want
// of a library, and counts them.
func (s *suite) pytest(python string, args ...string) error {
	args = append([]string{python, "-m", "pytest", "-q", "-rs", "--no-header"}, args...)
	env := []string{"CUBESET_CHECK=1", "PYTHONDONTWRITEBYTECODE=1", "PATH=" + filepath.Dir(python) + string(os.PathListSeparator) + os.Getenv("PATH")}
	said, err := s.commandIn(filepath.Join(s.root, "sdk", "python"), env, args...)
	for _, m := range outcome.FindAllStringSubmatch(said, -1) {
		n, _ := strconv.Atoi(m[1])
		switch m[2] {
		case "passed":
			s.passed += n
		case "skipped":
			s.skipped += n
		default:
			s.failed += n
		}
		fmt.Printf("   %s %s\n", m[1], m[2])
	}
	return err
}
