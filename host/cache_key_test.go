package host

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cubeset/cubeset/host/cache"
	"github.com/cubeset/cubeset/plugins"
	sdk "github.com/cubeset/cubeset/sdk/teacher"
)

// keyed is a cache that holds the vectors of texts, for questions and answers
// of one teacher.
type keyed struct {
	t     *testing.T
	dir   string
	texts []string
}

var keyedTeacher = sdk.Description{
	Name: "label", Model: "org/model", Revision: "r1", WeightsDigest: "sha256:aa", TokenizerDigest: "sha256:bb",
	Pooling: "mean", Truncation: "end", Normalised: true, Dims: 3, MaxTokens: 512, APIDimensions: 3,
	MaxRows: 64, Determinism: sdk.Exact, Licence: "MIT", Languages: "en", MinSimilarity: 0.3,
	QuestionPrefix: "query: ", AnswerPrefix: "passage: ",
}

// rolesOf is what a build makes of a description.
func rolesOf(d sdk.Description) [2]role {
	id := plugins.EmbedID(d)
	return [2]role{
		{d.QuestionPrefix, cache.NewRecipe(id, d.QuestionPrefix)},
		{d.AnswerPrefix, cache.NewRecipe(id, d.AnswerPrefix)},
	}
}

func newKeyed(t *testing.T, texts ...string) *keyed {
	k := &keyed{t, filepath.Join(t.TempDir(), "cache"), texts}
	k.with(keyedTeacher, func(e *embedder) {
		for n, r := range e.roles {
			var keys []cache.Key
			var payloads [][]byte
			for i, text := range texts {
				keys = append(keys, r.recipe.Key(text))
				payloads = append(payloads, cache.Bytes(keyedVector(n, i)))
			}
			if err := e.store.Put(r.recipe, keys, payloads); err != nil {
				t.Fatal(err)
			}
		}
	})
	return k
}

func keyedVector(role, i int) []float32 { return []float32{float32(role), float32(i), 0.1} }

func (k *keyed) with(d sdk.Description, do func(*embedder)) {
	k.t.Helper()
	store, err := cache.Open(k.dir, cache.DefaultOptions())
	if err != nil {
		k.t.Fatal(err)
	}
	do(&embedder{teacher: &teacher{description: d, embedID: plugins.EmbedID(d)}, store: store, roles: rolesOf(d)})
	if err := store.Close(); err != nil {
		k.t.Fatal(err)
	}
}

// hits is how many of texts the cache answers, for a teacher, in a role.
func (k *keyed) hits(d sdk.Description, role int, texts ...string) (n int) {
	k.t.Helper()
	k.with(d, func(e *embedder) {
		keys := make([]cache.Key, len(texts))
		for i, text := range texts {
			keys[i] = e.roles[role].recipe.Key(text)
		}
		out := make([]vector, len(texts))
		missing, err := e.lookup(keys, out)
		if err != nil {
			k.t.Fatal(err)
		}
		for i, v := range out {
			if at := slices.Index(k.texts, texts[i]); v.floats != nil && !slices.Equal(v.floats, keyedVector(role, at)) {
				k.t.Errorf("text %d has the vector %v", i, v.floats)
			}
		}
		n = len(texts) - len(missing)
	})
	return n
}

// For every field of a description: if it decides the vector, or is put before
// the text, then changing it misses; if not, it hits. A new field has to be put
// in the table.
func TestCacheKeyOfEveryField(t *testing.T) {
	const both, questions, answers, neither = "both", "questions", "answers", "neither"
	misses := map[string]string{
		"Model": both, "Revision": both, "WeightsDigest": both, "TokenizerDigest": both, "Pooling": both,
		"Truncation": both, "Normalised": both, "Dims": both, "MaxTokens": both, "APIDimensions": both,
		"QuestionPrefix": questions, "AnswerPrefix": answers,
		"Name": neither, "MaxRows": neither, "Determinism": neither, "Licence": neither, "Languages": neither, "MinSimilarity": neither, "Matryoshka": neither,
	}
	k := newKeyed(t, "one", "two")
	if n := k.hits(keyedTeacher, 0, "one", "two"); n != 2 {
		t.Fatalf("%d hits with nothing changed", n)
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[sdk.Description]()) {
		t.Run(f.Name, func(t *testing.T) {
			want, known := misses[f.Name]
			if !known {
				t.Fatal("does it belong in the key?")
			}
			d := keyedTeacher
			switch v := reflect.ValueOf(&d).Elem().FieldByIndex(f.Index); v.Kind() {
			case reflect.String:
				v.SetString(v.String() + "x")
			case reflect.Int:
				v.SetInt(v.Int() + 1)
			case reflect.Bool:
				v.SetBool(!v.Bool())
			case reflect.Float64:
				v.SetFloat(math.NaN())
			default:
				t.Fatalf("a %s", v.Kind())
			}
			for role, name := range []string{questions, answers} {
				hit := k.hits(d, role, "one") == 1
				if missed := want == both || want == name; hit == missed {
					t.Errorf("%s: a hit: %v", name, hit)
				}
			}
		})
	}
}

