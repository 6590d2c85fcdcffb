// Package filters holds the bundled filters: modules as anyone could write them,
// built from the Rust beside them by the command build.
package filters

import (
	"embed"
	"slices"
)

// Bundled is one filter.
type Bundled struct {
	Name   string
	Module []byte // with its manifest
	Doc    string // its README, Markdown
}

//go:embed */README.md
//go:embed length/length.wasm echo/echo.wasm similarity/similarity.wasm
//go:embed repetition/repetition.wasm pii/pii.wasm url/url.wasm junk/junk.wasm
//go:embed wordlist/wordlist.wasm language/language.wasm
//go:embed gopher_quality/gopher_quality.wasm gopher_repetition/gopher_repetition.wasm c4/c4.wasm fineweb/fineweb.wasm
//go:embed script/script.wasm
var files embed.FS

// names are the bundled filters, those of the preset dialogue first, in the order
// in which it runs them.
func names() []string {
	return []string{
		"length", "echo", "similarity",
		"repetition", "junk", "url", "pii", "wordlist", "language",
		"gopher_quality", "gopher_repetition", "c4", "fineweb",
	}
}

// All is every bundled filter, those of the preset dialogue first, in the order
// in which it runs them.
func All() []Bundled {
	var all []Bundled
	for _, name := range names() {
		all = append(all, read(name))
	}
	return all
}

// Find is the bundled filter of that name.
func Find(name string) (Bundled, bool) {
	if !slices.Contains(names(), name) {
		return Bundled{}, false
	}
	return read(name), true
}

func read(name string) Bundled {
	module, err := files.ReadFile(name + "/" + name + ".wasm")
	if err != nil {
		panic(err) // the names are those of the files embedded above
	}
	doc, err := files.ReadFile(name + "/README.md")
	if err != nil {
		panic(err)
	}
	return Bundled{Name: name, Module: module, Doc: string(doc)}
}

// Presets are the names that Preset knows.
func Presets() []string { return []string{"dialogue", "web", "none"} }

// Preset is the filters of a preset, in the order in which they run.
func Preset(name string) ([]string, bool) {
	switch name {
	case "dialogue":
		return []string{"length", "echo", "similarity"}, true
	case "web":
		return []string{"echo", "junk", "url", "repetition", "gopher_repetition", "fineweb", "similarity"}, true
	case "none":
		return []string{}, true
	}
	return nil, false
}
