// Package apitest has servers that stand in for the services package
// httpteacher asks. Each takes what its API documents and refuses everything
// else: an unknown or missing field, a value out of range, a key in the wrong
// place, too many texts, too many tokens, too many requests; with the status,
// the body and the headers that the API documents for it. The vectors mean
// little: texts with words in common are near one another.
//
// They were written from documents, not from the services.
package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options say how a Server behaves. The zero value of each is explained.
type Options struct {
	Key      string // it wants, "" = none
	Model    string // it has, "" = "test-model"
	Revision string // of the model, where the API tells
	Dims     int    // of the model's vectors, 0 = 64
	Space    int    // servers of another number are another model
	MaxRows  int    // texts a request, 0 = as the API documents

	TextTokens    int // of a text, 0 = 8,192
	RequestTokens int // of a request, 0 = as the API documents

	// Requests may be made in each Window; 0 = no limit.
	Requests int
	Window   time.Duration

	// Trouble is called before the nth request, 0 being the first, is looked
	// at; if it returns true it has answered itself.
	Trouble func(n int, w http.ResponseWriter, r *http.Request) bool
}

// Server is an http.Handler. It may be used from any goroutine.
type Server struct {
	options Options
	api     service

	mu       sync.Mutex
	requests int
	texts    int
	most     int // texts in one request
	inside   int // requests at this moment
	peak     int
	begun    time.Time // of the window
	used     int       // requests in it
	bodies   [][]byte
}

// service is one API.
type service interface {
	// keyOf is the key of a request, and whether it is where it belongs.
	keyOf(h http.Header) (key string, ok bool)
	// route is the path and the query it wants.
	route(o Options) (path, query string)
	// ask reads a request; problem is why it is refused.
	ask(body []byte, o Options) (question, *problem)
	answer(w http.ResponseWriter, a answer)
	refuse(w http.ResponseWriter, p *problem)
	limits() (rows, tokens int)
}

// question is what a request asks.
type question struct {
	texts  []string
	dims   int    // 0 = the model's
	task   string // input type
	base64 bool
	model  string
}

type answer struct {
	model   string
	vectors [][]float32
	tokens  int
	base64  bool
}

// problem is why a request is refused.
type problem struct {
	status int
	code   string // of those that the API documents
	words  string
	wait   time.Duration // what the headers ask to wait
}

// New returns the server of that api, by its name in httpteacher.Config.
func New(api string, o Options) *Server {
	services := map[string]service{
		"openai": openai{}, "azure": azure{}, "ollama": ollama{}, "tei": tei{}, "cohere": cohere{},
		"voyage": voyage{}, "mistral": mistral{}, "jina": jina{}, "gemini": gemini{},
	}
	s := &Server{options: o, api: services[api]}
	if s.api == nil {
		panic("apitest: no api " + api)
	}
	rows, tokens := s.api.limits()
	setIf(&s.options.Model, "test-model")
	setIf(&s.options.Dims, 64)
	setIf(&s.options.MaxRows, rows)
	setIf(&s.options.RequestTokens, tokens)
	setIf(&s.options.TextTokens, 8192)
	return s
}

func setIf[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	n := s.requests
	s.requests++
	s.inside++
	s.peak = max(s.peak, s.inside)
	s.bodies = append(s.bodies, body)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.inside--
		s.mu.Unlock()
	}()
	if t := s.options.Trouble; t != nil && t(n, w, r) {
		return
	}
	if p := s.limit(); p != nil {
		s.api.refuse(w, p)
		return
	}
	key, placed := s.api.keyOf(r.Header)
	if s.options.Key != "" && (!placed || key != s.options.Key) {
		// Services do quote the key they were given.
		s.api.refuse(w, &problem{status: 401, code: "invalid_api_key", words: "Incorrect API key provided: " + key})
		return
	}
	if i, ok := s.api.(interface {
		tell(w http.ResponseWriter, path string, o Options) bool
	}); ok && r.Method == http.MethodGet && i.tell(w, r.URL.Path, s.options) {
		return
	}
	path, query := s.api.route(s.options)
	switch {
	case r.URL.EscapedPath() != path || r.URL.RawQuery != query:
		s.api.refuse(w, &problem{status: 404, code: "not_found", words: "no such path"})
	case r.Method != http.MethodPost:
		s.api.refuse(w, &problem{status: 405, code: "method_not_allowed", words: "want POST"})
	case r.Header.Get("Content-Type") != "application/json":
		s.api.refuse(w, &problem{status: 415, code: "unsupported_media_type", words: "want JSON"})
	default:
		s.embed(w, body)
	}
}

