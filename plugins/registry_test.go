package plugins

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cubeset/cubeset/sdk/teacher"
)

var (
	nameForm   = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	commitForm = regexp.MustCompile(`^[0-9a-f]{40}$`)
	modelForm  = regexp.MustCompile(`^[A-Za-z0-9.-]+/[A-Za-z0-9._-]+$`)
)

// originals are the names that were there before this registry.
var originals = []string{"llama3-8b", "llama2-7b", "mistral-7b", "codellama-7b", "distilbert", "roberta", "gpt2", "dialogpt", "local-model"}

func TestRegistry(t *testing.T) {
	all, seen := All(), map[string]bool{}
	if len(all) < 40 {
		t.Errorf("%d teachers, want 40 at least", len(all))
	}
	if all[0].Name != Default || all[1].Name != "hash-768" || !all[0].Bundled() || !all[1].Bundled() {
		t.Errorf("the bundled ones are not the first")
	}
	for i, e := range all {
		t.Run(e.Name, func(t *testing.T) {
			if !nameForm.MatchString(e.Name) || seen[e.Name] {
				t.Errorf("the name is not well formed, or there twice")
			}
			seen[e.Name] = true
			if _, ok := FindProgram(e.Name); ok {
				t.Error("it has the name of a program")
			}
			checkEntry(t, e)
			checkSettings(t, e)
			if e.Bundled() != (i < 2) {
				t.Error("bundled, or not")
			}
			if raw := slices.Contains(originals, e.Name); raw != e.Raw || raw && e.MinSimilarity != 0 {
				t.Errorf("raw %v, threshold %v", e.Raw, e.MinSimilarity)
			}
		})
	}
	for _, name := range originals {
		if !seen[name] {
			t.Errorf("no %s", name)
		}
	}
}

// checkEntry checks the facts of an entry.
func checkEntry(t *testing.T, e Entry) {
	p, ok := FindProgram(e.Program)
	if !ok {
		t.Fatalf("no program %s", e.Program)
	}
	own := e.Model == "" // the user's model decides
	if !own && (e.Dims < 1 || e.Dims > teacher.DimsMax) || own && e.Dims != 0 {
		t.Errorf("dims %d", e.Dims)
	}
	if e.Licence == "" || e.Languages == "" || e.Doc == "" || !strings.HasSuffix(e.Doc, ".") {
		t.Error("no licence, language or sentence")
	}
	if e.MaxTokens < 0 || e.MinSimilarity < -1 || e.MinSimilarity > 1 || (e.MinSimilarity != 0) != (e.SimilarityFrom != "") {
		t.Errorf("max_tokens %d, min_similarity %v from %q", e.MaxTokens, e.MinSimilarity, e.SimilarityFrom)
	}
	if e.Program != "http" && e.Pooling == "" {
		t.Error("no pooling")
	}
	if p.Modules != nil && !own || e.Program == "static" && !e.Bundled() {
		if !modelForm.MatchString(e.Model) || !commitForm.MatchString(e.Revision) {
			t.Errorf("model %q at %q is not pinned", e.Model, e.Revision)
		}
	}
	for _, prefix := range []string{e.QuestionPrefix, e.AnswerPrefix} {
		if prefix != "" && !strings.HasSuffix(prefix, " ") && !strings.HasSuffix(prefix, ":") || strings.HasPrefix(prefix, " ") {
			t.Errorf("prefix %q runs into the text", prefix)
		}
	}
	if !slices.IsSorted(e.Matryoshka) || len(e.Matryoshka) > 0 && (e.Matryoshka[0] < 1 || slices.Max(e.Matryoshka) > e.Dims) {
		t.Errorf("matryoshka %v of %d", e.Matryoshka, e.Dims)
	}
	d := teacher.Description{Name: e.Name, Model: "m/m", Dims: 1, Determinism: teacher.Close, MinSimilarity: math.NaN(),
		QuestionPrefix: e.QuestionPrefix, AnswerPrefix: e.AnswerPrefix, Licence: e.Licence, Languages: e.Languages}
	if err := d.Validate(); err != nil {
		t.Error(err)
	}
}

