package wasm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
)

// ABIVersion is the version of ABI.md that this package speaks; a manifest names
// it. Revision counts the additions within it that a guest may have been built
// for.
const (
	ABIVersion = 1
	Revision   = 1
)

const (
	manifestSection  = "cubeset.filter.v1"
	manifestBytesMax = 256 << 10
	reasonCodeMax    = 1023
	textBytesMax     = 1024 // version, description and the text of a reason
	dimMax           = 65_536
)

// The two places of a filter in a build.
const (
	StageText   = "text"   // before any embedding is paid for
	StageVector = "vector" // after
)

// Manifest describes a filter. It travels in the module, as JSON in the custom
// section "cubeset.filter.v1".
type Manifest struct {
	Name           string          `json:"name"` // [a-z][a-z0-9_]{0,31}
	Version        string          `json:"version"`
	ABI            int             `json:"abi"`
	Description    string          `json:"description,omitempty"`
	Needs          []string        `json:"needs,omitempty"`
	Dim            int             `json:"dim,omitempty"`  // of embeddings; 0 takes any
	Lang           []string        `json:"lang,omitempty"` // languages it is meant for; empty means all
	Reasons        []Reason        `json:"reasons"`
	ConfigSchema   json.RawMessage `json:"config_schema,omitempty"`   // JSON Schema of an object
	ConfigDefaults json.RawMessage `json:"config_defaults,omitempty"` // an object
	FuelPerRow     int64           `json:"fuel_per_row,omitempty"`    // ticks, if the usual budget is too small
}

// Reason is one way to drop a row.
type Reason struct {
	Code      uint16 `json:"code"` // 1..1023; 0 means kept
	Name      string `json:"name"` // [a-z][a-z0-9_]{0,31}
	Text      string `json:"text,omitempty"`
	Sensitive bool   `json:"sensitive,omitempty"` // the row itself should not be kept among the rejects
}

// ErrNoManifest is returned for a module without the custom section.
var ErrNoManifest = errors.New("no section " + manifestSection)

// ErrManifestABI is wrapped when a manifest is for another version of the ABI.
var ErrManifestABI = errors.New("wrong abi")

// Stage is StageVector for a filter that needs embeddings or similarity, else
// StageText.
func (m Manifest) Stage() string {
	if slices.Contains(m.Needs, NeedEmbeddings) || slices.Contains(m.Needs, NeedSimilarity) {
		return StageVector
	}
	return StageText
}

// ReadManifest finds and checks the manifest without compiling anything. Keys it
// does not know are ignored.
func ReadManifest(module []byte) (Manifest, error) {
	var found []byte
	for id, r := range sections(module) {
		name := []byte(nil)
		if id == sectionCustom && r.ok() {
			name = r.bytes()
		}
		if !r.ok() {
			return Manifest{}, r.err
		}
		if string(name) != manifestSection {
			continue
		}
		if found != nil {
			return Manifest{}, fmt.Errorf("section %s is there twice", manifestSection)
		}
		found = r.b[r.p:]
	}
	if found == nil {
		return Manifest{}, ErrNoManifest
	}
	return parseManifest(found, false)
}

// ParseManifest reads a manifest from a file that an author wrote; unlike
// ReadManifest it refuses unknown keys.
func ParseManifest(data []byte) (Manifest, error) { return parseManifest(data, true) }

func parseManifest(data []byte, strict bool) (m Manifest, err error) {
	if len(data) > manifestBytesMax {
		return m, fmt.Errorf("manifest: %d bytes, at most %d", len(data), manifestBytesMax)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if strict {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(&m); err != nil {
		return Manifest{}, fmt.Errorf("manifest: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Manifest{}, errors.New("manifest: more than one JSON value")
	}
	if err := m.validate(); err != nil {
		return Manifest{}, fmt.Errorf("manifest: %w", err)
	}
	return m, nil
}

// Pack returns the module with m as its manifest, in place of any it had.
func Pack(module []byte, m Manifest) ([]byte, error) {
	if err := m.validate(); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	out := append(make([]byte, 0, len(module)+text.Len()+64), header...)
	for id, r := range sections(module) {
		whole, name := r.b, []byte(nil)
		if id == sectionCustom && r.ok() {
			name = r.bytes()
		}
		if !r.ok() {
			return nil, r.err
		}
		if string(name) != manifestSection {
			out = appendBytes(append(out, id), whole)
		}
	}
	body := appendBytes(nil, []byte(manifestSection))
	body = append(body, bytes.TrimSpace(text.Bytes())...)
	return appendBytes(append(out, sectionCustom), body), nil
}

var name = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// validate complains about everything at once.
func (m Manifest) validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if m.ABI != ABIVersion {
		errs = append(errs, fmt.Errorf("%w: filter is for %d, host speaks %d", ErrManifestABI, m.ABI, ABIVersion))
	}
	if !name.MatchString(m.Name) {
		bad("name %.40q is not %s", m.Name, name)
	}
	for _, s := range append([]string{m.Version, m.Description}, m.Lang...) {
		if len(s) > textBytesMax {
			bad("text of %d bytes, at most %d", len(s), textBytesMax)
		}
	}
	for i, n := range m.Needs {
		if !slices.Contains(needs, n) {
			bad("needs: %.40q is none of %q", n, needs)
		} else if slices.Contains(m.Needs[:i], n) {
			bad("needs: %q is there twice", n)
		}
	}
	if m.Dim < 0 || m.Dim > dimMax {
		bad("dim: %d is outside 0..%d", m.Dim, dimMax)
	}
	if m.FuelPerRow < 0 || m.FuelPerRow > fuelPerRowMax {
		bad("fuel_per_row: %d is outside 0..%d", m.FuelPerRow, int64(fuelPerRowMax))
	}
	errs = append(errs, checkReasons(m.Reasons)...)
	if _, err := newOptions(m); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func checkReasons(reasons []Reason) (errs []error) {
	codes, names := map[uint16]bool{}, map[string]bool{}
	for _, r := range reasons {
		switch {
		case r.Code == 0 || r.Code > reasonCodeMax:
			errs = append(errs, fmt.Errorf("reason %.40q: code %d is outside 1..%d", r.Name, r.Code, reasonCodeMax))
		case !name.MatchString(r.Name):
			errs = append(errs, fmt.Errorf("reason %d: name %.40q is not %s", r.Code, r.Name, name))
		case codes[r.Code] || names[r.Name]:
			errs = append(errs, fmt.Errorf("reason %d %q: code or name is there twice", r.Code, r.Name))
		case len(r.Text) > textBytesMax:
			errs = append(errs, fmt.Errorf("reason %q: text of %d bytes, at most %d", r.Name, len(r.Text), textBytesMax))
		}
		codes[r.Code], names[r.Name] = true, true
	}
	return errs
}
