package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cubeset/cubeset/formats/dialogue"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

// Each returns one Config for each of c.EachTeacher, whose dataset goes to
// c.Out/TEACHER. Each is good for Build and DryRun. No dataset is an input of
// another, though an input folder hold them all. The error is ErrConfig for what
// teachers cannot share, and ErrOutput if c.Out itself is a dataset.
func (c Config) Each(o Options) ([]Config, error) {
	if err := c.validateEach(); err != nil {
		return nil, as(ErrConfig, err)
	}
	if err := c.knowTeachers(c.EachTeacher); err != nil {
		return nil, err
	}
	if err := noDataset(o.files(), c.Out); err != nil {
		return nil, err
	}
	inputs, err := dialogue.Find(c.Inputs)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	if inputs = notIn(c.Out, inputs); len(inputs) == 0 {
		return nil, errors.New("read: there is nothing but the datasets themselves")
	}
	var all []Config
	for _, name := range c.EachTeacher {
		d := c.withTeacher(name)
		d.EachTeacher, d.Inputs, d.Out = nil, inputs, filepath.Join(c.Out, teacherLabel(name))
		all = append(all, d)
	}
	return all, nil
}

// validateEach checks what several teachers have in common.
func (c Config) validateEach() error {
	var errs []error
	complain := func(format string, args ...any) { errs = append(errs, fmt.Errorf("each_teacher: "+format, args...)) }
	if c.Out == "" {
		errs = append(errs, errors.New("out: no folder to write to (-o DIR)"))
	}
	if len(c.EachTeacher) == 0 {
		complain("no name")
	}
	taken := map[string]bool{}
	for _, name := range c.EachTeacher {
		label := teacherLabel(name)
		if name == "" || strings.Trim(label, "./") == "" {
			complain("%q is no teacher", name)
		} else if taken[label] {
			complain("two would write to the folder %s", label)
		}
		taken[label] = true
	}
	if len(c.Fallback) > 0 {
		complain("not with fallback: each dataset is of the teacher its folder is named after")
	}
	if c.Model != "" || len(c.TeacherOptions) > 0 {
		complain("not with model and teacher_option, which are of one teacher: give the teachers names under teachers in the configuration")
	}
	if c.Projection != "" {
		complain("not with projection, which is fitted to one teacher")
	}
	if slices.Contains(c.Inputs, "-") {
		complain("not with standard input, which can be read once: each teacher reads the inputs")
	}
	return errors.Join(errs...)
}

// noDataset refuses a folder that is a dataset, or that a build has begun to
// make one.
func noDataset(f fsx.FS, dir string) error {
	for _, name := range []string{"manifest.json", stateDir} {
		if _, err := f.Stat(filepath.Join(dir, name)); err == nil {
			return as(ErrOutput, fmt.Errorf("%s is a dataset; each_teacher makes a folder for each teacher in it: give another", dir))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return as(ErrOutput, err)
		}
	}
	return nil
}

// BuildEach makes a dataset for each of c.EachTeacher, one after the other, each
// as Build does: with the same ids and splits, through the same cache, in
// c.Out/TEACHER. The inputs are read once for each.
//
// It returns a Summary for each dataset that is done. A teacher that fails, or
// keeps no row, or skips some where Config.Strict minds, does not keep the others
// from being built; the error says so at the end, and is ErrTeacher if any
// failed. Any other error ends it. The same call goes on, after an interruption
// too.
func BuildEach(ctx context.Context, c Config, o Options) ([]Summary, error) {
	all, err := c.Each(o)
	if err != nil {
		return nil, err
	}
	var done []Summary
	var classes []error
	var failed []string
	for i, d := range all {
		if p := o.Progress; p != nil {
			p.Bytes.Store(0)
			p.Read.Store(0)
			p.Kept.Store(0)
		}
		sum, err := Build(ctx, d, o)
		if err == nil || errors.Is(err, ErrSkipped) || errors.Is(err, ErrNothingKept) {
			done = append(done, sum)
		}
		class := among(err, ErrTeacher, ErrNothingKept, ErrSkipped)
		if err != nil && class == nil {
			return done, err
		}
		if err != nil {
			classes, failed = append(classes, class), append(failed, c.EachTeacher[i]+": "+err.Error())
		}
	}
	if len(failed) == 0 {
		return done, nil
	}
	return done, as(among(errors.Join(classes...), ErrTeacher, ErrNothingKept, ErrSkipped),
		fmt.Errorf("%d of %d teachers failed: %s", len(failed), len(all), strings.Join(failed, "; ")))
}

// among is the first of the classes that err matches, nil if it is none.
func among(err error, classes ...error) error {
	for _, class := range classes {
		if errors.Is(err, class) {
			return class
		}
	}
	return nil
}
