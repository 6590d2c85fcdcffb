package host

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/cubeset/cubeset/formats/dialogue"
	"github.com/cubeset/cubeset/host/dedup"
)

// Who appends a row to a million should not wait for a million. The chunks at
// the beginning of the inputs whose bytes are what the build before read, and of
// which all that it made is left, are known: none of them is read, parsed or
// decided again.

// known are all such chunks of a build. They go through it as one item, before
// all others and beside them.
type known struct {
	chunks []*chunk
	twins  *dedup.Exact[dedup.Key]
	ids    *dedup.Exact[idHash]
}

// errNotKnown is why a build begins again, and reads everything: of a chunk that
// was to be known something is missing or damaged.
var errNotKnown = errors.New("the notes of the build before are not whole")

// withKnown are the stages of chunks, and of the item that stands for known ones.
func (b *build) withKnown(s stages[*chunk]) stages[*chunk] {
	return stages[*chunk]{
		prepare: func(ctx context.Context, c *chunk) error {
			if c.known != nil {
				return c.known.recall(b.out)
			}
			return s.prepare(ctx, c)
		},
		decide: func(c *chunk) error {
			if c.known != nil {
				return b.begunBy(c.known)
			}
			return s.decide(c)
		},
		finish: func(ctx context.Context, c *chunk) error {
			if c.known != nil {
				return b.reuseAll(c.known)
			}
			return s.finish(ctx, c)
		},
		collect: func(c *chunk) error {
			if c.known != nil {
				return c.known.each(s.collect)
			}
			return s.collect(c)
		},
	}
}

func (k *known) each(do func(*chunk) error) error {
	for _, c := range k.chunks {
		if err := do(c); err != nil {
			return err
		}
	}
	return nil
}

// recall reads by what the rows of known chunks are known.
func (k *known) recall(o *outdir) error {
	var twins, ids [][]byte
	err := k.each(func(c *chunk) error {
		t, i, ok := o.memo(c.memoKey)
		if !ok {
			return errNotKnown
		}
		twins, ids = append(twins, t), append(ids, i)
		return nil
	})
	if err == nil {
		k.twins = dedup.NewExact(dedup.NewIndex[dedup.Key](slices.Values(twins)))
		k.ids = dedup.NewExact(dedup.NewIndex[idHash](slices.Values(ids)))
	}
	return err
}

// begunBy makes known chunks the first that were decided.
func (b *build) begunBy(k *known) error {
	if b.twins != nil {
		b.twins = k.twins
	}
	b.ids = k.ids
	return k.each(func(c *chunk) error {
		b.number(c)
		return nil
	})
}

// reuseAll takes over all that was made of known chunks.
func (b *build) reuseAll(k *known) error {
	return k.each(func(c *chunk) error {
		if ok, err := b.reuse(c); !ok || err != nil {
			return errors.Join(err, errNotKnown)
		}
		return nil
	})
}

func nothingKnown(*build, *sources) []*chunk { return nil }

// findKnown finds the chunks at the beginning of the inputs whose bytes are what
// they were, and has reading begin behind them.
func (b *build) findKnown(read *sources) (all []*chunk) {
	if read.lookAtFresh(b.begin) != nil {
		return nil // reading will fail as well, and say where
	}
	last := b.last
	if last == nil || last.Seed != read.seed || last.Config != b.configDigest || b.config.Check || !b.memorable() {
		return nil
	}
	places, err := b.out.places(last.Places)
	if err != nil {
		return nil
	}
	for n, in := range b.inputs {
		rest := slices.IndexFunc(places, func(p place) bool { return p.Input != n || p.File != in.path })
		if rest < 0 {
			rest = len(places)
		}
		mine := places[:rest]
		places = places[rest:]
		now, was := read.find(in.path), slices.IndexFunc(last.Read, func(s sourceFile) bool { return s.Path == in.path })
		if now < 0 || was < 0 || len(mine) == 0 {
			return all
		}
		if _, err := read.digest(now); err != nil {
			return all
		}
		file, whole := read.files[now], read.files[now].same(last.Read[was])
		if !whole {
			// Where the last one ends, more may stand by now.
			mine = within(mine[:len(mine)-1], file.unchanged(last.Read[was]))
		}
		if err := b.openAs(in); err != nil {
			return all
		}
		for _, p := range mine {
			if len(p.Digest) != sha256.Size {
				return all
			}
			c := &chunk{input: in, line: p.Line, end: p.End, digest: [32]byte(p.Digest), records: p.Records, repeated: p.Repeated}
			c.Key, c.memoKey = p.Key, b.memoKey(c)
			in.from, all = c.end, append(all, c)
		}
		if !whole {
			return all
		}
		in.known, in.bytes = true, file.Stamp.Size
		b.bytesBefore += in.bytes
	}
	return all
}

// within are the places that end within so many bytes.
func within(places []place, bytes int64) []place {
	for i, p := range places {
		if p.End == nil || p.End.Offset > bytes {
			return places[:i]
		}
	}
	return places
}

// openAs finds out what the format of an input is.
func (b *build) openAs(in *input) error {
	file, err := dialogue.Open(in.path, b.readOptions)
	if err != nil {
		return err
	}
	in.format, in.newParser = file.Format(), file.Parser
	return file.Close()
}
