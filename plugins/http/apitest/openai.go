package apitest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// bearer is a key in the header Authorization.
type bearer struct{}

func (bearer) keyOf(h http.Header) (string, bool) {
	return strings.CutPrefix(h.Get("Authorization"), "Bearer ")
}

// openai is POST /v1/embeddings. Its url for a teacher ends in /v1.
type openai struct{ bearer }

func (openai) route(Options) (string, string) { return "/v1/embeddings", "" }
func (openai) limits() (int, int)             { return 2048, 300_000 }

func (openai) ask(body []byte, _ Options) (question, *problem) {
	var q struct {
		Model          string   `json:"model"`
		Input          []string `json:"input"`
		Dimensions     int      `json:"dimensions"`
		EncodingFormat string   `json:"encoding_format"`
		User           string   `json:"user"`
	}
	if p := strict(body, &q); p != nil {
		return question{}, p
	}
	if q.Model == "" {
		return question{}, &problem{status: 400, code: "invalid_request_error", words: "you must provide a model parameter"}
	}
	p := oneOf("encoding_format", q.EncodingFormat, "", "float", "base64")
	return question{texts: q.Input, dims: q.Dimensions, base64: q.EncodingFormat == "base64", model: q.Model}, p
}

// answer is out of order on purpose: it is the index that counts.
func (openai) answer(w http.ResponseWriter, a answer) { write(w, 200, list(a, true)) }

func list(a answer, backwards bool) map[string]any {
	data := make([]map[string]any, len(a.vectors))
	for i, v := range a.vectors {
		at := i
		if backwards {
			at = len(data) - 1 - i
		}
		data[at] = map[string]any{"object": "embedding", "index": i, "embedding": encode(v, a.base64)}
	}
	return map[string]any{"object": "list", "model": a.model, "data": data, "usage": map[string]int{"prompt_tokens": a.tokens, "total_tokens": a.tokens}}
}

func (openai) refuse(w http.ResponseWriter, p *problem) {
	if p.status == 429 {
		w.Header().Set("Retry-After-Ms", strconv.FormatInt(p.wait.Milliseconds()+1, 10))
		w.Header().Set("X-Ratelimit-Remaining-Requests", "0")
		w.Header().Set("X-Ratelimit-Reset-Requests", p.wait.String())
	}
	write(w, p.status, map[string]any{"error": map[string]any{"message": p.words, "type": "invalid_request_error", "param": nil, "code": orNull(p.code)}})
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// azure has the deployment in the path and the key in api-key.
type azure struct{}

func (azure) keyOf(h http.Header) (string, bool) {
	return h.Get("Api-Key"), h.Get("Api-Key") != "" && h.Get("Authorization") == ""
}

func (azure) route(o Options) (string, string) {
	return "/openai/deployments/" + o.Model + "/embeddings", "api-version=2024-10-21"
}
func (azure) limits() (int, int) { return 2048, 300_000 }

func (azure) ask(body []byte, _ Options) (question, *problem) {
	var q struct {
		Input          []string `json:"input"`
		Dimensions     int      `json:"dimensions"`
		EncodingFormat string   `json:"encoding_format"`
		User           string   `json:"user"`
		InputType      string   `json:"input_type"`
	}
	if p := strict(body, &q); p != nil {
		return question{}, p
	}
	p := oneOf("encoding_format", q.EncodingFormat, "", "float", "base64")
	return question{texts: q.Input, dims: q.Dimensions, base64: q.EncodingFormat == "base64"}, p
}

func (azure) answer(w http.ResponseWriter, a answer) { write(w, 200, list(a, false)) }

// refuse writes the error as Azure has it: its code may be the status.
func (azure) refuse(w http.ResponseWriter, p *problem) {
	if p.status == 429 {
		w.Header().Set("Retry-After", wholeSeconds(p.wait))
	}
	write(w, p.status, map[string]any{"error": map[string]string{"code": strconv.Itoa(p.status), "message": p.words}})
}

func wholeSeconds(d time.Duration) string {
	return fmt.Sprint(int((d + time.Second - 1) / time.Second))
}
