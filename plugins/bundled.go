package plugins

import (
	"fmt"

	"github.com/cubeset/cubeset/plugins/hashing"
	"github.com/cubeset/cubeset/sdk/teacher"
)

// Default is the teacher of a build that names none.
const Default = hashing.Name

// Bundled is a teacher that comes with the library. It still runs as a process
// of its own, over the same protocol as any other: the host's program starts
// itself with a command that calls ServeBundled.
type Bundled struct {
	Name        string
	Description teacher.Description // what the running teacher will say
	New         func() (teacher.Embedder, error)
	Doc         string // one sentence for people
}

// All returns the bundled teachers, the default first.
func All() []Bundled {
	return []Bundled{{
		Name:        hashing.Name,
		Description: hashing.Describe(),
		New:         func() (teacher.Embedder, error) { return hashing.New(), nil },
		Doc:         "Words and pieces of words, hashed: no model, no files, any language; judges wording, not meaning.",
	}}
}

// Find returns the bundled teacher of that name.
func Find(name string) (Bundled, bool) {
	for _, b := range All() {
		if b.Name == name {
			return b, true
		}
	}
	return Bundled{}, false
}

// ServeBundled serves a bundled teacher in this process, as teacher.Serve
// does, and returns when the host is done with it.
func ServeBundled(name string) error {
	b, ok := Find(name)
	if !ok {
		return fmt.Errorf("no bundled teacher is called %s", clean(name))
	}
	e, err := b.New()
	if err != nil {
		return fmt.Errorf("teacher %s: %w", name, err)
	}
	teacher.Serve(e)
	return nil
}
