package host

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// ReadYAML sets in c what a cubeset.yaml says; name is used in errors. Every
// key is a Setting's Key, a list sets a List, and filter_option, teacher_option
// and teachers are maps: filter → option → value, option → value, and name →
// key → value. All complaints come at once, each
// with its line.
func (c *Config) ReadYAML(name string, src []byte) error {
	file, err := parser.ParseBytes(src, 0)
	if err != nil {
		return fmt.Errorf("%s: %s", name, yaml.FormatError(err, false, true))
	}
	var errs []error
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		m, ok := doc.Body.(ast.MapNode)
		if !ok {
			return fmt.Errorf("%s:%d: want KEY: VALUE lines", name, doc.Body.GetToken().Position.Line)
		}
		for it := m.MapRange(); it.Next(); {
			if err := c.setYAML(it.Key().String(), it.Value()); err != nil {
				errs = append(errs, fmt.Errorf("%s:%d: %w", name, it.Key().GetToken().Position.Line, err))
			}
		}
	}
	return errors.Join(errs...)
}

func (c *Config) setYAML(key string, value ast.Node) error {
	if key == teachersKey {
		return c.setTeachersYAML(value)
	}
	keys := []string{teachersKey}
	for _, o := range Settings() {
		keys = append(keys, o.Key())
		if o.Key() != key {
			continue
		}
		switch key {
		case "filter_option":
			return c.setFilterOptionsYAML(value)
		case "teacher_option":
			return c.setTeacherOptionsYAML(value)
		}
		if !o.List {
			s, err := scalar(value)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			return o.Set(c, s)
		}
		items, ok := value.(*ast.SequenceNode)
		if !ok {
			return fmt.Errorf("%s: want a list", key)
		}
		for _, v := range items.Values {
			s, err := scalar(v)
			if err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			if err := o.Set(c, s); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("unknown key %q%s", key, suggest(key, keys))
}

// teachersKey is the one key that is no setting: names of the user's own.
const teachersKey = "teachers"

func (c *Config) setTeachersYAML(value ast.Node) error {
	var m map[string]map[string]any
	if err := yaml.NodeToValue(value, &m); err != nil {
		return errors.New("teachers: want NAME: {program: PROGRAM, KEY: VALUE}")
	}
	c.Teachers = map[string]TeacherEntry{}
	for name, settings := range m {
		if isPath(name) || name == "" {
			return fmt.Errorf("teachers: %q is no name: it holds a dot or a slash", name)
		}
		c.Teachers[name] = TeacherEntry{}
		for k, v := range settings {
			raw, err := json.Marshal(v)
			if err != nil {
				return fmt.Errorf("teachers: %s.%s: %w", name, k, err)
			}
			c.Teachers[name][k] = raw
		}
	}
	return nil
}

func (c *Config) setTeacherOptionsYAML(value ast.Node) error {
	var m map[string]any
	if err := yaml.NodeToValue(value, &m); err != nil {
		return errors.New("teacher_option: want KEY: VALUE")
	}
	for k, v := range m {
		raw, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("teacher_option: %s: %w", k, err)
		}
		c.setTeacherOption(k, raw)
	}
	return nil
}

func scalar(n ast.Node) (string, error) {
	s, ok := n.(ast.ScalarNode)
	if !ok {
		return "", errors.New("want one value")
	}
	if t, ok := n.(*ast.StringNode); ok {
		return t.Value, nil
	}
	return s.GetToken().Value, nil // as written: 0.20 stays 0.20
}

func (c *Config) setFilterOptionsYAML(value ast.Node) error {
	var m map[string]map[string]any
	if err := yaml.NodeToValue(value, &m); err != nil {
		return errors.New("filter_option: want FILTER: {OPTION: VALUE}")
	}
	for filter, options := range m {
		for k, v := range options {
			raw, err := json.Marshal(v)
			if err != nil {
				return fmt.Errorf("filter_option: %s.%s: %w", filter, k, err)
			}
			c.setFilterOption(filter, k, raw)
		}
	}
	return nil
}
