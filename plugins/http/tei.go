package httpteacher

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// tei is POST /embed of Hugging Face's text-embeddings-inference. The input
// type is its prompt_name.
type tei struct{ bearer }

func (tei) facts() facts {
	return facts{rows: 1024, types: "the model's prompt names"}
}

type teiRequest struct {
	Inputs     []string `json:"inputs"`
	Normalize  bool     `json:"normalize"`
	Truncate   bool     `json:"truncate"`
	PromptName string   `json:"prompt_name,omitempty"`
}

func (tei) request(c Config, texts []string, inputType string) (string, any) {
	return "/embed", teiRequest{texts, true, false, inputType}
}

// read counts by a header that the server sends and its documents leave out.
func (tei) read(body []byte, h http.Header, n int) (reply, error) {
	var list []vector
	if err := json.Unmarshal(body, &list); err != nil {
		return reply{}, fmt.Errorf("not the JSON of vectors: %w", withoutValue(err))
	}
	tokens, _ := strconv.Atoi(h.Get("X-Compute-Tokens"))
	return plain(list, n, tokens)
}

func (tei) whoPath() string { return "/info" }

// who compares the model and its commit, unless the server runs a folder, which
// has neither.
func (tei) who(c Config, body []byte) (rows int, err error) {
	var info struct {
		ModelID   string  `json:"model_id"`
		ModelSHA  *string `json:"model_sha"`
		ModelType struct {
			Embedding *struct{} `json:"embedding"`
		} `json:"model_type"`
		MaxClientBatchSize int `json:"max_client_batch_size"`
	}
	if json.Unmarshal(body, &info) != nil || info.ModelID == "" {
		return 0, errors.New("/info is not that of text-embeddings-inference")
	}
	if info.ModelType.Embedding == nil {
		return 0, errors.New("runs no embedding model")
	}
	isFolder := strings.HasPrefix(info.ModelID, "/") || strings.HasPrefix(info.ModelID, ".")
	if !isFolder && info.ModelID != c.Model {
		return 0, fmt.Errorf("runs the model %s, want %s", info.ModelID, c.Model)
	}
	if sha := info.ModelSHA; c.Revision != "" && sha != nil && *sha != c.Revision {
		return 0, fmt.Errorf("runs revision %.12s of %s, want %.12s", *sha, c.Model, c.Revision)
	}
	return max(0, info.MaxClientBatchSize), nil
}
