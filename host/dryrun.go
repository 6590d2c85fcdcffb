package host

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/cubeset/cubeset/host/cache"
)

// DryRunSummary is what a build would do. Its JSON is what `build --dry-run
// --json` prints.
type DryRunSummary struct {
	SchemaVersion int              `json:"schema_version"`
	DryRun        bool             `json:"dry_run"`    // true
	UpToDate      bool             `json:"up_to_date"` // there is nothing to do; Chunks and Texts are then zero
	Read          int64            `json:"read"`
	Dropped       map[string]int64 `json:"dropped"` // of reused chunks all, of others those before embedding
	Skipped       map[string]int64 `json:"skipped"`
	Chunks        struct {
		Build  int64 `json:"build"`
		Reused int64 `json:"reused"`
	} `json:"chunks"`
	Texts struct {
		Cached int64 `json:"cached"` // lookups that the cache answers
		Embed  int64 `json:"embed"`  // different texts for the teacher
	} `json:"texts"` // of the chunks to build
	Teacher string  `json:"teacher"`
	EmbedID string  `json:"embed_id"`
	Seconds float64 `json:"seconds"`
	Out     string  `json:"out"`
}

// DryRun reads the inputs and filters their texts as Build does, and says what
// would be reused, embedded and written. It writes nothing to c.Out, and asks a
// teacher for nothing but what it is.
func DryRun(ctx context.Context, c Config, o Options) (sum DryRunSummary, err error) {
	if s, ok := upToDate(c, o.files(), lookAtSources(ctx, c, o.files())); ok {
		return DryRunSummary{SchemaVersion: 1, DryRun: true, UpToDate: true, Read: s.Read, Dropped: s.Dropped, Skipped: s.Skipped,
			Teacher: s.Teacher.Name, EmbedID: s.Teacher.EmbedID, Seconds: s.Seconds, Out: c.Out}, nil
	}
	if err := c.Validate(); err != nil {
		return sum, as(ErrConfig, err)
	}
	b, err := openSteps(ctx, c, o, (*build).openInputs, (*build).openCache, (*build).readProjection, (*build).chooseTeacher, (*build).chooseProjection, (*build).openFilters, (*build).describe, (*build).lookOut)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, b.close()) }()

	f := foresight{b: b, missing: map[cache.Key]struct{}{}}
	if err = b.findTrainQuestions(ctx); err == nil {
		err = inOrder(ctx, c.Workers, b.chunks(ctx), stages[*chunk]{prepare: b.prepare, decide: b.dedup, finish: f.finish, collect: b.collect})
	}
	t := b.embedder.teacher
	sum = DryRunSummary{SchemaVersion: 1, DryRun: true, Read: b.total.Read, Dropped: b.total.Dropped, Skipped: b.total.Skipped,
		Teacher: t.name, EmbedID: t.embedID, Seconds: time.Since(b.begin).Seconds(), Out: c.Out}
	sum.Chunks.Build, sum.Chunks.Reused = f.build, f.reused
	sum.Texts.Cached, sum.Texts.Embed = f.cached, int64(len(f.missing))
	if err != nil && ctx.Err() != nil {
		err = ErrInterrupted
	}
	return sum, err
}

// lookOut opens the dataset's folder to be read.
func (b *build) lookOut(context.Context) error {
	if err := checkOurs(b.fs, b.config.Out); err != nil {
		return err
	}
	b.out = &outdir{fs: b.fs, dir: b.config.Out, readonly: true}
	if s, err := readSeen(b.fs, b.config.Out); err == nil && !b.config.Check {
		b.out.believeStamps(s)
	}
	return nil
}

// foresight counts what finish would do.
type foresight struct {
	b *build

	mu                    sync.Mutex
	build, reused, cached int64
	missing               map[cache.Key]struct{}
}

func (f *foresight) finish(ctx context.Context, c *chunk) error {
	reused, err := f.b.reuse(c)
	if err != nil {
		return err
	}
	if reused {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.reused++
		return nil
	}
	if err := f.b.dropMarked(ctx, c); err != nil {
		return err
	}
	var keys []cache.Key
	for role, text := range []func(*row) string{question, answer} {
		for i := range c.rows {
			keys = append(keys, f.b.embedder.roles[role].recipe.Key(text(&c.rows[i])))
		}
	}
	c.rows = nil
	found := make([][]byte, len(keys))
	if s := f.b.embedder.store; s != nil {
		if _, err := s.Get(keys, found); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.build++
	for i, key := range keys {
		if found[i] != nil {
			f.cached++
		} else {
			f.missing[key] = struct{}{}
		}
	}
	return nil
}
