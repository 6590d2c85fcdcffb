package wasm

import "slices"

// The columns a filter may ask for beyond the texts.
const (
	NeedEmbeddings = "embeddings"
	NeedContext    = "context"
	NeedID         = "id"
	NeedLang       = "lang"
	NeedSimilarity = "similarity"
	NeedSource     = "source"
	NeedDialogue   = "dialogue"
	NeedScores     = "scores"
)

// needs are the columns in the order of their bits in a needSet.
var needs = []string{NeedEmbeddings, NeedContext, NeedID, NeedLang, NeedSimilarity, NeedSource, NeedDialogue, NeedScores}

// needSet has a bit for each column that a filter asks for: a manifest's list,
// which every batch looks at a dozen times.
type needSet uint8

const (
	needEmbeddings needSet = 1 << iota
	needContext
	needID
	needLang
	needSimilarity
	needSource
	needDialogue
	needScores
)

// newNeedSet is the set of a validated manifest's needs.
func newNeedSet(names []string) (s needSet) {
	for _, n := range names {
		s |= 1 << slices.Index(needs, n)
	}
	return s
}

func (s needSet) has(column needSet) bool { return s&column != 0 }
