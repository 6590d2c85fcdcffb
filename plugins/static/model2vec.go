package static

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/cubeset/cubeset/formats/array"
	"github.com/cubeset/cubeset/sdk/teacher"
)

const (
	jsonBytesMax     = 256 << 20 // of tokenizer.json
	maxTokensDefault = 512       // what model2vec reads of a text if config.json does not say
)

// model2vec is a folder as the Python package model2vec writes it.
type model2vec struct {
	folder    string
	maxTokens int
}

// model2vecConfig is what this package needs of config.json.
type model2vecConfig struct {
	Normalize bool            `json:"normalize"`
	MaxLength json.RawMessage `json:"max_length"` // a number, null for no limit, or missing
}

func (m model2vec) files() []string {
	return []string{m.path("model.safetensors"), m.path("tokenizer.json"), m.path("config.json")}
}

func (m model2vec) path(name string) string { return filepath.Join(m.folder, name) }

func (m model2vec) describe() (teacher.Description, error) {
	c, most, err := m.config()
	if err != nil {
		return teacher.Description{}, err
	}
	f, h, err := m.tensors()
	if err != nil {
		return teacher.Description{}, err
	}
	defer f.Close()
	d := teacher.Description{
		Model: "model2vec", Truncation: "end", Normalised: c.Normalize, Dims: h["embeddings"].Shape[1], MaxTokens: most,
	}
	if most == 0 {
		d.Truncation = "none"
	}
	return d, nil
}

// config reads config.json and returns how many tokens are read of a text.
func (m model2vec) config() (c model2vecConfig, most int, err error) {
	b, err := readSmall(m.path("config.json"))
	if err != nil {
		return c, 0, err
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return c, 0, fmt.Errorf("%s: %w", m.path("config.json"), err)
	}
	most = maxTokensDefault
	if m.maxTokens > 0 {
		return c, m.maxTokens, nil
	}
	if s := string(c.MaxLength); s == "null" {
		most = 0
	} else if s != "" {
		if most, err = strconv.Atoi(s); err != nil || most < 1 || most > countMax {
			return c, 0, fmt.Errorf("%s: max_length is neither null nor a count", m.path("config.json"))
		}
	}
	return c, most, nil
}

// tensors opens the weights and checks that they are what model2vec writes.
func (m model2vec) tensors() (*os.File, map[string]array.Header, error) {
	name := m.path("model.safetensors")
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s: a Model2Vec folder holds model.safetensors, tokenizer.json and config.json: %w", m.folder, err)
	}
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	h, _, err := array.ReadSafetensors(f, info.Size())
	if err == nil {
		if e, ok := h["embeddings"]; !ok || len(e.Shape) != 2 || e.Shape[1] < 1 || e.Shape[1] > teacher.DimsMax || e.Size() > valuesMax {
			err = fmt.Errorf("no tensor embeddings of shape [rows, 1..%d]", teacher.DimsMax)
		}
	}
	if err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, h, nil
}

func (m model2vec) load() (*model, error) {
	c, most, err := m.config()
	if err != nil {
		return nil, err
	}
	b, err := readSmall(m.path("tokenizer.json"))
	if err != nil {
		return nil, err
	}
	t, err := parseTokenizer(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.path("tokenizer.json"), err)
	}
	f, h, err := m.tensors()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := &model{
		dims: h["embeddings"].Shape[1], tokenizer: t, unknown: t.unknown,
		maxTokens: most, maxRunes: most * medianRunes(t.vocabulary), normalise: c.Normalize,
	}
	if err := out.readTensors(f, h, len(t.vocabulary)); err != nil {
		return nil, fmt.Errorf("%s: %w", m.path("model.safetensors"), err)
	}
	return out, nil
}

// readTensors reads embeddings, and weights and mapping where they are there:
// the weight and the row of each token.
func (m *model) readTensors(f io.ReaderAt, h map[string]array.Header, tokens int) error {
	e := h["embeddings"]
	m.values = make([]float32, e.Size())
	if err := e.Floats(f, m.values, 0); err != nil {
		return fmt.Errorf("embeddings: %w", err)
	}
	if err := finite(m.values); err != nil {
		return fmt.Errorf("embeddings: %w", err)
	}
	if w, ok := h["weights"]; ok {
		if w.Size() != int64(tokens) {
			return fmt.Errorf("weights: %d values, want one for each of %d tokens", w.Size(), tokens)
		}
		m.weights = make([]float32, tokens)
		if err := w.Floats(f, m.weights, 0); err != nil {
			return fmt.Errorf("weights: %w", err)
		}
		if err := finite(m.weights); err != nil {
			return fmt.Errorf("weights: %w", err)
		}
	}
	rows := e.Shape[0]
	if p, ok := h["mapping"]; ok {
		var err error
		if m.rows, err = readMapping(f, p, tokens, rows); err != nil {
			return fmt.Errorf("mapping: %w", err)
		}
	} else if rows != tokens {
		return fmt.Errorf("%d vectors, %d tokens", rows, tokens)
	}
	return nil
}

func readMapping(f io.ReaderAt, h array.Header, tokens, rows int) ([]int32, error) {
	width := map[array.Type]int{"I32": 4, "I64": 8}[h.Type]
	if width == 0 || h.Size() != int64(tokens) {
		return nil, fmt.Errorf("%d values of type %s, want whole numbers, one for each of %d tokens", h.Size(), h.Type, tokens)
	}
	b := make([]byte, tokens*width)
	if _, err := f.ReadAt(b, h.Offset); err != nil {
		return nil, err
	}
	out := make([]int32, tokens)
	for i := range out {
		var x int64
		if width == 4 {
			x = int64(int32(binary.LittleEndian.Uint32(b[4*i:])))
		} else {
			x = int64(binary.LittleEndian.Uint64(b[8*i:]))
		}
		if x < 0 || x >= int64(rows) {
			return nil, fmt.Errorf("token %d has row %d of %d", i, x, rows)
		}
		out[i] = int32(x)
	}
	return out, nil
}

// medianRunes is the median length of the tokens: model2vec reads no more
// characters of a text than that times its limit of tokens.
func medianRunes(tokens []string) int {
	n := make([]int, len(tokens))
	for i, t := range tokens {
		n[i] = utf8.RuneCountInString(t)
	}
	slices.Sort(n)
	return (n[(len(n)-1)/2] + n[len(n)/2]) / 2
}

// readSmall reads a JSON file.
func readSmall(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, jsonBytesMax+1))
	if err == nil && len(b) > jsonBytesMax {
		err = fmt.Errorf("%s: longer than %d bytes", name, jsonBytesMax)
	}
	return b, err
}
