package host

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/plugins"
)

// insteadOf is the teacher that the user named, where another had to take its
// place.
type insteadOf struct {
	name string // "": the build has the teacher it was asked for
	why  string
}

// chooseTeacher is openTeacher for a build that may take another: the first of
// Config.Teacher and Config.Fallback that starts and embeds the probes. It is
// chosen here, before the first row, for the whole dataset.
func (b *build) chooseTeacher(ctx context.Context) error {
	asked, store := b.config.Teacher, b.embedder.store
	names := append([]string{asked}, b.config.Fallback...)
	if len(names) == 1 {
		return b.openTeacher(ctx)
	}
	if err := b.config.knowTeachers(names); err != nil {
		return err
	}
	var failures []error
	for i, name := range names {
		if i > 0 {
			b.config = b.config.withTeacher(name)
		}
		err := b.openTeacher(ctx)
		if err == nil {
			if err = b.tryTeacher(ctx); err == nil {
				b.tookPlace(asked, failures)
				return nil
			}
			err = errors.Join(err, b.embedder.teacher.close())
			b.embedder = &embedder{store: store}
		}
		if ctx.Err() != nil || !absent(err) {
			return err
		}
		failures = append(failures, err)
		if i+1 < len(names) {
			b.log.Warn(fmt.Sprintf("teacher %s cannot be used: %s; trying %s", name, reason(err), names[i+1]))
		}
	}
	why := fmt.Sprintf("%s: %s", asked, reason(failures[0]))
	for i, err := range failures[1:] {
		why += fmt.Sprintf("; nor %s: %s", b.config.Fallback[i], reason(err))
	}
	return as(ErrTeacher, fmt.Errorf("embed: no teacher can be used: not %s", why))
}

// knowTeachers is ErrConfig if a name is nobody's: a mistake is told, and not
// taken for a teacher that happens to be absent.
func (c Config) knowTeachers(names []string) error {
	for _, name := range names {
		if isPath(name) {
			continue
		}
		if _, _, err := c.withTeacher(name).findProgram(name); err != nil {
			return err
		}
	}
	return nil
}

// withTeacher is c with another teacher, which settings that were meant for the
// first are not for.
func (c Config) withTeacher(name string) Config {
	c.Teacher, c.Model, c.TeacherOptions = name, "", nil
	return c
}

// tryTeacher has the teacher embed the probes, if that can fail: one that needs
// nothing but this program and its files is not started for it.
func (b *build) tryTeacher(ctx context.Context) error {
	t := b.embedder.teacher
	if p, _, err := b.config.findProgram(b.config.Teacher); !isPath(b.config.Teacher) && err == nil && p.BuiltIn() {
		return nil
	}
	if err := t.ready(ctx); err != nil {
		return fmt.Errorf("embed: %w", err)
	}
	return nil
}

// teacherLabel is what a teacher is called that is named by its path, or by its
// name.
func teacherLabel(name string) string {
	if !isPath(name) {
		return name
	}
	if abs, err := filepath.Abs(name); err == nil { // "." is no label
		name = abs
	}
	if filepath.Base(name) == plugins.FolderFile {
		name = filepath.Dir(name)
	}
	return filepath.Base(name)
}

// absent says whether an error is that of a teacher that is not there, or not
// able to, so that another may take its place. One that is not the model it was
// is there.
func absent(err error) bool {
	if errors.Is(err, ErrModelChanged) {
		return false
	}
	return errors.Is(err, ErrTeacher) || errors.Is(err, exec.ErrNotFound)
}

// reason is a teacher's error without the words that name the teacher.
func reason(err error) string {
	text := strings.TrimPrefix(err.Error(), "embed: ")
	if at := (*plugins.Error)(nil); errors.As(err, &at) {
		text = strings.TrimPrefix(text, "teacher "+at.Teacher+": ")
	}
	return text
}

// tookPlace notes the teacher that was to be, if there was another.
func (b *build) tookPlace(asked string, failures []error) {
	if len(failures) == 0 {
		return
	}
	b.instead = insteadOf{teacherLabel(asked), reason(failures[0])}
	b.log.Warn(fmt.Sprintf("the whole dataset is embedded by %s instead of %s", b.embedder.teacher.name, asked))
}

// sayReplaced is a step of opening: a build that falls back says before its first
// row that it will replace a dataset of another space.
func (b *build) sayReplaced(context.Context) error {
	if b.instead.name == "" {
		return nil
	}
	if m, err := tensor.ReadManifest(b.fs, b.config.Out); err == nil && m.Teacher.SpaceID != b.spaceID {
		b.log.Warn(fmt.Sprintf("%s holds a dataset of teacher %s, whose vectors cannot be compared with those of %s: when this build is done it takes its place. Interrupt it to keep what is there",
			b.config.Out, m.Teacher.Name, b.embedder.teacher.name))
	}
	return nil
}

// validateFallback checks the teachers that may take the place of c.Teacher.
func (c Config) validateFallback() error {
	var errs []error
	for i, name := range c.Fallback {
		if name == "" {
			errs = append(errs, errors.New("fallback: no name"))
		} else if name == c.Teacher || slices.Contains(c.Fallback[:i], name) {
			errs = append(errs, fmt.Errorf("fallback: %q is there twice", name))
		}
	}
	return errors.Join(errs...)
}
