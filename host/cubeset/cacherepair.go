package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host/cache"
	"github.com/cubeset/cubeset/host/internal/term"
)

func cacheRepairCommand() *cobra.Command {
	var where cacheFlag
	var asJSON bool
	c := &cobra.Command{
		Use: "repair", Short: "Drop what is damaged in the cache and keep the rest", Args: noArgs,
		Long: `Make a damaged cache whole: indexes are made again from the vectors, damaged
vectors are dropped, and every good one is kept. What was dropped is embedded
again by the next build that needs it. What was wrong is listed as by verify.

Builds may go on meanwhile. Interrupt it whenever you like and run it again.`,
		Example: "  cubeset cache verify\n  cubeset cache repair",
		RunE: func(*cobra.Command, []string) error {
			dir, err := where.locate()
			if err != nil {
				return err
			}
			r := reparation{Path: dir, Damages: []cache.Damage{}}
			done, err := cache.Repair(dir, cache.DefaultOptions(), func(d cache.Damage) {
				r.Damages = append(r.Damages, d)
				if !asJSON {
					printDamage(os.Stdout, d)
				}
			})
			if err != nil {
				return fmt.Errorf("cache: repair: %w", err)
			}
			r.Kept, r.Indexes, r.Segments, r.Files, r.Unreadable, r.Unsealed = done.Kept, done.Indexes, done.Segments, done.Files, done.Unreadable, done.Live
			if asJSON {
				err = printJSON(r)
			} else {
				r.print(os.Stdout)
			}
			if r.Unreadable > 0 {
				return fmt.Errorf("cache: repair: %w: %s cannot be read", errDamage, plural(int64(r.Unreadable), "segment"))
			}
			return err
		},
	}
	where.add(c)
	jsonFlag(c, &asJSON)
	return c
}

// reparation is the JSON of `cache repair`.
type reparation struct {
	Path       string         `json:"path"`
	Damages    []cache.Damage `json:"damages"` // that were found, and are no more
	Kept       int64          `json:"kept"`    // vectors
	Indexes    int            `json:"indexes"` // made again
	Segments   int            `json:"segments"`
	Files      int            `json:"files"`      // removed
	Unreadable int            `json:"unreadable"` // segments left as they are
	Unsealed   int            `json:"unsealed"`   // being written by a build right now, not touched
}

func (r reparation) print(w io.Writer) {
	path := term.Clean(r.Path, pathMax)
	if len(r.Damages) == 0 {
		fmt.Fprintf(w, "%s: %s, no damage\n", path, plural(r.Kept, "vector"))
		return
	}
	fmt.Fprintf(w, "%s: %s repaired, %s kept\n", path, plural(int64(len(r.Damages)), "damage"), plural(r.Kept, "vector"))
}

func printDamage(w io.Writer, d cache.Damage) {
	fmt.Fprintf(w, "%s: %s: %s\n", term.Clean(d.File, pathMax), d.Kind, term.Clean(d.Detail, pathMax))
}
