package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cubeset/cubeset/host/metrics"
)

// compareSampleMax bounds a comparison's pool: its time grows with the square.
const compareSampleMax = 20_000

// CompareOptions says what is compared. It starts from DefaultCompareOptions.
type CompareOptions struct {
	Teachers []string // bundled teachers' names, or paths of teachers' commands
	Sample   int      // pairs looked at, at most, and the size of the pool of answers
}

// DefaultCompareOptions looks at 1,000 pairs, and names no teacher.
func DefaultCompareOptions() CompareOptions { return CompareOptions{Sample: 1000} }

// Validate returns all complaints at once.
func (o CompareOptions) Validate() error {
	errs := []error{validateSample(o.Sample, compareSampleMax)}
	if len(o.Teachers) == 0 {
		errs = append(errs, errors.New("teacher: none to compare"))
	}
	for i, t := range o.Teachers {
		if slices.Contains(o.Teachers[:i], t) {
			errs = append(errs, fmt.Errorf("teacher: %q is there twice", t))
		}
	}
	return errors.Join(errs...)
}

// Comparison is how several teachers do on one sample. Its JSON is what
// `compare --json` prints.
type Comparison struct {
	SchemaVersion int           `json:"schema_version"`
	Read          int64         `json:"read"`     // rows of the inputs
	Pairs         int           `json:"pairs"`    // those left after the filters that need no vectors
	Sample        int           `json:"sample"`   // those looked at
	Teachers      []TeacherRank `json:"teachers"` // the best MRR first, those that failed last
	Seconds       float64       `json:"seconds"`
}

// TeacherRank is one teacher's row.
type TeacherRank struct {
	Teacher       string `json:"teacher"`         // as it was named
	Error         string `json:"error,omitempty"` // why there is nothing more
	*TeacherScore        // nil if the teacher failed
}

// TeacherScore is what a teacher is worth on a sample. A question's answer is
// looked for among all answers of the sample; other answers of the same text
// count as right.
type TeacherScore struct {
	EmbedID        string     `json:"embed_id"`
	Dims           int        `json:"dims"`
	Pool           int        `json:"pool"`     // pairs scored
	Rejected       int        `json:"rejected"` // pairs the teacher refused to embed
	MRR            float64    `json:"mrr"`
	MRRInterval    [2]float64 `json:"mrr_ci"`
	Recall1        float64    `json:"r@1"`
	Recall10       float64    `json:"r@10"`
	NDCG10         float64    `json:"ndcg@10"`
	AUC            float64    `json:"auc"`
	Cosine         MeanCosine `json:"cosine"`
	Own            Threshold  `json:"own"`              // at the threshold a build takes for this teacher
	Default        Threshold  `json:"default"`          // at 0.3
	Texts          int64      `json:"texts"`            // embedded now; the others were in the cache
	TextsPerSecond *float64   `json:"texts_per_second"` // of those; null if there were none
	Seconds        float64    `json:"seconds"`          // from the start to the last vector
}

// Compare reads c.Inputs as a build does, up to the filters that need vectors,
// and has several teachers embed the same sample of the pairs, one after the
// other, through the cache. c.Teacher, c.MinSimilarity and c.Out play no part.
//
// A teacher that fails is a row with its error; the others are compared all
// the same, and the error then returned with the Comparison is ErrTeacher.
func Compare(ctx context.Context, c Config, o Options, co CompareOptions) (out Comparison, err error) {
	if err := errors.Join(c.validateReading(), co.Validate()); err != nil {
		return out, as(ErrConfig, err)
	}
	c.MinSimilarity = "auto"
	b, err := openSteps(ctx, c, o, (*build).openInputs, (*build).openCache, co.known, (*build).openFilters)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	s, err := b.draw(ctx, co.Sample, nil)
	if err != nil {
		return out, b.verdict(ctx, err)
	}
	out = Comparison{SchemaVersion: 1, Read: b.total.Read, Pairs: s.seen, Sample: len(s.pairs)}
	failed := 0
	for _, name := range co.Teachers {
		row := TeacherRank{Teacher: name}
		row.TeacherScore, err = b.score(ctx, name, s)
		if errors.Is(err, ErrTeacher) && ctx.Err() == nil {
			row.Error = err.Error()
			failed++
		} else if err != nil {
			return out, b.verdict(ctx, err)
		}
		out.Teachers = append(out.Teachers, row)
	}
	slices.SortStableFunc(out.Teachers, func(x, y TeacherRank) int { return cmp.Compare(x.place(), y.place()) })
	out.Seconds = time.Since(b.begin).Seconds()
	if failed > 0 {
		return out, as(ErrTeacher, fmt.Errorf("%d of %d teachers failed", failed, len(co.Teachers)))
	}
	return out, nil
}

// known is a step of opening: it tells a name nobody knows before anything is
// paid for.
func (o CompareOptions) known(b *build, ctx context.Context) error {
	for _, name := range o.Teachers {
		if isPath(name) {
			continue
		}
		if _, err := b.newEmbedder(ctx, name, nil); err != nil {
			return err
		}
	}
	return nil
}

// place orders the rows: the best first, those without a score last.
func (r TeacherRank) place() float64 {
	if r.TeacherScore == nil {
		return 1
	}
	return -r.MRR
}

// score has one teacher embed the sample, ends it, and says what it is worth.
func (b *build) score(ctx context.Context, name string, s *sample) (_ *TeacherScore, err error) {
	begin := time.Now()
	e, err := b.newEmbedder(ctx, name, b.embedder.store)
	if err != nil {
		return nil, err
	}
	j, err := s.judge(ctx, e)
	asked := e.teacher.process.Stats()
	t := &TeacherScore{EmbedID: e.teacher.embedID, Dims: e.teacher.description.Dims, Texts: asked.Texts, Seconds: time.Since(begin).Seconds()}
	if err = errors.Join(err, e.teacher.close()); err != nil {
		return nil, err
	}
	if spent := asked.Spent.Seconds(); t.Texts > 0 && spent > 0 {
		rate := float64(t.Texts) / spent
		t.TextsPerSecond = &rate
	}
	own := threshold(b.config, e.teacher.description.MinSimilarity)
	t.Own, t.Default = j.at(own.Min), j.at(defaultMinSimilarity)
	return t, t.measure(j, b.config.Seed)
}

// measure fills in what follows of the vectors.
func (t *TeacherScore) measure(j *judged, seed int64) error {
	ranks, err := metrics.Ranks(j.questions, j.answers, j.labels)
	if err != nil {
		return err
	}
	t.Pool, t.Rejected = len(ranks), j.rejected
	t.MRR, t.Recall1, t.Recall10, t.NDCG10 = metrics.MRR(ranks), metrics.Recall(ranks, 1), metrics.Recall(ranks, 10), metrics.NDCG(ranks, 10)
	t.Cosine = MeanCosine{metrics.Mean(j.trues), metrics.Mean(j.shuffled)}
	if t.AUC, err = metrics.AUC(j.trues, j.shuffled); err != nil {
		return err
	}
	resample := metrics.DefaultBootstrap()
	resample.Seed = seed
	t.MRRInterval, err = resample.MRR(ranks)
	return err
}
