package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cubeset/cubeset/host/scaffold"
)

// sdkExamples is where the filter of each language is among the examples.
var sdkExamples = map[string]string{
	"go": "03-own-filter-go", "rust": "04-own-filter-rust", "c": "05-own-filter-c", "assemblyscript": "06-own-filter-assemblyscript",
}

// sdkTests are the tests of the SDKs themselves, in their folders.
var sdkTests = map[string]struct{ dir, command string }{
	"go":             {"sdk/filter", "test -z \"$(gofmt -l .)\" && go vet ./... && go test ./..."},
	"rust":           {"sdk/rust", "cargo test --quiet"},
	"c":              {"sdk/c", "gcc -std=c11 -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all -o test test.c && ASAN_OPTIONS=detect_leaks=0 ./test"},
	"assemblyscript": {"sdk/assemblyscript", "npm install --no-audit --no-fund --silent && npm test"},
}

// sdks builds filters in every language with its real compiler, as an author
// would: what `filter new` writes, the examples, and one filter that looks at
// everything it can be given. It runs their own tests, compares the modules'
// verdicts with one another, and has each example take part in a build.
func (s *suite) sdks() error {
	if err := s.sdkTools(); err != nil {
		return err
	}
	copied, err := s.copyProject()
	if err != nil {
		return err
	}
	defer os.RemoveAll(copied)
	cubeset := filepath.Join(s.tmp, "cubeset")
	if _, err := s.command("go", "build", "-o", cubeset, "./host/cubeset"); err != nil {
		return err
	}
	guests := filepath.Join(s.tmp, "guests")
	if err := os.MkdirAll(guests, 0o755); err != nil {
		return err
	}
	var failed []error
	for _, l := range scaffold.Languages() {
		w := workshop{s, l, copied, cubeset, guests}
		if err := w.run(); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", l.Name, err))
		}
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	if err := s.sameDrops(copied, cubeset); err != nil {
		return err
	}
	return s.test("-exec", "env CUBESET_TEST_GUESTS="+guests, "-run", "Guests", "./host/scaffold")
}

// sdkTools makes sure of every compiler.
func (s *suite) sdkTools() error {
	for _, t := range [][2]string{{"gcc", "gcc"}, {"clang", "clang"}, {"wasm-ld", "lld"}, {"npm", "npm"}} {
		if err := s.need(t[0], t[1]); err != nil {
			return err
		}
	}
	if err := s.need("cargo", ""); err != nil {
		return fmt.Errorf("%w: install Rust with rustup", err)
	}
	_, err := s.command("rustup", "target", "add", "wasm32-unknown-unknown")
	return err
}

// workshop is where the filters of one language are made.
type workshop struct {
	*suite
	lang    scaffold.Language
	project string // a copy of it, to build in
	cubeset string
	guests  string // where modules are left as KIND-LANGUAGE.wasm
}

func (w workshop) run() error {
	t := sdkTests[w.lang.Name]
	if err := w.shell(filepath.Join(w.project, t.dir), t.command); err != nil {
		return err
	}
	for _, name := range []string{"text", "columns"} {
		parent := filepath.Join(w.tmp, "scaffolds", w.lang.Name)
		if err := os.MkdirAll(parent, 0o755); err != nil {
			return err
		}
		if _, err := w.commandIn(parent, nil, w.cubeset, "filter", "new", name, "--lang", w.lang.Name); err != nil {
			return err
		}
		dir := filepath.Join(parent, name)
		if name == "columns" { // only its build files are those of the scaffold
			from := filepath.Join(w.root, "host", "scaffold", "testdata", "columns")
			if err := w.shell(dir, fmt.Sprintf("cp -r %q/. . && cp %q .", filepath.Join(from, w.lang.Name), filepath.Join(from, "manifest.json"))); err != nil {
				return err
			}
		} else if err := w.shell(dir, w.lang.Test); err != nil {
			return err
		}
		if err := w.build(dir, name, name); err != nil {
			return err
		}
	}
	dir := filepath.Join(w.project, "examples", sdkExamples[w.lang.Name])
	test := strings.Replace(w.lang.Test, "-Wall", "-Wall -I ../../sdk/c", 1)
	if err := w.shell(dir, test); err != nil {
		return err
	}
	return w.build(dir, "alike", "alike")
}

// build runs a filter's build.sh, tests the module and takes it.
func (w workshop) build(dir, name, kind string) error {
	if err := w.shell(dir, "./build.sh"); err != nil {
		return err
	}
	module, err := os.ReadFile(filepath.Join(dir, name+".wasm"))
	if err != nil {
		return err
	}
	if name != "columns" { // which looks at the number of its row, as no filter should
		if err := w.shell(dir, fmt.Sprintf("%q filter test ./%s.wasm cases.jsonl", w.cubeset, name)); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(w.guests, kind+"-"+w.lang.Name+".wasm"), module, 0o644)
}

// shell runs and counts one command of an author's.
func (w workshop) shell(dir, command string) error {
	_, err := w.commandIn(dir, []string{"CUBESET=" + w.cubeset}, "bash", "-euo", "pipefail", "-c", command)
	if err == nil {
		w.passed++
	}
	return err
}

// sameDrops builds a dataset with each example's filter: all must drop the same
// rows for the same reasons.
func (s *suite) sameDrops(project, cubeset string) error {
	var first string
	for _, lang := range slices.Sorted(maps.Keys(sdkExamples)) {
		out := filepath.Join(s.tmp, "sdk-"+lang)
		said, err := s.commandIn(project, nil, cubeset, "build", "examples/01-first-dataset/dialogues.jsonl", "-o", out,
			"--filter", filepath.Join("examples", sdkExamples[lang], "alike.wasm"), "--teacher", "hash-768", "--json")
		if err != nil {
			return fmt.Errorf("%s: %w", lang, err)
		}
		files, err := filepath.Glob(filepath.Join(out, "rejects", "*.parquet"))
		if err != nil || len(files) != 1 {
			return fmt.Errorf("%s: %d files of rejects, want one: %v", lang, len(files), err)
		}
		rejects, err := os.ReadFile(files[0])
		if err != nil {
			return err
		}
		var summary struct{ Dropped map[string]int }
		if err := json.Unmarshal([]byte(said[strings.LastIndex(strings.TrimSpace(said), "\n")+1:]), &summary); err != nil {
			return err
		}
		if summary.Dropped["alike/short"] == 0 || summary.Dropped["alike/apart"] == 0 {
			return fmt.Errorf("%s: dropped %v, want some for each reason", lang, summary.Dropped)
		}
		if first == "" {
			first = string(rejects)
		}
		if string(rejects) != first {
			return fmt.Errorf("%s: its rejects are not those of the other languages: %v", lang, summary.Dropped)
		}
		s.passed++
	}
	return nil
}
