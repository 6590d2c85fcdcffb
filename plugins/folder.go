package plugins

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// ErrFolder is wrapped by complaints about a folder that is no teacher, or not
// one that can be sealed.
var ErrFolder = errors.New("not a teacher's folder")

// Folder is a teacher that is not part of this program: a folder with a
// teacher.toml, or a command by itself.
type Folder struct {
	Name        string   // label: what teacher.toml says, else the folder's or the command's own name
	Description string   // one sentence for people, or ""
	Dir         string   // absolute
	Command     []string // a program with a slash in it lies in Dir, one without is sought on PATH
	Env         []string // names of variables of this process that are let through

	alone  string       // the file of Dir that is all of the teacher; "": Dir is
	copied func(string) // for tests: called when Copy is done with a file
}

// OpenFolder finds the teacher at a path: a folder, its teacher.toml, or a
// command. A command in a folder whose teacher.toml starts it is that folder's
// teacher. A path at which there is nothing is taken for a command, which then
// does not start. Other errors match ErrFolder.
func OpenFolder(name string) (*Folder, error) {
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	dir, base := filepath.Split(path)
	dir = filepath.Clean(dir)
	if fi, err := os.Stat(path); err == nil && fi.IsDir() {
		dir, base = path, FolderFile
	}
	f, err := readFolder(dir)
	switch {
	case base == FolderFile && errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("teacher %s: %w: it has no %s", clean(name), ErrFolder, FolderFile)
	case errors.Is(err, fs.ErrNotExist):
		return &Folder{Name: base, Dir: dir, Command: []string{"./" + base}, alone: base}, nil
	case err != nil:
		return nil, fmt.Errorf("teacher %s: %w", clean(name), err)
	case base != FolderFile && !f.starts(base):
		return nil, fmt.Errorf("teacher %s: %w: the command of the %s beside it does not start it", clean(name), ErrFolder, FolderFile)
	}
	return f, nil
}

// readFolder reads dir's teacher.toml. It is fs.ErrNotExist if there is none.
func readFolder(dir string) (*Folder, error) {
	file, err := os.Open(filepath.Join(dir, FolderFile))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	doc, err := io.ReadAll(io.LimitReader(file, folderFileBytesMax+1))
	if err != nil {
		return nil, err
	}
	if len(doc) > folderFileBytesMax {
		return nil, fmt.Errorf("%w: %s: more than %d bytes", ErrFolder, FolderFile, folderFileBytesMax)
	}
	d, err := parseDeclaration(doc)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if d.Name == "" {
		d.Name = filepath.Base(dir)
	}
	return &Folder{Name: d.Name, Description: d.Description, Dir: dir, Command: d.Command, Env: d.Env}, nil
}

// starts says whether the file base of f's folder is part of its command.
func (f *Folder) starts(base string) bool {
	return slices.ContainsFunc(f.Command, func(word string) bool { return filepath.Clean(word) == base })
}

// Spec is how the teacher is started where it lies.
func (f *Folder) Spec() (Spec, error) { return f.at(f.Dir) }

// at is how the teacher is started in dir, f.Dir or a copy of it.
func (f *Folder) at(dir string) (Spec, error) {
	s := Spec{Name: f.Name, Command: slices.Clone(f.Command), Env: slices.Clone(f.Env), Dir: dir}
	if strings.Contains(s.Command[0], "/") {
		s.Command[0] = filepath.Join(dir, s.Command[0])
		return s, nil
	}
	path, err := exec.LookPath(s.Command[0])
	if err != nil {
		return s, nil // the start says it
	}
	if rel, err := filepath.Rel(f.Dir, path); err == nil && filepath.IsLocal(rel) { // it would not be the copy's
		return s, fmt.Errorf("%w: %s is found in the folder, by way of PATH; name it ./%s", ErrFolder, clean(s.Command[0]), clean(rel))
	}
	s.Command[0] = path
	return s, nil
}
