package host

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

// commit makes the finished chunks the dataset. Until it returns, and if it
// fails, readers find the dataset that was there before.
func (b *build) commit() error {
	if b.kept() == 0 {
		return b.commitNothing()
	}
	m := b.manifest()
	stats, err := statsJSON(m, &b.total.Stats, b.config.Dedup)
	if err != nil {
		return err
	}
	card := tensor.Card(m, tensor.CardOptions{Title: b.title()})
	if err := tensor.Commit(b.fs, b.config.Out, m, map[string][]byte{"README.md": card, "stats.json": stats}); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	keep := map[string]bool{}
	for _, d := range b.done {
		keep[d.Key], keep[d.memoKey] = true, true
	}
	return errors.Join(b.out.savePlaces(b.done), b.out.forget(keep), b.writeRun())
}

// title is what the dataset's card is headed with: the inputs, since the
// folder's name may not decide a byte.
func (b *build) title() string {
	title, _, _ := strings.Cut(b.inputs[0].name, ".")
	if n := len(b.inputs); n > 1 {
		title += fmt.Sprintf(" and %d more", n-1)
	}
	return title
}

// commitNothing leaves what explains an empty result: the rejects and the
// statistics, unless they would replace those of a dataset that is there.
func (b *build) commitNothing() error {
	dir := b.config.Out
	if _, err := tensor.ReadManifest(b.fs, dir); err == nil {
		return fmt.Errorf("%w%s; the dataset in %s stays as it was", ErrNothingKept, topReasons(&b.total), dir)
	}
	if err := b.showRejects(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	stats, err := statsJSON(b.manifest(), &b.total.Stats, b.config.Dedup)
	if err != nil {
		return err
	}
	if err := fsx.WriteFile(b.fs, dir, "stats.json", stats); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return fmt.Errorf("%w%s; see %s", ErrNothingKept, topReasons(&b.total), filepath.Join(dir, "rejects"))
}

func (b *build) manifest() tensor.Manifest {
	t := b.embedder.teacher
	d := t.description
	m := tensor.Manifest{
		FormatVersion: tensor.FormatVersion, Cubeset: Version,
		Shape: b.schema.Shape, Profile: b.schema.Profile, Normalised: true, Licence: b.config.Licence,
		Teacher: tensor.TeacherInfo{
			Name: t.name, FallbackFor: b.instead.name, Model: d.Model, Revision: d.Revision, Dims: d.Dims, EmbedID: t.embedID, SpaceID: b.spaceID,
			Determinism: string(d.Determinism), Licence: d.Licence, Projection: b.projection.name(),
		},
		ConfigDigest: b.configDigest, LockDigest: b.lockDigest(), Scores: b.schema.Scores,
		Read: b.total.Read, Kept: b.kept(), Dropped: b.total.Dropped, Skipped: b.total.Skipped, Splits: b.splits(),
		Parts: b.total.Parts, Rejects: b.total.RejectFiles,
	}
	m.Similarity = b.similarity
	m.Split = tensor.SplitInfo{Validation: b.config.Validation, Test: b.config.Test, Seed: b.config.Seed}
	for _, f := range b.filters() {
		m.Filters = append(m.Filters, tensor.FilterInfo{Name: f.name, Stage: f.manifest.Stage(), Digest: f.digest, Config: f.config})
	}
	for _, in := range b.inputs {
		m.Inputs = append(m.Inputs, tensor.Input{Name: in.name, Records: in.records, Bytes: in.bytes, Digest: hex.EncodeToString(in.digest.Sum(nil))})
	}
	return m
}

// writeRun notes what differs from run to run: times, counts of the cache,
// paths and the machine.
func (b *build) writeRun() error {
	doc, err := indented(struct {
		Summary
		Begin   string   `json:"begin"`
		Inputs  []string `json:"inputs"`
		Cubeset string   `json:"cubeset"`
		Go      string   `json:"go"`
		System  string   `json:"system"`
		Workers int      `json:"workers"`
	}{b.summary(), b.begin.UTC().Format("2006-01-02T15:04:05Z"), b.config.Inputs, Version, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, b.config.Workers})
	if err != nil {
		return err
	}
	return fsx.WriteFile(b.fs, b.config.Out, "run.json", doc)
}

func indented(v any) ([]byte, error) {
	doc, err := json.MarshalIndent(v, "", "  ")
	return append(doc, '\n'), err
}

// verdict turns what stopped a build into what a caller matches on.
func (b *build) verdict(ctx context.Context, err error) error {
	switch {
	case err == nil:
		sum := b.summary()
		return strictly(b.config, &sum)
	case ctx.Err() != nil && !errors.Is(err, os.ErrDeadlineExceeded):
		return ErrInterrupted
	}
	return err
}

// strictly is ErrSkipped if rows are missing that no rule of the user's
// dropped, and the user minds.
func strictly(c Config, s *Summary) error {
	missing := int64(0)
	for _, n := range s.Skipped {
		missing += n
	}
	for k, n := range s.Dropped {
		if strings.HasPrefix(k, "teacher/") {
			missing += n
		}
	}
	if !c.Strict || missing == 0 {
		return nil
	}
	return fmt.Errorf("%w: %d skipped or rejected by the teacher%s", ErrSkipped, missing, topReasons(&outcome{Skipped: s.Skipped}))
}
