package httpteacher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/cubeset/cubeset/plugins/http/apitest"
	"github.com/cubeset/cubeset/sdk/teacher"
)

const canary = "sk-canary-4f1c9a7e2b"

// direct is the network without a network: servers by host.
type direct map[string]http.Handler

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	h, ok := d[r.URL.Host]
	if !ok {
		return nil, errors.New("connection refused")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// lines is a log that can be read.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// base is the url of an api for a server called host.
func base(api, host string) string {
	switch api {
	case "openai", "voyage", "mistral", "jina":
		return "http://" + host + "/v1"
	case "gemini":
		return "http://" + host + "/v1beta"
	}
	return "http://" + host
}

// settings are those of an api that asks a server called localhost.
func settings(api string) Config {
	c := Config{API: api, URL: base(api, "localhost"), Model: "test-model", Dims: 64, KeyEnv: "CANARY_KEY"}
	if api == "cohere" {
		c.InputType = "search_document"
	}
	return c
}

// start makes a teacher of c.
func start(t *testing.T, c Config, net http.RoundTripper) (*embedder, *lines) {
	t.Helper()
	t.Setenv("CANARY_KEY", canary)
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	log := &lines{}
	return newEmbedder(c, net, testLog(log)), log
}

func testLog(log *lines) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Level: hclog.Debug, Output: log, JSONFormat: true})
}

// texts are n of them, of different lengths.
func texts(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("text number %d %s", i, strings.Repeat("and more ", i%7))
	}
	return list
}

// embed is EmbedRows, whose vectors are checked to be unlike and of length 1.
func embed(t *testing.T, e *embedder, ctx context.Context, texts []string) ([]float32, []teacher.RowResult, error) {
	t.Helper()
	d, _ := e.Describe(ctx)
	dst := make([]float32, len(texts)*d.Dims)
	rows, err := e.EmbedRows(ctx, texts, dst)
	for i, r := range rows {
		v := dst[i*d.Dims : (i+1)*d.Dims]
		if r.Err == nil && math.Abs(cosine(v, v)-1) > 1e-6 {
			t.Errorf("vector %d has length² %v", i, cosine(v, v))
		}
	}
	return dst, rows, err
}

func apis() []string { return names() }

// Every API: more texts than a request takes, answers in any order, one text
// that is not accepted, one that is too long; what is left is what a request
// for each alone gives.
func TestAPIs(t *testing.T) {
	for _, api := range apis() {
		t.Run(api, func(t *testing.T) {
			s := apitest.New(api, apitest.Options{Key: canary, TextTokens: 500, RequestTokens: 1500, MaxRows: 20})
			c := settings(api)
			c.MaxRows = 32
			c.RequestTokens = 100_000 // wrong: the server takes less, and says so
			e, _ := start(t, c, direct{"localhost": s})
			all := texts(150)
			all[17] = "an " + apitest.Unwanted + " text"
			all[99] = strings.Repeat("long ", 2000)
			dst, rows, err := embed(t, e, t.Context(), all)
			if err != nil {
				t.Fatal(err)
			}
			tokens, want := 0, 0
			for i, r := range rows {
				switch {
				case i == 17 && r.Code != "refused", i == 99 && r.Code != "too_long":
					t.Errorf("text %d: %+v", i, r)
				case i != 17 && i != 99 && r.Err != nil:
					t.Errorf("text %d: %v", i, r.Err)
				case r.Err == nil:
					tokens += r.Tokens
					want += apitest.Tokens(all[i])
				}
			}
			if api == "gemini" {
				want = 0 // does not count
			}
			if tokens != want {
				t.Errorf("%d tokens, want %d", tokens, want)
			}
			if s.MostTexts() > 20 {
				t.Errorf("a request of %d texts", s.MostTexts())
			}
			for _, i := range []int{0, 1, 16, 18, 75, 149} {
				one, _, err := embed(t, e, t.Context(), all[i:i+1])
				if err != nil {
					t.Fatal(err)
				}
				if got := cosine(one, dst[i*64:(i+1)*64]); got < 0.999999 {
					t.Errorf("text %d is in the wrong place: cosine %v", i, got)
				}
			}
		})
	}
}

// Every API that can, gives shorter vectors, of length 1 whatever it sends.
func TestDimensions(t *testing.T) {
	for _, api := range apis() {
		c := settings(api)
		c.Dimensions = 24
		if a, _ := find(api); !a.facts().dimensions {
			if err := c.Validate(); err == nil {
				t.Errorf("%s takes dimensions", api)
			}
			continue
		}
		e, _ := start(t, c, direct{"localhost": apitest.New(api, apitest.Options{})})
		if d, _ := e.Describe(t.Context()); d.Dims != 24 || d.APIDimensions != 24 {
			t.Errorf("%s: %+v", api, d)
		}
		if _, _, err := embed(t, e, t.Context(), texts(5)); err != nil {
			t.Errorf("%s: %v", api, err)
		}
	}
}

