package filters

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/cubeset/cubeset/wasm"
)

// scriptBytesMax is the longest script: its text travels in the manifest, whose
// limit is 256 KiB.
const scriptBytesMax = 64 << 10

// scriptReason is why a script without reasons drops a row.
const scriptReason = "dropped"

// ErrScript is wrapped by what is wrong with a script before it runs.
var ErrScript = errors.New("not a filter in JavaScript")

// IsScript reports whether a filter's file is a script.
func IsScript(file string) bool { return filepath.Ext(file) == ".js" }

// Script is the filter of a script: the bundled interpreter, with a manifest made
// of what the script declares, and its text among the options. So whatever
// changes the script changes the module. It is called as its file is, without
// ".js" and with _ for - and for dots. The error wraps ErrScript.
func Script(file string, text []byte) ([]byte, error) {
	file = filepath.Base(file)
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%s: %w", file, fmt.Errorf("%w: "+format, append([]any{ErrScript}, args...)...))
	}
	if len(text) > scriptBytesMax {
		return nil, fail("%d bytes, at most %d", len(text), scriptBytesMax)
	}
	reasons, needs, options := []string{scriptReason}, []string{}, map[string]any{}
	var place span
	for _, d := range []struct {
		name    string
		value   any
		example string
	}{{"reasons", &reasons, `["short"]`}, {"needs", &needs, `["context"]`}, {"options", &options, `{"min": 3}`}} {
		at, err := declared(text, d.name, d.value)
		if err != nil {
			return nil, fail("line %d: %s: want JSON, as in const %s = %s: %v", line(text, at.from), d.name, d.name, d.example, err)
		}
		if d.name == "options" {
			place = at
		}
	}
	if _, taken := options[scriptOption]; taken {
		return nil, fail("options: %q is the script itself", scriptOption)
	}
	if len(reasons) == 0 {
		return nil, fail("reasons: want at least one")
	}
	m, err := scriptManifest(file, reasons, needs, options)
	if err != nil {
		return nil, fail("%w", err)
	}
	parts := []string{string(text)}
	if place.to > 0 {
		parts = []string{string(text[:place.from]), string(text[place.to:])}
	}
	options[scriptOption] = map[string]any{
		"file": file, "text": parts, "lines": bytes.Count(text[place.from:place.to], []byte("\n")), "reasons": reasons, "needs": needs,
	}
	if m.ConfigDefaults, err = json.Marshal(options); err != nil {
		return nil, fail("%w", err)
	}
	interpreter := read("script").Module
	module, err := wasm.Pack(interpreter, m)
	if err == nil {
		_, err = wasm.ReadManifest(module) // which also has a limit
	}
	if err != nil {
		return nil, fail("%w", err)
	}
	return module, nil
}

// scriptOption is the option that holds the script.
const scriptOption = "script"

// span is a part of a text; zero if there is none.
type span struct{ from, to int }

// declared reads the constant of that name, which starts a line, into value.
func declared(text []byte, name string, value any) (span, error) {
	at := regexp.MustCompile(`(?m)^const ` + name + `\s*=\s*`).FindIndex(text)
	if at == nil {
		return span{}, nil
	}
	d := json.NewDecoder(bytes.NewReader(text[at[1]:]))
	err := d.Decode(value)
	return span{at[1], at[1] + int(d.InputOffset())}, err
}

// line is the number of the line at an offset.
func line(text []byte, at int) int { return 1 + bytes.Count(text[:at], []byte("\n")) }

// scriptManifest describes a script, but for its defaults.
func scriptManifest(file string, reasons, needs []string, options map[string]any) (wasm.Manifest, error) {
	m, err := wasm.ReadManifest(read("script").Module)
	if err != nil {
		return m, err
	}
	m.Name = strings.NewReplacer("-", "_", ".", "_").Replace(strings.TrimSuffix(file, ".js"))
	m.Description, m.Needs, m.Reasons = file+", in JavaScript", needs, nil
	for i, r := range reasons {
		m.Reasons = append(m.Reasons, wasm.Reason{Code: uint16(min(i+1, 1<<16-1)), Name: r, Text: "as " + file + " says"})
	}
	schema := struct {
		Type       string                     `json:"type"`
		Properties map[string]json.RawMessage `json:"properties"`
	}{}
	if err := json.Unmarshal(m.ConfigSchema, &schema); err != nil {
		return m, err
	}
	for name, value := range options {
		schema.Properties[name] = json.RawMessage(kinds(value))
	}
	m.ConfigSchema, err = json.Marshal(schema)
	return m, err
}

// kinds is the schema of an option with that default: of its type, or anything if
// it is null.
func kinds(value any) string {
	switch value.(type) {
	case bool:
		return `{"type":"boolean"}`
	case float64:
		return `{"type":"number"}`
	case string:
		return `{"type":"string"}`
	case []any:
		return `{"type":"array"}`
	case map[string]any:
		return `{"type":"object"}`
	}
	return `{}`
}
