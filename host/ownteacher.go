package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cubeset/cubeset/plugins"
)

// ownSpec resolves the path of a teacher: of its folder, of the teacher.toml in
// it, or of a command.
func (c Config) ownSpec(path string) (teacherSpec, error) {
	f, err := plugins.OpenFolder(path)
	if err != nil {
		return teacherSpec{}, as(ErrConfig, err)
	}
	s, err := f.Spec()
	if err != nil {
		return teacherSpec{}, as(ErrConfig, fmt.Errorf("teacher %s: %w", f.Name, err))
	}
	found := teacherSpec{name: f.Name, folder: f}
	if err := c.addOptions(&s); err != nil {
		return found, err
	}
	found.spec = s
	if len(c.TeacherOptions) > 0 {
		found.settings, err = settingsOf(c.TeacherOptions)
	}
	return found, err
}

// addOptions hands a teacher that is named by its path the settings there are.
func (c Config) addOptions(s *plugins.Spec) error {
	if c.Model != "" {
		return as(ErrConfig, errors.New("model: a teacher that is named by its path has none to choose; use --teacher-option"))
	}
	if len(c.TeacherOptions) == 0 {
		return nil
	}
	doc, err := json.Marshal(c.TeacherOptions) // keys in order
	s.SetEnv = append(s.SetEnv, plugins.ConfigEnv+"="+string(doc))
	return err
}

// FolderCard is what is known of a teacher that is named by its path, without
// starting it. Its JSON is what `teacher info --json` prints of one.
type FolderCard struct {
	Name    string   `json:"name"`
	Doc     string   `json:"doc"`
	Folder  string   `json:"folder"`
	Command []string `json:"command"`
	Env     []string `json:"env"`    // variables that it may see, besides PATH
	Digest  string   `json:"digest"` // of its files, as a lock holds it
}

// FolderCard describes the teacher at a path; ok is false for a name.
func (c Config) FolderCard(ctx context.Context, path string) (card FolderCard, ok bool, err error) {
	if !isPath(path) {
		return card, false, nil
	}
	f, err := plugins.OpenFolder(path)
	if err != nil {
		return card, true, as(ErrConfig, err)
	}
	digest, err := f.Digest(ctx)
	if err != nil {
		return card, true, folderError(f.Name, err)
	}
	return FolderCard{f.Name, f.Description, f.Dir, f.Command, append([]string{}, f.Env...), digest}, true, nil
}