// What a person has to mend ends the build, in words that say what it is.
func TestStops(t *testing.T) {
	for _, api := range apis() {
		for _, c := range []struct {
			name   string
			config func(*Config)
			server apitest.Options
			want   string
		}{
			{"wrong key", func(*Config) {}, apitest.Options{Key: "another"}, "the key in CANARY_KEY is not accepted"},
			{"no key", func(c *Config) { c.KeyEnv = "" }, apitest.Options{Key: "another"}, "a request without a key is not accepted"},
			{"key not set", func(c *Config) { c.KeyEnv = "NO_SUCH_KEY" }, apitest.Options{}, "the variable NO_SUCH_KEY, which is to hold the key, is not set"},
			{"no key file", func(c *Config) { c.KeyEnv, c.KeyFile = "", "/no/such/key" }, apitest.Options{}, "key_file: open /no/such/key: no such file"},
			{"other model", func(*Config) {}, apitest.Options{Model: "else"}, "localhost: "},
			{"other dims", func(c *Config) { c.Dims = 63 }, apitest.Options{}, "localhost: a vector has 64 numbers, want 63"},
			{"wrong path", func(c *Config) { c.URL += "/x" }, apitest.Options{}, "localhost: "},
		} {
			t.Run(api+"/"+c.name, func(t *testing.T) {
				config := settings(api)
				c.config(&config)
				e, log := start(t, config, direct{"localhost": apitest.New(api, c.server)})
				_, _, err := embed(t, e, t.Context(), texts(3))
				if !errors.Is(err, teacher.ErrStop) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want %q", err, c.want)
				}
				if said := fmt.Sprint(err, log); strings.Contains(said, canary) || strings.Contains(said, "text number") {
					t.Errorf("told too much: %s", said)
				}
			})
		}
	}
}

// The revision is that of the server, where it tells.
func TestRevision(t *testing.T) {
	for _, api := range []string{"ollama", "tei"} {
		c := settings(api)
		c.Revision = "fca14538aa99"
		good := apitest.New(api, apitest.Options{Revision: "fca14538aa99"})
		e, _ := start(t, c, direct{"localhost": good})
		if _, _, err := embed(t, e, t.Context(), texts(1)); err != nil {
			t.Errorf("%s: %v", api, err)
		}
		e, _ = start(t, c, direct{"localhost": apitest.New(api, apitest.Options{Revision: "0815"})})
		_, _, err := embed(t, e, t.Context(), texts(1))
		if !errors.Is(err, teacher.ErrStop) || !strings.Contains(err.Error(), "0815") || !strings.Contains(err.Error(), "fca14538aa99") {
			t.Errorf("%s: %v", api, err)
		}
	}
}

// Questions and answers go with their own input type, in one call too.
func TestInputTypes(t *testing.T) {
	s := apitest.New("cohere", apitest.Options{})
	c := settings("cohere")
	c.InputType, c.QuestionInputType, c.AnswerInputType = "", "search_query", "search_document"
	e, _ := start(t, c, direct{"localhost": s})
	d, _ := e.Describe(t.Context())
	if d.QuestionPrefix != "[search_query] " || d.AnswerPrefix != "[search_document] " {
		t.Fatalf("%q %q", d.QuestionPrefix, d.AnswerPrefix)
	}
	dst, _, err := embed(t, e, t.Context(), []string{d.QuestionPrefix + "hello there", d.AnswerPrefix + "hello there", "hello there"})
	if err != nil {
		t.Fatal(err)
	}
	if got := cosine(dst[:64], dst[64:128]); got > 0.9 {
		t.Errorf("question and answer have the cosine %v", got)
	}
	if got := cosine(dst[64:128], dst[128:]); got < 0.999999 {
		t.Errorf("a text without a mark has the cosine %v with an answer", got)
	}
	for _, b := range s.Bodies() {
		if strings.Contains(string(b), "[search") {
			t.Errorf("the mark was sent: %s", b)
		}
	}
}

// The identity holds what decides the vectors, and nothing that does not.
func TestDescribe(t *testing.T) {
	one := settings("cohere")
	d1, err := newEmbedder(one, nil, hclog.NewNullLogger()).Describe(t.Context())
	if err != nil || d1.Validate() != nil {
		t.Fatal(err, d1.Validate())
	}
	if d1.Pooling != "cohere search_document" || d1.Truncation != "none" || !d1.Normalised || d1.Determinism != teacher.Close || d1.MaxRows != 96*8 {
		t.Errorf("%+v", d1)
	}
	other := one
	other.InputType = "clustering"
	if d2, _ := newEmbedder(other, nil, hclog.NewNullLogger()).Describe(t.Context()); d1.Pooling == d2.Pooling {
		t.Error("the input type is not in the identity")
	}
}

