package dialogue

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// PairID is the id of a pair in a dataset: the file's own if it has one; else
// dialogue_id#turn if it has both; else 16 hex digits of
// sha256(question‖0‖answer‖0‖context). Ids are labels and may repeat.
func PairID(p *Pair) string {
	switch {
	case p.ID != "":
		return p.ID
	case p.DialogueID != "" && p.Turn >= 0:
		return p.DialogueID + "#" + strconv.Itoa(int(p.Turn))
	}
	b := make([]byte, 0, 512)
	b = append(b, p.Question...)
	b = append(b, 0)
	b = append(b, p.Answer...)
	b = append(b, 0)
	b = append(b, p.Context...)
	sum := sha256.Sum256(b)
	return hex16(sum[:])
}

// Group names what must not be torn apart by a split: the pair's dialogue, or
// else all pairs that ask the same question.
func Group(p *Pair) string {
	if p.DialogueID != "" {
		return p.DialogueID
	}
	return Fold(p.Question)
}

// GroupOf is Group for a caller that has Fold(p.Question) at hand, and saves to
// fold it again.
func GroupOf(p *Pair, folded string) string {
	if p.DialogueID != "" {
		return p.DialogueID
	}
	return folded
}

// hex16 is the first 8 bytes of a digest in hex.
func hex16(sum []byte) string { return hex.EncodeToString(sum[:8]) }
