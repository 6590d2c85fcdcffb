package httpteacher

import (
	"cmp"
	"net/http"
	"net/url"
)

// azure is OpenAI's API as Azure has it: the model is a deployment in the path,
// and the key has a header of its own.
type azure struct{ indexed }

// azureVersion is the newest that Azure calls generally available.
const azureVersion = "2024-10-21"

func (azure) facts() facts {
	return facts{rows: 2048, tokens: 300_000, dimensions: true, versioned: true}
}

type azureRequest struct {
	Input          []string `json:"input"`
	Dimensions     int      `json:"dimensions,omitempty"`
	EncodingFormat string   `json:"encoding_format"`
}

func (azure) request(c Config, texts []string, _ string) (string, any) {
	path := "/openai/deployments/" + url.PathEscape(c.Model) + "/embeddings?api-version=" + cmp.Or(c.APIVersion, azureVersion)
	return path, azureRequest{texts, c.Dimensions, "base64"}
}

func (azure) authorise(h http.Header, key string) { h.Set("api-key", key) }
