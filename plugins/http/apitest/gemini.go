package apitest

import (
	"fmt"
	"net/http"
)

// gemini is POST /v1beta/models/…:batchEmbedContents. Its url for a teacher
// ends in /v1beta.
type gemini struct{}

func (gemini) keyOf(h http.Header) (string, bool) {
	return h.Get("X-Goog-Api-Key"), h.Get("X-Goog-Api-Key") != "" && h.Get("Authorization") == ""
}

func (gemini) route(o Options) (string, string) {
	return "/v1beta/models/" + o.Model + ":batchEmbedContents", ""
}
func (gemini) limits() (int, int) { return 100, 0 }

func (gemini) ask(body []byte, o Options) (question, *problem) {
	var doc struct {
		Requests []struct {
			Model   string `json:"model"`
			Content struct {
				Parts []struct {
					Text string `json:"text"`
				} `json:"parts"`
			} `json:"content"`
			TaskType             string `json:"taskType"`
			Title                string `json:"title"`
			OutputDimensionality int    `json:"outputDimensionality"`
		} `json:"requests"`
	}
	if p := strict(body, &doc); p != nil {
		p.status = 400
		return question{}, p
	}
	var q question
	for _, r := range doc.Requests {
		if r.Model != "models/"+o.Model || len(r.Content.Parts) != 1 {
			return q, &problem{status: 400, words: "model or content of a request is missing or another"}
		}
		p := oneOf("taskType", r.TaskType, "", "TASK_TYPE_UNSPECIFIED", "RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT", "SEMANTIC_SIMILARITY",
			"CLASSIFICATION", "CLUSTERING", "QUESTION_ANSWERING", "FACT_VERIFICATION", "CODE_RETRIEVAL_QUERY")
		if p != nil {
			return q, p
		}
		q.texts, q.task, q.dims = append(q.texts, r.Content.Parts[0].Text), r.TaskType, r.OutputDimensionality
	}
	return q, nil
}

// answer gives shortened vectors as they are cut, not of length 1.
func (gemini) answer(w http.ResponseWriter, a answer) {
	list := make([]map[string]any, len(a.vectors))
	for i, v := range a.vectors {
		list[i] = map[string]any{"values": v}
	}
	write(w, 200, map[string]any{"embeddings": list})
}

func (gemini) refuse(w http.ResponseWriter, p *problem) {
	states := map[int]string{400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}
	if p.status == 401 { // so it says of a wrong key
		write(w, 400, map[string]any{"error": map[string]any{"code": 400, "message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT",
			"details": []map[string]string{{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}}}})
		return
	}
	doc := map[string]any{"code": p.status, "message": p.words, "status": states[p.status]}
	if p.status == 429 {
		doc["details"] = []map[string]string{{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": fmt.Sprintf("%.3fs", p.wait.Seconds())}}
	}
	write(w, p.status, map[string]any{"error": doc})
}
