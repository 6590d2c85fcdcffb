package host

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"github.com/cubeset/cubeset/host/fit"
	"github.com/cubeset/cubeset/host/internal/fsx"
	"github.com/cubeset/cubeset/host/split"
)

// FitOptions says what a projection is fitted to. It starts from
// DefaultFitOptions.
type FitOptions struct {
	Sample int    // pairs looked at, at most
	File   string // where the projection goes, .safetensors
}

// DefaultFitOptions looks at 10,000 pairs.
func DefaultFitOptions() FitOptions { return FitOptions{Sample: 10_000} }

// FitSummary is what came of Fit. Its JSON is what `teacher fit --json` prints.
type FitSummary struct {
	SchemaVersion int            `json:"schema_version"`
	Read          int64          `json:"read"`
	Sample        int            `json:"sample"` // pairs of train that were embedded
	Teacher       TeacherSummary `json:"teacher"`
	Cache         CacheSummary   `json:"cache"`
	In            int            `json:"in"`     // values of the teacher's vectors
	Out           int            `json:"out"`    // values of a tensor
	Kept          float64        `json:"kept"`   // share of the vectors' squared length
	Change        float64        `json:"change"` // mean change of a pair's cosine
	Unfitted      struct {
		Kind   string  `json:"kind"`
		Change float64 `json:"change"`
	} `json:"unfitted"` // what a build does without the file
	SHA256  string  `json:"sha256"`
	Seconds float64 `json:"seconds"`
	File    string  `json:"file"`
}

// Fit finds the directions along which c.Teacher's vectors of the train rows of
// c.Inputs are longest, as many as a tensor of c.Shape has values, and writes
// them to a file for Config.Projection. It reads the inputs as a build does, up
// to the filters that need vectors, and looks at a sample of the pairs that the
// split puts into train. c.Out need not be set.
func Fit(ctx context.Context, c Config, o Options, fo FitOptions) (sum FitSummary, err error) {
	c.Projection = ""
	if fo.File == "" {
		err = errors.New("no file to write to (-o FILE)")
	}
	if err := errors.Join(err, c.validateReading(), validateSample(fo.Sample, sampleMax)); err != nil {
		return sum, as(ErrConfig, err)
	}
	b, err := openSteps(ctx, c, o, (*build).openInputs, (*build).openCache, (*build).openTeacher, (*build).chooseProjection, (*build).openFilters)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	in, out := b.embedder.teacher.description.Dims, c.shape().Size()
	if in <= out {
		return sum, as(ErrConfig, fmt.Errorf("teacher %s has vectors of %d values, a tensor of shape %s takes %d: nothing is lost without a fitted projection", b.embedder.teacher.name, in, c.shape(), out))
	}
	fitting, err := fit.NewFitting(in)
	if err != nil {
		return sum, as(ErrConfig, err)
	}
	s, err := b.draw(ctx, fo.Sample, func(r *row) bool { return b.splitOf(r) == split.Train })
	if err != nil {
		return sum, b.verdict(ctx, err)
	}
	sum = FitSummary{SchemaVersion: 1, Read: b.total.Read, In: in, Out: out, File: fo.File}
	var pairs [][2][]float32
	err = s.embed(ctx, b.embedder, func(questions, answers []vector) error {
		for i := range questions {
			q, a := questions[i], answers[i]
			if q.code != "" || a.code != "" {
				continue
			}
			pairs = append(pairs, [2][]float32{q.floats, a.floats})
			if err := errors.Join(fitting.Add(q.floats), fitting.Add(a.floats)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return sum, b.verdict(ctx, err)
	}
	m, kept, err := fitting.Map(out)
	if err != nil {
		return sum, as(ErrTooFewPairs, fmt.Errorf("%w; %d pairs of train are there", err, len(pairs)))
	}
	m.EmbedID = b.embedder.teacher.embedID
	doc, err := m.Encode(fitting.Rows())
	if err != nil {
		return sum, err
	}
	plain, err := b.projection.load()
	if err != nil {
		return sum, err
	}
	sum.Sample, sum.Kept, sum.Unfitted.Kind = len(pairs), kept, b.projection.kind
	sum.Change, sum.Unfitted.Change = meanChange(m, pairs), meanChange(plain, pairs)
	total := b.summary()
	sum.Teacher, sum.Cache = total.Teacher, total.Cache
	dir, base := filepath.Split(fo.File)
	if err := fsx.WriteFile(b.fs, filepath.Clean(dir), base, doc); err != nil {
		return sum, err
	}
	read, err := fit.Read(fo.File)
	if err != nil {
		return sum, err
	}
	sum.SHA256, sum.Seconds = read.Digest, time.Since(b.begin).Seconds()
	return sum, nil
}

// meanChange is by how much a map moves the cosines of pairs, on average.
func meanChange(m *fit.Map, pairs [][2][]float32) float64 {
	q, a := make([]float32, m.Out), make([]float32, m.Out)
	sum, n := 0.0, 0
	for _, p := range pairs {
		if m.Apply(q, p[0]) != nil || m.Apply(a, p[1]) != nil {
			continue
		}
		before, _, _ := cosine(p[0], p[1])
		after, _, _ := cosine(q, a)
		sum += math.Abs(float64(after) - float64(before))
		n++
	}
	return sum / max(1, float64(n))
}
