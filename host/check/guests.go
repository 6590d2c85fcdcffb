package main

import (
	"fmt"
	"path/filepath"
)

// guests tests the sources of the bundled filters natively, builds them anew
// and compares the modules byte by byte with those in the repository.
func (s *suite) guests() error {
	if err := s.need("cargo", ""); err != nil {
		return fmt.Errorf("%w: install Rust with rustup", err)
	}
	for _, t := range [][2]string{{"clang-14", "clang-14"}, {"llvm-ar-14", "llvm-14"}} { // for script's interpreter
		if err := s.need(t[0], t[1]); err != nil {
			return err
		}
	}
	dir := filepath.Join(s.root, "wasm", "filters")
	target := []string{"CARGO_TARGET_DIR=" + filepath.Join(s.tmp, "target")}
	if _, err := s.commandIn(dir, target, "rustup", "target", "add", "wasm32-unknown-unknown"); err != nil {
		return err
	}
	if _, err := s.commandIn(dir, target, "cargo", "test", "--quiet", "--locked"); err != nil {
		return err
	}
	s.passed++
	if _, err := s.commandIn(s.root, target, "go", "run", "./wasm/filters/build", "-check"); err != nil {
		return err
	}
	s.passed++
	return nil
}
