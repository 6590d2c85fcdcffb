package kit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cubeset/cubeset/sdk/checklist"
	"github.com/cubeset/cubeset/wasm"
)

// options tries, one by one, values that the schema allows for each option. A
// filter may refuse one with a status; it must not trap, and must judge with the
// others.
func options(ctx context.Context, k *kit) (string, error) {
	properties, defaults, err := k.optionSchema()
	if err != nil {
		return "", err
	}
	names := map[string]bool{}
	for n := range properties {
		names[n] = true
	}
	for n := range defaults {
		names[n] = true
	}
	if len(names) == 0 {
		return "", checklist.Skip("it has no options")
	}
	few := k.rows.Slice(0, 32)
	tried, refused := 0, 0
	for _, name := range slices.Sorted(maps.Keys(names)) {
		for _, value := range values(properties[name], defaults[name]) {
			config, err := with(k.o.Config, name, value)
			if err != nil {
				return "", err
			}
			if config, err = k.f.MergeConfig(config); err != nil {
				continue // the host refuses it
			}
			tried++
			err = k.tryOption(ctx, config, &few)
			var no refusal
			if errors.As(err, &no) {
				refused++
			} else if err != nil {
				return "", fmt.Errorf("with option %.40q = %.40s: %w", name, value, err)
			}
		}
	}
	return fmt.Sprintf("%d options, %d values, of which it refused %d", len(names), tried, refused), nil
}

// refusal is a filter that will not be configured so.
type refusal struct{}

func (refusal) Error() string { return "refused" }

func (k *kit) tryOption(ctx context.Context, config json.RawMessage, b *wasm.Batch) error {
	in, err := k.f.Open(ctx, config, k.o.Blobs)
	var g *wasm.GuestError
	if errors.As(err, &g) && g.Code == wasm.CodeConfig {
		return refusal{}
	}
	if err != nil {
		return fault(err, "")
	}
	defer in.Close(ctx)
	_, err = k.judgeWith(ctx, config, in, b, named)
	return err
}

// with is a config with one option set.
func with(config json.RawMessage, name string, value json.RawMessage) (json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	if len(config) > 0 {
		if err := json.Unmarshal(config, &all); err != nil {
			return nil, err
		}
	}
	all[name] = value
	return json.Marshal(all)
}

// values are some that a property of a schema may have; the host refuses those
// that it may not.
func values(property, value json.RawMessage) []json.RawMessage {
	var p struct {
		Type             any
		Enum             []json.RawMessage
		Minimum, Maximum json.RawMessage
	}
	_ = json.Unmarshal(property, &p) // true says that it may be anything
	all := slices.Clone(p.Enum)
	add := func(more ...string) {
		for _, v := range more {
			all = append(all, json.RawMessage(v))
		}
	}
	if p.Type == nil { // then it is of the default's kind
		var v any
		_ = json.Unmarshal(value, &v)
		switch v.(type) {
		case bool:
			p.Type = "boolean"
		case float64:
			p.Type = "number"
		case string:
			p.Type = "string"
		case []any:
			p.Type = "array"
		}
	}
	switch p.Type {
	case "boolean":
		add("true", "false")
	case "integer", "number":
		add("0", "1", "-1", "4294967296", "1e15")
		if p.Type == "number" {
			add("0.5", "-0.001", "1e300", "1e-300")
		}
		for _, bound := range []json.RawMessage{p.Minimum, p.Maximum} {
			if bound != nil {
				all = append(all, bound)
			}
		}
	case "string":
		long, _ := json.Marshal(strings.Repeat("long, ", 2000))
		add(`""`, `"a"`, `","`, `"你好,🙂\n\t\"\\\u0000"`, string(long))
	case "array":
		add("[]")
	}
	return all
}
