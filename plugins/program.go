package plugins

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/cubeset/cubeset/plugins/hashing"
	httpteacher "github.com/cubeset/cubeset/plugins/http"
	"github.com/cubeset/cubeset/plugins/precomputed"
	"github.com/cubeset/cubeset/plugins/static"
	"github.com/cubeset/cubeset/sdk/teacher"
)

// ConfigEnv is the environment variable in which a teacher finds its settings,
// one JSON object. They hold no secret: only names of variables and files.
const ConfigEnv = "CUBESET_TEACHER_CONFIG"

// Program is a program that can be many teachers: its settings decide which.
type Program struct {
	Name  string
	Doc   string // one sentence for people
	Model string // the setting that names the model, a folder or a file; "" if there is none

	// Advised says that the program itself takes the keys of an Advice.
	Advised bool
	// Modules are the Python modules without which it does not run.
	Modules []string

	// New makes the teacher. It is called in the teacher's own process, and in
	// the host's for its Description. Nil: it is written in Python, and its
	// process is "python -m cubeset.teacher Name".
	New func(config json.RawMessage) (teacher.Embedder, error)
	// Env names the variables of the host's environment that the teacher may
	// see. Nil: none.
	Env func(config json.RawMessage) []string

	facts []string // of an Entry that are settings, besides adviceKeys
}

// Programs is every program cubeset knows.
func Programs() []Program {
	python := func(json.RawMessage) []string {
		return []string{"HOME", "XDG_CACHE_HOME", "HF_HOME", "HF_HUB_OFFLINE", "HF_HUB_CACHE", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONPATH", "OMP_NUM_THREADS"}
	}
	model := []string{"model", "revision", "max_tokens"}[:3:3]
	return []Program{
		{Name: "hashing", Doc: "words and pieces of words, hashed: no model", New: newHashing},
		{Name: "static", Doc: "a table of token or word vectors: Model2Vec folders, word2vec and GloVe files", Model: "path", New: static.New, facts: []string{"max_tokens"}},
		{Name: "precomputed", Doc: "vectors that you computed elsewhere, from a file", Model: "vectors", New: precomputed.New},
		{Name: "http", Doc: "a model behind an HTTP API: OpenAI and what is compatible, Azure, Ollama, TEI, Cohere, Voyage, Mistral, Jina, Gemini", Model: "model", New: httpteacher.New, Env: httpteacher.Env,
			Advised: true, facts: append(model, "dims")},
		{Name: "transformers", Doc: "any model of the transformers library", Model: "model", Env: python, Advised: true,
			Modules: []string{"cubeset", "torch", "transformers"}, facts: append(model, "pooling")},
		{Name: "sentence-transformers", Doc: "any model of the sentence-transformers library", Model: "model", Env: python, Advised: true,
			Modules: []string{"cubeset", "torch", "sentence_transformers"}, facts: model},
		{Name: "onnx", Doc: "a sentence model as ONNX, without PyTorch", Model: "model", Env: python, Advised: true,
			Modules: []string{"cubeset", "onnxruntime", "tokenizers"}, facts: append(model, "pooling", "dims")},
	}
}

// BuiltIn says whether a teacher of the program is all in this program and the
// files it names: it depends on no service, key or interpreter.
func (p Program) BuiltIn() bool { return p.New != nil && p.Env == nil }

func newHashing(config json.RawMessage) (teacher.Embedder, error) {
	var none struct{}
	if err := decodeStrict(config, &none); err != nil {
		return nil, err
	}
	return hashing.New(), nil
}

// decodeStrict refuses what v has no field for.
func decodeStrict(config json.RawMessage, v any) error {
	if len(config) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(config))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// FindProgram is the program of that name.
func FindProgram(name string) (Program, bool) {
	for _, p := range Programs() {
		if p.Name == name {
			return p, true
		}
	}
	return Program{}, false
}

// ServeProgram serves the teacher of that program in this process, with the
// settings in ConfigEnv, as teacher.Serve does, and returns when the host is
// done with it.
func ServeProgram(name string) error {
	p, ok := FindProgram(name)
	if !ok || p.New == nil {
		return fmt.Errorf("%s is no teacher that runs in this program", clean(name))
	}
	e, err := p.New(json.RawMessage(os.Getenv(ConfigEnv)))
	if err != nil {
		return fmt.Errorf("teacher %s: %w", name, err)
	}
	teacher.Serve(e)
	return nil
}

// Describe is what a bundled teacher will say of itself, known without starting
// it: ok is false for any other.
func (e Entry) Describe(ctx context.Context) (d teacher.Description, ok bool, err error) {
	p, known := FindProgram(e.Program)
	if !known || p.New == nil || !e.Bundled() {
		return d, false, nil
	}
	t, err := p.New(e.Config)
	if err != nil {
		return d, false, fmt.Errorf("teacher %s: %w", e.Name, err)
	}
	d, err = t.Describe(ctx)
	d.Name = e.Name
	return d, err == nil, err
}
