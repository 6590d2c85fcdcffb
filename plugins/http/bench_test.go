package httpteacher

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"testing"

	"github.com/cubeset/cubeset/plugins/http/apitest"
)

// BenchmarkRead is a reply of 128 vectors of 1,536 numbers, in either form.
func BenchmarkRead(b *testing.B) {
	const rows, dims = 128, 1536
	for _, format := range []string{"base64", "float"} {
		body, err := json.Marshal(openaiRequest{"test-model", texts(rows), 0, format})
		if err != nil {
			b.Fatal(err)
		}
		q := httptest.NewRequest("POST", "http://localhost/v1/embeddings", bytes.NewReader(body))
		q.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		apitest.New("openai", apitest.Options{Dims: dims}).ServeHTTP(w, q)
		b.Run(format, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(rows * dims * 4)
			for b.Loop() {
				if _, err := (openai{}).read(w.Body.Bytes(), nil, rows); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
