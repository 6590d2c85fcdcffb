package wasm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"
)

const (
	configBytesMax = 1 << 20
	schemaDepthMax = 16
)

// options is what a manifest says about a filter's configuration.
type options struct {
	known    []string // sorted
	defaults map[string]any
	schema   *jsonschema.Resolved // nil if there is none
}

// newOptions checks the schema, and the defaults against it.
func newOptions(m Manifest) (o options, err error) {
	if o.defaults, err = object(m.ConfigDefaults); err != nil {
		return o, fmt.Errorf("config_defaults: %w", err)
	}
	properties := maps.Keys(o.defaults)
	if len(m.ConfigSchema) > 0 {
		schema, err := readSchema(m.ConfigSchema)
		if err != nil {
			return o, fmt.Errorf("config_schema: %w", err)
		}
		if o.schema, err = schema.Resolve(nil); err != nil {
			return o, fmt.Errorf("config_schema: %w", err)
		}
		properties = maps.Keys(schema.Properties)
	}
	o.known = slices.Sorted(properties)
	if err := o.check(o.defaults); err != nil {
		return o, fmt.Errorf("config_defaults: %w", err)
	}
	return o, nil
}

// readSchema parses a schema from a stranger. References are refused: one that
// points at itself would recurse until the process dies.
func readSchema(raw json.RawMessage) (*jsonschema.Schema, error) {
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	if err := noReferences(tree, 0); err != nil {
		return nil, err
	}
	s := new(jsonschema.Schema)
	if err := json.Unmarshal(raw, s); err != nil {
		return nil, err
	}
	return s, nil
}

func noReferences(tree any, depth int) error {
	if depth > schemaDepthMax {
		return fmt.Errorf("nested deeper than %d", schemaDepthMax)
	}
	switch t := tree.(type) {
	case map[string]any:
		for key, v := range t {
			if key == "$ref" || key == "$dynamicRef" || key == "$recursiveRef" {
				return fmt.Errorf("%s is not allowed", key)
			}
			if err := noReferences(v, depth+1); err != nil {
				return err
			}
		}
	case []any:
		for _, v := range t {
			if err := noReferences(v, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// merge lays the user's values over the defaults and returns the canonical form:
// keys sorted, no spaces, numbers as the shortest that reads back as the same
// float64.
func (o options) merge(user json.RawMessage) (json.RawMessage, error) {
	values, err := object(user)
	if err != nil {
		return nil, err
	}
	merged := maps.Clone(o.defaults)
	maps.Copy(merged, values)
	if err := o.check(merged); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(merged); err != nil {
		return nil, err
	}
	if b.Len() > configBytesMax {
		return nil, fmt.Errorf("%d bytes, at most %d", b.Len(), configBytesMax)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

func (o options) check(values map[string]any) error {
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if slices.Contains(o.known, key) {
			continue
		}
		switch near := nearest(key, o.known); {
		case len(o.known) == 0:
			errs = append(errs, fmt.Errorf("unknown option %q: the filter has none", key))
		case near == "":
			errs = append(errs, fmt.Errorf("unknown option %q: the filter has %q", key, o.known))
		default:
			errs = append(errs, fmt.Errorf("unknown option %q: did you mean %q?", key, near))
		}
	}
	if len(errs) == 0 && o.schema != nil {
		errs = append(errs, o.schema.Validate(values))
	}
	return errors.Join(errs...)
}

// object parses a JSON object; nothing and null are empty ones.
func object(raw json.RawMessage) (map[string]any, error) {
	values := map[string]any{}
	if len(bytes.TrimSpace(raw)) == 0 {
		return values, nil
	}
	if err := json.Unmarshal(raw, &values); err != nil {
		return nil, err
	}
	if values == nil {
		values = map[string]any{}
	}
	return values, nil
}

// nearest is the known word with the fewest edits, or "" if each needs more than
// half of its letters changed.
func nearest(word string, known []string) (best string) {
	fewest := len(word)/2 + 1
	for _, k := range known {
		if d := edits(word, k); d < fewest {
			best, fewest = k, d
		}
	}
	return best
}

// edits is the Levenshtein distance in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
