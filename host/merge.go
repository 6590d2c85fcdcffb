package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

// mergeKey counts the rows of parts that were in several of the datasets.
const mergeKey = "merge/twice"

// MergeOptions are what Merge may be told.
type MergeOptions struct {
	Progress *Progress // if not nil, kept up to date

	fs fsx.FS // nil: the real one
}

// MergeSummary is what came of Merge. Its JSON is what `merge --json` prints.
type MergeSummary struct {
	SchemaVersion int              `json:"schema_version"`
	Datasets      int              `json:"datasets"`
	Read          int64            `json:"read"` // rows of all datasets
	Kept          int64            `json:"kept"`
	Dropped       map[string]int64 `json:"dropped"` // by this run alone
	Splits        map[string]int64 `json:"splits"`
	Parts         int              `json:"parts"`
	SpaceID       string           `json:"space_id"`
	Seconds       float64          `json:"seconds"`
	Out           string           `json:"out"`
}

// Merge writes to the folder out a dataset of all rows of the datasets in ins,
// one after the other. Their parts and rejects are copied as they are, once
// their sums have been compared; the datasets themselves are not touched.
//
// The datasets have to be alike in all that makes rows comparable: the space of
// the embeddings, the shape, the columns, the profile. They also need the same
// seed and shares of the split: a dialogue that is in several of them is then
// in the same split of each, so that no dialogue comes to be in two.
//
// Rows are not compared; ids may repeat. But a part that is in several datasets,
// to the byte, is taken once, and its rows are counted as dropped.
//
// The dataset in out, if there is one, is replaced when all is done, and stays
// as it was after an error.
func Merge(ctx context.Context, ins []string, out string, o MergeOptions) (sum MergeSummary, err error) {
	begin := time.Now()
	m, err := openMerge(ins, out, o)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, m.close(err != nil)) }()

	result, err := m.manifest()
	if err != nil {
		return sum, err
	}
	if err := m.copyParts(ctx); err != nil {
		return sum, err
	}
	result.Parts, result.Dropped = m.parts, m.dropped
	for _, p := range m.parts {
		result.Kept += p.Rows
		result.Splits[p.Split] += p.Rows
	}
	if result.Rejects, err = m.writeRejects(ctx); err != nil {
		return sum, err
	}
	card := tensor.Card(result, tensor.CardOptions{Title: title(result.Inputs)})
	if err := tensor.Commit(m.fs, out, result, map[string][]byte{"README.md": card}); err != nil {
		return sum, err
	}
	return MergeSummary{
		SchemaVersion: 1, Datasets: len(ins), Read: result.Kept + m.twice, Kept: result.Kept, Dropped: map[string]int64{mergeKey: m.twice}, Splits: result.Splits,
		Parts: len(m.parts), SpaceID: result.Teacher.SpaceID, Seconds: time.Since(begin).Seconds(), Out: out,
	}, m.tidy()
}

// merge is one run of Merge.
type merge struct {
	progress *Progress
	fs       fsx.FS
	out      *outdir
	sources  []source
	parts    []tensor.PartInfo
	dropped  map[string]int64
	twice    int64 // rows of parts that were there before
}

// source is one of the datasets.
type source struct {
	dir string
	tensor.Manifest
}

func openMerge(ins []string, out string, o MergeOptions) (*merge, error) {
	m := &merge{progress: o.Progress, fs: o.fs, dropped: map[string]int64{}}
	if m.fs == nil {
		m.fs = fsx.OS{}
	}
	if m.progress == nil {
		m.progress = &Progress{}
	}
	if len(ins) < 2 {
		return nil, as(ErrConfig, fmt.Errorf("want two datasets or more, got %d", len(ins)))
	}
	var total int64
	for _, in := range ins {
		if err := checkApart(in, out); err != nil {
			return nil, as(ErrConfig, err)
		}
		manifest, err := tensor.ReadManifest(m.fs, in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", in, err)
		}
		s := source{in, manifest}
		if len(m.sources) > 0 {
			if err := s.fits(m.sources[0]); err != nil {
				return nil, err
			}
		}
		m.sources = append(m.sources, s)
		for _, p := range s.Parts {
			total += p.Bytes
		}
	}
	m.progress.BytesTotal.Store(total)
	var err error
	m.out, err = claim(m.fs, out)
	return m, err
}

// fits says all that keeps s from being in one dataset with first.
func (s source) fits(first source) error {
	var differ []string
	for _, c := range []struct{ what, a, b string }{
		{"space_id", first.Teacher.SpaceID, s.Teacher.SpaceID},
		{"embed_id", first.Teacher.EmbedID, s.Teacher.EmbedID},
		{"projection", first.Teacher.Projection, s.Teacher.Projection},
		{"teacher", first.Teacher.Name, s.Teacher.Name},
		{"determinism", first.Teacher.Determinism, s.Teacher.Determinism},
		{"normalised", fmt.Sprint(first.Normalised), fmt.Sprint(s.Normalised)},
		{"shape", first.Shape.String(), s.Shape.String()},
		{"profile", string(first.Profile), string(s.Profile)},
		{"score columns", strings.Join(first.Scores, ","), strings.Join(s.Scores, ",")},
		{"seed", fmt.Sprint(first.Split.Seed), fmt.Sprint(s.Split.Seed)},
		{"validation", share(first.Split.Validation), share(s.Split.Validation)},
		{"test", share(first.Split.Test), share(s.Split.Test)},
	} {
		if c.a != c.b {
			differ = append(differ, fmt.Sprintf("%s %q and %q", c.what, c.a, c.b))
		}
	}
	if len(differ) > 0 {
		return fmt.Errorf("%s and %s do not fit together: %s", first.dir, s.dir, strings.Join(differ, ", "))
	}
	return nil
}

