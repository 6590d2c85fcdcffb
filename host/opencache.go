package host

import (
	"context"
	"fmt"
	"os"

	"github.com/cubeset/cubeset/host/cache"
)

// openCache opens the embedding cache, in whose folder compiled filters are kept
// too. One that cannot be used is told before anything is paid for.
func (b *build) openCache(context.Context) (err error) {
	if b.config.Cache == "off" {
		return nil
	}
	dir := b.config.Cache
	if dir == "" {
		if dir, err = cache.Locate(os.Getenv); err != nil {
			return fmt.Errorf("cache: %w; name a folder with --cache, or use --cache off", err)
		}
	}
	o := cache.DefaultOptions()
	o.FS = b.fs
	if b.embedder.store, err = cache.Open(dir, o); err != nil {
		return fmt.Errorf("cache: %w; name another folder with --cache, or use --cache off", err)
	}
	b.cacheDir = dir
	return nil
}

// closeCache notes for cache stats what the cache was good for, and closes it. A
// cache that cannot be closed properly has not spoiled what was built.
func (b *build) closeCache() {
	e := b.embedder
	if e.store == nil {
		return
	}
	if t := e.teacher; t != nil {
		asked := t.process.Stats()
		e.store.Account(e.roles[0].recipe, cache.Tally{
			Hits: e.hits.Load(), Misses: e.misses.Load(), Corrupt: e.store.Stats().Corrupt,
			TeacherTexts: asked.Texts, TeacherTime: asked.Spent,
		})
	}
	if err := e.store.Close(); err != nil {
		b.log.Warn(fmt.Sprintf("cache: %v", err))
	}
}

// capCache makes room in the cache, once it is closed, if it is larger than the
// user wants it. What could not be removed has not spoiled what was built.
func (b *build) capCache() error {
	if b.config.CacheMax == "" || b.cacheDir == "" {
		return nil
	}
	limit, err := cache.ParseSize(b.config.CacheMax)
	if err != nil {
		return as(ErrConfig, err)
	}
	o := cache.DefaultOptions()
	o.FS = b.fs
	done, err := cache.Trim(b.cacheDir, o, limit)
	switch {
	case err != nil:
		b.log.Warn(fmt.Sprintf("cache: it could not be cut to %s: %v", b.config.CacheMax, err))
	case done.Evicted.Segments > 0:
		b.log.Info(fmt.Sprintf("cache: %d vectors that were not used for longest were removed, to stay within %s", done.Evicted.Entries, b.config.CacheMax))
	}
	return nil
}
