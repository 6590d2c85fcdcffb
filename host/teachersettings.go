package host

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/cubeset/cubeset/plugins"
)

// findProgram resolves a name to a program and its settings: the user's own
// names first, then the registry's, then the programs themselves, whose model
// then comes from Config.Model.
func (c Config) findProgram(name string) (p plugins.Program, config json.RawMessage, err error) {
	settings := map[string]json.RawMessage{}
	program := name
	if own, ok := c.Teachers[name]; ok {
		maps.Copy(settings, own)
		delete(settings, programKey)
		if err := json.Unmarshal(own[programKey], &program); err != nil {
			return p, nil, as(ErrConfig, fmt.Errorf("teachers: %s: program: want the name of one", name))
		}
	} else if known, ok := plugins.Find(name); ok {
		program = known.Program
		if err := json.Unmarshal(known.Config, &settings); err != nil {
			return p, nil, fmt.Errorf("teacher %s: %w", name, err)
		}
	}
	p, ok := plugins.FindProgram(program)
	if !ok {
		return p, nil, as(ErrConfig, fmt.Errorf("no teacher is called %q%s; see cubeset teacher list. A teacher of your own is named by its path, for example ./%s", program, suggest(program, c.teacherNames()), program))
	}
	if c.Model != "" {
		if p.Model == "" {
			return p, nil, as(ErrConfig, fmt.Errorf("model: teacher %s has none to choose", name))
		}
		settings[p.Model], _ = json.Marshal(c.Model)
		delete(settings, "revision") // of the model that this one takes the place of
	}
	maps.Copy(settings, c.TeacherOptions)
	config, err = json.Marshal(settings) // keys in order
	return p, config, err
}

// registered is the registry's entry of a name that is not the user's own.
func (c Config) registered(name string) (plugins.Entry, bool) {
	if _, own := c.Teachers[name]; own {
		return plugins.Entry{}, false
	}
	return plugins.Find(name)
}

// localConfig is what a teacher of this program is told: its settings, without
// those that are for the host, and with the folder of a model that the registry
// knows by its name.
func (c Config) localConfig(name string, p plugins.Program, config json.RawMessage) (json.RawMessage, plugins.Advice, error) {
	var settings map[string]json.RawMessage
	if err := json.Unmarshal(config, &settings); err != nil {
		return nil, plugins.Advice{}, fmt.Errorf("teacher %s: %w", name, err)
	}
	advice, settings, err := plugins.SplitAdvice(settings)
	if err != nil {
		return nil, advice, as(ErrConfig, fmt.Errorf("teacher %s: %w", name, err))
	}
	known, ok := c.registered(name)
	if _, given := settings[p.Model]; ok && p.Model != "" && !given && !known.Bundled() {
		dir, there := plugins.HubFolder(known.Model, known.Revision)
		if !there {
			return nil, advice, as(ErrTeacher, fmt.Errorf("teacher %s: its model %s at %.12s is not on this machine: fetch it with hf download %s --revision %s, or name its folder with --model",
				name, known.Model, known.Revision, known.Model, known.Revision))
		}
		settings[p.Model], _ = json.Marshal(dir)
	}
	doc, err := json.Marshal(settings)
	return doc, advice, err
}

// byKey is an object of JSON by its keys; empty if it is none.
func byKey(object json.RawMessage) map[string]json.RawMessage {
	var settings map[string]json.RawMessage
	if json.Unmarshal(object, &settings) != nil {
		return nil
	}
	return settings
}

// price is what a million tokens cost, as the settings say; 0 if they do not.
func price(settings map[string]json.RawMessage) float64 {
	var f float64
	if json.Unmarshal(settings["price_per_million_tokens"], &f) != nil || f < 0 {
		return 0
	}
	return f
}
