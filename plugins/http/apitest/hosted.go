package apitest

import (
	"net/http"
	"strings"
)

// cohere is POST /v2/embed.
type cohere struct{ bearer }

func (cohere) route(Options) (string, string) { return "/v2/embed", "" }
func (cohere) limits() (int, int)             { return 96, 0 }

func (cohere) ask(body []byte, o Options) (question, *problem) {
	var q struct {
		Model           string   `json:"model"`
		Texts           []string `json:"texts"`
		InputType       string   `json:"input_type"`
		EmbeddingTypes  []string `json:"embedding_types"`
		OutputDimension int      `json:"output_dimension"`
		Truncate        string   `json:"truncate"`
		MaxTokens       int      `json:"max_tokens"`
		Priority        int      `json:"priority"`
	}
	p := strict(body, &q)
	if p == nil {
		p = oneOf("input_type", q.InputType, "search_document", "search_query", "classification", "clustering")
	}
	if p == nil {
		p = oneOf("embedding_types", strings.Join(q.EmbeddingTypes, ","), "float")
	}
	if p == nil {
		p = oneOf("truncate", q.Truncate, "NONE") // END is its default, and silent
	}
	return question{texts: q.Texts, dims: q.OutputDimension, task: q.InputType, model: q.Model}, p
}

func (cohere) answer(w http.ResponseWriter, a answer) {
	write(w, 200, map[string]any{
		"id": "5807ee2e", "embeddings": map[string]any{"float": a.vectors},
		"meta": map[string]any{"api_version": map[string]string{"version": "2"}, "billed_units": map[string]int{"input_tokens": a.tokens}},
	})
}

func (cohere) refuse(w http.ResponseWriter, p *problem) {
	write(w, p.status, map[string]string{"id": "5807ee2e", "message": p.words})
}

// voyage is POST /v1/embeddings.
type voyage struct{ bearer }

func (voyage) route(Options) (string, string) { return "/v1/embeddings", "" }
func (voyage) limits() (int, int)             { return 1000, 120_000 }

func (voyage) ask(body []byte, _ Options) (question, *problem) {
	var q struct {
		Input           []string `json:"input"`
		Model           string   `json:"model"`
		InputType       *string  `json:"input_type"`
		Truncation      *bool    `json:"truncation"`
		OutputDimension int      `json:"output_dimension"`
		OutputDtype     string   `json:"output_dtype"`
		EncodingFormat  *string  `json:"encoding_format"`
	}
	p := strict(body, &q)
	task := ""
	if p == nil && q.InputType != nil {
		task = *q.InputType
		p = oneOf("input_type", task, "query", "document")
	}
	if p == nil && q.EncodingFormat != nil {
		p = oneOf("encoding_format", *q.EncodingFormat, "base64")
	}
	if p == nil && (q.Truncation == nil || *q.Truncation) { // true is its default, and silent
		p = &problem{status: 400, words: "this server does not cut texts"}
	}
	return question{texts: q.Input, dims: q.OutputDimension, task: task, base64: q.EncodingFormat != nil, model: q.Model}, p
}

func (voyage) answer(w http.ResponseWriter, a answer) {
	doc := list(a, false)
	doc["usage"] = map[string]int{"total_tokens": a.tokens}
	write(w, 200, doc)
}

func (voyage) refuse(w http.ResponseWriter, p *problem) { writeDetail(w, p) }

// writeDetail is the error of services built with FastAPI.
func writeDetail(w http.ResponseWriter, p *problem) {
	if p.status == 429 {
		w.Header().Set("Retry-After", wholeSeconds(p.wait))
	}
	write(w, p.status, map[string]string{"detail": p.words})
}

// mistral is POST /v1/embeddings.
type mistral struct{ bearer }

func (mistral) route(Options) (string, string) { return "/v1/embeddings", "" }
func (mistral) limits() (int, int)             { return 256, 16_000 }

func (mistral) ask(body []byte, _ Options) (question, *problem) {
	var q struct {
		Model           string         `json:"model"`
		Input           []string       `json:"input"`
		Metadata        map[string]any `json:"metadata"`
		OutputDimension int            `json:"output_dimension"`
		OutputDtype     string         `json:"output_dtype"`
		EncodingFormat  string         `json:"encoding_format"`
	}
	p := strict(body, &q)
	if p == nil {
		p = oneOf("encoding_format", q.EncodingFormat, "", "float", "base64")
	}
	return question{texts: q.Input, dims: q.OutputDimension, base64: q.EncodingFormat == "base64", model: q.Model}, p
}

func (mistral) answer(w http.ResponseWriter, a answer) { write(w, 200, list(a, false)) }

func (mistral) refuse(w http.ResponseWriter, p *problem) {
	if strings.HasPrefix(p.words, "batch size") {
		p.words = "Too many inputs in request, split into more batches."
	}
	write(w, p.status, map[string]any{"object": "error", "message": p.words, "type": "invalid_request_error", "param": nil, "code": orNull(p.code)})
}

// jina is POST /v1/embeddings.
type jina struct{ bearer }

func (jina) route(Options) (string, string) { return "/v1/embeddings", "" }
func (jina) limits() (int, int)             { return 512, 0 }

func (jina) ask(body []byte, _ Options) (question, *problem) {
	var q struct {
		Model         string   `json:"model"`
		Input         []string `json:"input"`
		Task          string   `json:"task"`
		Dimensions    int      `json:"dimensions"`
		EmbeddingType string   `json:"embedding_type"`
		Normalized    bool     `json:"normalized"`
		Truncate      bool     `json:"truncate"`
		LateChunking  bool     `json:"late_chunking"`
	}
	p := strict(body, &q)
	if p == nil {
		p = oneOf("task", q.Task, "", "retrieval.query", "retrieval.passage", "text-matching", "classification", "separation")
	}
	if p == nil {
		p = oneOf("embedding_type", q.EmbeddingType, "", "float", "base64")
	}
	if p == nil && (q.LateChunking || q.Truncate) {
		p = &problem{status: 422, words: "late_chunking makes a vector depend on its neighbours, truncate cuts it"}
	}
	return question{texts: q.Input, dims: q.Dimensions, task: q.Task, base64: q.EmbeddingType == "base64", model: q.Model}, p
}

func (jina) answer(w http.ResponseWriter, a answer)   { write(w, 200, list(a, true)) }
func (jina) refuse(w http.ResponseWriter, p *problem) { writeDetail(w, p) }
