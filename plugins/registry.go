package plugins

import (
	"encoding/json"

	"github.com/cubeset/cubeset/plugins/hashing"
	"github.com/cubeset/cubeset/plugins/static"
)

// Default is the teacher of a build that names none.
const Default = static.Name

// Entry is a teacher that has a name: a program, and what it is told.
type Entry struct {
	Name    string
	Program string
	Config  json.RawMessage
	Doc     string // one sentence for people
}

// All returns the teachers that have a name, the default first.
func All() []Entry {
	return []Entry{
		{static.Name, "static", json.RawMessage(`{}`), "Hashed words as in hash-768, and the meaning of English ones, learnt from a sentence model: no files."},
		{hashing.Name, "hashing", json.RawMessage(`{}`), "Words and pieces of words, hashed: no model, no files, any language; judges wording, not meaning."},
	}
}

// Find returns the teacher of that name.
func Find(name string) (Entry, bool) {
	for _, e := range All() {
		if e.Name == name {
			return e, true
		}
	}
	return Entry{}, false
}
