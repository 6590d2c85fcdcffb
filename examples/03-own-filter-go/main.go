// alike drops rows with a short text, and those whose two vectors point apart.
package main

import (
	"unicode/utf8"

	"github.com/cubeset/cubeset/sdk/filter"
)

const short, apart = 1, 2 // the reasons of manifest.json

// options are those of manifest.json.
type options struct {
	CharactersMin int     `json:"characters_min"`
	DotMin        float32 `json:"dot_min"`
}

var _ = filter.Export(&options{})

func (o *options) Row(r *filter.Row) filter.Verdict {
	d := dot(r.QuestionEmbedding, r.AnswerEmbedding)
	if min(utf8.RuneCountInString(r.Question), utf8.RuneCountInString(r.Answer)) < o.CharactersMin {
		return filter.Drop(short, d)
	} else if d < o.DotMin {
		return filter.Drop(apart, d)
	}
	return filter.Keep(d)
}

func main() {}
