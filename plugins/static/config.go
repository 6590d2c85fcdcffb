package static

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/cubeset/cubeset/sdk/teacher"
)

// Config says which table of vectors a teacher uses. The zero Config is the
// bundled one, static-768.
type Config struct {
	// Path is a Model2Vec folder, a word2vec file (.bin) or a text file of
	// vectors as GloVe and word2vec write it (.txt, .vec); of the files each
	// may be packed with gzip (.gz).
	Path string `json:"path,omitempty"`
	// MaxTokens is how many tokens are read of a text, 0 = all; for a
	// Model2Vec folder 0 = what the folder says.
	MaxTokens int `json:"max_tokens,omitempty"`
	// MaxWords is how many vectors are read of a file, 0 = all. Files are
	// sorted by frequency, so the first ones are the most useful.
	MaxWords int `json:"max_words,omitempty"`
}

// Validate returns everything that is wrong with c, joined.
func (c Config) Validate() error {
	var errs []error
	if c.Path == "" && c != (Config{}) {
		errs = append(errs, errors.New("path: missing"))
	}
	if strings.ContainsRune(c.Path, 0) {
		errs = append(errs, errors.New("path: holds a zero byte"))
	}
	for _, f := range []struct {
		name string
		n    int
	}{{"max_tokens", c.MaxTokens}, {"max_words", c.MaxWords}} {
		if f.n < 0 || f.n > countMax {
			errs = append(errs, fmt.Errorf("%s: %d is outside 0..%d", f.name, f.n, countMax))
		}
	}
	return errors.Join(errs...)
}

const countMax = 1<<31 - 1

// New returns the teacher that config, a [Config] in JSON, describes: static-768
// if it is empty, "null" or "{}". Nothing is read yet but which kind of file
// the path is.
func New(config json.RawMessage) (teacher.Embedder, error) {
	var c Config
	if len(bytes.TrimSpace(config)) > 0 {
		d := json.NewDecoder(bytes.NewReader(config))
		d.DisallowUnknownFields()
		if err := d.Decode(&c); err != nil {
			return nil, fmt.Errorf("static: config: %w", err)
		}
		if d.More() {
			return nil, errors.New("static: config: something follows the object")
		}
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("static: config: %w", err)
	}
	if c.Path == "" {
		return NewBundled(), nil
	}
	source, err := open(c)
	if err != nil {
		return nil, fmt.Errorf("static: %w", err)
	}
	return newFile(source), nil
}

// open tells what kind of table the path is.
func open(c Config) (source, error) {
	info, err := os.Stat(c.Path)
	if err != nil {
		return nil, fmt.Errorf("path: %w", err)
	}
	name := strings.TrimSuffix(strings.ToLower(c.Path), ".gz")
	switch {
	case info.IsDir() && c.MaxWords > 0:
		return nil, errors.New("max_words: a Model2Vec folder is read whole")
	case info.IsDir():
		return model2vec{c.Path, c.MaxTokens}, nil
	case strings.HasSuffix(name, ".bin"):
		return wordFile{c, readBinary}, nil
	case strings.HasSuffix(name, ".txt"), strings.HasSuffix(name, ".vec"):
		return wordFile{c, readText}, nil
	}
	return nil, fmt.Errorf("path: %s is no folder and ends neither in .bin nor in .txt or .vec, with or without .gz", c.Path)
}
