package host

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

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
	out    *outdir
	read   *sources
	chunks []*chunk
	asked  atomic.Int32
	index  func() (rowIndex, error) // made once
}

// rowIndex finds rows of known chunks.
type rowIndex struct {
	twins *dedup.Index[dedup.Key]
	ids   *dedup.Index[idHash]
}

// errNotKnown is why a build begins again, and reads everything: of a chunk that
// was to be known something is missing or damaged, or its bytes are others.
var errNotKnown = errors.New("what the build before left is not what it was")

func newKnown(o *outdir, read *sources, chunks []*chunk) *known {
	k := &known{out: o, read: read, chunks: chunks}
	k.index = sync.OnceValues(k.newIndex)
	return k
}

// scans is how many chunks look for their rows among all that are known, which
// takes no memory, before an index of these pays.
const scans = 4

// mark notes which rows of c a known chunk had.
func (k *known) mark(c *chunk) error {
	if k.asked.Add(1) <= scans {
		return k.scan(c)
	}
	index, err := k.index()
	if err != nil {
		return err
	}
	for i := range c.memo {
		m := &c.memo[i]
		m.TwinKnown, m.IDKnown = index.twins.Has(m.Twin), index.ids.Has(m.ID)
	}
	return nil
}

func (k *known) scan(c *chunk) error {
	var twins dedup.Few[dedup.Key]
	var ids dedup.Few[idHash]
	for _, m := range c.memo {
		twins.Add(m.Twin)
		ids.Add(m.ID)
	}
	var buf []byte
	for _, other := range k.chunks {
		memo, ok := k.out.memo(other.memoKey, buf)
		if !ok {
			return errNotKnown
		}
		twins.Look(memo.twins)
		ids.Look(memo.ids)
		buf = memo.doc
	}
	for i := range c.memo {
		m := &c.memo[i]
		m.TwinKnown, m.IDKnown = twins.Found(m.Twin), ids.Found(m.ID)
	}
	return nil
}

func (k *known) newIndex() (x rowIndex, err error) {
	var twins, ids [][]byte
	for _, c := range k.chunks {
		memo, ok := k.out.memo(c.memoKey, nil)
		if !ok {
			return x, errNotKnown
		}
		twins, ids = append(twins, memo.twins), append(ids, memo.ids)
	}
	return rowIndex{dedup.NewIndex[dedup.Key](slices.Values(twins)), dedup.NewIndex[idHash](slices.Values(ids))}, nil
}

// withKnown are the stages of chunks, and of the item that stands for known ones.
func (b *build) withKnown(s stages[*chunk]) stages[*chunk] {
	return stages[*chunk]{
		prepare: func(ctx context.Context, c *chunk) error {
			return c.either(func(*chunk) error { return nil }, func(c *chunk) error { return s.prepare(ctx, c) })
		},
		decide: func(c *chunk) error { return c.either(b.number, s.decide) },
		finish: func(ctx context.Context, c *chunk) error {
			if err := c.either(b.mustReuse, func(c *chunk) error { return s.finish(ctx, c) }); err != nil || c.known == nil {
				return err
			}
			return b.known.read.verify()
		},
		collect: func(c *chunk) error { return c.either(s.collect, s.collect) },
	}
}

// either does known with each chunk that c stands for, or other with c.
func (c *chunk) either(known, other func(*chunk) error) error {
	if c.known == nil {
		return other(c)
	}
	for _, k := range c.known {
		if err := known(k); err != nil {
			return err
		}
	}
	return nil
}

// mustReuse takes over what was made of a known chunk.
func (b *build) mustReuse(c *chunk) error {
	ok, err := b.reuse(c)
	if !ok && err == nil {
		err = errNotKnown
	}
	return err
}

func nothingKnown(*build, *sources) *known { return nil }

// findKnown finds the chunks at the beginning of the inputs whose bytes are what
// they were, and has reading begin behind them. Nothing has been read so far.
func (b *build) findKnown(read *sources) *known {
	if read.lookAtFresh() != nil {
		return nil // reading will fail as well, and say where
	}
	last := b.last
	if last == nil || last.Seed != read.seed || last.Config != b.configDigest || !b.memorable() {
		return nil
	}
	if all := b.unchanged(read, last); len(all) > 0 {
		return newKnown(b.out, read, all)
	}
	return nil
}

// unchanged are those chunks, of one input after another up to the first change.
func (b *build) unchanged(read *sources, last *seen) (all []*chunk) {
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
		i, was := read.find(in.path), last.find(in.path)
		if i < 0 || was == nil || len(mine) == 0 {
			return all
		}
		whole, err := read.same(i, was)
		if err == nil && !whole {
			var n int64
			n, err = read.unchanged(i, was)
			mine = within(mine[:len(mine)-1], n) // where the last one ended, more may stand now
		}
		if err != nil {
			return all
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
		in.known, in.bytes = true, was.Stamp.Size
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
