package plugins

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/cubeset/cubeset/sdk/teacher"
)

// Advice is what a user or the registry says of a teacher that decides none of
// its vectors: it takes the place of what the teacher says of itself. Its keys
// are settings of every teacher that has a name. Programs that are Advised read
// them by themselves; for the others the host does, with SplitAdvice.
type Advice struct {
	QuestionPrefix *string  `json:"question_prefix"`
	AnswerPrefix   *string  `json:"answer_prefix"`
	Licence        *string  `json:"licence"`
	Languages      *string  `json:"languages"`
	MinSimilarity  *float64 `json:"min_similarity"`
	Matryoshka     *bool    `json:"matryoshka"`
}

var adviceKeys = []string{"question_prefix", "answer_prefix", "licence", "languages", "min_similarity", "matryoshka"}

// SplitAdvice takes the keys of an Advice out of a teacher's settings.
func SplitAdvice(settings map[string]json.RawMessage) (a Advice, rest map[string]json.RawMessage, err error) {
	advice := map[string]json.RawMessage{}
	rest = map[string]json.RawMessage{}
	for key, value := range settings {
		if slices.Contains(adviceKeys, key) {
			advice[key] = value
		} else {
			rest[key] = value
		}
	}
	doc, err := json.Marshal(advice)
	if err == nil {
		err = json.Unmarshal(doc, &a)
	}
	if err != nil {
		return a, nil, fmt.Errorf("settings: %w", err)
	}
	return a, rest, nil
}

// Apply puts what a says in the place of what d says.
func (a Advice) Apply(d *teacher.Description) {
	apply(&d.QuestionPrefix, a.QuestionPrefix)
	apply(&d.AnswerPrefix, a.AnswerPrefix)
	apply(&d.Licence, a.Licence)
	apply(&d.Languages, a.Languages)
	apply(&d.MinSimilarity, a.MinSimilarity)
	apply(&d.Matryoshka, a.Matryoshka)
}

func apply[T any](dst, value *T) {
	if value != nil {
		*dst = *value
	}
}
