package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host"
	"github.com/cubeset/cubeset/host/internal/term"
	"github.com/cubeset/cubeset/wasm"
)

// pageBytes is a page of a module's memory.
const pageBytes = 64 << 10

func filterInfoCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "info X.wasm|X.js|NAME", Short: "Show what a filter says about itself", Args: oneArg("filter"),
		Long: `Show a filter's manifest (what it needs, its options with their defaults, the
reasons it drops for) and what its module is made of. The module is read and
checked against the limits, and neither compiled nor run. Exit code 5 if it is
not a filter.`,
		Example: "  cubeset filter info similarity\n  cubeset filter info my-filter.wasm --json",
		RunE: func(_ *cobra.Command, args []string) error {
			info, err := filterInfo(args[0])
			if err != nil {
				return fmt.Errorf("filter info: %w", err)
			}
			if asJSON {
				return printJSON(info)
			}
			return info.print(os.Stdout)
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

// information is what `filter info --json` prints.
type information struct {
	wasm.Manifest
	Stage  string           `json:"stage"`
	Module wasm.Description `json:"module"`
}

func filterInfo(name string) (i information, err error) {
	module, err := host.FilterModule(name)
	if err != nil {
		return i, err
	}
	if i.Module, err = wasm.Describe(module); err != nil {
		return i, notFilter{fmt.Errorf("%s: %w", name, err)}
	}
	if i.Manifest, err = wasm.ReadManifest(module); err != nil {
		return i, notFilter{fmt.Errorf("%s: %w", name, err)}
	}
	i.Stage = i.Manifest.Stage()
	return i, nil
}

// print shows it to a person. All that the module says is foreign text.
func (i *information) print(w io.Writer) error {
	var b strings.Builder
	clean := func(s string) string { return term.Clean(s, errorMax) }
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-9s %s\n", name, fmt.Sprintf(format, args...))
	}
	title := strings.TrimSpace(i.Name + " " + clean(i.Version))
	if i.Description != "" {
		title += ": " + clean(i.Description)
	}
	fmt.Fprintln(&b, title)
	line("stage", "%s", map[string]string{wasm.StageText: "text: it judges rows before they are embedded", wasm.StageVector: "vector: it judges rows after they are embedded"}[i.Stage])
	needs := "the texts alone"
	if len(i.Needs) > 0 {
		needs = "the texts, " + strings.Join(i.Needs, ", ")
	}
	if i.Dim > 0 {
		needs += fmt.Sprintf(" of %d values", i.Dim)
	}
	line("needs", "%s", needs)
	if len(i.Lang) > 0 {
		line("lang", "%s", clean(strings.Join(i.Lang, ", ")))
	}
	if i.FuelPerRow > 0 {
		line("fuel", "%s ticks a row", count(i.FuelPerRow))
	}
	options, err := i.options()
	if err != nil {
		return err
	}
	list(&b, "options", options)
	var reasons [][3]string
	for _, r := range i.Reasons {
		text := clean(r.Text)
		if r.Sensitive {
			text = strings.TrimPrefix(text+"; sensitive: rejects hold no text", "; ")
		}
		reasons = append(reasons, [3]string{fmt.Sprint(r.Code), r.Name, text})
	}
	list(&b, "reasons", reasons)
	m := &i.Module
	line("sha256", "%s", m.SHA256)
	names := "without names"
	if m.Named {
		names = "with names"
	}
	line("module", "%s: code %s, data %s, %s %s", size(int64(m.Bytes)), size(int64(m.CodeBytes)), size(int64(m.DataBytes)), plural(int64(m.Functions), "function"), names)
	for _, e := range m.Memories {
		most := "grows as far as the host lets it"
		if e.Max != nil {
			most = "at most " + size(int64(*e.Max)*pageBytes)
		}
		line("memory", "%s at first, %s", size(int64(e.Min)*pageBytes), most)
	}
	line("imports", "%s", clean(symbolList(m.Imports)))
	line("exports", "%s", clean(symbolList(m.Exports)))
	_, err = io.WriteString(w, b.String())
	return err
}

// options are name, default, and what the schema says of each.
func (i *information) options() (rows [][3]string, err error) {
	var schema struct {
		Properties map[string]json.RawMessage
	}
	if len(i.ConfigSchema) > 0 {
		if err := json.Unmarshal(i.ConfigSchema, &schema); err != nil {
			return nil, fmt.Errorf("config_schema: %w", err)
		}
	}
	defaults := map[string]json.RawMessage{}
	if len(i.ConfigDefaults) > 0 {
		if err := json.Unmarshal(i.ConfigDefaults, &defaults); err != nil {
			return nil, fmt.Errorf("config_defaults: %w", err)
		}
	}
	names := map[string]bool{}
	for name := range defaults {
		names[name] = true
	}
	for name := range schema.Properties {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		var property map[string]json.RawMessage
		_ = json.Unmarshal(schema.Properties[name], &property) // true and false say nothing of it
		var notes []string
		for _, key := range []string{"type", "enum", "minimum", "maximum"} {
			if v, ok := property[key]; ok {
				notes = append(notes, strings.TrimPrefix(key+" ", "type ")+strings.Trim(compact(v), `"`))
			}
		}
		text := strings.Join(notes, ", ")
		var doc string
		if json.Unmarshal(property["description"], &doc) == nil && doc != "" {
			text = strings.TrimSuffix(doc+" ("+text+")", " ()")
		}
		value := "no default"
		if v, ok := defaults[name]; ok {
			value = compact(v)
		}
		rows = append(rows, [3]string{term.Clean(name, cellMax), term.Clean(value, cellMax), term.Clean(text, errorMax)})
	}
	return rows, nil
}

func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return ""
	}
	return b.String()
}

// list writes rows of three columns under a name.
func list(b *strings.Builder, name string, rows [][3]string) {
	if len(rows) == 0 {
		fmt.Fprintf(b, "  %-9s none\n", name)
		return
	}
	var wide [2]int
	for _, r := range rows {
		wide[0], wide[1] = max(wide[0], len([]rune(r[0]))), max(wide[1], len([]rune(r[1])))
	}
	fmt.Fprintf(b, "  %s\n", name)
	for _, r := range rows {
		fmt.Fprintln(b, strings.TrimRight(fmt.Sprintf("    %-*s  %-*s  %s", wide[0], r[0], wide[1], r[1], r[2]), " "))
	}
}

func symbolList(symbols []wasm.Symbol) string {
	var all []string
	for _, s := range symbols {
		all = append(all, s.Name)
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}
