package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host/cache"
	"github.com/cubeset/cubeset/host/internal/fsx"
	"github.com/cubeset/cubeset/host/internal/term"
)

func cacheCommand() *cobra.Command {
	c := &cobra.Command{Use: "cache", Short: "The cache of embeddings", Args: knownCommand, RunE: showHelp}
	c.AddCommand(cacheStatsCommand())
	return c
}

func cacheStatsCommand() *cobra.Command {
	var dir string
	var asJSON bool
	c := &cobra.Command{
		Use: "stats", Short: "Show what the cache holds, by teacher", Args: noArgs,
		Example: "  cubeset cache stats\n  cubeset cache stats --cache /data/cubeset-cache --json",
		RunE: func(*cobra.Command, []string) (err error) {
			if dir == "" {
				if dir, err = cache.Locate(os.Getenv); err != nil {
					return fmt.Errorf("cache: %w", err)
				}
			}
			u, err := cache.Survey(dir, fsx.OS{})
			if err != nil {
				return fmt.Errorf("cache: %w", err)
			}
			r := newCacheReport(dir, u)
			if asJSON {
				return printJSON(r)
			}
			r.print()
			return nil
		},
	}
	c.Flags().StringVar(&dir, "cache", "", "folder of the cache (default $CUBESET_CACHE, else the user's cache folder)")
	jsonFlag(c, &asJSON)
	return c
}

// cacheReport is the JSON of `cache stats`.
type cacheReport struct {
	Path     string         `json:"path"`
	Entries  int64          `json:"entries"`
	Segments int            `json:"segments"`
	Unsealed int            `json:"unsealed"` // being written by a build right now, not counted
	Bytes    int64          `json:"bytes"`
	Recipes  []cacheContent `json:"recipes"`
}

// cacheContent is what one teacher has in the cache, for one of its prompts.
type cacheContent struct {
	Teacher string `json:"teacher"`
	Model   string `json:"model"`
	EmbedID string `json:"embed_id"`
	Prefix  string `json:"prefix"`
	Entries int64  `json:"entries"`
	Bytes   int64  `json:"bytes"`
}

func newCacheReport(dir string, u cache.Usage) cacheReport {
	r := cacheReport{Path: dir, Entries: u.Entries, Segments: u.Segments, Unsealed: u.Unsealed, Bytes: u.Bytes, Recipes: []cacheContent{}}
	for _, recipe := range u.Recipes {
		c := cacheContent{Teacher: "unknown (" + recipe.Prefix + ")"}
		json.Unmarshal(recipe.Doc, &c) // a damaged note leaves it unknown
		c.Entries, c.Bytes = recipe.Entries, recipe.Bytes
		r.Recipes = append(r.Recipes, c)
	}
	return r
}

func (r cacheReport) print() {
	fmt.Printf("%s: %s in %s, %s\n", term.Clean(r.Path, 1000), plural(r.Entries, "vector"), plural(int64(r.Segments), "segment"), size(r.Bytes))
	for _, c := range r.Recipes {
		fmt.Printf("  %-20s %12s  %9s  %s\n", term.Clean(c.Teacher, cellMax), count(c.Entries), size(c.Bytes), term.Clean(c.Prefix, cellMax))
	}
}
