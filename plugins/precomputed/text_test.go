package precomputed_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/cubeset/cubeset/formats/array"
	"github.com/cubeset/cubeset/formats/dialogue"
	"github.com/cubeset/cubeset/plugins/precomputed"
	"pgregory.net/rapid"
)

// The texts of a file are found by what a reader of dialogues makes of them,
// though neither package knows the other.
func TestSameText(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	if err := array.WriteNPY(&b, 1, 1); err != nil {
		t.Fatal(err)
	}
	b.Write([]byte{0, 0, 128, 63}) // 1
	vectors, texts := filepath.Join(dir, "v.npy"), filepath.Join(dir, "t.jsonl")
	if err := os.WriteFile(vectors, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(precomputed.Config{Vectors: vectors, Texts: texts})
	if err != nil {
		t.Fatal(err)
	}
	part := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"\r\n", "\r", "\x00", " ", "\u00a0", "\u0301", "e", "\t", "\u1100\u1161", "\u2028", "\v"}))
	rapid.Check(t, func(t *rapid.T) {
		raw := ""
		for range rapid.IntRange(1, 6).Draw(t, "parts") {
			raw += part.Draw(t, "part")
		}
		text, ok := dialogue.Text(raw)
		if !ok || text == "" {
			return
		}
		line, err := json.Marshal(raw)
		if err == nil {
			err = os.WriteFile(texts, append(line, '\n'), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		e, err := precomputed.New(config)
		if err == nil {
			err = e.Embed(context.Background(), []string{text}, make([]float32, 1))
		}
		if err != nil {
			t.Fatalf("%+q: %v", raw, err)
		}
	})
}
