// Package filters holds the bundled filters: modules as anyone could write them,
// built from the Rust beside them by the command build.
package filters

import (
	_ "embed"
	"slices"
)

// Bundled is one filter.
type Bundled struct {
	Name   string
	Module []byte // with its manifest; not to be changed
	Doc    string // its README, Markdown
}

var (
	//go:embed length/length.wasm
	lengthModule []byte
	//go:embed length/README.md
	lengthDoc string

	//go:embed echo/echo.wasm
	echoModule []byte
	//go:embed echo/README.md
	echoDoc string

	//go:embed similarity/similarity.wasm
	similarityModule []byte
	//go:embed similarity/README.md
	similarityDoc string
)

// All is every bundled filter, in the order in which the preset dialogue runs
// them.
func All() []Bundled {
	return []Bundled{
		{"length", lengthModule, lengthDoc},
		{"echo", echoModule, echoDoc},
		{"similarity", similarityModule, similarityDoc},
	}
}

// Find is the bundled filter of that name.
func Find(name string) (Bundled, bool) {
	all := All()
	i := slices.IndexFunc(all, func(b Bundled) bool { return b.Name == name })
	if i < 0 {
		return Bundled{}, false
	}
	return all[i], true
}

// Presets are the names that Preset knows.
func Presets() []string { return []string{"dialogue", "none"} }

// Preset is the filters of a preset, in the order in which they run.
func Preset(name string) ([]string, bool) {
	switch name {
	case "dialogue":
		return []string{"length", "echo", "similarity"}, true
	case "none":
		return []string{}, true
	}
	return nil, false
}
