package host

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os/exec"
	"time"

	"github.com/cubeset/cubeset/plugins"
	sdk "github.com/cubeset/cubeset/sdk/teacher"
)

// TeacherEntry is a teacher of the user's own, under a name in cubeset.yaml:
//
//	teachers:
//	  support-v2: {program: onnx, model: ./models/support-v2, pooling: cls}
//
// Its keys are program and the settings of that program.
type TeacherEntry map[string]json.RawMessage

// programKey is the one key of a TeacherEntry that is no setting.
const programKey = "program"

// teacherSpec is what starts a teacher, and what is known of it before.
type teacherSpec struct {
	name        string
	spec        plugins.Spec
	description *sdk.Description // nil: it has to be asked
	folder      *plugins.Folder  // of one that is named by its path
	dims        int              // values a vector by the registry, 0 = it does not say
	settings    string           // digest for the lock, "": none, or the embed_id says it all
	builtIn     bool             // everything that makes it up is in this program and its files
	price       float64          // of a million tokens, 0 = not known
}

// probed says whether only its vectors can tell that the teacher is what it was.
func (s teacherSpec) probed() bool { return !s.builtIn && s.folder == nil }

// findSpec resolves the name of a teacher, or the path of one.
func (c Config) findSpec(ctx context.Context, name string, o Options) (teacherSpec, error) {
	if isPath(name) {
		found, err := c.ownSpec(name)
		found.price = price(c.TeacherOptions)
		return found, err
	}
	p, config, err := c.findProgram(name)
	if err != nil {
		return teacherSpec{}, err
	}
	found := teacherSpec{name: name, spec: plugins.Spec{Name: name}, builtIn: p.BuiltIn(), price: price(byKey(config))}
	if known, ok := c.registered(name); ok && c.Model == "" && len(c.TeacherOptions) == 0 {
		found.dims = known.Dims
	}
	var advice plugins.Advice
	if p.New != nil && !p.Advised {
		if config, advice, err = c.localConfig(name, p, config); err != nil {
			return found, err
		}
	}
	if !found.builtIn {
		if found.settings, err = settingsOf(config); err != nil {
			return found, err
		}
	}
	if p.Env != nil {
		found.spec.Env = p.Env(config)
	}
	if len(config) > 2 {
		found.spec.SetEnv = append(found.spec.SetEnv, plugins.ConfigEnv+"="+string(config))
	}
	if p.New == nil {
		if byKey(config)[p.Model] == nil {
			return found, as(ErrConfig, fmt.Errorf("teacher %s: which model? Name its folder with --model", name))
		}
		python, err := exec.LookPath(c.Python)
		if err != nil {
			return found, as(ErrConfig, fmt.Errorf("teacher %s runs in Python: %w; name an interpreter that has the package cubeset with --python", name, err))
		}
		found.spec.Command = []string{python, "-m", "cubeset.teacher", p.Name}
		return found, nil
	}
	self, err := o.self()
	if err != nil {
		return found, err
	}
	found.spec.Command = append(self, TeacherCommand, p.Name)
	found.spec.SetEnv = append(found.spec.SetEnv, childEnv+"=1")
	e, err := p.New(config)
	if err != nil {
		return found, as(ErrConfig, fmt.Errorf("teacher %s: %w", name, err))
	}
	d, err := e.Describe(ctx)
	if err != nil {
		return found, as(ErrTeacher, fmt.Errorf("teacher %s: %w", name, err))
	}
	d.Name = name
	advice.Apply(&d)
	if err := d.Validate(); err != nil {
		return found, as(ErrConfig, fmt.Errorf("teacher %s: %w", name, err))
	}
	found.description = &d
	return found, nil
}

// teacherNames is every name that findProgram knows.
func (c Config) teacherNames() []string {
	names := keys(c.Teachers)
	for _, e := range plugins.All() {
		names = append(names, e.Name)
	}
	for _, p := range plugins.Programs() {
		names = append(names, p.Name)
	}
	return names
}

// builtIn says whether everything that makes up c's teacher is in this program.
func (c Config) builtIn() bool {
	known, ok := c.registered(c.Teacher)
	return ok && known.Bundled() && c.Model == "" && len(c.TeacherOptions) == 0
}

// TeacherSpec is how c.Teacher would be started.
func TeacherSpec(ctx context.Context, c Config, o Options) (plugins.Spec, error) {
	found, err := c.findSpec(ctx, c.Teacher, o)
	return found.spec, err
}

// StartTeacher starts c.Teacher by itself, outside any build. The caller closes
// it.
func StartTeacher(ctx context.Context, c Config, o Options) (*plugins.Teacher, error) {
	found, err := c.findSpec(ctx, c.Teacher, o)
	if err != nil {
		return nil, err
	}
	t, err := plugins.Start(ctx, found.spec, c.teacherOptions(o.Log))
	return t, as(ErrTeacher, err)
}

// teacherOptions bound c's teacher.
func (c Config) teacherOptions(log *slog.Logger) plugins.Options {
	o := plugins.DefaultOptions()
	o.Log = log
	o.CallTimeout, _ = time.ParseDuration(c.TeacherTime)
	o.StartTimeout = min(o.StartTimeout, o.CallTimeout)
	return o
}
