package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host/cache"
	"github.com/cubeset/cubeset/host/internal/term"
)

func cacheRmCommand() *cobra.Command {
	var where cacheFlag
	var asJSON, dryRun bool
	var teacher string
	c := &cobra.Command{
		Use: "rm --teacher NAME|EMBED_ID", Short: "Remove what one teacher has in the cache", Args: noArgs,
		Long: `Remove every vector of one teacher, for all of its prompts, and its counts. It is
named as cache stats shows it, or by its embed id, of which 8 digits are enough.
A name may stand for several models, of which all go.

Builds may go on meanwhile; what one is writing is not touched. Interrupt it
whenever you like and run it again.`,
		Example: "  cubeset cache rm --teacher hash-768 --dry-run\n  cubeset cache rm --teacher hash-768\n  cubeset cache rm --teacher 3f2a77c01b9e",
		RunE: func(*cobra.Command, []string) error {
			if teacher == "" {
				return usageError{errors.New("cache: rm: no teacher to remove (--teacher NAME|EMBED_ID)")}
			}
			held, err := readCache(&where)
			if err != nil {
				return err
			}
			r := removal{Path: held.Path, DryRun: dryRun, Removed: []cacheContent{}}
			var prefixes []string
			for _, c := range held.Recipes {
				if c.is(teacher) {
					r.Removed, prefixes = append(r.Removed, c), append(prefixes, c.Recipe)
				}
			}
			if len(prefixes) == 0 {
				return fmt.Errorf("cache: rm: nothing of a teacher %q in %s%s", term.Clean(teacher, cellMax), term.Clean(held.Path, pathMax), held.known())
			}
			done, err := cache.Remove(held.Path, cache.DefaultOptions(), prefixes, dryRun)
			if err != nil {
				return fmt.Errorf("cache: rm: %w", err)
			}
			r.Entries, r.Bytes, r.Unsealed = done.Entries, done.Bytes, done.Live
			if asJSON {
				return printJSON(r)
			}
			r.print()
			return nil
		},
	}
	where.add(c)
	c.Flags().StringVar(&teacher, "teacher", "", "name or embed id of the teacher")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "only say what would be removed")
	jsonFlag(c, &asJSON)
	return c
}

// idDigitsMin is how much of an embed id names a teacher.
const idDigitsMin = 8

// is says whether a teacher's name or id means c.
func (c cacheContent) is(teacher string) bool {
	return c.Teacher == teacher || len(teacher) >= idDigitsMin && (strings.HasPrefix(c.EmbedID, teacher) || strings.HasPrefix(c.Recipe, teacher))
}

// known lists the teachers of a cache, to choose from.
func (r cacheReport) known() string {
	var names []string
	for _, t := range r.Teachers {
		names = append(names, fmt.Sprintf("%q", term.Clean(t.Teacher, cellMax)))
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) == 0 {
		return ", which is empty"
	}
	return "; it has " + strings.Join(names, ", ")
}

// removal is the JSON of `cache rm`.
type removal struct {
	Path     string         `json:"path"`
	DryRun   bool           `json:"dry_run"`
	Entries  int64          `json:"entries"`
	Bytes    int64          `json:"bytes"`
	Removed  []cacheContent `json:"removed"`
	Unsealed int            `json:"unsealed"` // being written by a build right now, not touched
}

func (r removal) print() {
	verb := "removed"
	if r.DryRun {
		verb = "would be removed"
	}
	fmt.Fprintf(os.Stdout, "%s: %s %s, %s\n", term.Clean(r.Path, pathMax), plural(r.Entries, "vector"), verb, size(r.Bytes))
	for _, c := range r.Removed {
		fmt.Fprintf(os.Stdout, "  %s  %s  %.12s\n", term.Clean(c.Teacher, cellMax), term.Clean(c.Model, cellMax), c.EmbedID)
	}
	if r.Unsealed > 0 {
		fmt.Fprintf(os.Stdout, "  not touched: %s that a build is writing\n", plural(int64(r.Unsealed), "segment"))
	}
}
