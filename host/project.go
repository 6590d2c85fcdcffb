package host

import (
	"context"
	"fmt"
	"sync"

	"github.com/cubeset/cubeset/host/fit"
	"github.com/cubeset/cubeset/plugins"
)

// projection is how the teacher's vectors come to fill a tensor. The map is
// made when the first row needs it.
type projection struct {
	kind, digest string // digest: of what the kind and the vectors' size leave open
	load         func() (*fit.Map, error)
}

// chooseProjection decides which map takes vectors of dims values to size
// values: none if they are as many, the user's, else the one that needs no data.
func (b *build) chooseProjection(context.Context) error {
	t, size := b.embedder.teacher, b.config.shape().Size()
	dims := t.description.Dims
	p := &projection{kind: fit.Orthonormal, digest: fmt.Sprintf("v1 %d", size)}
	p.load = sync.OnceValues(func() (*fit.Map, error) { return fit.NewOrthonormal(dims, size) })
	switch {
	case b.fitted != nil:
		m := b.fitted
		if m.In != dims || m.Out != size || m.EmbedID != t.embedID {
			return as(ErrConfig, fmt.Errorf("projection: %s takes %d values of teacher %.12s to %d, and this build %d values of teacher %.12s (%s) to %d",
				b.config.Projection, m.In, m.EmbedID, m.Out, dims, t.embedID, t.name, size))
		}
		p = &projection{kind: m.Kind, digest: m.Digest, load: func() (*fit.Map, error) { return m, nil }}
	case dims == size:
		p = &projection{kind: fit.Native}
	case t.description.Matryoshka && dims > size:
		p = &projection{kind: fit.Truncate, digest: fmt.Sprint(size), load: func() (*fit.Map, error) { return fit.NewTruncate(dims, size) }}
	}
	b.projection, b.spaceID = p, plugins.SpaceID(t.embedID, p.kind, p.digest)
	return nil
}

// name is what a dataset says of its projection.
func (p *projection) name() string {
	if p.kind == fit.SVD {
		return p.kind + " sha256:" + p.digest
	}
	return p.kind
}

// project is a step: it gives each row the vectors that are written, of length
// 1. Up to here they are the teacher's own.
func (b *build) project(_ context.Context, c *chunk, rows []row) ([]row, error) {
	if b.projection.kind == fit.Native {
		for i := range rows {
			r := &rows[i]
			r.question, r.answer = unit(r.question, r.questionNorm), unit(r.answer, r.answerNorm)
		}
		return rows, nil
	}
	m, err := b.projection.load()
	if err != nil {
		return nil, err
	}
	kept, space := rows[:0], make([]float32, 2*m.Out*len(rows))
	for i := range rows {
		r, at := rows[i], 2*m.Out*i
		q, a := space[at:at+m.Out:at+m.Out], space[at+m.Out:at+2*m.Out:at+2*m.Out]
		if m.Apply(q, r.question) != nil || m.Apply(a, r.answer) != nil {
			c.drop(&r, "projection", "empty", noScore, false) // all of the vector was in what is cut off
			continue
		}
		r.question, r.answer = q, a
		kept = append(kept, r)
	}
	return kept, nil
}
