package httpteacher

// openai is POST /embeddings as OpenAI documents it, and as vLLM, llama.cpp, LM
// Studio and many others speak it.
type openai struct {
	bearer
	indexed
}

func (openai) facts() facts {
	return facts{url: "https://api.openai.com/v1", hosted: true, rows: 2048, tokens: 300_000, dimensions: true}
}

type openaiRequest struct {
	Model          string   `json:"model"`
	Input          []string `json:"input"`
	Dimensions     int      `json:"dimensions,omitempty"`
	EncodingFormat string   `json:"encoding_format"`
}

func (openai) request(c Config, texts []string, _ string) (string, any) {
	return "/embeddings", openaiRequest{c.Model, texts, c.Dimensions, "base64"}
}
