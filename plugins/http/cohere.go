package httpteacher

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// cohere is POST /v2/embed.
type cohere struct{ bearer }

func (cohere) facts() facts {
	return facts{url: "https://api.cohere.com", hosted: true, rows: 96, dimensions: true, typed: true,
		types: "search_query, search_document, classification, clustering"}
}

type cohereRequest struct {
	Model           string   `json:"model"`
	Texts           []string `json:"texts"`
	InputType       string   `json:"input_type"`
	EmbeddingTypes  []string `json:"embedding_types"`
	OutputDimension int      `json:"output_dimension,omitempty"`
	Truncate        string   `json:"truncate"`
}

func (cohere) request(c Config, texts []string, inputType string) (string, any) {
	return "/v2/embed", cohereRequest{c.Model, texts, inputType, []string{"float"}, c.Dimensions, "NONE"}
}

func (cohere) read(body []byte, _ http.Header, n int) (reply, error) {
	var r struct {
		Embeddings struct {
			Float []vector `json:"float"`
		} `json:"embeddings"`
		Meta struct {
			BilledUnits struct {
				InputTokens float64 `json:"input_tokens"`
			} `json:"billed_units"`
		} `json:"meta"`
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return reply{}, fmt.Errorf("not the JSON of vectors: %w", withoutValue(err))
	}
	return plain(r.Embeddings.Float, n, int(min(r.Meta.BilledUnits.InputTokens, countMax)))
}
