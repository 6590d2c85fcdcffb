package wasm

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/cubeset/cubeset/wasm/vectors"
)

// TestBatchesOfTheVectors packs the rows of every vector and compares the bytes
// with its file, which another program wrote.
func TestBatchesOfTheVectors(t *testing.T) {
	all, err := vectors.Read(vectors.Files())
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]bool{}
	for _, v := range all {
		for _, input := range v.Batches {
			if input.Rows == "" || tried[input.Batch] {
				continue
			}
			tried[input.Batch] = true
			m, err := ReadManifest(v.Wasm())
			if err != nil {
				t.Fatal(err)
			}
			want, err := fs.ReadFile(vectors.Files(), input.Batch)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := fs.ReadFile(vectors.Files(), input.Rows)
			if err != nil {
				t.Fatal(err)
			}
			var r vectors.Rows
			if err := json.Unmarshal(raw, &r); err != nil {
				t.Fatal(err)
			}
			b := &Batch{
				Questions: r.Questions, Answers: r.Answers, Contexts: r.Contexts, IDs: r.IDs, Langs: r.Langs, Sources: r.Sources,
				DialogueIDs: r.DialogueIDs, Turns: r.Turns, Similarity: r.Similarity,
				QuestionEmbeddings: r.QuestionEmbeddings, AnswerEmbeddings: r.AnswerEmbeddings, RowBase: r.RowBase,
			}
			if len(r.QuestionEmbeddings) > 0 {
				b.Dim = len(r.QuestionEmbeddings[0])
			}
			for _, s := range r.Scores {
				b.Scores = append(b.Scores, ScoreColumn{s.Name, s.Values})
			}
			l, err := plan(b, newNeedSet(m.Needs))
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, l.total)
			pack(got, b, &l)
			if !bytes.Equal(got, want) {
				t.Errorf("%s: got %d bytes, want %d, and other ones", input.Batch, len(got), len(want))
			}
		}
	}
	if len(tried) < 30 {
		t.Errorf("only %d batches", len(tried))
	}
}