// New refuses what is wrong, all at once, and never repeats a key.
func TestConfig(t *testing.T) {
	for _, c := range []struct{ config, want string }{
		{`{}`, `api: "" is none of openai, azure, ollama, tei, cohere, voyage, mistral, jina, gemini`},
		{`{"api":"openai","model":"m","dims":3,"key":"` + canary + `"}`, "key: a key does not belong into settings: say key_env"},
		{`{"api":"openai","model":"m","dims":3,"api_key":"` + canary + `"}`, "api_key: a key does not belong"},
		{`{"api":"openai","model":"m","dims":3,"headers":{"x":"` + canary + `"}}`, "headers: a key does not belong"},
		{`{"api":"openai","model":"m","dims":3,"key_env":"` + canary + `"}`, "key_env: want the name of a variable, in capitals; never the key itself"},
		{`{"api":"openai","model":"m","dims":3,"key_env":"K","key_file":"f"}`, "key_env, key_file: want one of them"},
		{`{"api":"openai","model":"m","dims":3,"key_file":"a\nb"}`, "key_file: want the name of a file"},
		{`{"api":"openai","model":"m","dims":3}`, "key_env: missing: openai asks for a key"},
		{`{"api":"openai","model":"m","dims":3,"url":"http://u:` + canary + `@localhost"}`, "url: holds a user or a password"},
		{`{"api":"openai","model":"m","dims":3,"url":"http://localhost?key=` + canary + `"}`, "url: holds a ? or a #"},
		{`{"api":"openai","model":"m","dims":3,"url":"%zz` + canary + `"}`, "url: want one that begins with http:// or https://"},
		{`{"api":"openai","model":"m","dims":3,"url":"http://example.com/v1","key_env":"K"}`, "the key would go to example.com without encryption"},
		{`{"api":"openai","model":"m","dims":3,"url":"http://localhost","endpoints":["http://localhost/"]}`, "endpoints: http://localhost is there twice"},
		{`{"api":"tei","model":"m","dims":3}`, "url: missing: tei runs at an address of your own"},
		{`{"api":"tei","model":"m","dims":3,"dimensions":2,"url":"http://localhost"}`, "dimensions: tei cannot shorten vectors"},
		{`{"api":"ollama","model":"m","dims":3,"dimensions":4}`, "dimensions: 4, the model has 3"},
		{`{"api":"ollama","model":"m"}`, "dims: missing"},
		{`{"api":"ollama","dims":3,"input_type":"query"}`, "input_type: ollama has no such field; a prefix does it, see question_prefix\nmodel: missing"},
		{`{"api":"cohere","model":"m","dims":3,"key_env":"K"}`, "input_type: missing: cohere wants one of search_query"},
		{`{"api":"cohere","model":"m","dims":3,"key_env":"K","input_type":"a","answer_input_type":"b"}`, "input_type: is for both"},
		{`{"api":"cohere","model":"m","dims":3,"key_env":"K","answer_input_type":"b"}`, "question_input_type, answer_input_type: want both"},
		{`{"api":"cohere","model":"m","dims":3,"key_env":"K","input_type":"a b"}`, "input_type: want one word"},
		{`{"api":"cohere","model":"m","dims":3,"key_env":"K","input_type":"a","max_rows":97}`, "max_rows: 97 is outside 0..96"},
		{`{"api":"ollama","model":"m","dims":-3}`, "dims: -3 is outside"},
		{`{"api":"ollama","model":"m","dims":3,"timeout":"soon"}`, "timeout: want a time such as 20s"},
		{`{"api":"ollama","model":"m","dims":3,"requests_per_minute":-1}`, "requests_per_minute: -1 is negative"},
		{`{"api":"ollama","model":"m","dims":3,"api_version":"2024-10-21"}`, "api_version: ollama has none to choose"},
		{`{"api":"azure","model":"m","dims":3,"url":"https://x","key_env":"K","api_version":"a&b"}`, "api_version: want a date such as 2024-10-21"},
		{`{"api":"ollama","model":"m","dims":3,"min_similarity":2}`, "min similarity: 2 is outside -1..1"},
		{`{"api":"ollama","model":"m","dims":3,"colour":1}`, `unknown field "colour"`},
		{`{"api":"ollama","model":"m","dims":3} 1`, "something follows the object"},
	} {
		_, err := New(json.RawMessage(c.config))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.config, err, c.want)
		} else if strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", c.config, err)
		}
	}
	for _, good := range []string{
		`{"api":"openai","model":"text-embedding-3-small","dims":1536,"dimensions":768,"key_env":"OPENAI_API_KEY","price_per_million_tokens":0.02}`,
		`{"api":"openai","model":"m","dims":3,"url":"http://127.0.0.1:8000/v1/","endpoints":["http://[::1]:8000/v1"],"key_file":"k"}`,
		`{"api":"openai","model":"m","dims":3,"url":"http://gpu/v1","key_env":"K","plain_http":true}`,
		`{"api":"ollama","model":"nomic-embed-text","dims":768,"question_prefix":"search_query: "}`,
	} {
		if _, err := New(json.RawMessage(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}

func TestEnv(t *testing.T) {
	env := Env(json.RawMessage(`{"api":"openai","model":"m","dims":3,"key_env":"MY_KEY"}`))
	if env[len(env)-1] != "MY_KEY" {
		t.Error(env)
	}
	for _, name := range Env(json.RawMessage(`{"key_env":"PATH"}`)) { // settings that are refused open nothing
		if name == "PATH" {
			t.Error("PATH is let through")
		}
	}
}
