package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host/cache"
	"github.com/cubeset/cubeset/host/internal/fsx"
	"github.com/cubeset/cubeset/host/internal/term"
)

func cacheStatsCommand() *cobra.Command {
	var where cacheFlag
	var asJSON bool
	c := &cobra.Command{
		Use: "stats", Short: "Show what the cache holds, by teacher", Args: noArgs,
		Long: `Show what the cache holds and what it has been good for, by teacher: texts it
answered (hits), texts it did not have (misses), damaged vectors it met
(corrupt), and the time that the teacher would have taken for the hits, at the
mean of the texts it did embed. A build adds its counts when it ends.`,
		Example: "  cubeset cache stats\n  cubeset cache stats --cache /data/cubeset-cache --json",
		RunE: func(*cobra.Command, []string) error {
			r, err := readCache(&where)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(r)
			}
			r.print(os.Stdout)
			return nil
		},
	}
	where.add(c)
	jsonFlag(c, &asJSON)
	return c
}

// readCache surveys the cache that a flag names.
func readCache(where *cacheFlag) (cacheReport, error) {
	dir, err := where.locate()
	if err != nil {
		return cacheReport{}, err
	}
	u, err := cache.Survey(dir, fsx.OS{})
	if err != nil {
		return cacheReport{}, fmt.Errorf("cache: %w", err)
	}
	return newCacheReport(dir, u), nil
}

// cacheReport is the JSON of `cache stats`.
type cacheReport struct {
	Path     string `json:"path"`
	Entries  int64  `json:"entries"`
	Segments int    `json:"segments"`
	Unsealed int    `json:"unsealed"` // being written by a build right now, not counted
	Bytes    int64  `json:"bytes"`
	cacheTally
	Teachers []cacheTeacher `json:"teachers"`
	Recipes  []cacheContent `json:"recipes"`
}

// cacheTally is what builds got from the cache.
type cacheTally struct {
	Hits           int64   `json:"hits"`
	Misses         int64   `json:"misses"`
	Corrupt        int64   `json:"corrupt"`
	TeacherTexts   int64   `json:"teacher_texts"`
	TeacherSeconds float64 `json:"teacher_seconds"`
	SavedSeconds   float64 `json:"saved_seconds"`
}

func newCacheTally(t cache.Tally) cacheTally {
	return cacheTally{t.Hits, t.Misses, t.Corrupt, t.TeacherTexts, t.TeacherTime.Seconds(), t.Saved().Seconds()}
}

// cacheTeacher is what the cache holds of one embed_id.
type cacheTeacher struct {
	Teacher string `json:"teacher"`
	Model   string `json:"model"`
	EmbedID string `json:"embed_id"` // empty: nobody has described what is there
	Entries int64  `json:"entries"`
	Bytes   int64  `json:"bytes"`
	cacheTally
	sum cache.Tally
}

// cacheContent is what one teacher has in the cache, for one of its prompts.
type cacheContent struct {
	Recipe  string `json:"recipe"` // its first 8 bytes
	Teacher string `json:"teacher"`
	Model   string `json:"model"`
	EmbedID string `json:"embed_id"`
	Prefix  string `json:"prefix"`
	Entries int64  `json:"entries"`
	Bytes   int64  `json:"bytes"`
}

func newCacheReport(dir string, u cache.Usage) cacheReport {
	r := cacheReport{Path: dir, Entries: u.Entries, Segments: u.Segments, Unsealed: u.Unsealed, Bytes: u.Bytes, Teachers: []cacheTeacher{}, Recipes: []cacheContent{}}
	byID := map[string]*cacheTeacher{}
	for _, recipe := range u.Recipes {
		c := cacheContent{Teacher: "unknown (" + recipe.Prefix + ")"}
		json.Unmarshal(recipe.Doc, &c) // a damaged note leaves it unknown
		c.Recipe, c.Entries, c.Bytes = recipe.Prefix, recipe.Entries, recipe.Bytes
		r.Recipes = append(r.Recipes, c)
		id := cmp.Or(c.EmbedID, c.Recipe)
		t := byID[id]
		if t == nil {
			t = &cacheTeacher{Teacher: c.Teacher, Model: c.Model, EmbedID: c.EmbedID}
			byID[id] = t
		}
		t.Entries, t.Bytes, t.sum = t.Entries+c.Entries, t.Bytes+c.Bytes, t.sum.Plus(recipe.Tally)
	}
	var all cache.Tally
	saved := 0.0
	for _, t := range byID {
		t.cacheTally = newCacheTally(t.sum)
		all, saved = all.Plus(t.sum), saved+t.SavedSeconds
		r.Teachers = append(r.Teachers, *t)
	}
	slices.SortFunc(r.Teachers, func(a, b cacheTeacher) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Teacher, b.Teacher), cmp.Compare(a.EmbedID, b.EmbedID))
	})
	r.cacheTally = newCacheTally(all)
	r.SavedSeconds = saved // each teacher at its own speed
	return r
}

func (r cacheReport) print(w io.Writer) {
	fmt.Fprintf(w, "%s: %s in %s, %s\n", term.Clean(r.Path, pathMax), plural(r.Entries, "vector"), plural(int64(r.Segments), "segment"), size(r.Bytes))
	fmt.Fprintf(w, "  %s hits, %s misses, %s corrupt; about %s of teachers' time saved\n", count(r.Hits), count(r.Misses), count(r.Corrupt), seconds(r.SavedSeconds))
	if len(r.Teachers) > 0 {
		fmt.Fprintf(w, "\n  %-20s %12s  %9s  %12s  %12s  %9s  %s\n", "teacher", "vectors", "size", "hits", "misses", "saved", "embed id")
	}
	for _, t := range r.Teachers {
		fmt.Fprintf(w, "  %-20s %12s  %9s  %12s  %12s  %9s  %.12s\n", term.Clean(t.Teacher, cellMax), count(t.Entries), size(t.Bytes),
			count(t.Hits), count(t.Misses), seconds(t.SavedSeconds), t.EmbedID)
	}
	if r.Unsealed > 0 {
		fmt.Fprintf(w, "  not counted: %s that a build is writing\n", plural(int64(r.Unsealed), "segment"))
	}
}

// pathMax is how much of a path is shown.
const pathMax = 1000