// share is a share of the split in one spelling: 0.10 is 0.1.
func share(s string) string {
	if r, ok := new(big.Rat).SetString(s); ok {
		return r.RatString()
	}
	return s
}

// manifest is that of the new dataset, but for what is counted in its parts. It
// claims of the filters and the settings what is true of every row.
func (m *merge) manifest() (tensor.Manifest, error) {
	r := m.sources[0].Manifest
	r.Cubeset, r.Parts, r.Rejects, r.Inputs, r.Kept, r.Read = Version, nil, nil, nil, 0, 0
	r.Skipped, r.Splits = map[string]int64{}, map[string]int64{}
	for _, s := range m.sources {
		r.Read += s.Read
		for key, n := range s.Dropped {
			m.dropped[key] += n
		}
		for key, n := range s.Skipped {
			r.Skipped[key] += n
		}
		for split := range s.Splits {
			r.Splits[split] = 0
		}
		r.Inputs = append(r.Inputs, s.Inputs...)
		if s.Similarity != r.Similarity {
			r.Similarity = tensor.Similarity{Min: min(r.Similarity.Min, s.Similarity.Min), From: "merge"}
		}
		if s.ConfigDigest != r.ConfigDigest {
			r.ConfigDigest = ""
		}
		if s.LockDigest != r.LockDigest {
			r.LockDigest = ""
		}
		r.Filters = slices.DeleteFunc(slices.Clone(r.Filters), func(f tensor.FilterInfo) bool { return !s.has(f) })
	}
	return r, nil
}

// has says whether the rows of s passed this filter, with these settings.
func (s source) has(f tensor.FilterInfo) bool {
	return slices.ContainsFunc(s.Filters, func(g tensor.FilterInfo) bool {
		return g.Name == f.Name && g.Stage == f.Stage && g.Digest == f.Digest && string(g.Config) == string(f.Config)
	})
}

func (m *merge) copyParts(ctx context.Context) error {
	if err := m.fs.MkdirAll(m.out.partsDir(), 0o755); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	sums := map[string]string{} // of what is taken already, by path
	for _, s := range m.sources {
		for _, p := range s.Parts {
			if ctx.Err() != nil {
				return ErrInterrupted
			}
			m.progress.Read.Add(p.Rows)
			m.progress.Bytes.Add(p.Bytes)
			from := p
			if sum, taken := sums[p.Path]; taken && sum != p.SHA256 {
				p.Path = "data/" + p.Split + "-" + p.SHA256[:16] + ".parquet" // the name is another part's
			}
			if sums[p.Path] == p.SHA256 {
				m.twice += p.Rows
				m.dropped[mergeKey] += p.Rows
				continue
			}
			sums[p.Path] = p.SHA256
			if err := m.copyPart(s.dir, from, filepath.Join(m.out.partsDir(), filepath.Base(p.Path))); err != nil {
				return fmt.Errorf("%s: %w", s.dir, err)
			}
			m.progress.Kept.Add(p.Rows)
			m.parts = append(m.parts, p)
		}
	}
	return nil
}

// copyPart copies, and makes no hard link: a later build may write over what an
// interrupted merge left behind, and must not reach the dataset it came from.
func (m *merge) copyPart(dir string, p tensor.PartInfo, to string) error {
	r, err := m.fs.Open(filepath.Join(dir, filepath.FromSlash(p.Path)))
	if err != nil {
		return err
	}
	defer r.Close()
	return createFile(m.fs, to, func(w io.Writer) error { return copyPart(w, r, p) })
}

// writeRejects puts the rejects of all datasets one after the other.
func (m *merge) writeRejects(ctx context.Context) ([]tensor.PartInfo, error) {
	return m.out.writeRejects(func(yield func(tensor.Reject) bool) error {
		for _, s := range m.sources {
			for _, p := range s.Rejects {
				if err := m.rejectsOf(ctx, s, p, yield); err != nil {
					return fmt.Errorf("%s: %w", s.dir, err)
				}
			}
		}
		return nil
	})
}

func (m *merge) rejectsOf(ctx context.Context, s source, p tensor.PartInfo, yield func(tensor.Reject) bool) error {
	f, err := openPart(m.fs, s.dir, p)
	if err != nil {
		return err
	}
	defer f.Close()
	for r, err := range tensor.ReadRejects(f, p.Bytes) {
		if err != nil {
			return fmt.Errorf("%s: %w", p.Path, err)
		}
		if ctx.Err() != nil {
			return ErrInterrupted
		}
		if !yield(r) {
			return errUnwanted
		}
	}
	return nil
}

// title is what the card is headed with: as a build does, the inputs.
func title(inputs []tensor.Input) string {
	return (&dedupe{source: tensor.Manifest{Inputs: inputs}}).title()
}

// tidy removes what an earlier build left in the folder and is not true of the
// new dataset.
func (m *merge) tidy() error {
	err := m.fs.Remove(filepath.Join(m.out.dir, "stats.json"))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, (&dedupe{fs: m.fs, out: m.out}).tidy())
}

// close gives the folder back; after a failure without the files of this run.
func (m *merge) close(failed bool) error {
	if failed {
		for _, p := range m.parts {
			if err := m.fs.Remove(filepath.Join(m.out.partsDir(), filepath.Base(p.Path))); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return errors.Join(err, m.out.release())
			}
		}
		m.fs.RemoveAll(filepath.Join(m.out.dir, tmpDir, "rejects"))
	}
	return m.out.release()
}
