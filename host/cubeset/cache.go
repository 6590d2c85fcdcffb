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

// parseSize reads a number of bytes: 20GB, 1.5TB, 512MiB, 1000.
func parseSize(s string) (int64, error) {
	unit := int64(1)
	number := strings.TrimSpace(s)
	for i, units := range [][]string{{"KB", "KiB"}, {"MB", "MiB"}, {"GB", "GiB"}, {"TB", "TiB"}} {
		for j, u := range units {
			if len(number) > len(u) && strings.EqualFold(number[len(number)-len(u):], u) {
				number = strings.TrimSpace(number[:len(number)-len(u)])
				unit = pow([]int64{1000, 1024}[j], i+1)
			}
		}
	}
	f, err := strconv.ParseFloat(strings.TrimSuffix(number, "B"), 64)
	if n := f * float64(unit); err == nil && n >= 1 && n < 1<<62 {
		return int64(n), nil
	}
	return 0, fmt.Errorf("%q is no size; for example 20GB or 512MiB", s)
}

func pow(base int64, n int) int64 {
	p := int64(1)
	for range n {
		p *= base
	}
	return p
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
