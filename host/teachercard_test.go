package host

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/plugins"
)

// hub puts the files of a folder where the Hugging Face cache would have a
// model.
func hub(t *testing.T, e plugins.Entry, folder string) {
	t.Helper()
	t.Setenv("HF_HUB_CACHE", t.TempDir())
	dir, _ := plugins.HubFolder(e.Model, e.Revision)
	if err := os.CopyFS(dir, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
}

const tinyModel = "../plugins/static/testdata/wordlevel"

func entry(t *testing.T, name string) plugins.Entry {
	t.Helper()
	e, ok := plugins.Find(name)
	if !ok {
		t.Fatal("no teacher of that name")
	}
	return e
}

// What the registry or the user says of a teacher reaches the build.
func TestAdviceReachesBuild(t *testing.T) {
	c := testConfig(t, chats(20))
	c.Teacher, c.Preset = "mine", "dialogue"
	c.Teachers = map[string]TeacherEntry{"mine": {
		"program": json.RawMessage(`"static"`), "path": mustJSON(t, tinyModel),
		"question_prefix": json.RawMessage(`"query: "`), "min_similarity": json.RawMessage(`-0.75`),
		"licence": json.RawMessage(`"MIT"`), "matryoshka": json.RawMessage(`true`),
	}}
	te, err := c.findTeacher(t.Context(), c.Teacher, testOptions(t, nil), c.teacherOptions(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	d := te.description
	if d.QuestionPrefix != "query: " || d.AnswerPrefix != "" || d.MinSimilarity != -0.75 || d.Licence != "MIT" || !d.Matryoshka {
		t.Errorf("description %+v", d)
	}
	if s := threshold(c, d.MinSimilarity); s.Min != -0.75 || s.From != "teacher" {
		t.Errorf("threshold %+v", s)
	}
	plain := c
	plain.Teachers = map[string]TeacherEntry{"mine": {"program": json.RawMessage(`"static"`), "path": mustJSON(t, tinyModel)}}
	other, err := plain.findTeacher(t.Context(), "mine", testOptions(t, nil), c.teacherOptions(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	if other.embedID != te.embedID {
		t.Error("advice decides the vectors")
	}
}

// A model of the registry is taken from the Hugging Face cache, and only if it
// is the one of that name.
func TestRegistryModel(t *testing.T) {
	c := testConfig(t, chats(20))
	c.Teacher = "potion-base-8m"
	t.Setenv("HF_HUB_CACHE", t.TempDir())
	_, err := c.findTeacher(t.Context(), c.Teacher, testOptions(t, nil), c.teacherOptions(nil), nil)
	if !errors.Is(err, ErrTeacher) || !strings.Contains(err.Error(), "hf download minishlab/potion-base-8M --revision bf8b056651a2c21b8d2565580b8569da283cab23") {
		t.Fatalf("got %v", err)
	}
	if err := c.knowTeachers([]string{c.Teacher}); err != nil {
		t.Errorf("a model that is absent is no mistake in a name: %v", err)
	}
	hub(t, entry(t, c.Teacher), tinyModel)
	_, err = c.findTeacher(t.Context(), c.Teacher, testOptions(t, nil), c.teacherOptions(nil), nil)
	if !errors.Is(err, ErrTeacher) || !strings.Contains(err.Error(), "values a vector, and the registry says 256") {
		t.Fatalf("got %v", err)
	}
	c.Model = tinyModel // the user's word
	if _, err = c.findTeacher(t.Context(), c.Teacher, testOptions(t, nil), c.teacherOptions(nil), nil); err != nil {
		t.Fatal(err)
	}
}

// The settings of a teacher in Python are those of the registry, under the
// user's.
func TestRegistrySettings(t *testing.T) {
	settings := func(c Config) map[string]any {
		t.Helper()
		_, config, err := c.findProgram("e5-base")
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(config, &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	c := DefaultConfig()
	m := settings(c)
	if m["question_prefix"] != "query: " || m["answer_prefix"] != "passage: " || m["min_similarity"] != 0.7 || m["max_tokens"] != 512.0 || m["revision"] != entry(t, "e5-base").Revision {
		t.Errorf("settings %v", m)
	}
	c.TeacherOptions = map[string]json.RawMessage{"max_tokens": json.RawMessage(`64`)}
	c.Model = "./e5"
	m = settings(c)
	if m["max_tokens"] != 64.0 || m["model"] != "./e5" || m["revision"] != nil {
		t.Errorf("settings %v", m)
	}
	c.TeacherOptions["revision"] = json.RawMessage(`"r"`)
	if m = settings(c); m["revision"] != "r" {
		t.Errorf("settings %v", m)
	}
}

func TestTeacherInfo(t *testing.T) {
	c := DefaultConfig()
	c.Python = filepath.Join(t.TempDir(), "python") // none
	c.Teachers = map[string]TeacherEntry{
		"mine": {"program": json.RawMessage(`"static"`), "path": mustJSON(t, tinyModel), "min_similarity": json.RawMessage(`0.45`)},
		"gpt2": {"program": json.RawMessage(`"onnx"`), "model": json.RawMessage(`"./gpt2"`)},
	}
	t.Setenv("HF_HUB_CACHE", t.TempDir())
	yes, no := true, false
	for _, w := range []struct {
		name      string
		min       float32
		from, why string
		met       []*bool
		raw, own  bool
	}{
		{"hash-768", 0.10, "teacher", "measured", nil, false, false},
		{"all-minilm-l6", 0.3, "teacher", "measured", []*bool{&no, &no}, false, false},
		{"e5-small", 0.7, "teacher", "model card", []*bool{&no, &no}, false, false},
		{"gte-base", 0.3, "default", "nobody has measured", []*bool{&no, &no}, false, false},
		{"llama3-8b", 0.3, "default", "no cosine promises", []*bool{&no, &no, nil}, true, false},
		{"local-model", 0.3, "default", "no cosine promises", []*bool{&no, &no}, true, false},
		{"mine", 0.45, "teacher", "as configured", []*bool{&yes}, false, true},
		{"gpt2", 0.3, "default", "nobody has measured", []*bool{&no, &no}, false, true},
	} {
		t.Run(w.name, func(t *testing.T) {
			info, err := c.TeacherInfo(t.Context(), w.name, testOptions(t, nil))
			if err != nil {
				t.Fatal(err)
			}
			if info.Raw != w.raw || info.Own != w.own {
				t.Errorf("raw %v, own %v", info.Raw, info.Own)
			}
			if s := info.Similarity; s.Min != w.min || s.From != w.from || !strings.Contains(s.Why, w.why) {
				t.Errorf("similarity %+v", s)
			}
			if len(info.Checks) != len(w.met) {
				t.Fatalf("checks %+v", info.Checks)
			}
			for i, n := range info.Checks {
				if (n.Met == nil) != (w.met[i] == nil) || n.Met != nil && *n.Met != *w.met[i] || n.Met == &no && n.Fix == "" {
					t.Errorf("check %+v", n)
				}
			}
		})
	}
	info, err := c.TeacherInfo(t.Context(), "mine", testOptions(t, nil))
	if err != nil || info.EmbedID == "" || info.Dims == 0 {
		t.Errorf("its files say which it is: %+v, %v", info, err)
	}
	for name, want := range map[string]string{"gpt-2": `did you mean "gpt2"?`, "./mine": "path of a teacher"} {
		if _, err := c.TeacherInfo(t.Context(), name, testOptions(t, nil)); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// pythonLacks asks a real interpreter.
func TestPythonLacks(t *testing.T) {
	missing, err := pythonLacks(t.Context(), "python3", []string{"json", "no_such_module_here"})
	if err != nil {
		t.Skip("no python3: ", err)
	}
	if len(missing) != 1 || missing[0] != "no_such_module_here" {
		t.Errorf("missing %v", missing)
	}
}

func mustJSON(t *testing.T, v any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
