package scaffold

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/wasm"
)

func TestWrite(t *testing.T) {
	for _, l := range Languages() {
		t.Run(l.Name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "tidy")
			if err := l.Write(dir, "tidy"); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"README.md", "build.sh", ".gitignore", l.Source, l.SDK} {
				if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
					t.Error(err)
				}
			}
			text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
			if err != nil {
				t.Fatal(err)
			}
			if m, err := wasm.ParseManifest(text); err != nil || m.Name != "tidy" {
				t.Errorf("manifest of %q: %v", m.Name, err)
			}
			if fi, err := os.Stat(filepath.Join(dir, "build.sh")); err != nil || fi.Mode()&0o111 == 0 {
				t.Errorf("build.sh is %v, want it executable", fi.Mode())
			}
			checkFilled(t, dir)
			if err := l.Write(dir, "tidy"); err == nil || !strings.Contains(err.Error(), "already") {
				t.Errorf("a second time: %v", err)
			}
		})
	}
}

// checkFilled looks for placeholders and names that are only of templates.
func checkFilled(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		if strings.Contains(string(text), "@NAME@") || strings.HasSuffix(name, ".txt") {
			t.Errorf("%s is still a template", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	l, err := Find("go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "Tidy", "a-b", "../x", "a b", "1a", strings.Repeat("a", 33)} {
		dir := filepath.Join(t.TempDir(), "x")
		if err := l.Write(dir, name); !errors.Is(err, ErrName) {
			t.Errorf("%q: %v", name, err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%q: left a folder", name)
		}
	}
	if _, err := Find("cobol"); err == nil || !strings.Contains(err.Error(), "go, rust, c, assemblyscript") {
		t.Errorf("unknown language: %v", err)
	}
}

// TestCopy holds what a scaffold in Go gets to what is in sdk/filter, which is
// another module.
func TestCopy(t *testing.T) {
	got, err := templates.ReadFile("go/filter/filter.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("..", "..", "sdk", "filter", "filter.go"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("go/filter/filter.go.txt differs from sdk/filter/filter.go: copy the latter over it")
	}
}

// TestOwnLines holds the rule of a new filter, and of the examples, to 25 lines
// of its author's.
func TestOwnLines(t *testing.T) {
	const most = 25
	var files []string
	for _, f := range []string{"03-own-filter-go/main.go", "04-own-filter-rust/src/lib.rs", "05-own-filter-c/filter.c", "06-own-filter-assemblyscript/filter.ts"} {
		files = append(files, filepath.Join("..", "..", "examples", f))
	}
	for _, l := range Languages() {
		dir := t.TempDir()
		if err := l.Write(dir, "tidy"); err != nil {
			t.Fatal(err)
		}
		files = append(files, filepath.Join(dir, l.Source))
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		own := 0
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") && !strings.HasPrefix(line, "/*") {
				own++
			}
		}
		if own > most {
			t.Errorf("%s has %d lines, at most %d", f, own, most)
		}
	}
}

// TestExamplesShareTheirManifest: they are one filter in several languages.
func TestExamplesShareTheirManifest(t *testing.T) {
	files, err := filepath.Glob("../../examples/*-own-filter-*/manifest.json")
	if err != nil || len(files) != len(languages) {
		t.Fatalf("manifests %v, want one for each language: %v", files, err)
	}
	var first string
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := wasm.ParseManifest(text); err != nil {
			t.Errorf("%s: %v", f, err)
		}
		if first == "" {
			first = string(text)
		}
		if string(text) != first {
			t.Errorf("%s differs from that of the first example", f)
		}
	}
}

// TestReadmesShowTheRule: what the SDKs' pages show is what New writes.
func TestReadmesShowTheRule(t *testing.T) {
	for _, l := range Languages() {
		dir := t.TempDir()
		if err := l.Write(dir, "short"); err != nil {
			t.Fatal(err)
		}
		rule, err := os.ReadFile(filepath.Join(dir, l.Source))
		if err != nil {
			t.Fatal(err)
		}
		folder := map[string]string{"go": "filter"}[l.Name]
		if folder == "" {
			folder = l.Name
		}
		page, err := os.ReadFile(filepath.Join("..", "..", "sdk", folder, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page), string(rule)+"```") {
			t.Errorf("sdk/%s/README.md does not show the rule that a new filter has", folder)
		}
	}
}
