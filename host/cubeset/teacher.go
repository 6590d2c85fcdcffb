package main

import (
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/plugins"
)

func teacherCommand(self []string) *cobra.Command {
	c := &cobra.Command{Use: "teacher", Short: "Teachers: the models that embed", Args: knownCommand, RunE: showHelp}
	c.AddCommand(teacherListCommand(), teacherFitCommand(self), teacherTestCommand(self))
	return c
}

// teacherEntry is one element of `teacher list --json`.
type teacherEntry struct {
	Name          string   `json:"name"`
	Model         string   `json:"model"`
	Revision      string   `json:"revision"`
	Dims          int      `json:"dims"`
	EmbedID       string   `json:"embed_id"`
	Determinism   string   `json:"determinism"`
	MinSimilarity *float64 `json:"min_similarity"` // null: the teacher names none
	Licence       string   `json:"licence"`
	Default       bool     `json:"default"`
	Doc           string   `json:"doc"`
}

func teacherListCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "List the bundled teachers", Args: noArgs,
		Long:    "List the teachers that need no installation. A teacher of your own is named by\nits path instead: cubeset build … --teacher ./my-teacher",
		Example: "  cubeset teacher list\n  cubeset teacher list --json",
		RunE: func(c *cobra.Command, _ []string) error {
			entries := []teacherEntry{}
			for _, t := range plugins.All() {
				d, ok, err := t.Describe(c.Context())
				if err != nil {
					return err
				}
				if !ok {
					continue
				}
				e := teacherEntry{t.Name, d.Model, d.Revision, d.Dims, plugins.EmbedID(d), string(d.Determinism), nil, d.Licence, t.Name == plugins.Default, t.Doc}
				if m := d.MinSimilarity; !math.IsNaN(m) {
					e.MinSimilarity = &m
				}
				entries = append(entries, e)
			}
			if asJSON {
				return printJSON(entries)
			}
			for _, e := range entries {
				mark := ""
				if e.Default {
					mark = " (default)"
				}
				fmt.Printf("%s%s\n    %d numbers, %s, %s", e.Name, mark, e.Dims, e.Determinism, e.Licence)
				if e.MinSimilarity != nil {
					fmt.Printf(", similarity threshold %.2f", *e.MinSimilarity)
				}
				fmt.Printf("\n    %s\n", e.Doc)
			}
			return nil
		},
	}
	jsonFlag(c, &asJSON)
	return c
}