// What a build is asked for and what it is run on decide no vector: the second
// build embeds nothing.
func TestCacheKeyLeavesOut(t *testing.T) {
	cacheDir := filepath.Join(t.TempDir(), "cache")
	run := func(t *testing.T, change func(c *Config, lines []string)) Summary {
		lines := strings.Split(chats(60), "\n")
		c := DefaultConfig()
		c.Preset, c.Dedup = "none", "none"
		change(&c, lines)
		where := testConfig(t, strings.Join(lines, "\n"))
		c.Inputs, c.Out, c.Cache = where.Inputs, where.Out, cacheDir
		return mustBuild(t, c)
	}
	if sum := run(t, func(*Config, []string) {}); sum.Teacher.Texts == 0 {
		t.Fatal("the first build embedded nothing")
	}
	for name, change := range map[string]func(*Config, []string){
		"threads":    func(c *Config, _ []string) { c.Workers = 3 },
		"batch size": func(c *Config, _ []string) { c.ChunkRows = "16:16" },
		"order":      func(_ *Config, lines []string) { slices.Reverse(lines) },
		"profile":    func(c *Config, _ []string) { c.Profile = "fast" },
		"split":      func(c *Config, _ []string) { c.Validation, c.Seed = "0.5", 7 },
		"deadline":   func(c *Config, _ []string) { c.TeacherTime = "5s" },
		"duplicates": func(c *Config, lines []string) { c.Dedup = "exact"; lines[1] = lines[0] },
	} {
		t.Run(name, func(t *testing.T) {
			if sum := run(t, change); sum.Teacher.Texts != 0 || sum.Cache.Misses != 0 || sum.Cache.Hits == 0 {
				t.Errorf("%d texts were embedded, %+v", sum.Teacher.Texts, sum.Cache)
			}
		})
	}
	// A projection, and the shape of the tensor, are of the space and not of
	// the vector that is cached.
	id := plugins.EmbedID(keyedTeacher)
	if plugins.SpaceID(id, "native", "") == plugins.SpaceID(id, "linear", "sha256:aa") {
		t.Error("two projections are one space")
	}
}

// The tests below are named after the ways in which other caches went wrong.

func TestPitfallSeparatorAmbiguity(t *testing.T) {
	k := newKeyed(t, "b", "query: b", "")
	for _, c := range []struct{ model, revision, prefix, text string }{
		{"org/model", "r1", "query: b", ""}, {"org/model", "r1", "", "query: b"}, {"org/model", "r1", "query:", " b"},
		{"org/modelr", "1", "query: ", "b"}, {"org/mode", "lr1", "query: ", "b"}, {"org/model\x00r1", "", "query: ", "b"},
	} {
		d := keyedTeacher
		d.Model, d.Revision, d.QuestionPrefix = c.model, c.revision, c.prefix
		if k.hits(d, 0, c.text) != 0 {
			t.Errorf("%q hits", c)
		}
	}
}

func TestPitfallFirstRowsOnlyKeys(t *testing.T) {
	texts := []string{"one", "two", "three"}
	k := newKeyed(t, texts...)
	if n := k.hits(keyedTeacher, 0, "one", "two", "changed"); n != 2 {
		t.Errorf("%d hits where only the last of three texts changed", n)
	}
	long := strings.Repeat("x", 100_000) // a key of the first bytes of a text
	k = newKeyed(t, long)
	if k.hits(keyedTeacher, 0, long+"y") != 0 || k.hits(keyedTeacher, 0, long[:len(long)-1]+"y") != 0 || k.hits(keyedTeacher, 0, long) != 1 {
		t.Error("texts that begin alike are one")
	}
}

