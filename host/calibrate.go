package host

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/metrics"
)

// sampleMax bounds the pairs whose vectors are held at once.
const sampleMax = 100_000

// CalibrateOptions says how thresholds are looked for. It starts from
// DefaultCalibrateOptions.
type CalibrateOptions struct {
	Sample      int       // pairs looked at, at most
	FalseAccept []float64 // shares of shuffled pairs that may be kept, each above 0 and below 1
}

// DefaultCalibrateOptions looks at 2,000 pairs and at three thresholds.
func DefaultCalibrateOptions() CalibrateOptions {
	return CalibrateOptions{Sample: 2000, FalseAccept: []float64{0.01, 0.05, 0.1}}
}

// Validate returns all complaints at once.
func (o CalibrateOptions) Validate() error {
	errs := []error{validateSample(o.Sample, sampleMax)}
	if len(o.FalseAccept) == 0 {
		errs = append(errs, errors.New("false_accept: no share"))
	}
	for _, f := range o.FalseAccept {
		if !(f > 0 && f < 1) {
			errs = append(errs, fmt.Errorf("false_accept: %v is not between 0 and 1", f))
		}
	}
	return errors.Join(errs...)
}

func validateSample(n, limit int) error {
	if n < samplePairsMin || n > limit {
		return fmt.Errorf("sample: %d is outside %d..%d", n, samplePairsMin, limit)
	}
	return nil
}

// Calibration is what a similarity threshold would keep of true pairs and of
// shuffled ones. Its JSON is what `calibrate --json` prints.
type Calibration struct {
	SchemaVersion int            `json:"schema_version"`
	Read          int64          `json:"read"`     // rows of the inputs
	Pairs         int            `json:"pairs"`    // those left after the filters that need no vectors
	Sample        int            `json:"sample"`   // those looked at
	Shuffled      int            `json:"shuffled"` // questions put beside another pair's answer
	Teacher       TeacherSummary `json:"teacher"`
	Cache         CacheSummary   `json:"cache"`
	AUC           float64        `json:"auc"` // how often a true pair scores above a shuffled one; 0.5 is chance
	AUCInterval   [2]float64     `json:"auc_ci"`
	Cosine        MeanCosine     `json:"cosine"`
	Current       struct {
		Threshold
		From string `json:"from"` // "config", "teacher", "default", "filter_option", or "none": no filter looks at it
	} `json:"current"`
	Choices     []Choice `json:"choices"`
	Recommended *Choice  `json:"recommended"` // of the choices, or null: the teacher tells nothing apart here
	Seconds     float64  `json:"seconds"`
}

// MeanCosine is of the true pairs and of the shuffled ones.
type MeanCosine struct {
	True     float64 `json:"true"`
	Shuffled float64 `json:"shuffled"`
}

// Choice is the lowest threshold, in thousandths, that keeps no more than a
// share of the shuffled pairs.
type Choice struct {
	FalseAccept float64 `json:"false_accept"` // that share
	Threshold
}

// Calibrate reads c.Inputs as a build does, up to the filters that need
// vectors, has c.Teacher embed a sample of the pairs, and compares true pairs
// with shuffled ones. It writes nothing but the cache; c.Out need not be set.
// The same inputs, seed and teacher give the same Calibration, but for its
// counts of cache and time. Fewer than 50 pairs are ErrTooFewPairs.
func Calibrate(ctx context.Context, c Config, o Options, co CalibrateOptions) (cal Calibration, err error) {
	if err := errors.Join(c.validateReading(), co.Validate()); err != nil {
		return cal, as(ErrConfig, err)
	}
	b, err := openSteps(ctx, c, o, (*build).openInputs, (*build).openCache, (*build).openTeacher, (*build).openFilters)
	if err != nil {
		return cal, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	s, err := b.draw(ctx, co.Sample, nil)
	if err != nil {
		return cal, b.verdict(ctx, err)
	}
	j, err := s.judge(ctx, b.embedder)
	if err != nil {
		return cal, b.verdict(ctx, err)
	}
	cal = Calibration{
		SchemaVersion: 1, Read: b.total.Read, Pairs: s.seen, Sample: len(j.trues), Shuffled: len(j.shuffled),
		Cosine: MeanCosine{metrics.Mean(j.trues), metrics.Mean(j.shuffled)},
	}
	sum := b.summary()
	cal.Teacher, cal.Cache = sum.Teacher, sum.Cache
	now := b.appliedThreshold()
	cal.Current.Threshold, cal.Current.From = j.at(now.Min), now.From
	if cal.AUC, err = metrics.AUC(j.trues, j.shuffled); err != nil {
		return cal, err
	}
	resample := metrics.DefaultBootstrap()
	resample.Seed = c.Seed
	if cal.AUCInterval, err = resample.AUC(j.trues, j.shuffled); err != nil {
		return cal, err
	}
	for _, share := range co.FalseAccept {
		cal.Choices = append(cal.Choices, Choice{share, j.at(lowest(j.shuffled, share))})
	}
	if cal.AUCInterval[0] > 0.5 {
		best := slices.MaxFunc(cal.Choices, func(p, q Choice) int { return cmp.Compare(p.True-p.Shuffled, q.True-q.Shuffled) })
		cal.Recommended = &best
	}
	cal.Seconds = time.Since(b.begin).Seconds()
	return cal, nil
}

// appliedThreshold is the least cosine that b's filters keep: the similarity
// filter may have an option of its own, or not be there at all.
func (b *build) appliedThreshold() tensor.Similarity {
	for _, f := range b.filters() {
		if f.name != similarityFilter {
			continue
		}
		var options struct{ Min float32 }
		if json.Unmarshal(f.config, &options) == nil && options.Min != b.similarity.Min {
			return tensor.Similarity{Min: options.Min, From: "filter_option"}
		}
		return b.similarity
	}
	return tensor.Similarity{Min: -1, From: "none"}
}

// lowest is the lowest threshold, in thousandths, that at most a share of the
// cosines reaches; 1 if there is none.
func lowest(cosines []float64, share float64) float32 {
	s := slices.Sorted(slices.Values(cosines))
	first := s[len(s)-1-int(share*float64(len(s)))] // the highest that may not reach it
	m := math.Floor(1000 * first)
	for m < 1000 && float64(float32(m/1000)) <= first {
		m++
	}
	return float32(m / 1000)
}
