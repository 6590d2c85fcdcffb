package httpteacher

// voyage is POST /v1/embeddings of Voyage AI.
type voyage struct {
	bearer
	indexed
}

// facts have the least of the limits of tokens, which differ by model: 120,000
// for the large ones, 320,000 for voyage-3.5, a million for the lite ones.
func (voyage) facts() facts {
	return facts{url: "https://api.voyageai.com/v1", hosted: true, rows: 1000, tokens: 120_000, dimensions: true, types: "query, document"}
}

type voyageRequest struct {
	Input           []string `json:"input"`
	Model           string   `json:"model"`
	InputType       string   `json:"input_type,omitempty"`
	Truncation      bool     `json:"truncation"`
	OutputDimension int      `json:"output_dimension,omitempty"`
	EncodingFormat  string   `json:"encoding_format"`
}

func (voyage) request(c Config, texts []string, inputType string) (string, any) {
	return "/embeddings", voyageRequest{texts, c.Model, inputType, false, c.Dimensions, "base64"}
}
