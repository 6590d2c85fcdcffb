// Package precomputed is a teacher that computes nothing: for each text it
// gives the vector that somebody computed elsewhere and stored in a file. A
// text that is not there is refused, never guessed. README.md describes the
// files.
package precomputed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/cubeset/cubeset/sdk/teacher"
)

// Config says where the vectors are.
type Config struct {
	// Vectors is a .npy, .npz, .safetensors or .parquet file: an array of one
	// vector a row, or in Parquet columns "text" and "vector".
	Vectors string `json:"vectors"`
	// Texts is a .txt file of a text a line, or a .jsonl file of a string or
	// an object with a field "text" a line, in the order of the vectors. In
	// Parquet the texts are beside the vectors.
	Texts string `json:"texts,omitempty"`
	// Array is the name of the array in a file of several; empty = the only
	// one, or else "vectors".
	Array string `json:"array,omitempty"`
	// Model is the name of the model the vectors are from. It is part of the
	// vectors' identity.
	Model string `json:"model,omitempty"`
}

const parquet = ".parquet"

// Validate returns everything that is wrong with c, joined.
func (c Config) Validate() error {
	var errs []error
	isParquet := false
	switch ext := extension(c.Vectors); ext {
	case ".npy", ".npz", ".safetensors":
	case parquet:
		isParquet = true
	default:
		errs = append(errs, fmt.Errorf("vectors: %q ends neither in .npy, .npz, .safetensors nor in .parquet", c.Vectors))
	}
	switch ext := extension(c.Texts); {
	case isParquet && c.Texts != "":
		errs = append(errs, errors.New("texts: a Parquet file has its texts in the column text"))
	case !isParquet && ext != ".txt" && ext != ".jsonl":
		errs = append(errs, fmt.Errorf("texts: %q ends neither in .txt nor in .jsonl", c.Texts))
	}
	if ext := extension(c.Vectors); c.Array != "" && ext != ".npz" && ext != ".safetensors" {
		errs = append(errs, fmt.Errorf("array: a file %s has no names", ext))
	}
	return errors.Join(errs...)
}

func extension(path string) string { return strings.ToLower(filepath.Ext(path)) }

// files are what decides the vectors.
func (c Config) files() []string {
	if c.Texts == "" {
		return []string{c.Vectors}
	}
	return []string{c.Vectors, c.Texts}
}

// New returns the teacher that config, a [Config] in JSON, describes. It reads
// nothing yet.
func New(config json.RawMessage) (teacher.Embedder, error) {
	var c Config
	d := json.NewDecoder(bytes.NewReader(config))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return nil, fmt.Errorf("precomputed: config: %w", err)
	}
	if d.More() {
		return nil, errors.New("precomputed: config: something follows the object")
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("precomputed: config: %w", err)
	}
	return newEmbedder(c), nil
}
