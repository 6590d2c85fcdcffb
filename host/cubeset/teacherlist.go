package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host"
	"github.com/cubeset/cubeset/host/internal/term"
)

func teacherListCommand() *cobra.Command {
	var file string
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "List the teachers that have a name", Args: noArgs,
		Long: `List the teachers that have a name: those that come with cubeset, of which the
first need nothing, and your own, under teachers in cubeset.yaml. What one needs,
and whether it is here, says cubeset teacher info. A program of yours is named by
its path instead: cubeset build … --teacher ./my-teacher

A raw language model was not trained to tell whether two texts belong together:
it runs, and no cosine of it promises anything.`,
		Example: "  cubeset teacher list\n  cubeset teacher list --json",
	}
	c.Flags().StringVarP(&file, "config", "c", "", "configuration `FILE` (default ./"+configName+" if it is there)")
	jsonFlag(c, &asJSON)
	c.RunE = func(c *cobra.Command, _ []string) error {
		config, err := configure(file, nil)
		if err != nil {
			return usageError{err}
		}
		cards, err := config.TeacherCards(c.Context())
		if err != nil {
			return fmt.Errorf("teacher list: %w", err)
		}
		if asJSON {
			return printJSON(cards)
		}
		return printTeachers(os.Stdout, cards)
	}
	return c
}

// printTeachers is a line a teacher.
func printTeachers(w io.Writer, cards []host.TeacherCard) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tDIMS\tRUNS IN\tNEEDS\tLICENCE\tRAW")
	for _, c := range cards {
		name, dims, needs, raw := c.Name, strconv.Itoa(c.Dims), strings.Join(c.Needs, ", "), "-"
		if c.Default {
			name += " (default)"
		}
		if c.Own {
			name += " (yours)"
		}
		if c.Dims == 0 {
			dims = "model's"
		}
		if needs == "" {
			needs = "nothing"
		}
		if c.Raw {
			raw = "raw"
		}
		say := func(s string) string { return term.Clean(s, cellMax) }
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", say(name), dims, runsIn(c), say(needs), orDash(say(c.Licence)), raw)
	}
	return t.Flush()
}

// orDash is a cell of a table that may be empty.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