func (s *Server) embed(w http.ResponseWriter, body []byte) {
	q, p := s.api.ask(body, s.options)
	if p == nil {
		p = s.check(q)
	}
	if p != nil {
		s.api.refuse(w, p)
		return
	}
	a := answer{model: s.options.Model, base64: q.base64, vectors: make([][]float32, len(q.texts))}
	for i, t := range q.texts {
		a.vectors[i] = embed(q.task+"\n"+t, s.options.Dims, s.options.Space)
		if q.dims > 0 {
			a.vectors[i] = a.vectors[i][:q.dims]
		}
		a.tokens += Tokens(t)
	}
	s.mu.Lock()
	s.texts += len(q.texts)
	s.most = max(s.most, len(q.texts))
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	s.api.answer(w, a)
}

// check holds a question against the limits.
func (s *Server) check(q question) *problem {
	o := s.options
	switch {
	case q.model != "" && q.model != o.Model:
		return &problem{status: 404, code: "model_not_found", words: fmt.Sprintf("The model `%s` does not exist", q.model)}
	case len(q.texts) == 0:
		return &problem{status: 400, words: "no texts"}
	case len(q.texts) > o.MaxRows:
		return &problem{status: tooBigStatus(s.api), code: "invalid_request_error", words: fmt.Sprintf("batch size %d > maximum allowed batch size %d", len(q.texts), o.MaxRows)}
	case q.dims < 0 || q.dims > o.Dims:
		return &problem{status: 400, words: "dimensions out of range"}
	}
	total := 0
	for _, t := range q.texts {
		if t == "" {
			return &problem{status: 400, words: "input cannot be an empty string"}
		}
		if strings.Contains(t, Unwanted) {
			return &problem{status: 400, code: "content_policy", words: "this text is not accepted: " + t}
		}
		n := Tokens(t)
		total += n
		if n > o.TextTokens {
			return &problem{status: tooBigStatus(s.api), code: "context_length_exceeded", words: fmt.Sprintf("This model's maximum context length is %d tokens, however you requested %d tokens", o.TextTokens, n)}
		}
	}
	if o.RequestTokens > 0 && total > o.RequestTokens {
		return &problem{status: tooBigStatus(s.api), code: "max_tokens_per_request", words: fmt.Sprintf("Requested %d tokens, max %d tokens per request", total, o.RequestTokens)}
	}
	return nil
}

// Unwanted makes a text that no server accepts.
const Unwanted = "UNWANTED"

// Tokens is how many tokens the servers count in a text.
func Tokens(text string) int { return 1 + len(text)/4 }

// limit counts the request, and refuses it if there were too many.
func (s *Server) limit() *problem {
	if s.options.Requests == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if now.Sub(s.begun) >= s.options.Window {
		s.begun, s.used = now, 0
	}
	s.used++
	if s.used <= s.options.Requests {
		return nil
	}
	return &problem{status: 429, code: "rate_limit_exceeded", words: "Rate limit reached for requests", wait: s.options.Window - now.Sub(s.begun)}
}

// Requests is how many requests came.
func (s *Server) Requests() int { return s.read(func() int { return s.requests }) }

// Texts is how many texts were embedded.
func (s *Server) Texts() int { return s.read(func() int { return s.texts }) }

// MostTexts is how many texts one request had at most.
func (s *Server) MostTexts() int { return s.read(func() int { return s.most }) }

// Peak is how many requests there were at a time at most.
func (s *Server) Peak() int { return s.read(func() int { return s.peak }) }

// Bodies are the requests' bodies.
func (s *Server) Bodies() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([][]byte(nil), s.bodies...)
}

func (s *Server) read(f func() int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f()
}

// tooBigStatus is what an API says of a request that is too big.
func tooBigStatus(a service) int {
	if _, ok := a.(tei); ok {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

// strict reads a body that may have no field that v has not.
func strict(body []byte, v any) *problem {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return &problem{status: 422, code: "invalid_request_error", words: err.Error()}
	}
	if d.More() {
		return &problem{status: 422, code: "invalid_request_error", words: "something follows the object"}
	}
	return nil
}

// oneOf refuses a value that is none of those documented.
func oneOf(field, value string, values ...string) *problem {
	for _, v := range values {
		if v == value {
			return nil
		}
	}
	return &problem{status: 400, code: "invalid_request_error", words: fmt.Sprintf("%s: %q is none of %s", field, value, strings.Join(values, ", "))}
}

func write(w http.ResponseWriter, status int, doc any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(doc)
}
