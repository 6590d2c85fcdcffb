package httpteacher

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// ollama is POST /api/embed of Ollama, which normalises; not its older
// /api/embeddings, which does not.
type ollama struct{ bearer }

func (ollama) facts() facts {
	return facts{url: "http://localhost:11434", rows: 2048, dimensions: true}
}

type ollamaRequest struct {
	Model      string   `json:"model"`
	Input      []string `json:"input"`
	Truncate   bool     `json:"truncate"`
	Dimensions int      `json:"dimensions,omitempty"`
}

func (ollama) request(c Config, texts []string, _ string) (string, any) {
	return "/api/embed", ollamaRequest{c.Model, texts, false, c.Dimensions}
}

func (ollama) read(body []byte, _ http.Header, n int) (reply, error) {
	var r struct {
		Embeddings      []vector `json:"embeddings"`
		PromptEvalCount int      `json:"prompt_eval_count"`
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return reply{}, fmt.Errorf("not the JSON of vectors: %w", withoutValue(err))
	}
	return plain(r.Embeddings, n, r.PromptEvalCount)
}

func (ollama) whoPath() string { return "/api/tags" }

// who looks for the model among those that are there. A revision is the
// beginning of its digest.
func (ollama) who(c Config, body []byte) (int, error) {
	var list struct {
		Models []struct {
			Name   string `json:"name"`
			Digest string `json:"digest"`
		} `json:"models"`
	}
	if json.Unmarshal(body, &list) != nil {
		return 0, errors.New("/api/tags is not that of Ollama")
	}
	for _, m := range list.Models {
		if m.Name != c.Model && m.Name != c.Model+":latest" {
			continue
		}
		digest := strings.TrimPrefix(m.Digest, "sha256:")
		if c.Revision != "" && !strings.HasPrefix(digest, strings.TrimPrefix(c.Revision, "sha256:")) {
			return 0, fmt.Errorf("has revision %.12s of %s, want %.12s", digest, c.Model, c.Revision)
		}
		return 0, nil
	}
	return 0, fmt.Errorf("has no model %s: ollama pull %s", c.Model, c.Model)
}
