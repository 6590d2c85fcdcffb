package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/cubeset/cubeset/host/cache"
	"github.com/cubeset/cubeset/plugins"
)

// embedder gives texts their vectors: from the cache, and what is missing
// from the teacher. It is safe for use by several workers.
type embedder struct {
	teacher *teacher
	store   *cache.Store // nil: no cache
	roles   [2]role      // of questions and of answers
	flights flights
	warn    func(format string, args ...any)
	deaf    atomic.Bool // the store takes no more: said once, and the build goes on

	hits, misses atomic.Int64
}

// role is what a teacher wants put before a text, and the cache recipe of it.
type role struct {
	prefix string
	recipe cache.Recipe
}

// embed is a step: it gives each row its vectors and their cosine, and drops
// rows whose texts the teacher rejects.
func (b *build) embed(ctx context.Context, c *chunk, rows []row) ([]row, error) {
	if len(rows) == 0 {
		return rows, nil
	}
	var vectors [2][]vector
	for role, text := range []func(*row) string{question, answer} {
		var err error
		if vectors[role], err = b.embedder.vectors(ctx, role, column(nil, rows, text)); err != nil {
			return nil, placed(err, c, rows)
		}
	}
	kept := rows[:0]
	for i := range rows {
		r, q, a := &rows[i], vectors[0][i], vectors[1][i]
		if q.code != "" || a.code != "" {
			c.drop(r, "teacher", cmp.Or(q.code, a.code), noScore, false)
			continue
		}
		r.question, r.answer = q.floats, a.floats
		r.similarity, r.questionNorm, r.answerNorm = cosine(q.floats, a.floats)
		c.Stats.embedded(r)
		kept = append(kept, *r)
	}
	return kept, nil
}

// textError is a teacher's failure on one text of a batch.
type textError struct {
	text int
	err  error
}

func (e *textError) Error() string { return e.err.Error() }
func (e *textError) Unwrap() error { return e.err }

// placed names the row on whose text a teacher failed.
func placed(err error, c *chunk, rows []row) error {
	var at *textError
	if errors.As(err, &at) {
		return fmt.Errorf("%v: %w", c.place(&rows[at.text]), err)
	}
	return err
}

// vectors returns the vector of each text in its role. A text that stands in
// several rows, or in several batches at the same time, is embedded once.
func (e *embedder) vectors(ctx context.Context, role int, texts []string) ([]vector, error) {
	r := e.roles[role]
	keys, out := make([]cache.Key, len(texts)), make([]vector, len(texts))
	for i, t := range texts {
		keys[i] = r.recipe.Key(t)
	}
	missing, err := e.lookup(keys, out)
	if err != nil || len(missing) == 0 {
		return out, err
	}
	mine, theirs := e.flights.join(keys, missing)
	if len(mine) > 0 {
		if err := e.teach(ctx, r, texts, keys, mine); err != nil {
			return nil, err
		}
	}
	for _, i := range missing {
		f := theirs[keys[i]]
		if err := wait(ctx, f.done); err != nil {
			return nil, err
		}
		if f.err != nil {
			return nil, f.err
		}
		out[i] = f.vector
	}
	return out, nil
}

// lookup fills out from the store and returns which texts it does not have.
func (e *embedder) lookup(keys []cache.Key, out []vector) (missing []int, err error) {
	payloads := make([][]byte, len(keys))
	if e.store != nil {
		if _, err := e.store.Get(keys, payloads); err != nil {
			return nil, err
		}
	}
	for i, p := range payloads {
		if len(p) != 4*e.teacher.description.Dims {
			missing = append(missing, i)
			continue
		}
		out[i].floats = cache.Floats(p)
	}
	e.hits.Add(int64(len(keys) - len(missing)))
	e.misses.Add(int64(len(missing)))
	return missing, nil
}

// teach has the teacher embed the texts of the flights in mine, puts the
// vectors into the store and lands every flight, whatever happens.
func (e *embedder) teach(ctx context.Context, r role, texts []string, keys []cache.Key, mine []*flight) (err error) {
	var failed error // of the teacher as a whole, without the place in this batch
	defer func() { e.flights.land(mine, cmp.Or(failed, err)) }()
	ask := make([]string, len(mine))
	for i, f := range mine {
		ask[i] = r.prefix + texts[f.text]
	}
	rows, dst, err := e.teacher.embed(ctx, ask)
	failed = err
	if perr := e.keep(r, keys, mine[:len(rows)], rows, dst); perr != nil && err == nil {
		return perr
	}
	if at := (*plugins.Error)(nil); errors.As(err, &at) && at.Row >= 0 {
		return &textError{mine[at.Row].text, err}
	}
	return err
}

// keep makes rows and their vectors the results of the flights in mine, and
// stores them: also those of a batch that then failed, so that nothing is paid
// for twice.
func (e *embedder) keep(r role, keys []cache.Key, mine []*flight, rows []plugins.Row, dst []float32) error {
	dims := e.teacher.description.Dims
	var putKeys []cache.Key
	var payloads [][]byte
	for i, f := range mine {
		if rows[i].Err != nil {
			f.code = rows[i].Code
			continue
		}
		f.floats = dst[i*dims : (i+1)*dims : (i+1)*dims]
		putKeys, payloads = append(putKeys, keys[f.text]), append(payloads, cache.Bytes(f.floats))
	}
	return e.put(r, putKeys, payloads, mine)
}

// put stores fresh vectors and makes the flights carry what the store returns
// for them: if another process was first, its vector is the one that counts.
func (e *embedder) put(r role, keys []cache.Key, payloads [][]byte, mine []*flight) error {
	if e.store == nil || len(keys) == 0 || e.deaf.Load() {
		return nil
	}
	if err := e.store.Put(r.recipe, keys, payloads); err != nil {
		if e.deaf.CompareAndSwap(false, true) {
			e.warn("cache: %v: vectors from here on are not cached", err)
		}
		return nil
	}
	stored := make([][]byte, len(keys))
	if _, err := e.store.Get(keys, stored); err != nil {
		return err
	}
	k := 0
	for _, f := range mine {
		if f.code != "" {
			continue
		}
		if stored[k] != nil {
			f.floats = cache.Floats(stored[k])
		}
		k++
	}
	return nil
}
