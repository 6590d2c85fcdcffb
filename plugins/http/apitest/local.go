package apitest

import (
	"fmt"
	"net/http"
)

// ollama is POST /api/embed, and GET /api/tags.
type ollama struct{ bearer }

func (ollama) route(Options) (string, string) { return "/api/embed", "" }
func (ollama) limits() (int, int)             { return 1 << 20, 0 }

func (ollama) ask(body []byte, _ Options) (question, *problem) {
	var q struct {
		Model      string         `json:"model"`
		Input      []string       `json:"input"`
		Truncate   *bool          `json:"truncate"`
		Dimensions int            `json:"dimensions"`
		KeepAlive  any            `json:"keep_alive"`
		Options    map[string]any `json:"options"`
	}
	if p := strict(body, &q); p != nil {
		return question{}, p
	}
	if q.Truncate == nil || *q.Truncate {
		return question{}, &problem{status: 400, words: "this server does not cut texts: say truncate: false"}
	}
	return question{texts: q.Input, dims: q.Dimensions, model: q.Model}, nil
}

func (ollama) answer(w http.ResponseWriter, a answer) {
	write(w, 200, map[string]any{"model": a.model, "embeddings": a.vectors, "total_duration": 14143917, "load_duration": 1019500, "prompt_eval_count": a.tokens})
}

func (ollama) refuse(w http.ResponseWriter, p *problem) {
	if p.code == "context_length_exceeded" {
		p.words = "the input length exceeds the context length"
	}
	write(w, p.status, map[string]string{"error": p.words})
}

func (ollama) tell(w http.ResponseWriter, path string, o Options) bool {
	if path != "/api/tags" {
		return false
	}
	write(w, 200, map[string]any{"models": []map[string]any{
		{"name": "other:latest", "digest": "00"}, {"name": o.Model + ":latest", "model": o.Model + ":latest", "digest": o.Revision, "size": 1},
	}})
	return true
}

// tei is POST /embed, and GET /info.
type tei struct{ bearer }

func (tei) route(Options) (string, string) { return "/embed", "" }
func (tei) limits() (int, int)             { return 32, 16_384 }

func (tei) ask(body []byte, _ Options) (question, *problem) {
	var q struct {
		Inputs              []string `json:"inputs"`
		Normalize           *bool    `json:"normalize"`
		Truncate            *bool    `json:"truncate"`
		TruncationDirection string   `json:"truncation_direction"`
		PromptName          string   `json:"prompt_name"`
	}
	if p := strict(body, &q); p != nil {
		return question{}, p
	}
	if q.Truncate != nil && *q.Truncate {
		return question{}, &problem{status: 422, words: "this server does not cut texts"}
	}
	return question{texts: q.Inputs, task: q.PromptName}, nil
}

func (tei) answer(w http.ResponseWriter, a answer) {
	w.Header().Set("X-Compute-Tokens", fmt.Sprint(a.tokens))
	write(w, 200, a.vectors)
}

func (tei) refuse(w http.ResponseWriter, p *problem) {
	kinds := map[int]string{400: "Empty", 413: "Validation", 422: "Tokenizer", 424: "Backend", 429: "Overloaded", 503: "Unhealthy"}
	if p.status == 429 {
		p.words = "Model is overloaded"
	}
	write(w, p.status, map[string]string{"error": p.words, "error_type": kinds[p.status]})
}

func (tei) tell(w http.ResponseWriter, path string, o Options) bool {
	if path != "/info" {
		return false
	}
	write(w, 200, map[string]any{
		"model_id": o.Model, "model_sha": orNull(o.Revision), "model_dtype": "float16", "model_type": map[string]any{"embedding": map[string]string{"pooling": "cls"}},
		"max_concurrent_requests": 512, "max_input_length": o.TextTokens, "max_batch_tokens": o.RequestTokens, "max_client_batch_size": o.MaxRows,
		"auto_truncate": false, "tokenization_workers": 4, "version": "1.7.1",
	})
	return true
}
