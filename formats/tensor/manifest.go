package tensor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
)

const (
	manifestName     = "manifest.json"
	manifestBytesMax = 256 << 20
)

// Manifest says what a dataset consists of and how it came to be. It holds no
// time, path or name of a machine: equal builds have equal manifests.
type Manifest struct {
	FormatVersion string           `json:"format_version"`
	Cubeset       string           `json:"cubeset"` // version of the program
	Shape         Shape            `json:"shape"`
	Profile       Profile          `json:"profile"`
	Normalised    bool             `json:"normalised"`
	Licence       string           `json:"licence"` // of the data, an identifier of Hugging Face; "" means that nobody said
	Teacher       TeacherInfo      `json:"teacher"`
	Similarity    Similarity       `json:"similarity"`
	Filters       []FilterInfo     `json:"filters"`
	ConfigDigest  string           `json:"config_digest"`
	LockDigest    string           `json:"lock_digest"`
	Split         SplitInfo        `json:"split"`
	Inputs        []Input          `json:"inputs"`
	Read          int64            `json:"read"` // records; = Kept + all of Dropped and Skipped
	Kept          int64            `json:"kept"`
	Dropped       map[string]int64 `json:"dropped"` // by reason
	Skipped       map[string]int64 `json:"skipped"` // by reason: never became a pair
	Splits        map[string]int64 `json:"splits"`  // rows
	Scores        []string         `json:"scores"`  // filters with a score column, in order
	Parts         []PartInfo       `json:"parts"`   // in the order of the dataset
	Rejects       []PartInfo       `json:"rejects"` // files of rejects, in the order of the inputs; no split, no key
}

// TeacherInfo is the model that made the embeddings.
type TeacherInfo struct {
	Name        string `json:"name"`
	FallbackFor string `json:"fallback_for,omitempty"` // the teacher that was to be, where this one took its place
	Model       string `json:"model"`
	Revision    string `json:"revision"`
	Dims        int    `json:"dims"` // of its own vectors
	EmbedID     string `json:"embed_id"`
	SpaceID     string `json:"space_id"`
	Determinism string `json:"determinism"`
	Licence     string `json:"licence"`
	Projection  string `json:"projection"`
}

// Similarity is the least cosine a row was kept with, and who set it.
type Similarity struct {
	Min  float32 `json:"min"`
	From string  `json:"from"`
}

// FilterInfo is one filter of the build, in the order of use.
type FilterInfo struct {
	Name   string          `json:"name"`
	Stage  string          `json:"stage"`  // "text" or "vector"
	Digest string          `json:"digest"` // hex
	Config json.RawMessage `json:"config"`
}

// SplitInfo is how rows were shared out.
type SplitInfo struct {
	Validation string `json:"validation"` // fraction, the decimal as given
	Test       string `json:"test"`       // likewise
	Seed       int64  `json:"seed"`
}

// Input is a file that was read.
type Input struct {
	Name    string `json:"name"` // base name
	Records int64  `json:"records"`
	Bytes   int64  `json:"bytes"`
	Digest  string `json:"digest"`
}

// PartInfo is a file of the dataset.
type PartInfo struct {
	Path   string `json:"path"` // "data/train-….parquet", with slashes
	Split  string `json:"split"`
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	Key    string `json:"key"` // digest of all that decides its bytes, hex
}

// Encode is the content of manifest.json: equal manifests give equal bytes.
func (m Manifest) Encode() ([]byte, error) {
	for _, c := range []*map[string]int64{&m.Dropped, &m.Skipped, &m.Splits} {
		if *c == nil {
			*c = map[string]int64{} // not null
		}
	}
	m.Filters = append([]FilterInfo{}, m.Filters...)
	m.Inputs = append([]Input{}, m.Inputs...)
	m.Scores = append([]string{}, m.Scores...)
	m.Parts = append([]PartInfo{}, m.Parts...)
	m.Rejects = append([]PartInfo{}, m.Rejects...)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return b.Bytes(), nil
}

// ReadManifest returns the manifest of the dataset that dir/data holds, also
// in the middle of a commit or after one that was cut off. It writes nothing.
// Without a dataset it fails with ErrNoManifest.
func ReadManifest(f FS, dir string) (Manifest, error) {
	m, err := readManifest(f, dir)
	if err != nil {
		return Manifest{}, err
	}
	if err := m.Validate(); err != nil {
		return Manifest{}, fmt.Errorf("%s: %w: %w", manifestName, ErrDamaged, err)
	}
	return m, nil
}

// readManifest is ReadManifest with no more checks than its use needs.
func readManifest(f FS, dir string) (Manifest, error) {
	// The next manifest first: a commit that ends in between is then not missed.
	next, err := readNext(f, dir)
	if err != nil {
		return Manifest{}, err
	}
	old, oldErr := loadManifest(f, filepath.Join(dir, manifestName))
	if next == nil {
		return old, oldErr
	}
	there, err := holds(f, filepath.Join(dir, dataDir), *next, filepath.Join(dir, nextDir, dataDir))
	if err != nil {
		return Manifest{}, err
	}
	if there {
		return *next, nil
	}
	return old, oldErr
}

func loadManifest(f FS, path string) (Manifest, error) {
	fi, err := f.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Manifest{}, ErrNoManifest
	}
	if err != nil {
		return Manifest{}, err
	}
	if fi.Size() > manifestBytesMax {
		return Manifest{}, fmt.Errorf("%s: %w: %d bytes, at most %d", manifestName, ErrDamaged, fi.Size(), manifestBytesMax)
	}
	b, err := f.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Manifest{}, ErrNoManifest
	}
	if err != nil {
		return Manifest{}, err
	}
	return decodeManifest(b)
}

// decodeManifest refuses what is no manifest of this version, and paths that
// lead out of the dataset. Counts may be wrong still.
func decodeManifest(b []byte) (Manifest, error) {
	var m Manifest
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err := d.Decode(&m)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("something follows")
		}
	}
	switch {
	case m.FormatVersion != "" && m.FormatVersion != FormatVersion:
		return Manifest{}, fmt.Errorf("%s: %w: %q, this program reads %q", manifestName, ErrVersion, clip(m.FormatVersion), FormatVersion)
	case err != nil || m.FormatVersion == "":
		return Manifest{}, fmt.Errorf("%s: %w: not a manifest of format %s", manifestName, ErrDamaged, FormatVersion)
	}
	if err := m.validatePaths(); err != nil {
		return Manifest{}, fmt.Errorf("%s: %w: %w", manifestName, ErrDamaged, err)
	}
	return m, nil
}
