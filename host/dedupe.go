package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/dedup"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

const (
	semanticSeed = 1                // of the planes: another finds other rows just above the threshold
	semanticKey  = "dedup/semantic" // of the counts
)

// DedupeOptions says which rows repeat an earlier one. It starts from
// DefaultDedupeOptions; the zero DedupeOptions is not valid.
type DedupeOptions struct {
	Threshold float32   // least cosine of a repetition, 0.9 to 1
	On        string    // the vectors it takes: "question", "answer" or "both"
	Progress  *Progress // if not nil, kept up to date; Kept are the rows written

	fs fsx.FS // nil: the real one
}

// DefaultDedupeOptions drops rows whose questions and answers both have a
// cosine of 0.95 or more with an earlier row's.
func DefaultDedupeOptions() DedupeOptions { return DedupeOptions{Threshold: 0.95, On: "both"} }

// DedupeSummary is what came of Dedupe. Its JSON is what `dedup --json` prints.
type DedupeSummary struct {
	SchemaVersion int              `json:"schema_version"`
	Read          int64            `json:"read"` // rows of the dataset
	Kept          int64            `json:"kept"`
	Dropped       map[string]int64 `json:"dropped"` // by this run alone
	Splits        map[string]int64 `json:"splits"`
	Threshold     float32          `json:"threshold"`
	On            string           `json:"on"`
	Parts         int              `json:"parts"`
	Seconds       float64          `json:"seconds"`
	Out           string           `json:"out"`
}

// Dedupe writes to the folder out the dataset in the folder in without the rows
// whose vectors are near an earlier row's, in the order of the manifest. All
// else stays: columns, splits, the order of the rows. What is dropped joins the
// rejects, with the part it was in, its row there and its cosine.
//
// Every kept row's vectors are held in memory: about 6.4 kB a row of 768 values
// on both, 3.3 kB on one. Which rows are found, and that no other is dropped, is
// told at dedup.Semantic.
//
// The dataset in out, if there is one, is replaced when all is done, and stays
// as it was after an error.
func Dedupe(ctx context.Context, in, out string, o DedupeOptions) (sum DedupeSummary, err error) {
	begin := time.Now()
	d, err := openDedupe(in, out, o)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, d.close(err != nil)) }()

	m := d.source
	if m.Rejects, err = d.writeRejects(ctx); err != nil {
		return sum, err
	}
	d.count(&m)
	stats, err := statsJSON(m, &d.stats, "semantic")
	if err != nil {
		return sum, err
	}
	card := tensor.Card(m, tensor.CardOptions{Title: d.title()})
	if err := tensor.Commit(d.fs, out, m, map[string][]byte{"README.md": card, "stats.json": stats}); err != nil {
		return sum, err
	}
	return DedupeSummary{
		SchemaVersion: 1, Read: d.source.Kept, Kept: m.Kept, Dropped: map[string]int64{semanticKey: d.dropped}, Splits: m.Splits,
		Threshold: o.Threshold, On: o.On, Parts: len(m.Parts), Seconds: time.Since(begin).Seconds(), Out: out,
	}, d.tidy()
}

// dedupe is one run of Dedupe.
type dedupe struct {
	options  DedupeOptions
	progress *Progress
	fs       fsx.FS
	in       string
	out      *outdir
	source   tensor.Manifest
	step     tensor.FilterInfo // what the new manifest says of this run
	key      string            // of the last part read; the next one's follows from it
	twins    *dedup.Semantic
	parts    []tensor.PartInfo
	dropped  int64
	stats    stats // of the rows of this run
}

// Validate returns all complaints at once.
func (o DedupeOptions) Validate() error {
	_, err := dedup.NewSemantic(1, o.Threshold, semanticSeed)
	if on := []string{"question", "answer", "both"}; !slices.Contains(on, o.On) {
		err = errors.Join(err, fmt.Errorf("on: unknown value %q%s", o.On, suggest(o.On, on)))
	}
	return err
}

