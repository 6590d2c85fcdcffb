package main

import (
	_ "embed"
	"errors"
	"path/filepath"
)

//go:embed requirements-spark35.txt
var requirementsSpark35 []byte

//go:embed requirements-ray.txt
var requirementsRay []byte

// rareReaders has programs that fewer people use, or that take long to set up,
// read the datasets of the readers stage: the last PySpark before 4, Ray Data,
// and arrow-rs. One that fails does not keep the others from being tried.
func (s *suite) rareReaders() error {
	if err := s.need("java", "openjdk-17-jre-headless"); err != nil {
		return err
	}
	root, err := s.datasets()
	if err != nil {
		return err
	}
	var errs []error
	files := filepath.Join(s.root, "formats", "vectors")
	for _, r := range []struct {
		requirements []byte
		script       string
		args         []string
	}{
		{requirementsSpark35, "spark.py", append([]string{files}, names(profiles)...)},
		{requirementsRay, "raydata.py", names(profiles)},
	} {
		python, err := s.venv(r.requirements)
		if err == nil {
			err = s.script(python, r.script, root, r.args...)
		}
		errs = append(errs, err)
	}
	return errors.Join(append(errs, s.arrowRS(root))...)
}

func (s *suite) arrowRS(root string) error {
	if err := s.need("cargo", ""); err != nil {
		return err
	}
	env := []string{"CARGO_TARGET_DIR=" + filepath.Join(s.tools, "arrowrs")}
	dir := filepath.Join(s.root, "host", "check", "arrowrs")
	said, err := s.commandIn(dir, env, append([]string{"cargo", "run", "--quiet", "--locked", "--", root}, names(profiles)...)...)
	s.count(said)
	return err
}
