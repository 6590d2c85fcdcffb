package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/fit"
	"github.com/cubeset/cubeset/host/lock"
	"github.com/cubeset/cubeset/plugins"
	"github.com/cubeset/cubeset/plugins/hashing"
	"github.com/cubeset/cubeset/wasm/filters"
)

// mustLock locks c, and has it keep to that.
func mustLock(t testing.TB, c *Config) LockSummary {
	t.Helper()
	c.Lock = filepath.Join(t.TempDir(), lock.Name)
	sum, err := Lock(t.Context(), *c, testOptions(t, nil), false)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// locksWitness makes a folder whose teacher only leaves a witness, and a lock
// that holds it with filters and a projection.
func locksWitness(t *testing.T, c *Config, f lock.File) (folder, witness string) {
	t.Helper()
	folder, witness = t.TempDir(), filepath.Join(t.TempDir(), "witness")
	write(t, filepath.Join(folder, plugins.FolderFile), `name = "mine"`+"\n"+`command = ["sh", "teacher.sh"]`)
	write(t, filepath.Join(folder, "teacher.sh"), "touch "+witness+"\nexit 3\n")
	own, err := plugins.OpenFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := own.Digest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.Teachers = map[string]lock.Teacher{"mine": {EmbedID: strings.Repeat("a", 64), Folders: map[string]string{platform: digest}}}
	doc, err := f.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	c.Teacher, c.Preset, c.Lock = folder, "none", filepath.Join(t.TempDir(), lock.Name)
	write(t, c.Lock, string(doc))
	return folder, witness
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Whatever differs from the lock, no teacher has run when it is told.
func TestLockRefusesBeforeAnythingRuns(t *testing.T) {
	fitting, err := fit.NewFitting(4)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		if err := fitting.Add([]float32{1, float32(i), float32(i * i), 3}); err != nil {
			t.Fatal(err)
		}
	}
	m, _, err := fitting.Map(2)
	if err != nil {
		t.Fatal(err)
	}
	m.EmbedID = strings.Repeat("a", 64)
	projection, err := m.Encode(8)
	if err != nil {
		t.Fatal(err)
	}
	pii, _ := filters.Find("pii")
	held := lock.File{
		Projection: hexSum(projection),
		Filters:    map[string]lock.Filter{"pii": {SHA256: hexSum(pii.Module)}, "wordlist": {SHA256: moduleDigest(t, "wordlist"), Files: map[string]string{"words": hexSum([]byte("parcel\n"))}}},
	}
	for _, x := range []struct {
		name   string
		change func(t *testing.T, c *Config, folder string)
		want   string // "": the teacher runs
	}{
		{"nothing", func(*testing.T, *Config, string) {}, ""},
		{"a byte of the folder", func(t *testing.T, c *Config, folder string) { write(t, folder+"/data", "x") }, "teacher mine: its files have the digest"},
		{"its command", func(t *testing.T, c *Config, folder string) {
			write(t, folder+"/teacher.toml", `name = "mine"`+"\n"+`command = ["sh", "./teacher.sh"]`)
		}, "teacher mine: its files have the digest"},
		{"its name", func(t *testing.T, c *Config, folder string) {
			write(t, folder+"/teacher.toml", `command = ["sh", "teacher.sh"]`)
		}, "is not in the lock"},
		{"its settings", func(t *testing.T, c *Config, _ string) { c.setTeacherOption("depth", json.RawMessage("2")) }, "teacher mine: settings"},
		{"the projection", func(t *testing.T, c *Config, _ string) {
			b := slices.Clone(projection)
			b[len(b)-4]++ // of the last value
			write(t, c.Projection, string(b))
		}, "projection: sha256"},
		{"a filter", func(t *testing.T, c *Config, _ string) {
			write(t, c.Filters[0], string(pii.Module)+"\x00\x02\x01x") // a section more
		}, "filter pii: sha256"},
		{"a filter that is none any more", func(t *testing.T, c *Config, _ string) { write(t, c.Filters[0], "x") }, "pii.wasm: sha256"},
		{"a filter's file", func(t *testing.T, c *Config, _ string) { write(t, c.FilterBlobs["wordlist"]["words"], "parcel\nx\n") }, "filter wordlist: file words"},
		{"a filter's settings", func(t *testing.T, c *Config, _ string) {
			c.setFilterOption("wordlist", "hits_max", json.RawMessage("2"))
		}, "filter wordlist: settings"},
		{"a filter more", func(t *testing.T, c *Config, _ string) { c.Filters = append(c.Filters, "url") }, "filter url: sha256"},
		{"a fallback that is not in it", func(t *testing.T, c *Config, _ string) { c.Teacher, c.Fallback = "hash-768", []string{c.Teacher} }, "teacher hash-768 is not in the lock"},
		{"the lock", func(t *testing.T, c *Config, _ string) { write(t, c.Lock, "{}") }, "not a lock of this version"},
	} {
		t.Run(x.name, func(t *testing.T) {
			c, dir := testConfig(t, chats(5)), t.TempDir()
			folder, witness := locksWitness(t, &c, held)
			c.Projection = filepath.Join(dir, "p.safetensors")
			c.Filters = []string{filepath.Join(dir, "pii.wasm"), "wordlist"}
			c.FilterBlobs = map[string]map[string]string{"wordlist": {"words": filepath.Join(dir, "words.txt")}}
			write(t, c.Projection, string(projection))
			write(t, c.Filters[0], string(pii.Module))
			write(t, c.FilterBlobs["wordlist"]["words"], "parcel\n")
			x.change(t, &c, folder)
			_, err := Build(t.Context(), c, testOptions(t, nil))
			_, missing := os.Stat(witness)
			if x.want == "" {
				if missing != nil || !errors.Is(err, ErrTeacher) || errors.Is(err, ErrLock) {
					t.Errorf("it did not run: %v", err)
				}
				return
			}
			if !errors.Is(err, ErrLock) || !strings.Contains(err.Error(), x.want) {
				t.Errorf("got %v, want %s", err, x.want)
			}
			if missing == nil {
				t.Error("the teacher ran")
			}
			if _, err := os.Stat(filepath.Join(c.Out, "manifest.json")); err == nil {
				t.Error("there is a dataset")
			}
		})
	}
}

func moduleDigest(t testing.TB, name string) string {
	t.Helper()
	m, err := FilterModule(name)
	if err != nil {
		t.Fatal(err)
	}
	return hexSum(m)
}

// A filter and its file that are swapped after they were compared are not what
// runs.
func TestLockFilterIsReadOnce(t *testing.T) {
	c, dir := testConfig(t, chats(5)), t.TempDir()
	good, _ := filters.Find("wordlist")
	evil, _ := filters.Find("pii")
	path, words := filepath.Join(dir, "own.wasm"), filepath.Join(dir, "words.txt")
	write(t, path, string(good.Module))
	write(t, words, "parcel\n")
	c.Teacher, c.Preset, c.Filters, c.FilterBlobs = hashing.Name, "none", []string{path}, map[string]map[string]string{"wordlist": {"words": words}}
	mustLock(t, &c)
	swap := func(*build, context.Context) error {
		write(t, path, string(evil.Module))
		write(t, words, "other\n")
		return nil
	}
	b, err := openSteps(t.Context(), c, testOptions(t, nil), swap, (*build).openCache, (*build).openFilters)
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	if all := b.filters(); len(all) != 1 || all[0].name != "wordlist" || all[0].SHA256() != hexSum(good.Module) || string(all[0].blobs["words"]) != "parcel\n" {
		t.Errorf("%v runs", all.names())
	}
	if _, err := openSteps(t.Context(), c, testOptions(t, nil), (*build).openCache, (*build).openFilters); !errors.Is(err, ErrLock) {
		t.Errorf("the next build: %v", err)
	}
}

// The lock's digest is in what is written; another lock makes every part anew,
// and none at all again.
func TestLockDigestInTheDataset(t *testing.T) {
	c := testConfig(t, unlike(40))
	c.Teacher = hashing.Name
	plain := mustBuild(t, c)
	mustLock(t, &c)
	held := mustBuild(t, c)
	if held.Parts.Built != plain.Parts.Built || held.Teacher.Texts != 0 {
		t.Errorf("%+v and %d texts, without a lock %+v", held.Parts, held.Teacher.Texts, plain.Parts)
	}
	doc, err := os.ReadFile(c.Lock)
	if err != nil {
		t.Fatal(err)
	}
	m, err := tensor.ReadManifest(testOptions(t, nil).files(), c.Out)
	if err != nil || m.LockDigest != hexSum(doc) {
		t.Errorf("the manifest says %s (%v), want %s", m.LockDigest, err, hexSum(doc))
	}
	if again := mustBuild(t, c); again.Parts.Built != 0 {
		t.Errorf("again %+v", again.Parts)
	}
	was := promised(t, c.Out)
	c.Lock = lockOff
	mustBuild(t, c)
	c.Lock = filepath.Join(t.TempDir(), "elsewhere")
	write(t, c.Lock, string(doc))
	mustBuild(t, c)
	requireSame(t, promised(t, c.Out), was)
}

// A dataset that is up to date under one lock is not so under another.
func TestUpToDateLooksAtTheLock(t *testing.T) {
	c := testConfig(t, chats(5))
	c.Teacher = hashing.Name
	mustLock(t, &c)
	settle(t, c.Inputs[0])
	settle(t, c.Lock)
	mustBuild(t, c)
	if _, ok := upToDate(c, testOptions(t, nil).files(), lookAtSources(t.Context(), c, testOptions(t, nil).files())); !ok {
		t.Fatal("it is not up to date")
	}
	write(t, c.Lock, "{}")
	if _, ok := upToDate(c, testOptions(t, nil).files(), lookAtSources(t.Context(), c, testOptions(t, nil).files())); ok {
		t.Error("the lock was not looked at")
	}
	c.Lock = lockOff
	if _, ok := upToDate(c, testOptions(t, nil).files(), lookAtSources(t.Context(), c, testOptions(t, nil).files())); ok {
		t.Error("nor that there is none")
	}
}

// remote is a service that embeds with hash-768, turned by as much as turn says,
// and keeps what it is sent.
type remote struct {
	mu   sync.Mutex
	turn float32
	got  []string
}

func (r *remote) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ask struct {
		Input []string `json:"input"`
	}
	if err := json.NewDecoder(q.Body).Decode(&ask); err != nil {
		http.Error(w, "no", http.StatusBadRequest)
		return
	}
	r.got = append(r.got, ask.Input...)
	dst := make([]float32, len(ask.Input)*hashing.Dims)
	if err := hashing.New().Embed(q.Context(), ask.Input, dst); err != nil {
		http.Error(w, "no", http.StatusInternalServerError)
		return
	}
	type vector struct {
		Object    string    `json:"object"`
		Index     int       `json:"index"`
		Embedding []float32 `json:"embedding"`
	}
	reply := struct {
		Object string         `json:"object"`
		Data   []vector       `json:"data"`
		Model  string         `json:"model"`
		Usage  map[string]int `json:"usage"`
	}{Object: "list", Model: "m", Usage: map[string]int{"prompt_tokens": 1, "total_tokens": 1}}
	for i := range ask.Input {
		v := dst[i*hashing.Dims : (i+1)*hashing.Dims]
		v[0] += r.turn
		reply.Data = append(reply.Data, vector{"embedding", i, v})
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(reply)
}

// saw says whether any text of the dataset was sent.
func (r *remote) saw(word string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.got, func(s string) bool { return strings.Contains(s, word) })
}

