package host

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cubeset/cubeset/formats/dialogue"
	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/cache"
	"github.com/cubeset/cubeset/host/dedup"
	"github.com/cubeset/cubeset/host/fit"
	"github.com/cubeset/cubeset/host/internal/fsx"
	"github.com/cubeset/cubeset/host/split"
	"github.com/cubeset/cubeset/wasm"
)

// Options is what a build needs of the program around it. The zero Options is
// valid.
type Options struct {
	// Self is how to run this program again as a teacher or a compiler: its
	// argv without the arguments that choose what the child does. Empty means
	// the running binary if it is the cubeset command, else "cubeset" on PATH.
	Self []string
	// Log gets what a person may want to know; nil is silence.
	Log *slog.Logger
	// Progress, if not nil, is kept up to date while the build runs.
	Progress *Progress

	fs fsx.FS // nil: the real one
}

func (o Options) files() fsx.FS {
	if o.fs == nil {
		return fsx.OS{}
	}
	return o.fs
}

// defaultMinSimilarity is the threshold where neither the user nor the teacher
// names one.
const defaultMinSimilarity = 0.3

// build is one build under way.
type build struct {
	config   Config
	options  Options
	log      *slog.Logger
	fs       fsx.FS
	begin    time.Time
	progress *Progress

	inputs                     []*input
	readOptions                dialogue.Options
	chunkRowsMin, chunkRowsMax int
	bytesBefore                int64 // of the inputs read to their end

	lock                       *locked                 // nil: nothing is held back
	sources                    map[string]filterSource // what was compared with the lock, by the name the user gave it
	fitted                     *fit.Map                // nil: no file was named
	sandbox                    *wasm.Runtime
	cacheDir                   string // "": no cache
	compiled                   string // folder of compiled filters to be removed at the end
	textFilters, vectorFilters filterSet
	twins                      *dedup.Exact[dedup.Key] // nil: duplicates stay
	near                       *dedup.Near             // nil: near duplicates stay
	trainQuestions             map[dedup.Key]struct{}  // nil: leaks stay
	ids                        *dedup.Exact[idHash]
	embedder                   *embedder
	instead                    insteadOf
	projection                 *projection
	splitter                   split.Splitter
	similarity                 tensor.Similarity
	schema                     tensor.Schema
	spaceID, configDigest      string
	prepareDigest              string // of the settings that decide what reaches dedup

	out                     *outdir
	last                    *seen          // what the build before saw; nil: nothing is to be believed
	known                   *known         // chunks of the build before that are taken over; nil: none
	equals                  map[string]int // chunks by their bytes
	partsBuilt, partsReused atomic.Int64
	total                   outcome
	done                    []done
}

// done is a chunk that is finished: enough to find its record again.
type done struct {
	place
	memoKey string
}

// open checks the configuration and makes ready all that a build needs,
// cheapest first, so that a mistake is told before anything is started.
func open(ctx context.Context, c Config, o Options) (*build, error) {
	if err := c.Validate(); err != nil {
		return nil, as(ErrConfig, err)
	}
	return openSteps(ctx, c, o, (*build).openInputs, (*build).openCache, (*build).readProjection, (*build).chooseTeacher, (*build).chooseProjection, (*build).openFilters, (*build).describe, (*build).openOut, (*build).sayReplaced)
}

