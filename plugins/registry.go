package plugins

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/cubeset/cubeset/plugins/hashing"
	"github.com/cubeset/cubeset/plugins/static"
	"github.com/cubeset/cubeset/sdk/teacher"
)

// Default is the teacher of a build that names none.
const Default = static.Name

// Entry is a teacher that has a name: a program, and what it is told.
type Entry struct {
	Name    string `json:"name"`
	Program string `json:"program"` // a name of Programs
	Doc     string `json:"doc"`     // one sentence for people

	Model          string  `json:"model"`           // "org/name", or what a service calls it; "" = the user's
	Revision       string  `json:"revision"`        // commit of an "org/name"; "" = not pinned
	Dims           int     `json:"dims"`            // values a vector; 0 = the user's model decides
	MaxTokens      int     `json:"max_tokens"`      // read of a text, 0 = not known or no limit
	Pooling        string  `json:"pooling"`         // of tokens to a text; "" = not known
	QuestionPrefix string  `json:"question_prefix"` // put before a question by the host
	AnswerPrefix   string  `json:"answer_prefix"`
	Licence        string  `json:"licence"`         // of the model, SPDX where it has one
	Languages      string  `json:"languages"`       // for people
	MinSimilarity  float64 `json:"min_similarity"`  // cosine from which a pair is kept, 0 = nobody has said
	SimilarityFrom string  `json:"similarity_from"` // how MinSimilarity came about
	Matryoshka     []int   `json:"matryoshka"`      // lengths the model was trained to be cut to; nil = none
	Raw            bool    `json:"raw"`             // a raw language model: no cosine of it promises anything
	Needs          string  `json:"needs"`           // beyond what its program and its model need

	// Config is the settings of the program, as a user would write them under
	// teachers in cubeset.yaml: what registry.json says under config, and the
	// facts above that are settings.
	Config json.RawMessage `json:"config"`
}

// Bundled says whether everything that makes up the teacher is in this program.
func (e Entry) Bundled() bool { return string(e.Config) == `{}` }

// All returns the teachers that have a name, the default first. What an entry
// points to belongs to all callers, and none may change it.
func All() []Entry { return slices.Clone(registry()) }

// Find returns the teacher of that name, as All does.
func Find(name string) (Entry, bool) {
	for _, e := range registry() {
		if e.Name == name {
			return e, true
		}
	}
	return Entry{}, false
}

// registry is read once: a build asks for its teacher several times.
var registry = sync.OnceValue(func() []Entry {
	all := []Entry{
		bundled("static", static.Describe(), "Hashed words as in hash-768, and the meaning of English ones, learnt from a sentence model: no files."),
		bundled("hashing", hashing.Describe(), "Words and pieces of words, hashed: no model, no files, any language; judges wording, not meaning."),
	}
	named, err := readRegistry(registryFile)
	if err != nil {
		panic(err) // the file is part of this program
	}
	return append(all, named...)
})

// bundled is the entry of a teacher that says all about itself.
func bundled(program string, d teacher.Description, doc string) Entry {
	e := Entry{
		Name: d.Name, Program: program, Doc: doc, Model: d.Model, Revision: d.Revision, Dims: d.Dims,
		Pooling: d.Pooling, Licence: d.Licence, Languages: d.Languages, Config: json.RawMessage(`{}`),
	}
	if !math.IsNaN(d.MinSimilarity) {
		e.MinSimilarity, e.SimilarityFrom = d.MinSimilarity, "measured: lets through the share of random pairs that 0.3 does for all-minilm-l6"
	}
	return e
}

//go:embed registry.json
var registryFile []byte

// readRegistry reads a list of entries and completes each Config.
func readRegistry(file []byte) ([]Entry, error) {
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	var entries []Entry
	if err := d.Decode(&entries); err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	for i := range entries {
		if err := entries[i].complete(); err != nil {
			return nil, fmt.Errorf("registry: %s: %w", entries[i].Name, err)
		}
	}
	return entries, nil
}

// complete puts into e.Config the facts of e that are settings of its program.
func (e *Entry) complete() error {
	p, ok := FindProgram(e.Program)
	if !ok {
		return fmt.Errorf("no program %q", e.Program)
	}
	settings := map[string]any{}
	if len(e.Config) > 0 {
		if err := json.Unmarshal(e.Config, &settings); err != nil {
			return fmt.Errorf("config: %w", err)
		}
	}
	set := func(key string, value any, known bool) {
		if known {
			settings[key] = value
		}
	}
	for _, fact := range slices.Concat(p.facts, adviceKeys) {
		switch fact {
		case "model":
			set(fact, e.Model, e.Model != "")
		case "revision":
			set(fact, e.Revision, e.Revision != "")
		case "dims":
			_, shortened := settings["dimensions"] // by the service, to as many
			set(fact, e.Dims, e.Dims > 0 && !shortened)
		case "max_tokens":
			set(fact, e.MaxTokens, e.MaxTokens > 0)
		case "pooling":
			set(fact, e.Pooling, e.Pooling != "")
		case "question_prefix":
			set(fact, e.QuestionPrefix, e.QuestionPrefix != "")
		case "answer_prefix":
			set(fact, e.AnswerPrefix, e.AnswerPrefix != "")
		case "licence":
			set(fact, e.Licence, e.Model != "")
		case "languages":
			set(fact, e.Languages, e.Model != "")
		case "min_similarity":
			set(fact, e.MinSimilarity, e.MinSimilarity != 0)
		case "matryoshka":
			set(fact, true, len(e.Matryoshka) > 0)
		default:
			return fmt.Errorf("program %s: no fact %q", p.Name, fact)
		}
	}
	config, err := json.Marshal(settings) // keys in order
	e.Config = config
	return err
}