// A model behind an API is held to what its vectors were like: one that changed
// under its name is sent the probes, and no dialogue.
func TestLockHoldsARemoteModel(t *testing.T) {
	service := &remote{}
	server := httptest.NewServer(service)
	defer server.Close()
	c := testConfig(t, unlike(5))
	c.Preset, c.Cache, c.Teacher = "none", "off", "small"
	entry := func(more string) TeacherEntry {
		e := TeacherEntry{}
		doc := fmt.Sprintf(`{"program": "http", "api": "openai", "url": %q, "model": "m", "dims": 768%s}`, server.URL+"/v1", more)
		if err := json.Unmarshal([]byte(doc), &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	c.Teachers = map[string]TeacherEntry{"small": entry("")}
	mustLock(t, &c)
	doc, err := os.ReadFile(c.Lock)
	if err != nil || !strings.Contains(string(doc), `"probes": "v1:`) || strings.Contains(string(doc), "folders") {
		t.Errorf("%v\n%s", err, doc)
	}
	mustBuild(t, c)
	if !service.saw("parcel") {
		t.Error("nothing was embedded")
	}

	service.got, service.turn = nil, 0.001 // what rounding elsewhere may do
	c.Out += "2"
	mustBuild(t, c)
	if sum, err := Lock(t.Context(), c, testOptions(t, nil), true); err != nil {
		t.Errorf("%v: %v", err, sum.Changes)
	}

	service.got, service.turn = nil, 1
	c.Out += "3"
	if _, err := Build(t.Context(), c, testOptions(t, nil)); !errors.Is(err, ErrLock) || !strings.Contains(err.Error(), "teacher small: it is not the model it was: of 16 probe texts the least cosine is 0.") {
		t.Errorf("another model: %v", err)
	}
	if service.saw("parcel 7") || len(service.got) == 0 {
		t.Errorf("it was sent %q", service.got)
	}
	if _, err := Lock(t.Context(), c, testOptions(t, nil), true); !errors.Is(err, ErrLock) {
		t.Errorf("check: %v", err)
	}

	service.got, service.turn = nil, 0
	c.Teachers["small"] = entry(`, "concurrency": 2`)
	if _, err := Build(t.Context(), c, testOptions(t, nil)); !errors.Is(err, ErrLock) || !strings.Contains(err.Error(), "teacher small: settings") {
		t.Errorf("other settings: %v", err)
	}
	if len(service.got) > 0 {
		t.Errorf("it was sent %q", service.got)
	}
}

func TestSketches(t *testing.T) {
	n := len(probeTexts())
	for _, dims := range []int{1, 3, sketchDims, 200} {
		rapid.Check(t, func(r *rapid.T) {
			seed := rapid.Uint64().Draw(r, "seed")
			random := rand.New(rand.NewPCG(seed, 1))
			a := make([]float32, n*dims)
			for i := range a {
				a[i] = float32(random.NormFloat64())
			}
			clear(a[:dims]) // a text that was refused
			b := slices.Clone(a)
			noise := rapid.SampledFrom([]float64{0, 0.001, 0.01}).Draw(r, "noise")
			for i := dims; i < len(b); i++ {
				b[i] = 3 * (b[i] + float32(noise*random.NormFloat64())*float32(math.Abs(float64(a[i]))))
			}
			if least := mustDrift(r, a, b, dims); least < sketchCosineMin {
				r.Errorf("noise of %v of %d values gives %v", noise, dims, least)
			}
			other := slices.Clone(a)
			row := rapid.IntRange(1, n-1).Draw(r, "row")
			for i := range dims {
				other[row*dims+i] *= -1
			}
			if least := mustDrift(r, a, other, dims); least > -0.999 {
				r.Errorf("a vector turned round gives %v", least)
			}
			clear(other[row*dims : (row+1)*dims])
			if least := mustDrift(r, a, other, dims); least != 0 {
				r.Errorf("a text refused gives %v", least)
			}
		})
	}
	for _, bad := range []string{"", "v1:", "v2:" + strings.Repeat("A", 1366), "v1:????"} {
		if _, err := decodeSketches(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func mustDrift(t *rapid.T, a, b []float32, dims int) float64 {
	x, err := sketchProbes(a, dims)
	y, err2 := sketchProbes(b, dims)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	least, err := sketchDrift(x, y)
	if err != nil {
		t.Fatal(err)
	}
	return least
}

func TestSettingsDigest(t *testing.T) {
	of := func(doc string) string {
		var m map[string]json.RawMessage
		if err := json.Unmarshal([]byte(doc), &m); err != nil {
			t.Fatal(err)
		}
		d, err := settingsOf(m)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if of(`{"a": {"x": 1, "y": [2]}, "b": "<"}`) != of(`{"b":"\u003c","a":{"y":[2],"x":1}}`) {
		t.Error("order and space count")
	}
	if of(`{"a": 9007199254740993}`) == of(`{"a": 9007199254740992}`) {
		t.Error("large numbers are rounded")
	}
}

func TestExternal(t *testing.T) {
	c := DefaultConfig()
	c.Teachers = map[string]TeacherEntry{"own": {"program": json.RawMessage(`"onnx"`), "model": json.RawMessage(`"m"`)}}
	for _, x := range []struct {
		change func(*Config)
		want   string
	}{
		{func(*Config) {}, ""},
		{func(c *Config) { c.Filters = []string{"pii", "./own.wasm"} }, "./own.wasm"},
		{func(c *Config) { c.Teacher, c.Fallback = "own", []string{"./mine", "hash-768"} }, "own ./mine"},
		{func(c *Config) { c.Teacher, c.EachTeacher = "./none", []string{"static-768", "./mine"} }, "./mine"},
	} {
		d := c
		x.change(&d)
		if got := strings.Join(d.External(), " "); got != x.want {
			t.Errorf("got %s, want %s", got, x.want)
		}
	}
}