// openSteps makes ready as much of a build as the steps do. c is valid, but
// for what no step needs.
func openSteps(ctx context.Context, c Config, o Options, steps ...func(*build, context.Context) error) (*build, error) {
	if os.Getenv(childEnv) != "" {
		return nil, as(ErrConfig, errors.New("a child of cubeset starts no build: "+childEnv+" is set"))
	}
	b := &build{
		config: c, options: o, log: o.Log, fs: o.files(), begin: time.Now(), progress: o.Progress,
		equals: map[string]int{}, embedder: &embedder{},
		total: outcome{Dropped: map[string]int64{}, Skipped: map[string]int64{}},
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	if b.progress == nil {
		b.progress = &Progress{}
	}
	b.ids = dedup.NewExact[idHash]()
	b.readOptions = c.reading()
	b.chunkRowsMin, b.chunkRowsMax, _ = c.chunkRows()
	b.splitter, _ = split.New(c.Validation, c.Test, c.Seed)
	if err := b.resetTwins(); err != nil {
		return nil, err
	}
	if err := b.openLock(); err != nil {
		return nil, err
	}
	for _, step := range steps {
		if err := step(b, ctx); err != nil {
			if ctx.Err() != nil {
				err = ErrInterrupted
			}
			return nil, errors.Join(err, b.close())
		}
	}
	return b, nil
}

func (b *build) openOut(context.Context) (err error) {
	if b.out, err = claim(b.fs, b.config.Out); err != nil || b.config.Check {
		return err
	}
	if b.last, err = readSeen(b.fs, b.config.Out); err != nil {
		b.last = &seen{} // all of it is looked at, then
	}
	b.out.believeStamps(b.last)
	return nil
}

// openInputs finds every input, and names it: by its base name where that is
// unique, else by its path.
func (b *build) openInputs(context.Context) error {
	paths, err := dialogue.Find(b.config.Inputs)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if paths = notIn(b.config.Out, paths); len(paths) == 0 {
		return errors.New("read: there is nothing but the dataset itself")
	}
	bases := map[string]int{}
	for _, path := range paths {
		bases[filepath.Base(path)]++
	}
	var total int64
	for _, path := range paths {
		in := &input{path: path, name: filepath.Base(path), digest: sha256.New()}
		if bases[in.name] > 1 {
			in.name = path
		}
		if path == "-" {
			in.name = "stdin"
		}
		if fi, err := os.Stat(path); err == nil && fi.Mode().IsRegular() && total >= 0 {
			total += fi.Size()
		} else {
			total = -1 // a pipe, or a file in an archive
		}
		b.inputs = append(b.inputs, in)
	}
	b.progress.BytesTotal.Store(total)
	return nil
}

// notIn leaves out what lies in dir, the folder that is written to: an input
// folder may hold it.
func notIn(dir string, paths []string) (rest []string) {
	out, err := filepath.Abs(dir)
	for _, path := range paths {
		abs, pathErr := filepath.Abs(path)
		if dir != "" && err == nil && pathErr == nil && strings.HasPrefix(abs, out+string(filepath.Separator)) {
			continue
		}
		rest = append(rest, path)
	}
	return rest
}

func (b *build) openTeacher(ctx context.Context) error {
	e, err := b.newEmbedder(ctx, b.config.Teacher, b.embedder.store)
	if err != nil {
		return err
	}
	b.embedder = e
	t := e.teacher
	b.similarity = threshold(b.config, t.description.MinSimilarity)
	if known, ok := b.config.registered(b.config.Teacher); ok && known.Raw && b.similarity.From == "default" {
		b.log.Warn(fmt.Sprintf("teacher %s is a raw language model: no cosine of it says that an answer fits its question. Look for a threshold with cubeset calibrate, or keep all rows with --min-similarity -1", t.name))
	}
	return nil
}

// newEmbedder finds a teacher and ties it to the cache; a nil store is none.
func (b *build) newEmbedder(ctx context.Context, name string, store *cache.Store) (*embedder, error) {
	e := &embedder{store: store, warn: func(format string, args ...any) { b.log.Warn(fmt.Sprintf(format, args...)) }}
	t, err := b.config.findTeacher(ctx, name, b.options, b.config.teacherOptions(b.log), b.lock)
	if err != nil {
		return nil, fmt.Errorf("embed: %w", err)
	}
	e.teacher, t.probes = t, b.newProbes(e)
	d := t.description
	for i, prefix := range []string{d.QuestionPrefix, d.AnswerPrefix} {
		e.roles[i] = role{prefix: prefix, recipe: cache.NewRecipe(t.embedID, prefix)}
		if e.store == nil {
			continue
		}
		doc, err := json.Marshal(map[string]string{"teacher": t.name, "model": d.Model, "revision": d.Revision, "embed_id": t.embedID, "prefix": prefix})
		if err != nil {
			return nil, errors.Join(err, t.close())
		}
		if err := e.store.Describe(e.roles[i].recipe, doc); err != nil {
			e.warn("cache: %v", err)
		}
	}
	return e, nil
}

// threshold is the lowest cosine that stays, and who says so.
func threshold(c Config, registered float64) tensor.Similarity {
	if f, _ := c.minSimilarity(); f != nil {
		return tensor.Similarity{Min: *f, From: "config"}
	}
	if registered >= -1 && registered <= 1 { // NaN: the teacher names none
		return tensor.Similarity{Min: float32(registered), From: "teacher"}
	}
	return tensor.Similarity{Min: defaultMinSimilarity, From: "default"}
}

func (b *build) openFilters(ctx context.Context) (err error) {
	wc := wasm.DefaultConfig()
	wc.Log = func(filter string, level int, msg string) { b.log.Debug(msg, "filter", filter, "level", level) }
	if b.cacheDir != "" {
		wc.CacheDir = filepath.Join(b.cacheDir, "wasm")
	} else if wc.CacheDir, err = os.MkdirTemp("", "cubeset-wasm-"); err != nil {
		return fmt.Errorf("filter: %w", err)
	} else {
		b.compiled = wc.CacheDir
	}
	self, err := b.options.self()
	if err != nil {
		return fmt.Errorf("filter: %w", err)
	}
	wc.Precompile = precompile(wc.CacheDir, self)
	if b.sandbox, err = wasm.NewRuntime(ctx, wc); err != nil {
		return fmt.Errorf("filter: %w", err)
	}
	if b.textFilters, b.vectorFilters, err = b.loadFilters(ctx); err != nil {
		return fmt.Errorf("filter: %w", err)
	}
	return nil
}

// describe fixes what the parts say of themselves, and the digest of every
// setting that decides a byte of them.
func (b *build) describe(context.Context) error {
	t := b.embedder.teacher
	settings := map[string]any{
		"read": b.readOptions, "dedup": b.config.Dedup, "leak": b.config.Leak, "validation": b.config.Validation, "test": b.config.Test, "seed": b.config.Seed,
		"profile": b.config.Profile, "on_error": b.config.OnError, "rejects": b.config.Rejects, "chunk_rows": b.config.ChunkRows,
		"shape": b.config.shape(), "licence": b.config.Licence, "embed_id": t.embedID, "space_id": b.spaceID, "version": Version,
	}
	var digests []string
	for _, f := range b.filters() {
		digests = append(digests, f.name+" "+f.digest)
	}
	settings["filters"] = digests
	if d := b.lockDigest(); d != "" {
		settings["lock"] = d
	}
	doc, err := json.Marshal(settings) // keys in order
	if err != nil {
		return err
	}
	b.configDigest = digestOf(doc)
	if b.prepareDigest, err = b.digestPreparation(); err != nil {
		return err
	}
	b.schema = tensor.Schema{
		Shape: b.config.shape(), Scores: b.filters().names(), Profile: tensor.Profile(b.config.Profile),
		Meta: tensor.Meta{
			FormatVersion: tensor.FormatVersion, Shape: b.config.shape(), Normalised: true,
			Teacher: t.name, EmbedID: t.embedID, SpaceID: b.spaceID, Projection: b.projection.name(),
			ConfigDigest: b.configDigest, LockDigest: b.lockDigest(), Determinism: string(t.description.Determinism),
		},
	}
	return nil
}

// filters is every filter in the order in which it judges.
func (b *build) filters() filterSet {
	return append(append(filterSet{}, b.textFilters...), b.vectorFilters...)
}

// close ends everything open started; it may be called on half of a build.
func (b *build) close() error {
	var errs []error
	if t := b.embedder.teacher; t != nil {
		errs = append(errs, t.close())
	}
	if b.sandbox != nil {
		errs = append(errs, b.sandbox.Close(context.Background()))
	}
	if b.compiled != "" {
		errs = append(errs, os.RemoveAll(b.compiled))
	}
	b.closeCache()
	if b.out != nil {
		errs = append(errs, b.out.release())
	}
	return errors.Join(errs...)
}