func openDedupe(in, out string, o DedupeOptions) (_ *dedupe, err error) {
	d := &dedupe{options: o, progress: o.Progress, fs: o.fs, in: in}
	if d.fs == nil {
		d.fs = fsx.OS{}
	}
	if d.progress == nil {
		d.progress = &Progress{}
	}
	if err := errors.Join(o.Validate(), checkApart(in, out)); err != nil {
		return nil, as(ErrConfig, err)
	}
	if d.source, err = tensor.ReadManifest(d.fs, in); err != nil {
		return nil, fmt.Errorf("%s: %w", in, err)
	}
	if d.twins, err = dedup.NewSemantic(d.source.Shape.Size(), o.Threshold, semanticSeed); err != nil {
		return nil, err
	}
	config, err := json.Marshal(map[string]any{"on": o.On, "threshold": o.Threshold})
	if err != nil {
		return nil, err
	}
	d.key = digest("cubeset.dedupe.v1", Version, string(config))
	d.step = tensor.FilterInfo{Name: "dedup", Stage: "vector", Digest: d.key, Config: config}
	var total int64
	for _, p := range d.source.Parts {
		total += p.Bytes
	}
	d.progress.BytesTotal.Store(total)
	d.out, err = claim(d.fs, out)
	return d, err
}

// checkApart refuses an output folder that is the dataset's own or inside it.
func checkApart(in, out string) error {
	source, err := os.Stat(in)
	if err != nil {
		return nil // ReadManifest says what is wrong with it
	}
	dir, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	for last := ""; dir != last; last, dir = dir, filepath.Dir(dir) {
		if fi, err := os.Stat(dir); err == nil && os.SameFile(fi, source) {
			return fmt.Errorf("the output folder %s is the dataset's own, or inside it; give another", out)
		}
	}
	return nil
}

// digest is of some words, whatever is in them.
func digest(words ...string) string {
	h := sha256.New()
	for _, w := range words {
		fmt.Fprintf(h, "%d %s", len(w), w)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// writeRejects goes through the whole dataset, writing parts as it goes: the
// rejects are what comes out of that.
func (d *dedupe) writeRejects(ctx context.Context) ([]tensor.PartInfo, error) {
	return d.out.writeRejects(func(yield func(tensor.Reject) bool) error { return d.thin(ctx, yield) })
}

// errUnwanted ends thin when nobody takes the rejects any more.
var errUnwanted = errors.New("the rejects cannot be written")

// thin yields the rejects that the dataset has already, and then each row that
// repeats an earlier one. The other rows it writes.
func (d *dedupe) thin(ctx context.Context, yield func(tensor.Reject) bool) error {
	for _, p := range d.source.Rejects {
		if err := d.oldRejects(p, yield); err != nil {
			return err
		}
	}
	for _, p := range d.source.Parts {
		if err := d.thinPart(ctx, p, yield); err != nil {
			return err
		}
		d.progress.Bytes.Add(p.Bytes)
	}
	return nil
}

func (d *dedupe) oldRejects(p tensor.PartInfo, yield func(tensor.Reject) bool) error {
	f, err := openPart(d.fs, d.in, p)
	if err != nil {
		return err
	}
	defer f.Close()
	for r, err := range tensor.ReadRejects(f, p.Bytes) {
		if err != nil {
			return fmt.Errorf("%s: %w", p.Path, err)
		}
		if !yield(r) {
			return errUnwanted
		}
	}
	return nil
}

// count brings the manifest's counts up to date.
func (d *dedupe) count(m *tensor.Manifest) {
	m.Cubeset, m.Parts, m.Kept = Version, d.parts, 0
	m.Filters = append(slices.Clone(m.Filters), d.step)
	m.Dropped, m.Splits = maps.Clone(m.Dropped), maps.Clone(m.Splits)
	for s := range m.Splits {
		m.Splits[s] = 0
	}
	for _, p := range d.parts {
		m.Kept += p.Rows
		m.Splits[p.Split] += p.Rows
	}
	if d.dropped > 0 {
		count(&m.Dropped, semanticKey, d.dropped)
	}
}

// title is what the card is headed with: as a build does, the inputs.
func (d *dedupe) title() string {
	b := build{}
	for _, in := range d.source.Inputs {
		b.inputs = append(b.inputs, &input{name: in.Name})
	}
	if b.inputs == nil {
		return ""
	}
	return b.title()
}

// tidy removes what an earlier build left in the folder and is not true of the
// new dataset.
func (d *dedupe) tidy() error {
	errs := []error{d.out.forget(nil)}
	for _, name := range []string{"run.json", "report.html", filepath.Join(stateDir, placesName)} {
		if err := d.fs.Remove(filepath.Join(d.out.dir, name)); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// close gives the folder back; after a failure without the files of this run.
func (d *dedupe) close(failed bool) error {
	if failed {
		for _, p := range d.parts {
			d.fs.Remove(filepath.Join(d.out.partsDir(), filepath.Base(p.Path)))
		}
		d.fs.RemoveAll(filepath.Join(d.out.dir, tmpDir, "rejects"))
	}
	return d.out.release()
}
