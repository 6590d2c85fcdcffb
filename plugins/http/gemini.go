package httpteacher

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// gemini is POST /v1beta/models/…:batchEmbedContents of Google's Gemini API.
type gemini struct{}

// bytesPerToken is what is counted on where a service would cut a long text and
// not say so. English has more, and three bytes are one Chinese character.
const bytesPerToken = 3

func (gemini) facts() facts {
	return facts{url: "https://generativelanguage.googleapis.com/v1beta", hosted: true, rows: 100, textBytes: 2048 * bytesPerToken, dimensions: true,
		types: "SEMANTIC_SIMILARITY, RETRIEVAL_QUERY, RETRIEVAL_DOCUMENT, QUESTION_ANSWERING, CLASSIFICATION, CLUSTERING"}
}

type geminiRequest struct {
	Requests []geminiText `json:"requests"`
}

type geminiText struct {
	Model                string        `json:"model"`
	Content              geminiContent `json:"content"`
	TaskType             string        `json:"taskType,omitempty"`
	OutputDimensionality int           `json:"outputDimensionality,omitempty"`
}

type geminiContent struct {
	Parts []geminiPart `json:"parts"`
}

type geminiPart struct {
	Text string `json:"text"`
}

func (gemini) request(c Config, texts []string, inputType string) (string, any) {
	q := geminiRequest{make([]geminiText, len(texts))}
	for i, t := range texts {
		q.Requests[i] = geminiText{"models/" + c.Model, geminiContent{[]geminiPart{{t}}}, inputType, c.Dimensions}
	}
	return "/models/" + url.PathEscape(c.Model) + ":batchEmbedContents", q
}

// authorise keeps the key out of the address, where proxies would log it.
func (gemini) authorise(h http.Header, key string) { h.Set("X-Goog-Api-Key", key) }

func (gemini) read(body []byte, _ http.Header, n int) (reply, error) {
	var r struct {
		Embeddings []struct {
			Values vector `json:"values"`
		} `json:"embeddings"`
		UsageMetadata struct {
			PromptTokenCount int `json:"promptTokenCount"`
		} `json:"usageMetadata"`
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return reply{}, fmt.Errorf("not the JSON of vectors: %w", withoutValue(err))
	}
	list := make([]vector, len(r.Embeddings))
	for i, e := range r.Embeddings {
		list[i] = e.Values
	}
	return plain(list, n, r.UsageMetadata.PromptTokenCount)
}
