package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host/scaffold"
	"github.com/cubeset/cubeset/wasm/filters"
)

func filterNewCommand() *cobra.Command {
	var lang, parent string
	var names []string
	for _, l := range scaffold.Languages() {
		names = append(names, l.Name)
	}
	c := &cobra.Command{
		Use: "new NAME --lang " + strings.Join(names, "|"), Short: "Start a filter of your own", Args: oneArg("name"),
		Long:    "Make a folder NAME with a filter that works: its rule, a test, the manifest and\nbuild.sh, which leaves NAME.wasm in the folder. What the filter needs of cubeset\nis copied into it; building fetches nothing of ours.",
		Example: "  cubeset filter new polite --lang go\n  polite/build.sh\n  cubeset build dialogues.jsonl -o dataset --filter polite/polite.wasm",
		RunE: func(_ *cobra.Command, args []string) error {
			name := args[0]
			l, err := scaffold.Find(lang)
			if err != nil {
				return usageError{fmt.Errorf("filter new: --lang: %w", err)}
			}
			if _, bundled := filters.Find(name); bundled {
				return usageError{fmt.Errorf("filter new: %s is a bundled filter, and no two filters of a build share a name", name)}
			}
			dir := filepath.Join(parent, name)
			if err := l.Write(dir, name); errors.Is(err, scaffold.ErrName) {
				return usageError{fmt.Errorf("filter new: %w", err)}
			} else if err != nil {
				return fmt.Errorf("filter new: %w", err)
			}
			fmt.Printf("%s: a filter in %s, whose rule is in %s\n\n  cd %s\n  %s\n  ./build.sh\n\nruns its tests and leaves %s.wasm, which cubeset build takes as --filter %s\n",
				dir, l.Title, l.Source, quote(dir), l.Test, name, quote(filepath.Join(dir, name+".wasm")))
			return nil
		},
	}
	c.Flags().StringVar(&lang, "lang", "", "the language: "+strings.Join(names, ", "))
	c.Flags().StringVar(&parent, "dir", ".", "the folder to make it in")
	return c
}
