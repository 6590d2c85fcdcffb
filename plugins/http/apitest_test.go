package httpteacher

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/cubeset/cubeset/plugins/http/apitest"
)

// The servers that stand in take what the teacher sends, and nothing that is
// not documented: not a field more, not a key elsewhere, not another method,
// path, query or kind of body, not a text or a token too many.
func TestServersRefuse(t *testing.T) {
	for _, d := range dialects() {
		t.Run(d.name, func(t *testing.T) {
			c := settings(d.name)
			s := apitest.New(d.name, apitest.Options{Key: canary, TextTokens: 10, RequestTokens: 20, MaxRows: 5})
			send := func(texts []string, change func(q *http.Request, doc map[string]any)) int {
				path, body := d.api.request(c, texts, c.InputType)
				b, _ := json.Marshal(body)
				var doc map[string]any
				json.Unmarshal(b, &doc)
				q := httptest.NewRequest(http.MethodPost, c.URL+path, nil)
				q.Header.Set("Content-Type", "application/json")
				d.api.authorise(q.Header, canary)
				change(q, doc)
				b, _ = json.Marshal(doc)
				q.Body = http.NoBody
				if q.Method == http.MethodPost {
					q.Body = readCloser{bytes.NewReader(b)}
				}
				w := httptest.NewRecorder()
				s.ServeHTTP(w, q)
				if p := readProblem(w.Body.Bytes()); w.Code != 200 && p.words == "" {
					t.Errorf("%d without words: %s", w.Code, w.Body)
				}
				return w.Code
			}
			same := func(*http.Request, map[string]any) {}
			if got := send([]string{"a", "b"}, same); got != 200 {
				t.Fatalf("%d", got)
			}
			long := "a text of more than ten tokens, as they are counted here"
			for name, c := range map[string]struct {
				texts  []string
				change func(q *http.Request, doc map[string]any)
			}{
				"a field more": {[]string{"a"}, func(_ *http.Request, doc map[string]any) { doc["extra"] = 1 }},
				"no key": {[]string{"a"}, func(q *http.Request, _ map[string]any) {
					q.Header = http.Header{"Content-Type": {"application/json"}}
				}},
				"key elsewhere": {[]string{"a"}, func(q *http.Request, _ map[string]any) {
					q.Header = http.Header{"Content-Type": {"application/json"}, "X-Key": {canary}}
				}},
				"GET":            {[]string{"a"}, func(q *http.Request, _ map[string]any) { q.Method = http.MethodGet }},
				"another path":   {[]string{"a"}, func(q *http.Request, _ map[string]any) { q.URL.Path += "s" }},
				"another query":  {[]string{"a"}, func(q *http.Request, _ map[string]any) { q.URL.RawQuery = "key=" + canary }},
				"not JSON":       {[]string{"a"}, func(q *http.Request, _ map[string]any) { q.Header.Set("Content-Type", "text/plain") }},
				"no text":        {nil, same},
				"an empty text":  {[]string{"a", ""}, same},
				"many texts":     {[]string{"a", "a", "a", "a", "a", "a"}, same},
				"a long text":    {[]string{long}, same},
				"many tokens":    {[]string{long[:30], long[:30], long[:30]}, same},
				"a text refused": {[]string{apitest.Unwanted}, same},
			} {
				if got := send(c.texts, c.change); got < 400 || got > 422 {
					t.Errorf("%s: %d", name, got)
				}
			}
			if s.Texts() != 2 {
				t.Errorf("%d texts embedded", s.Texts())
			}
		})
	}
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }
