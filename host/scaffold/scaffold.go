// Package scaffold makes new filters: a folder with a rule, its test, a manifest
// and a build script, in one of several languages. What a filter needs of cubeset
// is copied into the folder, so that nothing has to be fetched from us.
package scaffold

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/cubeset/cubeset/sdk"
)

//go:embed manifest.json README.md cases.jsonl gitignore.txt go rust c assemblyscript
var templates embed.FS

// Language is one that filters may be written in.
type Language struct {
	Name   string // of the flag
	Title  string
	Source string // the file with the rule
	SDK    string // what is cubeset's in the folder
	Test   string // the command that runs the tests
	Tools  string // what the build script needs

	files map[string]string // folders of sdk.Files, and where they go
}

var languages = []Language{
	{"go", "Go", "main.go", "filter/filter.go", "go test ./...", "Go 1.24 or later", nil},
	{"rust", "Rust", "src/lib.rs", "cubeset-filter/", "cargo test", "Rust 1.82 or later with `rustup target add wasm32-unknown-unknown`", map[string]string{"rust": "cubeset-filter"}},
	{"c", "C", "filter.c", "cubeset.h", "mkdir -p build && cc -std=c11 -Wall -o build/test test.c && build/test", "clang and wasm-ld (Debian: `apt-get install clang lld`)", map[string]string{"c": "."}},
	{"assemblyscript", "AssemblyScript", "filter.ts", "cubeset.ts", "npm install && npm test", "Node.js 20 or later with npm", map[string]string{"assemblyscript": "."}},
}

// Languages lists them.
func Languages() []Language { return append([]Language(nil), languages...) }

// Find returns the language of a name.
func Find(name string) (Language, error) {
	var names []string
	for _, l := range languages {
		if l.Name == name {
			return l, nil
		}
		names = append(names, l.Name)
	}
	return Language{}, fmt.Errorf("no language %.40q: want one of %s", name, strings.Join(names, ", "))
}

var filterName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// ErrName is returned for a name that no filter may have.
var ErrName = errors.New("a filter's name is a small letter and up to 31 small letters, digits and _")

// Write makes the folder dir for a new filter. It must not be there yet, or be
// empty.
func (l Language) Write(dir, name string) error {
	if !filterName.MatchString(name) {
		return fmt.Errorf("%.40q: %w", name, ErrName)
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s: there is something in it already", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	fill := strings.NewReplacer("@NAME@", name, "@LANGUAGE@", l.Title, "@SOURCE@", l.Source, "@SDK@", l.SDK, "@TEST@", l.Test, "@TOOLS@", l.Tools)
	for from, to := range l.files {
		if err := copyTree(filepath.Join(dir, to), from); err != nil {
			return err
		}
	}
	return fs.WalkDir(templates, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		within, ours := strings.CutPrefix(file, l.Name+"/")
		if d.IsDir() || !ours && strings.Contains(file, "/") {
			return nil
		}
		text, err := templates.ReadFile(file)
		if err != nil {
			return err
		}
		return put(filepath.Join(dir, filepath.FromSlash(target(within))), fill.Replace(string(text)))
	})
}

// copyTree copies a folder of an SDK as it is.
func copyTree(dir, from string) error {
	tree, err := fs.Sub(sdk.Files, from)
	if err != nil {
		return err
	}
	return fs.WalkDir(tree, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(tree, file)
		if err != nil {
			return err
		}
		return put(filepath.Join(dir, filepath.FromSlash(file)), string(text))
	})
}

// target is the name of a template's file in a scaffold. Some have another here,
// since a file called go.mod or .gitignore would have its effect in this folder.
func target(file string) string {
	file = strings.TrimSuffix(file, ".txt")
	if file == "gitignore" {
		return ".gitignore"
	}
	return path.Clean(file)
}

func put(name, text string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if strings.HasSuffix(name, ".sh") {
		mode = 0o755
	}
	return os.WriteFile(name, []byte(text), mode)
}
