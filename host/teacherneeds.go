package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/cubeset/cubeset/plugins"
)

// pythonTimeout is for Python to say which modules it finds.
const pythonTimeout = 10 * time.Second

// Need is one thing that a teacher cannot run without.
type Need struct {
	What string `json:"what"`
	Met  *bool  `json:"met"` // on this machine; null: cannot be told from here
	Fix  string `json:"fix"` // what to do if it is not
}

// TeacherInfo is all that is known of a teacher: `teacher info --json`.
type TeacherInfo struct {
	TeacherCard
	Similarity TeacherThreshold `json:"similarity"`
	Checks     []Need           `json:"checks"` // what its Needs are, and whether they are met
}

// TeacherThreshold is the lowest cosine a build with the teacher keeps.
type TeacherThreshold struct {
	Min  float32 `json:"min"`
	From string  `json:"from"` // "teacher", or "default"
	Why  string  `json:"why"`
}

// TeacherInfo looks up a teacher by its name, in the registry and in
// c.Teachers, and whether what it needs is on this machine. It may run Python,
// to ask which modules there are, and starts no teacher. ErrConfig: no teacher
// has that name.
func (c Config) TeacherInfo(ctx context.Context, name string, o Options) (TeacherInfo, error) {
	var info TeacherInfo
	if isPath(name) {
		return info, as(ErrConfig, fmt.Errorf("%s is the path of a teacher, and what it is only the running teacher can say: see cubeset teacher test", name))
	}
	cards, err := c.TeacherCards(ctx)
	if err != nil {
		return info, err
	}
	var names []string
	for _, card := range cards {
		names = append(names, card.Name)
		if card.Name == name {
			info.TeacherCard = card
		}
	}
	if info.Name == "" {
		return info, as(ErrConfig, fmt.Errorf("no teacher is called %q%s; see cubeset teacher list", name, suggest(name, names)))
	}
	info.Checks = c.checkNeeds(ctx, info.TeacherCard)
	if found, err := c.findSpec(ctx, name, o); err == nil && found.description != nil {
		info.know(*found.description)
	}
	s, why := info.TeacherCard.Similarity()
	info.Similarity = TeacherThreshold{s.Min, s.From, why}
	return info, nil
}

// checkNeeds looks at each thing a teacher needs.
func (c Config) checkNeeds(ctx context.Context, card TeacherCard) []Need {
	checks := []Need{}
	met := func(ok bool) *bool { return &ok }
	p, _ := plugins.FindProgram(card.Program)
	if len(card.Needs) == 0 {
		return checks
	}
	if len(p.Modules) > 0 {
		missing, err := pythonLacks(ctx, c.Python, p.Modules)
		n := Need{"Python with " + strings.Join(p.Modules, ", "), met(err == nil && len(missing) == 0), fmt.Sprintf(`pip install "cubeset[%s]", and --python for another interpreter than %s`, p.Name, c.Python)}
		if len(missing) > 0 {
			n.Fix = "without " + strings.Join(missing, ", ") + ": " + n.Fix
		}
		checks = append(checks, n)
	}
	if key := card.setting("key_env"); key != "" {
		checks = append(checks, Need{"a key in the environment variable " + key, met(os.Getenv(key) != ""), "export " + key + "=…"})
	} else if p.Model != "" && card.RunsIn != service {
		checks = append(checks, modelNeed(card, p))
	}
	if file := card.setting("key_file"); file != "" {
		_, err := os.Stat(file)
		checks = append(checks, Need{"a key in the file " + file, met(err == nil), "write it there, readable by you alone"})
	}
	if card.extra != "" {
		checks = append(checks, Need{What: card.extra})
	}
	return checks
}

// modelNeed is the need of the files of a model.
func modelNeed(card TeacherCard, p plugins.Program) Need {
	met := func(ok bool) *bool { return &ok }
	path := card.setting(p.Model)
	if _, err := os.Stat(path); path != "" && err == nil {
		return Need{"the model in " + path, met(true), ""}
	}
	if card.Model == "" || card.Own && (p.New != nil || strings.Count(card.Model, "/") != 1 || strings.HasPrefix(card.Model, ".")) {
		return Need{strings.TrimSpace("the files of a model " + path), met(false), "name them with --model"}
	}
	if card.Revision == "" {
		return Need{"a commit of " + card.Model, met(false), "choose one at huggingface.co/" + card.Model + "/commits, and give it as the setting revision"}
	}
	_, there := plugins.HubFolder(card.Model, card.Revision)
	n := Need{fmt.Sprintf("the model %s at %.12s in the Hugging Face cache, or its folder with --model", card.Model, card.Revision), met(there),
		fmt.Sprintf("hf download %s --revision %s", card.Model, card.Revision)}
	if p.New == nil {
		n.Fix += ", or --teacher-option download=true"
	}
	return n
}

// pythonLacks returns those of modules that an interpreter does not find.
func pythonLacks(ctx context.Context, python string, modules []string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, pythonTimeout)
	defer cancel()
	const ask = "import importlib.util, sys; print(*[m for m in sys.argv[1:] if importlib.util.find_spec(m) is None])"
	out, err := exec.CommandContext(ctx, python, append([]string{"-c", ask}, modules...)...).Output()
	if err != nil {
		return nil, errors.Join(err, ctx.Err())
	}
	return strings.Fields(string(out)), nil
}