func TestPitfallWholeListKeys(t *testing.T) {
	k := newKeyed(t, "one", "two", "three")
	if n := k.hits(keyedTeacher, 0, "three", "new", "one", "two", "one"); n != 4 {
		t.Errorf("%d hits: one new text must not cost the others", n)
	}
}

func TestPitfallUnpinnedRevision(t *testing.T) {
	// Two models whose revision is only called "main" differ in their weights.
	d := keyedTeacher
	d.Revision = "main"
	k := newKeyed(t, "one")
	k.with(d, func(e *embedder) {
		r := e.roles[0].recipe
		if err := e.store.Put(r, []cache.Key{r.Key("one")}, [][]byte{cache.Bytes(keyedVector(0, 0))}); err != nil {
			t.Fatal(err)
		}
	})
	if k.hits(d, 0, "one") != 1 {
		t.Fatal("the same weights miss")
	}
	for _, digest := range []string{"sha256:cc", ""} {
		d.WeightsDigest = digest
		if k.hits(d, 0, "one") != 0 {
			t.Errorf("weights %q have the vectors of others", digest)
		}
	}
}

func TestPitfallPromptLeftOut(t *testing.T) {
	k := newKeyed(t, "one")
	for _, prompt := range []string{"", "query:", "Query: ", "query: \n", "passage"} {
		d := keyedTeacher
		d.QuestionPrefix = prompt
		if k.hits(d, 0, "one") != 0 {
			t.Errorf("the prompt %q has the vector of another", prompt)
		}
	}
}

func TestPitfallModelLeftOut(t *testing.T) {
	k := newKeyed(t, "one")
	if k.hits(sdk.Description{Name: "label", Dims: 3}, 0, "one") != 0 {
		t.Error("a teacher without a model has the vectors of one with")
	}
}

func TestPitfallQuestionsNotCached(t *testing.T) {
	k := newKeyed(t, "one")
	for role := range 2 {
		if k.hits(keyedTeacher, role, "one") != 1 {
			t.Errorf("role %d is not cached", role)
		}
	}
}

func TestPitfallPathAndTimeInKey(t *testing.T) {
	k := newKeyed(t, "one")
	moved := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Rename(k.dir, moved); err != nil {
		t.Fatal(err)
	}
	k.dir = moved
	segments, err := filepath.Glob(filepath.Join(moved, "v1", "*.seg"))
	if err != nil || len(segments) == 0 {
		t.Fatal(segments, err)
	}
	for _, s := range segments {
		if err := os.Chtimes(s, time.Time{}, time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if k.hits(keyedTeacher, 0, "one") != 1 {
		t.Error("a cache that was moved misses")
	}
}

func TestPitfallTextAsFileName(t *testing.T) {
	texts := []string{"", "/", "../../etc/passwd", "a\x00b", "line\nline", strings.Repeat("long ", 60_000), "\u00fc", "u\u0308", "\u2028"}
	k := newKeyed(t, texts...)
	if n := k.hits(keyedTeacher, 1, texts...); n != len(texts) {
		t.Errorf("%d hits of %d", n, len(texts))
	}
}

func TestPitfallFloatsAsText(t *testing.T) {
	k := newKeyed(t)
	v := []float32{math.Float32frombits(1), float32(math.Copysign(0, -1)), math.MaxFloat32}
	k.with(keyedTeacher, func(e *embedder) {
		r := e.roles[0].recipe
		keys := []cache.Key{r.Key("one")}
		if err := e.store.Put(r, keys, [][]byte{cache.Bytes(v)}); err != nil {
			t.Fatal(err)
		}
		out := make([]vector, 1)
		if _, err := e.lookup(keys, out); err != nil {
			t.Fatal(err)
		}
		for i := range v {
			if math.Float32bits(out[0].floats[i]) != math.Float32bits(v[i]) {
				t.Errorf("value %d has other bits", i)
			}
		}
	})
}

// A vector of another size than the teacher's is never taken for its own.
func TestPitfallOtherDimensions(t *testing.T) {
	k := newKeyed(t)
	k.with(keyedTeacher, func(e *embedder) {
		r := e.roles[0].recipe
		keys := []cache.Key{r.Key("one")}
		if err := e.store.Put(r, keys, [][]byte{cache.Bytes([]float32{1, 2})}); err != nil {
			t.Fatal(err)
		}
		if missing, err := e.lookup(keys, make([]vector, 1)); err != nil || len(missing) != 1 {
			t.Errorf("two values were taken for three: %v, %v", missing, err)
		}
	})
}
