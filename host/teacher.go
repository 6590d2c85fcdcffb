package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"

	"github.com/cubeset/cubeset/plugins"
	sdk "github.com/cubeset/cubeset/sdk/teacher"
)

// childEnv marks a process that this program started as a teacher or a
// compiler. Such a process starts no other.
const childEnv = "CUBESET_CHILD"

// TeacherCommand is what a bundled teacher's process is told to be.
const TeacherCommand = "__teacher"

// buildPath is the main package that can play the teacher itself.
const buildPath = "github.com/cubeset/cubeset/host/cubeset"

// teacher is the build's teacher. One of this program's own is started at the
// first text that is not cached, so that a fully cached build starts none; any
// other is started at once, since only it can say what it is.
type teacher struct {
	name        string
	description sdk.Description
	embedID     string
	price       float64 // of a million tokens, 0 = not known
	probes      *probes
	lock        *locked
	process     *plugins.Supervised
}

// findTeacher resolves a name or a path to a teacher and learns what it is.
// The lock is asked before it is started.
func (c Config) findTeacher(ctx context.Context, name string, o Options, po plugins.Options, l *locked) (*teacher, error) {
	found, err := c.findSpec(ctx, name, o)
	if err == nil {
		err = l.admit(ctx, &found)
	}
	if err != nil {
		return nil, err
	}
	return found.open(ctx, po, l)
}

// open learns what the teacher is.
func (s teacherSpec) open(ctx context.Context, po plugins.Options, l *locked) (*teacher, error) {
	t := &teacher{name: s.name, price: s.price, probes: &probes{}, lock: l}
	if s.description != nil {
		t.know(*s.description)
		t.process = plugins.Supervise(s.spec, po, t.embedID, t.check)
	} else {
		t.process = plugins.Supervise(s.spec, po, "", t.check)
		d, err := t.process.Describe(ctx)
		if err != nil {
			return nil, t.classed(err)
		}
		t.know(d)
	}
	if got, want := t.description.Dims, s.dims; want != 0 && got != want {
		err := fmt.Errorf("teacher %s: its model gives %d values a vector, and the registry says %d: it is not the model of that name", t.name, got, want)
		return nil, as(ErrTeacher, errors.Join(err, t.close()))
	}
	if err := l.know(t); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

func (t *teacher) know(d sdk.Description) {
	t.description, t.embedID = d, plugins.EmbedID(d)
}

// ready starts the teacher if it is not running, and has it show that it is the
// model it was.
func (t *teacher) ready(ctx context.Context) error { return t.classed(t.process.Ready(ctx)) }

// classed is the error of a teacher, which may be one of the lock.
func (t *teacher) classed(err error) error {
	if errors.Is(err, ErrLock) {
		return err
	}
	return t.lock.class(err)
}

// embed returns a row a text and their vectors, one after the other. With an
// error they are those of the first texts, which were done before.
func (t *teacher) embed(ctx context.Context, texts []string) ([]plugins.Row, []float32, error) {
	dst := make([]float32, len(texts)*t.description.Dims)
	rows, err := t.process.Embed(ctx, texts, dst)
	return rows, dst[:len(rows)*t.description.Dims], t.classed(err)
}

func (t *teacher) close() error { return t.process.Close() }

// cost is what the texts so far cost, in the currency of the price.
func (t *teacher) cost() float64 { return float64(t.process.Stats().Tokens) * t.price / 1e6 }

// self is the command that runs this program again.
func (o Options) self() ([]string, error) {
	if len(o.Self) > 0 {
		return append([]string(nil), o.Self...), nil
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Path == buildPath {
		exe, err := os.Executable()
		return []string{exe}, err
	}
	exe, err := exec.LookPath("cubeset")
	if err != nil {
		return nil, errors.New("the bundled teachers run inside the cubeset command, and none is on PATH: install it, or set host.Options.Self")
	}
	return []string{exe}, nil
}
