package host

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/cubeset/cubeset/formats/dialogue"
	"github.com/cubeset/cubeset/host/metrics"
)

// samplePairsMin is the fewest pairs that say anything of a teacher.
const samplePairsMin = 50

// sample is some pairs of the inputs, drawn by the seed and their own ids and
// texts: the same pairs in whatever order the inputs hold them.
type sample struct {
	of         func(*row) bool // the rows it is drawn from; nil: all
	size, seen int
	seed       int64
	pairs      []drawn
	labels     []int // of the answers: equal texts have equal labels
	others     []int // whose answer a pair's question is wrongly put beside, or -1
}

// drawn is a pair of a sample.
type drawn struct {
	question, answer string
	at               dialogue.Pos
	lot              [16]byte // the pairs with the lowest are the sample
}

// draw reads the inputs as a build does, up to the filters that need vectors,
// and draws size pairs of what is left and of says yes to.
func (b *build) draw(ctx context.Context, size int, of func(*row) bool) (*sample, error) {
	s := &sample{of: of, size: size, seed: b.config.Seed}
	err := inOrder(ctx, b.config.Workers, b.chunks(ctx), stages[*chunk]{
		prepare: b.prepare,
		decide:  func(c *chunk) error { b.markTwins(c); return nil },
		finish:  b.dropMarked,
		collect: func(c *chunk) error {
			s.add(c)
			b.progress.Kept.Add(int64(len(c.rows)))
			return b.collect(c)
		},
	})
	if err != nil {
		return nil, err
	}
	s.trim()
	if len(s.pairs) < samplePairsMin {
		return nil, fmt.Errorf("%w: %d of %d rows are left after filtering, and it takes %d%s", ErrTooFewPairs, len(s.pairs), b.total.Read, samplePairsMin, topReasons(&b.total))
	}
	if n := s.shuffle(); n < samplePairsMin {
		return nil, fmt.Errorf("%w: %d of %d have an answer unlike the most frequent one, and it takes %d to put questions beside wrong answers", ErrTooFewPairs, n, len(s.pairs), samplePairsMin)
	}
	return s, nil
}

func (s *sample) add(c *chunk) {
	for i := range c.rows {
		r := &c.rows[i]
		if s.of != nil && !s.of(r) {
			continue
		}
		s.seen++
		s.pairs = append(s.pairs, drawn{r.Question, r.Answer, c.place(r), s.lot(r)})
		if len(s.pairs) == 2*s.size {
			s.trim()
		}
	}
}

// trim keeps the pairs with the lowest lots.
func (s *sample) trim() {
	slices.SortStableFunc(s.pairs, func(p, q drawn) int { return bytes.Compare(p.lot[:], q.lot[:]) })
	if len(s.pairs) > s.size {
		clear(s.pairs[s.size:]) // lets go of their texts
		s.pairs = s.pairs[:s.size]
	}
}

// lot goes by the texts too: ids are labels, and may all be the same.
func (s *sample) lot(r *row) (lot [16]byte) {
	b := append(make([]byte, 0, 1024), "cubeset.sample.v1\x00"...)
	b = binary.LittleEndian.AppendUint64(b, uint64(s.seed))
	for _, text := range []string{r.ID, r.Question, r.Answer} {
		b = append(binary.LittleEndian.AppendUint64(b, uint64(len(text))), text...)
	}
	sum := sha256.Sum256(b)
	copy(lot[:], sum[:])
	return lot
}

// shuffle gives each question the answer of another pair, of another text but
// for case and spacing, and says how many got one.
func (s *sample) shuffle() (n int) {
	known := map[string]int{}
	for _, p := range s.pairs {
		text := dialogue.Fold(p.answer)
		if _, ok := known[text]; !ok {
			known[text] = len(known)
		}
		s.labels = append(s.labels, known[text])
	}
	s.others = metrics.Derange(s.labels, s.seed)
	for _, j := range s.others {
		if j >= 0 {
			n++
		}
	}
	return n
}

// judged is a sample as one teacher sees it: without the pairs it rejects.
type judged struct {
	questions, answers [][]float32
	labels             []int
	trues, shuffled    []float64 // cosines of the pairs, and of the wrong ones
	rejected           int
}

// judge has e's teacher embed the pairs of s, through the cache.
func (s *sample) judge(ctx context.Context, e *embedder) (*judged, error) {
	var all [2][]vector
	err := s.embed(ctx, e, func(q, a []vector) error {
		all[0], all[1] = append(all[0], q...), append(all[1], a...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.compare(all[0], all[1], e.teacher.name)
}

// embed has e's teacher embed the pairs of s, and hands them to do, a batch at a
// time.
func (s *sample) embed(ctx context.Context, e *embedder, do func(questions, answers []vector) error) error {
	for batch := range slices.Chunk(s.pairs, batchRows) {
		var both [2][]vector
		for role, text := range []func(*drawn) string{
			func(p *drawn) string { return p.question }, func(p *drawn) string { return p.answer },
		} {
			texts := make([]string, len(batch))
			for i := range batch {
				texts[i] = text(&batch[i])
			}
			var err error
			both[role], err = e.vectors(context.WithoutCancel(ctx), role, texts)
			if at := (*textError)(nil); errors.As(err, &at) {
				return fmt.Errorf("embed: %v: %w", batch[at.text].at, err)
			}
			if err != nil {
				return fmt.Errorf("embed: %w", err)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		if err := do(both[0], both[1]); err != nil {
			return err
		}
	}
	return nil
}

func (s *sample) compare(questions, answers []vector, teacher string) (*judged, error) {
	j := &judged{}
	rejected := func(i int) bool { return questions[i].code != "" || answers[i].code != "" }
	for i, other := range s.others {
		if rejected(i) {
			j.rejected++
			continue
		}
		q, a := questions[i].floats, answers[i].floats
		j.questions, j.answers, j.labels = append(j.questions, q), append(j.answers, a), append(j.labels, s.labels[i])
		cos, _, _ := cosine(q, a)
		j.trues = append(j.trues, float64(cos))
		if other >= 0 && !rejected(other) {
			cos, _, _ := cosine(q, answers[other].floats)
			j.shuffled = append(j.shuffled, float64(cos))
		}
	}
	if len(j.shuffled) < samplePairsMin {
		return nil, as(ErrTeacher, fmt.Errorf("embed: teacher %s: rejects %d of %d pairs", teacher, j.rejected, len(s.pairs)))
	}
	return j, nil
}

// Threshold is a least cosine and what it keeps of a sample.
type Threshold struct {
	Min      float32 `json:"min"`
	True     float64 `json:"true"`     // share of the true pairs, 0 to 1
	Shuffled float64 `json:"shuffled"` // share of the shuffled pairs
}

// at is what a threshold keeps. It compares as the similarity filter does.
func (j *judged) at(min float32) Threshold {
	share := func(cosines []float64) float64 {
		n := 0
		for _, c := range cosines {
			if c >= float64(min) {
				n++
			}
		}
		return float64(n) / float64(len(cosines))
	}
	return Threshold{min, share(j.trues), share(j.shuffled)}
}
