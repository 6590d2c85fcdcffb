package httpteacher

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cubeset/cubeset/sdk/teacher"
)

// Config says which model of which service a teacher is, and how it may be
// asked. README.md shows one for every API. It never holds a key.
type Config struct {
	API string `json:"api"` // openai, azure, ollama, tei, cohere, voyage, mistral, jina or gemini
	// URL is the service's address, up to the part that the API's own
	// documentation adds. Empty = the address of the company of that name.
	URL string `json:"url,omitempty"`
	// Endpoints are further addresses of the very same model: a batch that one
	// cannot take goes to the next that has proved to be the same.
	Endpoints []string `json:"endpoints,omitempty"`
	Model     string   `json:"model"`
	// Revision is part of the vectors' identity. TEI and Ollama say which one
	// they run, and are refused if it is another.
	Revision   string `json:"revision,omitempty"`
	APIVersion string `json:"api_version,omitempty"` // of azure

	Dims       int `json:"dims,omitempty"`       // numbers in the model's own vectors
	Dimensions int `json:"dimensions,omitempty"` // numbers asked of the service instead, where it can shorten vectors

	KeyEnv  string `json:"key_env,omitempty"`  // the variable that holds the key
	KeyFile string `json:"key_file,omitempty"` // or the file
	// PlainHTTP lets the key go over the network without encryption. To this
	// machine it may anyway.
	PlainHTTP bool `json:"plain_http,omitempty"`

	// InputType is what the API calls input_type, task, taskType or
	// prompt_name. Questions and answers may have one each instead.
	InputType         string `json:"input_type,omitempty"`
	QuestionInputType string `json:"question_input_type,omitempty"`
	AnswerInputType   string `json:"answer_input_type,omitempty"`

	MaxRows           int     `json:"max_rows,omitempty"`       // texts a request, 0 = 128, or the API's limit if that is less
	RequestTokens     int     `json:"request_tokens,omitempty"` // tokens a request, 0 = the API's limit
	RequestsPerMinute float64 `json:"requests_per_minute,omitempty"`
	TokensPerMinute   float64 `json:"tokens_per_minute,omitempty"`
	Concurrency       int     `json:"concurrency,omitempty"` // requests at a time at most, 0 = 8
	Timeout           string  `json:"timeout,omitempty"`     // of one request, such as 20s; empty = as long as the host waits, with several endpoints 20s

	// PricePerMillionTokens is for the cost in a build's summary, in whatever
	// currency it is meant.
	PricePerMillionTokens float64 `json:"price_per_million_tokens,omitempty"`

	// What the description says besides; see [teacher.Description].
	MaxTokens      int      `json:"max_tokens,omitempty"` // of a text
	QuestionPrefix string   `json:"question_prefix,omitempty"`
	AnswerPrefix   string   `json:"answer_prefix,omitempty"`
	Licence        string   `json:"licence,omitempty"`
	Languages      string   `json:"languages,omitempty"`
	MinSimilarity  *float64 `json:"min_similarity,omitempty"`
	Matryoshka     bool     `json:"matryoshka,omitempty"`
}

const (
	endpointsMax       = 16
	countMax           = 1<<31 - 1
	concurrencyMax     = 256
	concurrencyDefault = 8
	rowsDefault        = 128              // texts a request
	callRowsMax        = 4096             // texts a call of the host
	timeoutSeveral     = 20 * time.Second // of a request, where another endpoint could take it
)

// ReadConfig reads and checks a Config in JSON. It says everything that is
// wrong, joined, and repeats no value that could be a key.
func ReadConfig(config json.RawMessage) (Config, error) {
	var c Config
	if err := refuseKeys(config); err != nil {
		return c, err
	}
	d := json.NewDecoder(bytes.NewReader(config))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, err
	}
	if d.More() {
		return c, errors.New("something follows the object")
	}
	return c, c.Validate()
}

// refuseKeys answers those who look for a place to put the key.
func refuseKeys(config json.RawMessage) error {
	var m map[string]json.RawMessage
	if json.Unmarshal(config, &m) != nil {
		return nil // Decode says what is wrong
	}
	for _, name := range []string{"key", "api_key", "apikey", "token", "secret", "password", "authorization", "headers"} {
		if _, ok := m[name]; ok {
			return fmt.Errorf("%s: a key does not belong into settings: say key_env, the name of the variable that holds it, or key_file", name)
		}
	}
	return nil
}

