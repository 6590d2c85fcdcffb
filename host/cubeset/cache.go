package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host/cache"
)

func cacheCommand() *cobra.Command {
	c := &cobra.Command{Use: "cache", Short: "The cache of embeddings", Args: knownCommand, RunE: showHelp}
	c.AddCommand(cacheStatsCommand(), cacheGCCommand(), cacheVerifyCommand(), cacheRepairCommand(), cacheRmCommand())
	return c
}

// cacheFlag names the folder of a cache.
type cacheFlag struct{ dir string }

func (f *cacheFlag) add(c *cobra.Command) {
	c.Flags().StringVar(&f.dir, "cache", "", "folder of the cache (default $CUBESET_CACHE, else the user's cache folder)")
}

// locate is the folder that is meant.
func (f *cacheFlag) locate() (string, error) {
	if f.dir != "" {
		return f.dir, nil
	}
	dir, err := cache.Locate(os.Getenv)
	if err != nil {
		return "", fmt.Errorf("cache: %w; name a folder with --cache", err)
	}
	return dir, nil
}

// parseAge reads a length of time: 90d, 2w, 36h.
func parseAge(s string) (time.Duration, error) {
	day := 24 * time.Hour
	for suffix, unit := range map[string]time.Duration{"d": day, "w": 7 * day} {
		if number, ok := strings.CutSuffix(s, suffix); ok {
			if f, err := strconv.ParseFloat(number, 64); err == nil && f > 0 && f < 1e5 {
				return time.Duration(f * float64(unit)), nil
			}
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return d, nil
	}
	return 0, fmt.Errorf("%q is no age; for example 90d, 2w or 36h", s)
}
