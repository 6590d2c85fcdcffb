package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

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
	spec        plugins.Spec
	options     plugins.Options
	description sdk.Description
	embedID     string
	probes      *probes // nil: no cache to guard, and no lock
	lock        *locked

	mu      sync.Mutex
	process *plugins.Teacher
	failed  error

	texts atomic.Int64
	spent atomic.Int64 // nanoseconds
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
	t := &teacher{name: s.name, spec: s.spec, options: po, lock: l}
	if s.description != nil {
		t.know(*s.description)
	} else {
		p, err := t.start(ctx)
		if err != nil {
			return nil, err
		}
		t.know(p.Description())
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

// start returns the running process, starting it if it is not yet.
func (t *teacher) start(ctx context.Context) (*plugins.Teacher, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.process != nil || t.failed != nil {
		return t.process, t.failed
	}
	p, err := plugins.Start(ctx, t.spec, t.options)
	if err != nil {
		t.failed = t.lock.class(err)
		return nil, t.failed
	}
	if id := plugins.EmbedID(p.Description()); t.embedID != "" && id != t.embedID {
		p.Close()
		t.failed = as(ErrTeacher, fmt.Errorf("teacher %s says it is %s, this program knows it as %s", t.name, id, t.embedID))
		return nil, t.failed
	}
	t.process = p
	return p, nil
}

// embed returns a row a text and their vectors, one after the other.
func (t *teacher) embed(ctx context.Context, texts []string) ([]plugins.Row, []float32, error) {
	p, err := t.ready(ctx)
	if err != nil {
		return nil, nil, err
	}
	begin := time.Now()
	dst := make([]float32, len(texts)*t.description.Dims)
	rows, err := p.Embed(ctx, texts, dst)
	t.spent.Add(int64(time.Since(begin)))
	if err != nil {
		return nil, nil, t.lock.class(err)
	}
	t.texts.Add(int64(len(texts)))
	return rows, dst, nil
}

func (t *teacher) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.process == nil {
		return nil
	}
	return t.process.Close()
}

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
