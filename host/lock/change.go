package lock

import (
	"fmt"
	"maps"
	"slices"
)

// Next is the lock that takes f's place when used is what is used on a platform:
// it holds that and no more. What f says of a teacher's files on other platforms
// stays, unless the teacher or its settings are others.
func (f *File) Next(used *File, platform string) *File {
	next := &File{Filters: used.Filters, Projection: used.Projection, Teachers: maps.Clone(used.Teachers)}
	for name, t := range next.Teachers {
		was := f.Teachers[name]
		if len(t.Folders) == 0 || was.EmbedID != t.EmbedID || was.Settings != t.Settings {
			continue
		}
		folders := map[string]string{}
		maps.Copy(folders, was.Folders)
		delete(folders, platform)
		maps.Copy(folders, t.Folders)
		t.Folders = folders
		next.Teachers[name] = t
	}
	return next
}

// Change is one difference between two locks.
type Change struct {
	Of   string `json:"of"`            // "filter length", "projection", "teacher mine"
	What string `json:"what"`          // "sha256", "settings", "folder for linux/amd64" …
	Now  string `json:"now,omitempty"` // "": gone
	Was  string `json:"was,omitempty"` // "": new
}

// String is the change as people read it.
func (c Change) String() string {
	switch {
	case c.Was == "":
		return fmt.Sprintf("+ %s: %s %.*s", c.Of, c.What, shown, c.Now)
	case c.Now == "":
		return fmt.Sprintf("- %s: %s %.*s", c.Of, c.What, shown, c.Was)
	}
	return fmt.Sprintf("~ %s: %s %.*s, was %.*s", c.Of, c.What, shown, c.Now, shown, c.Was)
}

// Changes is what is different in next, in order of what it is of.
func (f *File) Changes(next *File) []Change {
	was, now := f.values(), next.values()
	all := maps.Clone(was)
	maps.Copy(all, now)
	changes := []Change{}
	for _, k := range slices.SortedFunc(maps.Keys(all), key.compare) {
		if was[k] != now[k] {
			changes = append(changes, Change{k.of, k.what, now[k], was[k]})
		}
	}
	return changes
}

// key names one value of a lock.
type key struct{ of, what string }

func (k key) compare(o key) int {
	return slices.Compare([]string{k.of, k.what}, []string{o.of, o.what})
}

// values is a lock as one table.
func (f *File) values() map[key]string {
	all := map[key]string{}
	for name, x := range f.Filters {
		of := "filter " + name
		all[key{of, "sha256"}], all[key{of, "settings"}] = x.SHA256, x.Settings
		for file, sum := range x.Files {
			all[key{of, "file " + file}] = sum
		}
	}
	all[key{"projection", "sha256"}] = f.Projection
	for name, t := range f.Teachers {
		of := "teacher " + name
		all[key{of, "embed_id"}], all[key{of, "settings"}], all[key{of, "probes"}] = t.EmbedID, t.Settings, t.Probes
		for platform, sum := range t.Folders {
			all[key{of, "folder for " + platform}] = sum
		}
	}
	return all
}
