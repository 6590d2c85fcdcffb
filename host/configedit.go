package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/cubeset/cubeset/host/internal/fsx"
)

// SetYAML sets one key of a cubeset.yaml and leaves every other byte of it as
// it is, comments and all; a file that is not there is made. value is a plain
// scalar of the key's Setting, which is no list. Readers see the old file or
// the new one.
func SetYAML(path, key, value string) error { return setYAML(fsx.OS{}, path, key, value) }

func setYAML(files fsx.FS, path, key, value string) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // the link stays a link
	}
	src, err := files.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	edited, err := editYAML(path, src, key, value)
	if err != nil {
		return err
	}
	return replaceFile(files, path, edited)
}

// replaceFile is fsx.WriteFile for a file of the user's: its permissions stay,
// and the draft beside it has a name that can only be ours.
func replaceFile(files fsx.FS, path string, content []byte) (err error) {
	dir, draft := filepath.Dir(path), filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".cubeset-draft")
	f, err := files.Create(draft)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			files.Remove(draft)
		}
	}()
	if fi, statErr := files.Stat(path); statErr == nil {
		if file, ok := f.(interface{ Chmod(fs.FileMode) error }); ok {
			err = file.Chmod(fi.Mode().Perm())
		}
	}
	if err == nil {
		_, err = f.Write(content)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = files.Rename(draft, path); err != nil {
		return err
	}
	return files.SyncDir(dir)
}

// editYAML is src with one key set. Whatever the file looks like, the result is
// checked to say what src says and nothing else but that; where one line does
// not do it, that is an error.
func editYAML(name string, src []byte, key, value string) ([]byte, error) {
	want := DefaultConfig()
	if err := want.ReadYAML(name, src); err != nil {
		return nil, err
	}
	if err := want.setPlain(key, value); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	edited, err := placeYAML(src, key, value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	got := DefaultConfig()
	if err := got.ReadYAML(name, edited); err != nil || !reflect.DeepEqual(got, want) {
		return nil, fmt.Errorf("%s: it takes more than one line to set %s here; set it by hand: %s: %s", name, key, key, value)
	}
	return edited, nil
}

func (c *Config) setPlain(key, value string) error {
	for _, s := range Settings() {
		if s.Key() == key && !s.List {
			return s.Set(c, value)
		}
	}
	return fmt.Errorf("%q is no key with one value", key)
}

// placeYAML writes value where the last one of key stands, or in a new line at
// the end.
func placeYAML(src []byte, key, value string) ([]byte, error) {
	file, err := parser.ParseBytes(src, 0)
	if err != nil {
		return nil, err
	}
	indent, line, column := 0, 0, 0
	for _, doc := range file.Docs {
		m, ok := doc.Body.(ast.MapNode)
		if !ok {
			continue
		}
		for it := m.MapRange(); it.Next(); {
			indent = it.Key().GetToken().Position.Column - 1
			if it.Key().String() == key {
				at := it.Value().GetToken().Position
				line, column = at.Line, at.Column
			}
		}
	}
	if line == 0 {
		return appendLine(src, strings.Repeat(" ", indent)+key+": "+value), nil
	}
	lines := bytes.SplitAfter(src, []byte("\n"))
	if line > len(lines) {
		return nil, fmt.Errorf("no line %d", line)
	}
	before, after := cutScalar(lines[line-1], column)
	lines[line-1] = append(append(bytes.Clone(before), value...), after...)
	return bytes.Join(lines, nil), nil
}

// cutScalar is what stands in a line before and after the scalar that begins
// at a column, counted in characters from 1.
func cutScalar(line []byte, column int) (before, after []byte) {
	at := 0
	for range column - 1 {
		_, n := utf8.DecodeRune(line[at:])
		at += n
	}
	before, rest := line[:at], line[at:]
	if len(rest) > 0 && (rest[0] == '"' || rest[0] == '\'') {
		if end := bytes.IndexByte(rest[1:], rest[0]); end >= 0 {
			return before, rest[end+2:]
		}
	}
	if end := bytes.IndexAny(rest, " \t\r\n,}"); end >= 0 {
		return before, rest[end:]
	}
	return before, nil
}

// appendLine ends lines as the text before does.
func appendLine(src []byte, line string) []byte {
	end := "\n"
	if bytes.Contains(src, []byte("\r\n")) {
		end = "\r\n"
	}
	out := bytes.Clone(src)
	if len(out) > 0 && out[len(out)-1] != '\n' {
		out = append(out, end...)
	}
	return append(out, line+end...)
}