// Validate returns everything that is wrong with c, joined.
func (c Config) Validate() error {
	a, ok := find(c.API)
	if !ok {
		return fmt.Errorf("api: %q is none of %s", c.API, strings.Join(names(), ", "))
	}
	f := a.facts()
	errs := append(c.checkURLs(f), c.checkKey(f)...)
	errs = append(errs, c.checkTypes(f)...)
	if c.Model == "" {
		errs = append(errs, errors.New("model: missing"))
	}
	if c.Dims == 0 && c.Dimensions == 0 {
		errs = append(errs, errors.New("dims: missing: how many numbers a vector of the model has"))
	}
	if c.Dimensions != 0 && !f.dimensions {
		errs = append(errs, fmt.Errorf("dimensions: %s cannot shorten vectors", c.API))
	}
	if c.Dims != 0 && c.Dimensions > c.Dims {
		errs = append(errs, fmt.Errorf("dimensions: %d, the model has %d", c.Dimensions, c.Dims))
	}
	if c.APIVersion != "" && !f.versioned {
		errs = append(errs, fmt.Errorf("api_version: %s has none to choose", c.API))
	}
	if c.APIVersion != "" && !word.MatchString(c.APIVersion) {
		errs = append(errs, errors.New("api_version: want a date such as "+azureVersion))
	}
	for _, n := range []struct {
		name   string
		n, max int
	}{
		{"dims", c.Dims, teacher.DimsMax}, {"dimensions", c.Dimensions, teacher.DimsMax}, {"max_rows", c.MaxRows, f.rows},
		{"request_tokens", c.RequestTokens, countMax}, {"concurrency", c.Concurrency, concurrencyMax}, {"max_tokens", c.MaxTokens, countMax},
	} {
		if n.n < 0 || n.n > n.max {
			errs = append(errs, fmt.Errorf("%s: %d is outside 0..%d", n.name, n.n, n.max))
		}
	}
	for _, n := range []struct {
		name string
		n    float64
	}{
		{"requests_per_minute", c.RequestsPerMinute}, {"tokens_per_minute", c.TokensPerMinute}, {"price_per_million_tokens", c.PricePerMillionTokens},
	} {
		if n.n < 0 {
			errs = append(errs, fmt.Errorf("%s: %v is negative", n.name, n.n))
		}
	}
	if d, err := time.ParseDuration(c.Timeout); c.Timeout != "" && (err != nil || d <= 0) {
		errs = append(errs, errors.New("timeout: want a time such as 20s"))
	}
	if err := c.describe(a).Validate(); err != nil && errs == nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// word is a name that goes into a path or a field as it stands.
var word = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]{0,63}$|^[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?$`)

func (c Config) checkURLs(f facts) (errs []error) {
	if len(c.urls(f)) == 0 {
		errs = append(errs, fmt.Errorf("url: missing: %s runs at an address of your own", c.API))
	}
	if len(c.Endpoints) > endpointsMax {
		errs = append(errs, fmt.Errorf("endpoints: %d, at most %d", len(c.Endpoints), endpointsMax))
	}
	seen := map[string]bool{}
	for _, s := range c.urls(f) {
		switch u, err := url.Parse(s); {
		case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
			errs = append(errs, errors.New("url: want one that begins with http:// or https://")) // which may hold a password
		case u.User != nil:
			errs = append(errs, errors.New("url: holds a user or a password: keys are named by key_env or key_file"))
		case u.RawQuery != "" || u.Fragment != "":
			errs = append(errs, errors.New("url: holds a ? or a #: keys are named by key_env or key_file, a version by api_version"))
		case seen[s]:
			errs = append(errs, fmt.Errorf("endpoints: %s is there twice", s))
		case u.Scheme == "http" && c.hasKey() && !c.PlainHTTP && !isLocal(u.Hostname()):
			errs = append(errs, fmt.Errorf("url: the key would go to %s without encryption: use https, or say plain_http: true", u.Host))
		}
		seen[s] = true
	}
	return errs
}

// urls are the addresses, the preferred one first, without a slash at the end.
func (c Config) urls(f facts) []string {
	var urls []string
	for _, u := range append([]string{c.URL}, c.Endpoints...) {
		if u != "" {
			urls = append(urls, strings.TrimRight(u, "/"))
		}
	}
	if len(urls) == 0 && f.url != "" {
		urls = append(urls, f.url)
	}
	return urls
}

func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// variable has only capitals so that a key that somebody puts there by mistake
// is refused rather than looked up and named.
var variable = regexp.MustCompile(`^[A-Z_][A-Z0-9_]{0,99}$`)

func (c Config) hasKey() bool { return c.KeyEnv != "" || c.KeyFile != "" }

func (c Config) checkKey(f facts) (errs []error) {
	switch {
	case c.KeyEnv != "" && c.KeyFile != "":
		errs = append(errs, errors.New("key_env, key_file: want one of them"))
	case c.KeyEnv != "" && !variable.MatchString(c.KeyEnv):
		errs = append(errs, errors.New("key_env: want the name of a variable, in capitals; never the key itself"))
	case strings.ContainsFunc(c.KeyFile, func(r rune) bool { return r < ' ' }):
		errs = append(errs, errors.New("key_file: want the name of a file"))
	case !c.hasKey() && f.hosted && slices.Contains(c.urls(f), f.url):
		errs = append(errs, fmt.Errorf("key_env: missing: %s asks for a key; name the variable that holds it, or a key_file", c.API))
	}
	return errs
}

func (c Config) checkTypes(f facts) (errs []error) {
	pair := c.QuestionInputType != "" || c.AnswerInputType != ""
	for _, t := range []struct{ name, value string }{
		{"input_type", c.InputType}, {"question_input_type", c.QuestionInputType}, {"answer_input_type", c.AnswerInputType},
	} {
		if t.value != "" && !word.MatchString(t.value) {
			errs = append(errs, fmt.Errorf("%s: want one word", t.name))
		}
	}
	switch {
	case (pair || c.InputType != "") && f.types == "":
		errs = append(errs, fmt.Errorf("input_type: %s has no such field; a prefix does it, see question_prefix", c.API))
	case pair && c.InputType != "":
		errs = append(errs, errors.New("input_type: is for both questions and answers: want it, or one for each"))
	case pair && (c.QuestionInputType == "" || c.AnswerInputType == ""):
		errs = append(errs, errors.New("question_input_type, answer_input_type: want both"))
	case !pair && c.InputType == "" && f.typed:
		errs = append(errs, fmt.Errorf("input_type: missing: %s wants one of %s", c.API, f.types))
	}
	return errs
}

// describe is what c's teacher says of itself.
func (c Config) describe(a api) teacher.Description {
	f := a.facts()
	d := teacher.Description{
		Name: c.Model, Model: c.Model, Revision: c.Revision, Pooling: c.pooling(), Truncation: "none", Normalised: true,
		Dims: c.Dims, MaxTokens: c.MaxTokens, APIDimensions: c.Dimensions,
		MaxRows: min(callRowsMax, c.rows(f)*c.concurrency()), Determinism: teacher.Close,
		Licence: c.Licence, Languages: c.Languages, MinSimilarity: math.NaN(), Matryoshka: c.Matryoshka,
		QuestionPrefix: mark(c.QuestionInputType) + c.QuestionPrefix, AnswerPrefix: mark(c.AnswerInputType) + c.AnswerPrefix,
	}
	if c.Dimensions != 0 {
		d.Dims = c.Dimensions
	}
	if c.MinSimilarity != nil {
		d.MinSimilarity = *c.MinSimilarity
	}
	return d
}

// pooling stands for everything that the service does to a text on its way to a
// vector, of which one knows the API and the kind of input it was told.
func (c Config) pooling() string {
	switch {
	case c.QuestionInputType != "":
		return c.API + " " + c.QuestionInputType + "|" + c.AnswerInputType
	case c.InputType != "":
		return c.API + " " + c.InputType
	}
	return c.API
}

func (c Config) rows(f facts) int {
	if c.MaxRows > 0 {
		return c.MaxRows
	}
	return min(rowsDefault, f.rows)
}

func (c Config) requestTokens(f facts) int {
	if c.RequestTokens > 0 {
		return c.RequestTokens
	}
	return f.tokens
}

func (c Config) concurrency() int {
	if c.Concurrency > 0 {
		return c.Concurrency
	}
	return concurrencyDefault
}

// timeout of one request, 0 = as long as the host waits.
func (c Config) timeout(endpoints int) time.Duration {
	if d, err := time.ParseDuration(c.Timeout); err == nil {
		return d
	}
	if endpoints > 1 {
		return timeoutSeveral
	}
	return 0
}
