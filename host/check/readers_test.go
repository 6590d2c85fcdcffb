package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// codeInTable is a line of code in the last cell of a row of a table.
var codeInTable = regexp.MustCompile("(?m)\\| `([^`]+)` \\|$")

// What formats/README.md tells people to type is what the readers stage runs.
func TestReadersRunWhatTheDocumentSays(t *testing.T) {
	doc, err := os.ReadFile("../../formats/README.md")
	if err != nil {
		t.Fatal(err)
	}
	run := map[string]bool{}
	for _, name := range []string{"readers.py", "spark.py", "raydata.py", "arrowrs/src/main.rs", "readers.go"} {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(source)) {
			run[strings.TrimSpace(line)] = true
		}
	}
	lines := codeInTable.FindAllStringSubmatch(string(doc), -1)
	if len(lines) < 10 {
		t.Errorf("only %d lines of code in the table", len(lines))
	}
	for _, m := range lines {
		if !run[m[1]] {
			t.Errorf("not run by the readers stage: %s", m[1])
		}
	}
	for _, inText := range []string{
		`np.load("arrays/question_embedding.npy", mmap_mode="r")`, `load_file("first.safetensors")`, `json.loads(line)`,
		`array_cosine_similarity(question_embedding::FLOAT[768], answer_embedding::FLOAT[768])`, `array_to_vector("question_embedding")`,
		`cube = batch["question_embedding"].flatten().to_numpy().reshape(-1, 8, 8, 12)`,
	} {
		found := false
		for line := range run {
			found = found || strings.Contains(line, inText)
		}
		if !found || !strings.Contains(string(doc), inText) {
			t.Errorf("not in both the document and the scripts: %s", inText)
		}
	}
}
