package httpteacher

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// api is the dialect of one service: what a request holds, what a reply.
type api interface {
	facts() facts
	// request is what asks for the vectors of texts: the path after the
	// endpoint's URL, and the body, to be written as JSON.
	request(c Config, texts []string, inputType string) (path string, body any)
	// authorise puts the key where the API wants it.
	authorise(h http.Header, key string)
	// read is the body of a reply to n texts.
	read(body []byte, h http.Header, n int) (reply, error)
}

// identified is an api that tells which model it runs.
type identified interface {
	// whoPath is asked with GET.
	whoPath() string
	// who checks the answer against c and returns how many texts a request
	// may have, 0 = it does not say.
	who(c Config, body []byte) (rows int, err error)
}

// facts are an API's documented limits.
type facts struct {
	url        string // of the service of that name, "" = it runs where the user runs it
	hosted     bool   // that service wants a key
	rows       int    // texts a request
	tokens     int    // tokens a request, 0 = no limit is documented
	textBytes  int    // of a text, beyond which the service might cut it and not say so; 0 = it refuses texts that are too long
	types      string // input types for people, "" = it has no such field
	typed      bool   // an input type must be given
	dimensions bool   // vectors can be asked for in another size
	versioned  bool   // the API has dates
}

// reply is what came back for a request.
type reply struct {
	vectors [][]float32 // one a text, in their order
	tokens  int         // read by the model altogether, 0 = not counted
}

// dialects is every api by its name in Config.
func dialects() []struct {
	name string
	api  api
} {
	return []struct {
		name string
		api  api
	}{
		{"openai", openai{}},
		{"azure", azure{}},
		{"ollama", ollama{}},
		{"tei", tei{}},
		{"cohere", cohere{}},
		{"voyage", voyage{}},
		{"mistral", mistral{}},
		{"jina", jina{}},
		{"gemini", gemini{}},
	}
}

func find(name string) (api, bool) {
	for _, d := range dialects() {
		if d.name == name {
			return d.api, true
		}
	}
	return nil, false
}

func names() []string {
	var names []string
	for _, d := range dialects() {
		names = append(names, d.name)
	}
	return names
}

// bearer is how most services want the key.
type bearer struct{}

func (bearer) authorise(h http.Header, key string) { h.Set("Authorization", "Bearer "+key) }

// indexed is the reply of OpenAI and those who speak like it.
type indexed struct {
	Data []struct {
		Index     *int   `json:"index"`
		Embedding vector `json:"embedding"`
	} `json:"data"`
	Usage struct {
		PromptTokens int `json:"prompt_tokens"`
		TotalTokens  int `json:"total_tokens"`
	} `json:"usage"`
}

// read puts the vectors into the order of the texts.
func (indexed) read(body []byte, _ http.Header, n int) (reply, error) {
	var r indexed
	if err := json.Unmarshal(body, &r); err != nil {
		return reply{}, fmt.Errorf("not the JSON of vectors: %w", withoutValue(err))
	}
	if err := sameCount(len(r.Data), n); err != nil {
		return reply{}, err
	}
	vectors := make([][]float32, n)
	for i, d := range r.Data {
		at := i
		if d.Index != nil {
			at = *d.Index
		}
		if at < 0 || at >= n || vectors[at] != nil || d.Embedding == nil {
			return reply{}, fmt.Errorf("index %d is there twice, has no vector, or is outside 0..%d", at, n-1)
		}
		vectors[at] = d.Embedding
	}
	return reply{vectors, bounded(max(r.Usage.PromptTokens, r.Usage.TotalTokens))}, nil
}

func sameCount(got, want int) error {
	if got != want {
		return fmt.Errorf("%d vectors for %d texts", got, want)
	}
	return nil
}

// plain takes the vectors as they come.
func plain(list []vector, n, tokens int) (reply, error) {
	if err := sameCount(len(list), n); err != nil {
		return reply{}, err
	}
	vectors := make([][]float32, n)
	for i, v := range list {
		vectors[i] = v
	}
	if i := slices.IndexFunc(vectors, func(v []float32) bool { return v == nil }); i >= 0 {
		return reply{}, fmt.Errorf("no vector at %d", i)
	}
	return reply{vectors, bounded(tokens)}, nil
}

// bounded is a count that a service may have got wrong.
func bounded(tokens int) int { return min(max(0, tokens), countMax) }
