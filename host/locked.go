package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/cubeset/cubeset/host/fit"
	"github.com/cubeset/cubeset/host/internal/fsx"
	"github.com/cubeset/cubeset/host/lock"
	"github.com/cubeset/cubeset/plugins"
)

// lockOff is the Config.Lock of a build that is held by none.
const lockOff = "off"

// platform is what teachers' folders are locked for: their programs are
// different ones elsewhere.
const platform = runtime.GOOS + "/" + runtime.GOARCH

// locked is the lock that a build keeps to. A nil one holds nothing back.
type locked struct {
	*lock.File
	path   string
	digest string // sha256 of the file
}

// readLock reads c's lock, nil if it names none.
func (c Config) readLock(f fsx.FS) (*locked, error) {
	if c.Lock == "" || c.Lock == lockOff {
		return nil, nil
	}
	r, err := f.Open(c.Lock)
	if err != nil {
		return nil, as(ErrLock, fmt.Errorf("lock: %w", err))
	}
	defer r.Close()
	doc, err := io.ReadAll(io.LimitReader(r, lock.BytesMax+1))
	if err != nil {
		return nil, as(ErrLock, fmt.Errorf("lock: %w", err))
	}
	file, err := lock.Parse(doc)
	if err != nil {
		return nil, as(ErrLock, fmt.Errorf("lock: %s: %w; if it is not to be mended, remove it, and write another with cubeset lock", c.Lock, err))
	}
	return &locked{file, c.Lock, digestOf(doc)}, nil
}

// refuse is the end of a build that would use what the lock does not hold.
func (l *locked) refuse(err error) error {
	if err == nil {
		return nil
	}
	return as(ErrLock, fmt.Errorf("lock: %w (%s); if that is meant, accept it with: cubeset lock", err, l.path))
}

// openLock reads the lock, and what of a build lies in files, before anything
// runs: what is compared with the lock is kept, and is what will be used.
func (b *build) openLock() (err error) {
	if b.lock, err = b.config.readLock(b.fs); err != nil || b.lock == nil {
		return err
	}
	b.sources = map[string]filterSource{}
	for _, name := range b.config.filterNames() {
		s, err := b.config.readFilter(name)
		if err != nil && s.module != nil { // even of what is no filter, the first to be said is that it is another
			if err := b.lock.CheckModule(name, hexSum(s.module)); err != nil {
				return b.lock.refuse(err)
			}
		}
		if err != nil {
			return as(ErrFilter, fmt.Errorf("filter: %w", err))
		}
		if err := b.lock.CheckFilter(s.name, s.entry()); err != nil {
			return b.lock.refuse(err)
		}
		b.sources[name] = s
	}
	return nil
}

// readProjection is a step of opening: it reads the fitted projection, if there
// is to be one.
func (b *build) readProjection(context.Context) (err error) {
	if b.config.Projection == "" {
		return nil
	}
	if b.fitted, err = fit.Read(b.config.Projection); err != nil {
		return as(ErrConfig, fmt.Errorf("projection: %w", err))
	}
	if b.lock != nil {
		return b.lock.refuse(b.lock.CheckProjection(b.fitted.Digest))
	}
	return nil
}

// admit says whether a teacher may be started. One that lies in a folder will be
// run only as what the lock holds.
func (l *locked) admit(ctx context.Context, s *teacherSpec) error {
	if l == nil {
		return nil
	}
	err := l.CheckTeacher(s.name)
	if err == nil {
		err = l.CheckSettings(s.name, s.settings)
	}
	if err == nil && s.description != nil {
		err = l.CheckEmbedID(s.name, plugins.EmbedID(*s.description))
	}
	entry := l.Teachers[s.name]
	if err == nil && s.probed() && entry.Probes == "" {
		err = fmt.Errorf("teacher %s has no probes in the lock", s.name)
	}
	if err != nil || s.folder == nil {
		return l.refuse(err)
	}
	digest := entry.Folders[platform]
	if digest == "" {
		got, err := s.folder.Digest(ctx)
		if err != nil {
			return folderError(s.name, err)
		}
		return l.refuse(l.CheckFolder(s.name, platform, got))
	}
	s.spec.Seal = &plugins.Seal{Folder: s.folder, Digest: digest}
	return nil
}

// know compares what a teacher says it is.
func (l *locked) know(t *teacher) error {
	if l == nil {
		return nil
	}
	return l.refuse(l.CheckEmbedID(t.name, t.embedID))
}

// class is the class of a teacher's error: one that was started anew, in the
// middle of a build, may not be what it was.
func (l *locked) class(err error) error {
	if l != nil && errors.Is(err, plugins.ErrSeal) {
		return l.refuse(err)
	}
	return as(ErrTeacher, err)
}

// lockDigest is what a dataset says of the lock it was built under, "" for none.
func (b *build) lockDigest() string {
	if b.lock == nil {
		return ""
	}
	return b.lock.digest
}

// folderError classes what Folder.Digest returns: a folder that is not there is
// an absent teacher.
func folderError(name string, err error) error {
	err = fmt.Errorf("teacher %s: %w", name, err)
	if errors.Is(err, os.ErrNotExist) {
		return as(ErrTeacher, err)
	}
	return as(ErrConfig, err)
}

// External is what c uses besides this program: its teachers and filters that
// are not part of it, as c names them.
func (c Config) External() (names []string) {
	for _, name := range c.teachersUsed() {
		if p, _, err := c.withTeacher(name).findProgram(name); isPath(name) || err == nil && !p.BuiltIn() {
			names = append(names, name)
		}
	}
	for _, name := range c.Filters {
		if isPath(name) {
			names = append(names, name)
		}
	}
	return names
}

// teachersUsed is every teacher that a build may start.
func (c Config) teachersUsed() []string {
	if len(c.EachTeacher) > 0 {
		return c.EachTeacher
	}
	return append([]string{c.Teacher}, c.Fallback...)
}
