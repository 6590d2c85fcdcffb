package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"

	"github.com/cubeset/cubeset/host/fit"
	"github.com/cubeset/cubeset/host/internal/fsx"
	"github.com/cubeset/cubeset/host/lock"
	"github.com/cubeset/cubeset/plugins"
)

// LockSummary is what came of Lock. Its JSON is what `lock --json` prints.
type LockSummary struct {
	SchemaVersion int           `json:"schema_version"`
	File          string        `json:"file"`
	Written       bool          `json:"written"`
	Filters       int           `json:"filters"`
	Teachers      []string      `json:"teachers"`
	Changes       []lock.Change `json:"changes"` // against the file as it was
}

// Lock writes c.Lock, or cubeset.lock in the working folder, so that it holds
// what a build with c would use, and no more: its filters with their settings
// and files, its projection, and each of its teachers. Nothing is read of
// c.Inputs. No filter is run; a teacher that is not part of this program is
// started, to say what it is, from a copy of its folder.
//
// With check nothing is written, and the error is ErrLock if the file is not as
// it would be; a teacher whose files or settings are not as the file has them is
// not started then.
func Lock(ctx context.Context, c Config, o Options, check bool) (sum LockSummary, err error) {
	sum = LockSummary{SchemaVersion: 1, File: c.Lock}
	if c.Lock == lockOff {
		return sum, as(ErrConfig, errors.New("lock: off is no file to write to"))
	}
	if c.Lock == "" {
		sum.File = lock.Name
	}
	if err := c.validateSettings(); err != nil {
		return sum, as(ErrConfig, err)
	}
	if err := c.knowTeachers(c.teachersUsed()); err != nil {
		return sum, err
	}
	was := &locked{File: &lock.File{}, path: sum.File}
	if _, err := o.files().Stat(sum.File); err == nil {
		if was, err = (Config{Lock: sum.File}).readLock(o.files()); err != nil {
			return sum, err
		}
	}
	c.Lock = ""
	b, err := openSteps(ctx, c, o)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	used := &lock.File{Filters: map[string]lock.Filter{}, Teachers: map[string]lock.Teacher{}}
	if err := b.lockFiles(used); err != nil {
		return sum, err
	}
	for _, name := range c.teachersUsed() {
		label, entry, err := b.lockTeacher(ctx, name, was, check)
		if err != nil {
			return sum, fmt.Errorf("lock: %w", err)
		}
		if _, taken := used.Teachers[label]; taken {
			return sum, as(ErrConfig, fmt.Errorf("lock: two teachers are called %s", label))
		}
		used.Teachers[label] = entry
		sum.Teachers = append(sum.Teachers, label)
	}
	next := was.Next(used, platform)
	sum.Filters, sum.Changes = len(used.Filters), was.Changes(next)
	if check {
		if n := len(sum.Changes); n > 0 {
			return sum, as(ErrLock, fmt.Errorf("lock: %s differs in %d of what it would hold; if that is meant, accept it with: cubeset lock", sum.File, n))
		}
		return sum, nil
	}
	doc, err := next.Bytes()
	if err != nil {
		return sum, as(ErrConfig, fmt.Errorf("lock: %w", err))
	}
	if sum.Written = len(sum.Changes) > 0 || was.digest == ""; !sum.Written {
		return sum, nil
	}
	dir, name := filepath.Split(sum.File)
	return sum, fsx.WriteFile(b.fs, filepath.Clean(dir), name, doc)
}

// lockFiles adds the filters and the projection.
func (b *build) lockFiles(used *lock.File) error {
	for _, name := range b.config.filterNames() {
		s, err := b.config.readFilter(name)
		if err != nil {
			return as(ErrFilter, fmt.Errorf("lock: %w", err))
		}
		if _, taken := used.Filters[s.name]; taken {
			return as(ErrConfig, fmt.Errorf("lock: two filters are called %s", s.name))
		}
		used.Filters[s.name] = s.entry()
	}
	if b.config.Projection != "" {
		m, err := fit.Read(b.config.Projection)
		if err != nil {
			return as(ErrConfig, fmt.Errorf("lock: projection: %w", err))
		}
		used.Projection = m.Digest
	}
	return nil
}

// lockTeacher is what a lock holds of a teacher, under its label.
func (b *build) lockTeacher(ctx context.Context, name string, was *locked, check bool) (label string, e lock.Teacher, err error) {
	c := b.config
	if name != c.Teacher || len(c.EachTeacher) > 0 {
		c = c.withTeacher(name)
	}
	s, err := c.findSpec(ctx, name, b.options)
	if err != nil {
		return "", e, err
	}
	old := was.Teachers[s.name]
	e.Settings = s.settings
	if s.folder != nil {
		digest, err := s.folder.Digest(ctx)
		if err != nil {
			return s.name, e, folderError(s.name, err)
		}
		e.Folders = map[string]string{platform: digest}
		s.spec.Seal = &plugins.Seal{Folder: s.folder, Digest: digest}
	}
	if s.description != nil {
		e.EmbedID = plugins.EmbedID(*s.description)
	}
	if check && s.description == nil && (e.Settings != old.Settings || !maps.Equal(e.Folders, map[string]string{platform: old.Folders[platform]}) && s.folder != nil) {
		e.EmbedID, e.Probes = old.EmbedID, old.Probes // it is refused as it is, and need not be asked
		return s.name, e, nil
	}
	if s.description != nil && !s.probed() {
		return s.name, e, nil
	}
	t, err := s.open(ctx, c.teacherOptions(b.log), nil)
	if err != nil {
		return s.name, e, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	e.EmbedID = t.embedID
	if s.probed() {
		e.Probes, err = t.sketch(ctx, old.Probes)
	}
	return s.name, e, err
}

// sketch has a teacher embed the probes. If they are what was, up to rounding, was
// is returned: the lock is to change when the model does.
func (t *teacher) sketch(ctx context.Context, was string) (string, error) {
	if err := t.ready(ctx); err != nil {
		return "", err
	}
	now, err := sketchProbes(t.probes.was, t.description.Dims)
	if err != nil {
		return "", err
	}
	if least, err := sketchDrift(was, now); err == nil && least >= sketchCosineMin {
		return was, nil
	}
	return now, nil
}
