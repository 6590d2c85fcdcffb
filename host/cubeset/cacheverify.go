package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/cubeset/cubeset/host/cache"
	"github.com/cubeset/cubeset/host/internal/term"
)

func cacheVerifyCommand() *cobra.Command {
	var where cacheFlag
	var asJSON bool
	var again recomputing
	var file string
	var flags []*settingFlag
	o := cache.DefaultVerifyOptions()
	c := &cobra.Command{
		Use: "verify", Short: "List every damage in the cache", Args: noArgs,
		Long: `Read the cache and list everything in it that is damaged; with any, the exit code
is 6. Damage costs misses, never a wrong vector: a build does not need this.
Each damage is a line, FILE: KIND: what is wrong. The kinds:

  record           a vector is lost
  segment          the file itself: its header, or the space between vectors
  index, merged    what says where vectors are; nothing is lost
  use, recipe      counts, and what a recipe stands for

--recompute N asks the teacher again for the questions and answers of N rows of
a dataset, since the cache itself holds no text, and compares: a cosine below
0.9999 is a damage of the kind vector. Equal bits are not asked for: most models
give other ones in another batch. The teacher is the one that the dataset names;
if it needs a path, a model or options, give them as to the build.`,
		Example: "  cubeset cache verify\n  cubeset cache verify --sample 0.01\n  cubeset cache verify --recompute 100 --dataset first-dataset",
		RunE: func(c *cobra.Command, _ []string) error {
			if !(o.Sample > 0 && o.Sample <= 1) {
				return usageError{fmt.Errorf("--sample: %v is not above 0 and up to 1", o.Sample)}
			}
			if err := again.check(); err != nil {
				return usageError{err}
			}
			var err error
			if again.teacher, err = configure(file, flags); err != nil {
				return usageError{err}
			}
			if !c.Flags().Changed("teacher") {
				again.teacher.Teacher = "" // the dataset's own
			}
			dir, err := where.locate()
			if err != nil {
				return err
			}
			r := cacheVerification{Path: dir, Damages: []cache.Damage{}}
			o.Seed = rand.Uint64()
			o.Found = func(d cache.Damage) {
				r.Damages = append(r.Damages, d)
				if !asJSON {
					printDamage(os.Stdout, d)
				}
			}
			done, err := cache.Verify(dir, cache.DefaultOptions(), o)
			if err != nil {
				return fmt.Errorf("cache: verify: %w", err)
			}
			r.Segments, r.Unsealed, r.Records, r.Bytes = done.Segments, done.Live, done.Records, done.Bytes
			if again.rows > 0 {
				if r.Recomputed, err = again.run(c.Context(), dir, o.Found); err != nil {
					return fmt.Errorf("cache: verify: %w", err)
				}
			}
			if asJSON {
				err = printJSON(r)
			} else {
				r.print(os.Stdout)
			}
			if len(r.Damages) > 0 {
				err = errors.Join(err, fmt.Errorf("cache: %w: %s in %s; %s", errDamage, plural(int64(len(r.Damages)), "fault"), term.Clean(dir, pathMax), r.remedy()))
			}
			return err
		},
	}
	where.add(c)
	c.Flags().Float64Var(&o.Sample, "sample", o.Sample, "share of vectors to read, chosen at random")
	c.Flags().IntVar(&again.rows, "recompute", 0, "rows of --dataset to ask the teacher for again")
	c.Flags().StringVar(&again.dataset, "dataset", "", "dataset that was built with this cache")
	c.Flags().StringVarP(&file, "config", "c", "", "configuration file with the teacher's settings (default ./"+configName+" if it is there)")
	flags = settingFlags(c.Flags(), "teacher", "model", "teacher-option", "teacher-timeout", "python")
	jsonFlag(c, &asJSON)
	return c
}

// cacheVerification is the JSON of `cache verify`.
type cacheVerification struct {
	Path       string         `json:"path"`
	Segments   int            `json:"segments"`
	Unsealed   int            `json:"unsealed"` // being written by a build right now, not read
	Records    int64          `json:"records"`  // that were read and are whole
	Bytes      int64          `json:"bytes"`
	Damages    []cache.Damage `json:"damages"`
	Recomputed *recomputation `json:"recomputed"` // null unless asked for
}

// remedy says what to do about damage.
func (r cacheVerification) remedy() string {
	isVector := func(d cache.Damage) bool { return d.Kind == damagedVector }
	if !slices.ContainsFunc(r.Damages, isVector) {
		return "cubeset cache repair drops what is damaged"
	}
	return "cubeset cache rm --teacher " + r.Recomputed.EmbedID[:12] + " drops all that this teacher has, cubeset cache repair other damage"
}

func (r cacheVerification) print(w io.Writer) {
	fmt.Fprintf(w, "%s: %s of %s in %s are whole\n", term.Clean(r.Path, pathMax), plural(r.Records, "vector"), size(r.Bytes), plural(int64(r.Segments), "segment"))
	if n := r.Unsealed; n > 0 {
		fmt.Fprintf(w, "  not read: %s that a build is writing\n", plural(int64(n), "segment"))
	}
	if a := r.Recomputed; a != nil {
		fmt.Fprintf(w, "  %s compared with teacher %s: least cosine %.6f; %s not in the cache\n", plural(a.Compared, "text"), term.Clean(a.Teacher, cellMax), a.Least, count(a.Absent))
	}
}
