// columns hashes all it is given.
package main

import (
	"errors"
	"math"
	"strings"

	"example.com/columns/filter"
)

type columns struct {
	Number float64 `json:"number"`
	Flag   bool    `json:"flag"`
	Text   string  `json:"text"`
	seed   hash
}

var _ = filter.Export(&columns{})

func (f *columns) Start(c filter.Config) error {
	if f.Text == "fail" {
		return errors.New("asked to fail")
	}
	h, bits := hash(2166136261), math.Float64bits(f.Number)
	h.word(uint32(bits))
	h.word(uint32(bits >> 32))
	h.word(map[bool]uint32{true: 1}[f.Flag])
	h.text(f.Text)
	h.text(string(c.Blobs["words"]))
	f.seed = h
	filter.Log("hashed the options")
	return nil
}

func (f *columns) Row(r *filter.Row) filter.Verdict {
	h := f.seed
	if strings.Contains(r.Answer, "trap") {
		panic("asked to trap")
	}
	h.word(uint32(r.Number))
	h.word(uint32(r.Number >> 32))
	for _, s := range [...]string{r.Question, r.Answer, r.Context, r.ID, r.Lang, r.Source, r.DialogueID} {
		h.text(s)
	}
	h.word(uint32(r.Turn))
	h.float(r.Similarity)
	for i, x := range r.QuestionEmbedding {
		h.float(x)
		h.float(r.AnswerEmbedding[i])
	}
	for _, s := range r.Scores {
		h.text(s.Filter)
		h.float(s.Value)
	}
	score := float32(h & 0xffffff)
	if h>>24&1 != 0 {
		return filter.Drop(7, score)
	}
	return filter.Keep(score)
}

// hash is FNV-1a.
type hash uint32

func (h *hash) byte(b byte) { *h = (*h ^ hash(b)) * 16777619 }

func (h *hash) text(s string) {
	for i := range len(s) {
		h.byte(s[i])
	}
	h.byte(0)
}

func (h *hash) word(v uint32) {
	for i := range 4 {
		h.byte(byte(v >> (8 * i)))
	}
}

func (h *hash) float(v float32) { h.word(math.Float32bits(v)) }

func main() {}
