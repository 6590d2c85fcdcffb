// Package lock is cubeset.lock: what builds may use, to the byte. It is a small
// JSON file for people to read and version control to keep, the same bytes
// whenever it says the same.
package lock

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Name is what the file is called unless the user says otherwise.
const Name = "cubeset.lock"

// version is of the file's format.
const version = 1

// about tells whoever meets the file what it is.
const about = "What builds beside this file may use, to the byte; anything else is refused before it runs (exit code 7). Written by cubeset lock, which is also how a change is accepted. Commit it."

// Limits of a file.
const (
	BytesMax       = 1 << 20
	probesBytesMax = 16 << 10
	labelBytesMax  = 255
)

var (
	// ErrFile is wrapped by complaints about a file that is no lock.
	ErrFile = errors.New("not a lock of this version")
	// ErrMismatch is matched by what a build would use and the lock does not
	// hold.
	ErrMismatch = errors.New("not what the lock says")
)

// File is a lock. Digests are sha256, 64 hex digits.
type File struct {
	Filters    map[string]Filter  // by the name in the manifest
	Projection string             // digest of the file of a fitted projection, "": none
	Teachers   map[string]Teacher // by the teacher's label
}

// Filter is what a lock holds of a filter.
type Filter struct {
	SHA256   string            `json:"sha256"`             // of the module
	Settings string            `json:"settings,omitempty"` // digest of those that the user made, "": none
	Files    map[string]string `json:"files,omitempty"`    // digest of each that it is given
}

// Teacher is what a lock holds of a teacher.
type Teacher struct {
	EmbedID  string            `json:"embed_id"`
	Settings string            `json:"settings,omitempty"` // digest, "": none, or embed_id says it all
	Probes   string            `json:"probes,omitempty"`   // what its vectors are like, where no folder says what runs
	Folders  map[string]string `json:"folders,omitempty"`  // GOOS/GOARCH → digest of all its files
}

// document is the file, in the order of its keys.
type document struct {
	Version    int                `json:"version"`
	About      string             `json:"about"`
	Filters    map[string]Filter  `json:"filters,omitempty"`
	Projection string             `json:"projection,omitempty"`
	Teachers   map[string]Teacher `json:"teachers,omitempty"`
}

// Parse reads a file. It takes only what Bytes writes, so that a person who
// reads one has read what counts. Errors match ErrFile.
func Parse(doc []byte) (*File, error) {
	if len(doc) > BytesMax {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrFile, BytesMax)
	}
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(doc, &head); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrFile, oneLine(err.Error()))
	}
	if head.Version != version {
		return nil, fmt.Errorf("%w: version is %d, want %d", ErrFile, head.Version, version)
	}
	var d document
	if err := json.Unmarshal(doc, &d); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrFile, oneLine(err.Error()))
	}
	f := &File{Filters: d.Filters, Projection: d.Projection, Teachers: d.Teachers}
	written, err := f.Bytes()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	if !bytes.Equal(written, doc) {
		return nil, fmt.Errorf("%w: line %d is not as cubeset lock writes it", ErrFile, firstDifference(doc, written))
	}
	return f, nil
}

// firstDifference is the first line, from 1, in which a and b differ.
func firstDifference(a, b []byte) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return 1 + bytes.Count(a[:n], []byte{'\n'})
}

// Bytes is the file as it is written: what says the same is the same bytes. It
// is an error if f holds what is no name or no digest.
func (f *File) Bytes() ([]byte, error) {
	if err := f.validate(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := json.NewEncoder(&b) // maps in the order of their keys
	w.SetEscapeHTML(false)
	w.SetIndent("", "  ")
	err := w.Encode(document{version, about, f.Filters, f.Projection, f.Teachers})
	return b.Bytes(), err
}

var (
	filterName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	platform   = regexp.MustCompile(`^[a-z0-9]{1,32}/[a-z0-9]{1,32}$`)
	probes     = regexp.MustCompile(`^[A-Za-z0-9+/:]+$`)
)

// validate returns the first complaint, by name.
func (f *File) validate() error {
	for _, name := range sorted(f.Filters) {
		x := f.Filters[name]
		if !filterName.MatchString(name) {
			return fmt.Errorf("filters: %q is no name", oneLine(name))
		}
		for file := range x.Files {
			if !filterName.MatchString(file) {
				return fmt.Errorf("filters: %s: files: %q is no name", name, oneLine(file))
			}
		}
		if err := checkDigests("filters: "+name, "sha256", x.SHA256, x.Settings, "files", x.Files); err != nil {
			return err
		}
	}
	if f.Projection != "" && !isDigest(f.Projection) {
		return fmt.Errorf("projection: %q is not 64 hex digits", oneLine(f.Projection))
	}
	for _, name := range sorted(f.Teachers) {
		t := f.Teachers[name]
		if !isLabel(name) {
			return fmt.Errorf("teachers: %q is no name", oneLine(name))
		}
		for p := range t.Folders {
			if !platform.MatchString(p) {
				return fmt.Errorf("teachers: %s: folders: %q is not a platform such as linux/amd64", name, oneLine(p))
			}
		}
		if len(t.Probes) > probesBytesMax || t.Probes != "" && !probes.MatchString(t.Probes) {
			return fmt.Errorf("teachers: %s: probes: they are damaged", name)
		}
		if err := checkDigests("teachers: "+name, "embed_id", t.EmbedID, t.Settings, "folders", t.Folders); err != nil {
			return err
		}
	}
	return nil
}

// checkDigests looks at all digests of one entry.
func checkDigests(of, key, digest, settings, table string, values map[string]string) error {
	if !isDigest(digest) {
		return fmt.Errorf("%s: %s: %q is not 64 hex digits", of, key, oneLine(digest))
	}
	if settings != "" && !isDigest(settings) {
		return fmt.Errorf("%s: settings: %q is not 64 hex digits", of, oneLine(settings))
	}
	for _, name := range sorted(values) {
		if !isDigest(values[name]) {
			return fmt.Errorf("%s: %s: %s: %q is not 64 hex digits", of, table, name, oneLine(values[name]))
		}
	}
	return nil
}

func isDigest(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == 64 && strings.ToLower(s) == s
}

// isLabel says whether a teacher may be called that: a file's name may hold
// anything, but the lock is for people to read.
func isLabel(s string) bool {
	return s != "" && len(s) <= labelBytesMax && utf8.ValidString(s) && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// oneLine makes foreign text fit for an error.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 120 {
		s = string(r[:120]) + "…"
	}
	return strings.TrimSpace(s)
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