// checkSettings checks that the program takes the settings, and that every fact
// of the entry that decides something is among them.
func checkSettings(t *testing.T, e Entry) {
	p, _ := FindProgram(e.Program)
	var settings map[string]json.RawMessage
	if err := json.Unmarshal(e.Config, &settings); err != nil {
		t.Fatal(err)
	}
	if p.New == nil {
		known := pythonSettings(t, e.Program)
		for key := range settings {
			if !slices.Contains(known, key) {
				t.Errorf("%s has no setting %s", e.Program, key)
			}
		}
	} else {
		advice, rest, err := SplitAdvice(settings)
		if err != nil {
			t.Fatal(err)
		}
		if p.Advised {
			rest = settings
		}
		if e.Program == "static" && !e.Bundled() { // the host adds the folder
			rest["path"], _ = json.Marshal(t.TempDir())
		}
		config, _ := json.Marshal(rest)
		made, err := p.New(config)
		if err != nil {
			t.Fatal(err)
		}
		if e.Program == "http" { // it says at once what it is
			d, err := made.Describe(t.Context())
			if err != nil || d.Dims != e.Dims || d.Model != e.Model || d.Revision != e.Revision || d.MaxTokens != e.MaxTokens || d.Matryoshka != (e.Matryoshka != nil) || !strings.HasSuffix(d.QuestionPrefix, e.QuestionPrefix) {
				t.Errorf("%+v, %v", d, err)
			}
		}
		if e.QuestionPrefix != "" && (advice.QuestionPrefix == nil || *advice.QuestionPrefix != e.QuestionPrefix) {
			t.Error("the prefix does not reach the host")
		}
	}
	if e.Bundled() {
		return
	}
	want := map[string]any{}
	for key, value := range map[string]any{
		"question_prefix": e.QuestionPrefix, "answer_prefix": e.AnswerPrefix, "min_similarity": e.MinSimilarity,
		"matryoshka": len(e.Matryoshka) > 0, "max_tokens": float64(e.MaxTokens),
	} {
		if value != "" && value != 0.0 && value != false {
			want[key] = value
		}
	}
	got := map[string]any{}
	for key := range want {
		var v any
		json.Unmarshal(settings[key], &v)
		got[key] = v
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// pythonSettings is the names of the settings of a program in Python, as its
// source has them.
func pythonSettings(t *testing.T, program string) []string {
	dir := filepath.Join("..", "sdk", "python", "src", "cubeset", "teacher", "kinds")
	files := []string{"settings.py", strings.ReplaceAll(program, "-", "_") + ".py"}
	if program != "onnx" {
		files = append(files, "torch_kind.py")
	}
	class := regexp.MustCompile(`(?ms)^class \w*Settings[^\n]*:\n(.*?)^    def `)
	field := regexp.MustCompile(`(?m)^    (\w+): `)
	var names []string
	for _, f := range files {
		src, err := os.ReadFile(filepath.Join(dir, f))
		if err != nil {
			t.Fatal(err)
		}
		body := class.FindSubmatch(src)
		if body == nil {
			t.Fatalf("%s: no settings", f)
		}
		for _, m := range field.FindAllSubmatch(body[1], -1) {
			names = append(names, string(m[1]))
		}
	}
	return names
}

func TestRegistryFile(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"not JSON", `[`, "registry: unexpected EOF"},
		{"unknown field", `[{"name": "x", "dim": 3}]`, `registry: json: unknown field "dim"`},
		{"no program", `[{"name": "x", "program": "y"}]`, `registry: x: no program "y"`},
		{"config", `[{"name": "x", "program": "onnx", "config": [1]}]`, "registry: x: config: json: cannot unmarshal array into Go value of type map[string]interface {}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := readRegistry([]byte(c.file)); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestAdvice(t *testing.T) {
	settings := map[string]json.RawMessage{
		"question_prefix": json.RawMessage(`""`), "min_similarity": json.RawMessage(`0`),
		"matryoshka": json.RawMessage(`true`), "licence": json.RawMessage(`"MIT"`), "path": json.RawMessage(`"p"`),
	}
	a, rest, err := SplitAdvice(settings)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rest, map[string]json.RawMessage{"path": json.RawMessage(`"p"`)}); diff != "" {
		t.Error(diff)
	}
	d := teacher.Description{QuestionPrefix: "q: ", AnswerPrefix: "a: ", MinSimilarity: 0.5, Licence: "none", Languages: "en"}
	a.Apply(&d)
	want := teacher.Description{AnswerPrefix: "a: ", Matryoshka: true, Licence: "MIT", Languages: "en"}
	if diff := cmp.Diff(d, want); diff != "" {
		t.Error(diff)
	}
	settings["licence"] = json.RawMessage(`3`)
	if _, _, err := SplitAdvice(settings); err == nil {
		t.Error("a licence that is a number")
	}
}

func TestHubFolder(t *testing.T) {
	const model, revision = "org/some-model", "0123456789abcdef0123456789abcdef01234567"
	below := filepath.Join("models--org--some-model", "snapshots", revision)
	for _, c := range []struct{ name, env, sub string }{
		{"hub cache", "HF_HUB_CACHE", ""},
		{"home", "HF_HOME", "hub"},
		{"xdg", "XDG_CACHE_HOME", "huggingface/hub"},
		{"user", "HOME", ".cache/huggingface/hub"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, v := range []string{"HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"} {
				t.Setenv(v, "")
			}
			root := t.TempDir()
			t.Setenv(c.env, root)
			want := filepath.Join(root, c.sub, below)
			if dir, there := HubFolder(model, revision); dir != want || there {
				t.Errorf("got %s, %v", dir, there)
			}
			if err := os.MkdirAll(want, 0o755); err != nil {
				t.Fatal(err)
			}
			if _, there := HubFolder(model, revision); !there {
				t.Error("it is not found")
			}
		})
	}
}
