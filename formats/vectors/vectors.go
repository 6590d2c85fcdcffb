// Package vectors holds the test vectors of formats/SPEC.md: files that keep
// its rules, and files that break one each. index.json says what a program must
// make of every one of them, so that a reader or writer in any language can
// check itself. Package tensor makes them: go test ./formats/tensor -update.
package vectors

import (
	"embed"
	"encoding/json"
	"fmt"
)

// Files is good/, bad/ and index.json.
//
//go:embed good bad index.json
var Files embed.FS

// Index is the content of index.json.
type Index struct {
	FormatVersion string   `json:"format_version"`
	Vectors       []Vector `json:"vectors"`
}

// Vector is one file, and what is true of it.
type Vector struct {
	File    string   `json:"file"`  // below this folder, with slashes
	Kind    string   `json:"kind"`  // part, rejects or manifest
	Rules   []string `json:"rules"` // of SPEC.md that it keeps, or the one it breaks
	Verdict Verdict  `json:"verdict"`
	About   string   `json:"about"`
	Sees    *Sees    `json:"sees,omitempty"` // of a good part
}

// Verdict is what a program must find.
type Verdict string

const (
	// Good: it is read, and gives what Sees says.
	Good Verdict = "good"
	// Foreign: not a file of the format; a cubeset reader refuses it.
	Foreign Verdict = "foreign"
	// Version: of another version of the format; a cubeset reader refuses it.
	Version Verdict = "version"
	// Damaged: a cubeset reader refuses it, at the latest at the damaged row.
	Damaged Verdict = "damaged"

	// The others are read row by row, but a check of the dataset reports them.

	Finite Verdict = "finite" // a value that is no finite number
	Norm   Verdict = "norm"   // a normalised tensor whose length is not 1
	Text   Verdict = "text"   // a text that is not UTF-8
	Split  Verdict = "split"  // a row of another split than its part's
	Meta   Verdict = "meta"   // a part that does not say what it is
)

// Sees is what a reader of a good part must see.
type Sees struct {
	Profile    string           `json:"profile"`
	Shape      []int            `json:"shape"`
	Normalised bool             `json:"normalised"`
	Rows       []map[string]any `json:"rows"` // without the tensors; null where null

	// SHA-256, in hex, of each column's values as little-endian float32, row
	// after row.
	QuestionEmbedding string `json:"question_embedding"`
	AnswerEmbedding   string `json:"answer_embedding"`
}

// Read is the index.
func Read() (Index, error) {
	var x Index
	b, err := Files.ReadFile("index.json")
	if err != nil {
		return x, fmt.Errorf("index: %w", err)
	}
	if err := json.Unmarshal(b, &x); err != nil {
		return x, fmt.Errorf("index: %w", err)
	}
	return x, nil
}
