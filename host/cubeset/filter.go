package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/filters"
)

func filterCommand() *cobra.Command {
	c := &cobra.Command{Use: "filter", Short: "Filters: the WebAssembly modules that judge rows", Args: knownCommand, RunE: showHelp}
	c.AddCommand(filterListCommand(), filterInfoCommand(), filterNewCommand(), filterPackCommand(), filterTestCommand(), filterBenchCommand())
	return c
}

// filterEntry is one element of `filter list --json`.
type filterEntry struct {
	Name     string          `json:"name"`
	Version  string          `json:"version"`
	Stage    string          `json:"stage"`
	Presets  []string        `json:"presets"`
	Reasons  []string        `json:"reasons"`
	Defaults json.RawMessage `json:"defaults"`
	Bytes    int             `json:"bytes"`
	Doc      string          `json:"doc"`
}

func filterListCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "List the bundled filters", Args: noArgs,
		Long:    "List the filters that come with cubeset. A filter of your own is named by its\nfile instead: cubeset build … --filter my-filter.wasm",
		Example: "  cubeset filter list\n  cubeset build dialogues.jsonl -o dataset --filter-option length.question_min=3",
		RunE: func(*cobra.Command, []string) error {
			entries := []filterEntry{}
			for _, f := range filters.All() {
				m, err := wasm.ReadManifest(f.Module)
				if err != nil {
					return fmt.Errorf("%s: %w", f.Name, err)
				}
				e := filterEntry{Name: f.Name, Version: m.Version, Stage: m.Stage(), Presets: []string{}, Defaults: m.ConfigDefaults, Bytes: len(f.Module), Doc: m.Description}
				for _, p := range filters.Presets() {
					if names, _ := filters.Preset(p); slices.Contains(names, f.Name) {
						e.Presets = append(e.Presets, p)
					}
				}
				for _, r := range m.Reasons {
					e.Reasons = append(e.Reasons, r.Name)
				}
				entries = append(entries, e)
			}
			if asJSON {
				return printJSON(entries)
			}
			for _, e := range entries {
				fmt.Printf("%s\n    %s\n    judges %ss, presets: %s, drops for: %s\n    options: %s\n", e.Name, e.Doc, e.Stage, strings.Join(e.Presets, ", "), strings.Join(e.Reasons, ", "), e.Defaults)
			}
			return nil
		},
	}
	jsonFlag(c, &asJSON)
	return c
}
