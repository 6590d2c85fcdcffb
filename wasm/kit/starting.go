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

// scan reads the module as a host does before it believes anything of it.
func scan(_ context.Context, k *kit) (string, error) {
	d, err := wasm.Describe(k.module)
	var limit *wasm.LimitError
	switch {
	case errors.As(err, &limit):
		return "", checklist.Broke(advice(wasm.CodeStaticLimit), "%v", err)
	case err != nil:
		return "", checklist.Broke(advice(wasm.CodeCompile), "%v", err)
	}
	return fmt.Sprintf("%d bytes, %d functions, %d imports", d.Bytes, d.Functions, len(d.Imports)), nil
}

// manifest reads the manifest, and asks for what people need in it.
func manifest(_ context.Context, k *kit) (string, error) {
	m, err := wasm.ReadManifest(k.module)
	if err != nil {
		return "", checklist.Broke("mend manifest.json and pack it again: cubeset filter pack", "%v", err)
	}
	k.m = m
	var lacks []string
	lack := func(missing bool, what string) {
		if missing {
			lacks = append(lacks, what)
		}
	}
	lack(m.Version == "", "a version")
	lack(m.Description == "", "a description")
	for _, r := range m.Reasons {
		lack(r.Text == "", "a text for reason "+r.Name)
	}
	schema, defaults, err := k.optionSchema()
	if err != nil {
		return "", err
	}
	for _, name := range slices.Sorted(maps.Keys(schema)) {
		lack(defaults[name] == nil, fmt.Sprintf("a default for option %.40q", name))
	}
	if len(lacks) > 0 {
		return "", checklist.FellShort("add it: people choose filters, and read rejects, by it", "%s lacks %s", m.Name, strings.Join(lacks, ", "))
	}
	return fmt.Sprintf("%s %.40q, for %ss, %d reasons", m.Name, m.Version, m.Stage(), len(m.Reasons)), nil
}

// optionSchema is the properties and the defaults of the options.
func (k *kit) optionSchema() (properties, defaults map[string]json.RawMessage, err error) {
	var schema struct {
		Properties map[string]json.RawMessage
	}
	if len(k.m.ConfigSchema) > 0 {
		err = json.Unmarshal(k.m.ConfigSchema, &schema)
	}
	if len(k.m.ConfigDefaults) > 0 && err == nil {
		err = json.Unmarshal(k.m.ConfigDefaults, &defaults)
	}
	return schema.Properties, defaults, err
}

// load compares imports and exports with the ABI, and compiles.
func load(ctx context.Context, k *kit) (string, error) {
	f, err := k.r.Load(ctx, k.module)
	if err != nil {
		return "", fault(err, "")
	}
	k.f = f
	return "imports and exports are those of the ABI; it compiles", nil
}

// start opens an instance with the options under test.
func start(ctx context.Context, k *kit) (string, error) {
	if _, err := k.f.MergeConfig(k.o.Config); err != nil {
		k.misuse = fmt.Errorf("%w: %w", ErrOptions, err)
		return "", err
	}
	in, err := k.open(ctx)
	if err != nil {
		return "", err
	}
	defer in.Close(ctx)
	return fmt.Sprintf("configured, with %d KiB of memory", in.Memory()>>10), nil
}
