package httpteacher

// mistral is POST /v1/embeddings of Mistral.
type mistral struct {
	bearer
	indexed
}

func (mistral) facts() facts {
	return facts{url: "https://api.mistral.ai/v1", hosted: true, rows: 256, tokens: 16_000, dimensions: true}
}

type mistralRequest struct {
	Model           string   `json:"model"`
	Input           []string `json:"input"`
	OutputDimension int      `json:"output_dimension,omitempty"`
	EncodingFormat  string   `json:"encoding_format"`
}

func (mistral) request(c Config, texts []string, _ string) (string, any) {
	return "/embeddings", mistralRequest{c.Model, texts, c.Dimensions, "base64"}
}
