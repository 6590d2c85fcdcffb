package plugins

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// FolderFile makes the folder it lies in a teacher.
const FolderFile = "teacher.toml"

// Limits of a teacher.toml.
const (
	folderFileBytesMax = 64 << 10
	argumentsMax       = 256 // of the command
	envNamesMax        = 256
)

// declaration is what a teacher.toml says.
type declaration struct {
	Name        string   `toml:"name"`
	Description string   `toml:"description"`
	Command     []string `toml:"command"`
	Env         []string `toml:"env"`
}

var (
	labelPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	envPattern   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)
)

// parseDeclaration reads a teacher.toml. Errors name it, and the line.
func parseDeclaration(doc []byte) (declaration, error) {
	var d declaration
	err := toml.NewDecoder(bytes.NewReader(doc)).DisallowUnknownFields().Decode(&d)
	var unknown *toml.StrictMissingError
	var bad *toml.DecodeError
	switch {
	case errors.As(err, &unknown) && len(unknown.Errors) > 0:
		line, _ := unknown.Errors[0].Position()
		return d, fmt.Errorf("%s:%d: unknown key %s; there are name, description, command and env", FolderFile, line, clean(strings.Join(unknown.Errors[0].Key(), ".")))
	case errors.As(err, &bad):
		line, _ := bad.Position()
		return d, fmt.Errorf("%s:%d: %s", FolderFile, line, clean(bad.Error()))
	case err != nil:
		return d, fmt.Errorf("%s: %s", FolderFile, clean(err.Error()))
	}
	if err := d.validate(); err != nil {
		return d, fmt.Errorf("%s: %w", FolderFile, err)
	}
	return d, nil
}

// validate returns all complaints at once.
func (d declaration) validate() error {
	var errs []error
	complain := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if d.Name != "" && !labelPattern.MatchString(d.Name) {
		complain("name: %q: want letters, digits, dots and dashes, 64 at most", clean(d.Name))
	}
	if len(d.Command) == 0 {
		complain(`command: there is none; want the program and its arguments, such as ["python3", "teacher.py"]`)
	} else if len(d.Command) > argumentsMax {
		complain("command: %d words, at most %d", len(d.Command), argumentsMax)
	} else if program := d.Command[0]; program == "" || path.IsAbs(program) || strings.Contains(program, "/") && !inside(program) {
		complain("command: %q is neither a file of the folder, such as ./teacher, nor the name of a program on PATH", clean(program))
	}
	for _, word := range d.Command {
		if strings.ContainsRune(word, 0) {
			complain("command: %q has a zero byte", clean(word))
		}
	}
	if len(d.Env) > envNamesMax {
		complain("env: %d names, at most %d", len(d.Env), envNamesMax)
	}
	for _, name := range d.Env {
		if !envPattern.MatchString(name) {
			complain("env: %q is not the name of a variable", clean(name))
		} else if err := checkEnvName(name); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// inside says whether a slash path stays in the folder it is relative to.
func inside(name string) bool {
	name = path.Clean(name)
	return !path.IsAbs(name) && name != "." && name != ".." && !strings.HasPrefix(name, "../")
}
