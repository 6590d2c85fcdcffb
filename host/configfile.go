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
// key is a Setting's Key, a list sets a List, and filter_option is a
// map of maps: filter → option → value. All complaints come at once, each
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
	var keys []string
	for _, o := range Settings() {
		keys = append(keys, o.Key())
		if o.Key() != key {
			continue
		}
		if key == "filter_option" {
			return c.setFilterOptionsYAML(value)
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
