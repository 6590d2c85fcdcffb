package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host/cache"
	"github.com/cubeset/cubeset/host/internal/term"
)

func cacheGCCommand() *cobra.Command {
	var where cacheFlag
	var asJSON bool
	var maxSize, olderThan string
	var o cache.CollectOptions
	c := &cobra.Command{
		Use: "gc", Short: "Make room in the cache", Args: noArgs,
		Long: `Make room in the cache. What no build has used for --older-than goes, and then
what was not used for the longest time, until the cache is no larger than
--max-size; a segment of up to 256 MiB at a time. Without either, no vector is
lost: small segments are packed together, repetitions dropped, and what
processes left that died is removed.

Builds may go on meanwhile: what one has open stays until it ends, and what one
is writing is not touched. Interrupt it whenever you like.`,
		Example: "  cubeset cache gc --max-size 20GB --dry-run\n  cubeset cache gc --max-size 20GB\n  cubeset cache gc --older-than 90d",
		RunE: func(*cobra.Command, []string) (err error) {
			if maxSize != "" {
				if o.BytesMax, err = cache.ParseSize(maxSize); err != nil {
					return usageError{fmt.Errorf("--max-size: %w", err)}
				}
			}
			if olderThan != "" {
				if o.AgeMax, err = parseAge(olderThan); err != nil {
					return usageError{fmt.Errorf("--older-than: %w", err)}
				}
			}
			dir, err := where.locate()
			if err != nil {
				return err
			}
			o.Now = time.Now()
			done, err := cache.Collect(dir, cache.DefaultOptions(), o)
			if err != nil {
				return fmt.Errorf("cache: gc: %w", err)
			}
			r := newCollection(dir, o.DryRun, done)
			if asJSON {
				return printJSON(r)
			}
			r.print(os.Stdout)
			return nil
		},
	}
	where.add(c)
	c.Flags().StringVar(&maxSize, "max-size", "", "evict down to this size: 20GB, 512MiB")
	c.Flags().StringVar(&olderThan, "older-than", "", "evict what was not used for so long: 90d, 2w, 36h")
	c.Flags().BoolVar(&o.DryRun, "dry-run", false, "only say what would be done")
	jsonFlag(c, &asJSON)
	return c
}

// collection is the JSON of `cache gc`.
type collection struct {
	Path        string       `json:"path"`
	DryRun      bool         `json:"dry_run"`
	BytesBefore int64        `json:"bytes_before"`
	BytesAfter  *int64       `json:"bytes_after"` // null in a dry run
	Evicted     cachePortion `json:"evicted"`
	Packed      cachePortion `json:"packed"`
	Leavings    int          `json:"leavings"`
	Unsealed    int          `json:"unsealed"` // being written by a build right now, not touched
}

type cachePortion struct {
	Segments int   `json:"segments"`
	Entries  int64 `json:"entries"`
	Bytes    int64 `json:"bytes"`
}

func newCollection(dir string, dryRun bool, d cache.Collected) collection {
	r := collection{dir, dryRun, d.BytesBefore, nil, cachePortion(d.Evicted), cachePortion(d.Packed), d.Leavings, d.Live}
	if !dryRun {
		r.BytesAfter = &d.BytesAfter
	}
	return r
}

func (r collection) print(w io.Writer) {
	after, would := "a dry run: nothing is changed", "would be "
	if r.BytesAfter != nil {
		after, would = size(*r.BytesAfter)+" now", ""
	}
	fmt.Fprintf(w, "%s: %s, %s\n", term.Clean(r.Path, pathMax), size(r.BytesBefore), after)
	for _, p := range []struct {
		what string
		cachePortion
	}{{"evicted", r.Evicted}, {"packed", r.Packed}} {
		if p.Segments > 0 {
			fmt.Fprintf(w, "  %s%s: %s with %s, %s\n", would, p.what, plural(int64(p.Segments), "segment"), plural(p.Entries, "vector"), size(p.Bytes))
		}
	}
	if r.Leavings > 0 {
		fmt.Fprintf(w, "  removed: %s that dead processes left\n", plural(int64(r.Leavings), "file"))
	}
	if r.Unsealed > 0 {
		fmt.Fprintf(w, "  not touched: %s that a build is writing\n", plural(int64(r.Unsealed), "segment"))
	}
}
