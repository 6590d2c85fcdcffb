package httpteacher

// jina is POST /v1/embeddings of Jina AI. Late chunking, which makes a vector
// depend on the other texts of the request, is off.
type jina struct {
	bearer
	indexed
}

func (jina) facts() facts {
	return facts{url: "https://api.jina.ai/v1", hosted: true, rows: 512, dimensions: true,
		types: "text-matching, retrieval.query, retrieval.passage, classification, separation"}
}

type jinaRequest struct {
	Model         string   `json:"model"`
	Input         []string `json:"input"`
	Task          string   `json:"task,omitempty"`
	Dimensions    int      `json:"dimensions,omitempty"`
	EmbeddingType string   `json:"embedding_type"`
	Normalized    bool     `json:"normalized"`
	Truncate      bool     `json:"truncate"`
	LateChunking  bool     `json:"late_chunking"`
}

func (jina) request(c Config, texts []string, inputType string) (string, any) {
	return "/embeddings", jinaRequest{c.Model, texts, inputType, c.Dimensions, "float", true, false, false}
}
