package httpteacher

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// The README's examples are settings that are accepted, one at least for each
// API, and it names every setting.
func TestReadme(t *testing.T) {
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(b), -1) {
		var doc struct {
			Teachers map[string]map[string]any `yaml:"teachers"`
		}
		if err := yaml.Unmarshal([]byte(block[1]), &doc); err != nil {
			t.Fatal(err)
		}
		for name, settings := range doc.Teachers {
			seen[settings["api"].(string)] = true
			delete(settings, "program")
			config, err := json.Marshal(settings)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := New(config); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for _, api := range names() {
		if !seen[api] {
			t.Errorf("no example of %s", api)
		}
	}
	var all map[string]json.RawMessage
	doc, _ := json.Marshal(fullConfig())
	if err := json.Unmarshal(doc, &all); err != nil {
		t.Fatal(err)
	}
	for name := range all {
		if !strings.Contains(string(b), "`"+name+"`") {
			t.Errorf("the README does not name %s", name)
		}
	}
}

// fullConfig has a value in every field.
func fullConfig() Config {
	one := 1.0
	return Config{API: "a", URL: "u", Endpoints: []string{"e"}, Model: "m", Revision: "r", APIVersion: "v", Dims: 1, Dimensions: 1,
		KeyEnv: "K", KeyFile: "k", PlainHTTP: true, InputType: "i", QuestionInputType: "q", AnswerInputType: "a", MaxRows: 1, RequestTokens: 1,
		RequestsPerMinute: 1, TokensPerMinute: 1, Concurrency: 1, Timeout: "1s", PricePerMillionTokens: 1, MaxTokens: 1,
		QuestionPrefix: "p", AnswerPrefix: "p", Licence: "l", Languages: "l", MinSimilarity: &one, Matryoshka: true}
}
