package dialogue

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// foundMax is how many files Find may name.
const foundMax = 1 << 20

// endings end the names of the files that Find takes from folders and archives,
// before one of packedEndings if there is one.
var endings = []string{".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".txt", ".yml", ".yaml", ".parquet"}

// Find turns what a user names into paths that Open takes, in the order of
// args:
//
//   - a folder becomes the files in it and below whose names end as Formats do,
//     sorted by their paths; those whose own or folder's name begins with a dot
//     are left out
//   - a zip archive, named or in a folder, becomes the files in it, chosen in
//     the same way, as in "a.zip!/b/c.jsonl"
//   - a pattern of path/filepath.Match becomes what it matches, unless there is
//     a file of the very name
//   - any other path, and "-", stays as it is
//
// Links inside of a folder are followed to files in that folder, and no file is
// taken twice for them. A link that leads out of it, and a name in an archive
// that would, is ErrOutside. It is an error if nothing is found at one of args.
// All errors are reported at once.
func Find(args []string) ([]string, error) {
	var (
		found []string
		errs  []error
	)
	for _, arg := range args {
		paths, err := find(arg)
		found, errs = append(found, paths...), append(errs, err)
		if len(found) > foundMax {
			errs = append(errs, fmt.Errorf("more than %d files", foundMax))
			break
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return found, nil
}

func find(arg string) ([]string, error) {
	if arg == "-" {
		return []string{arg}, nil
	}
	info, err := os.Stat(arg)
	switch _, _, isMember := cutMember(arg); {
	case err == nil:
		return findFile(arg, info)
	case isMember && errors.Is(err, fs.ErrNotExist):
		return []string{arg}, nil
	case strings.ContainsAny(arg, "*?[") && errors.Is(err, fs.ErrNotExist):
		return findPattern(arg)
	}
	return nil, err
}

// findFile is what there is at a path that exists.
func findFile(path string, info fs.FileInfo) (found []string, err error) {
	switch {
	case info.IsDir():
		found, err = findFolder(path)
	case info.Mode().IsRegular() && isArchive(path):
		found, err = findMembers(path)
	default:
		return []string{path}, nil
	}
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s: no file in it is one to read: none ends in %s", path, strings.Join(endings, ", "))
	}
	return found, err
}

func findPattern(pattern string) (found []string, err error) {
	matches, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", pattern, err)
	}
	hiddenToo := isHidden(filepath.Base(pattern))
	var errs []error
	for _, match := range matches {
		if isHidden(filepath.Base(match)) && !hiddenToo {
			continue
		}
		info, err := os.Stat(match)
		if err == nil {
			var more []string
			more, err = findFile(match, info)
			found = append(found, more...)
		}
		errs = append(errs, err)
	}
	if len(found) == 0 && len(errs) == 0 {
		errs = append(errs, &fs.PathError{Op: "match", Path: pattern, Err: fs.ErrNotExist})
	}
	return found, errors.Join(errs...)
}

// folder is a folder being searched.
type folder struct {
	root  string            // its path without links
	files map[string]string // path without links → path; archives too
	links map[string]string // the same for links to files
	errs  []error
}

func findFolder(dir string) ([]string, error) {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	if root, err = filepath.Abs(root); err != nil {
		return nil, err
	}
	f := &folder{root: root, files: map[string]string{}, links: map[string]string{}}
	f.walk(dir, root)
	for target, link := range f.links {
		if _, listed := f.files[target]; !listed {
			f.files[target] = link
		}
	}
	var found []string
	for _, path := range f.files {
		if !isArchive(path) {
			found = append(found, path)
			continue
		}
		members, err := findMembers(path)
		found, f.errs = append(found, members...), append(f.errs, err)
	}
	slices.Sort(found)
	return found, errors.Join(f.errs...)
}

// walk searches one folder, whose path without links is real.
func (f *folder) walk(dir, real string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		f.errs = append(f.errs, err)
		return
	}
	for _, e := range entries {
		path, real := filepath.Join(dir, e.Name()), filepath.Join(real, e.Name())
		switch {
		case len(f.files) > foundMax:
			return
		case isHidden(e.Name()):
		case e.IsDir():
			f.walk(path, real)
		case e.Type()&fs.ModeSymlink != 0:
			f.link(path)
		case e.Type().IsRegular() && (isReadable(path) || isArchive(path)):
			f.files[real] = path
		}
	}
}

// link follows a link to a file in the folder. What a link to a folder in the
// folder leads to is found where it is.
func (f *folder) link(path string) {
	target, err := filepath.EvalSymlinks(path)
	if err == nil {
		target, err = filepath.Abs(target)
	}
	var info fs.FileInfo
	if err == nil {
		info, err = os.Stat(target)
	}
	if err != nil {
		f.errs = append(f.errs, err)
		return
	}
	inside, err := filepath.Rel(f.root, target)
	switch {
	case err != nil || !filepath.IsLocal(inside):
		f.errs = append(f.errs, fmt.Errorf("%s: %w: a link", path, ErrOutside))
	case info.Mode().IsRegular() && (isReadable(path) || isArchive(path)):
		if other, twice := f.links[target]; !twice || path < other {
			f.links[target] = path
		}
	}
}

// findMembers is what there is to read in an archive.
func findMembers(archive string) ([]string, error) {
	file, all, err := openArchive(archive)
	if err != nil {
		return nil, err
	}
	var (
		found []string
		errs  = []error{file.Close()}
		seen  = map[string]bool{}
	)
	for _, m := range all {
		if err := checkMember(m.Name); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", archive, err))
			continue
		}
		if !m.Mode().IsRegular() || !isReadable(m.Name) || slices.ContainsFunc(strings.Split(m.Name, "/"), isHidden) || strings.HasPrefix(m.Name, "__MACOSX/") {
			continue
		}
		if seen[m.Name] {
			errs = append(errs, fmt.Errorf("%s: %w: two files named %q", archive, ErrDamaged, m.Name))
		}
		seen[m.Name] = true
		found = append(found, archive+memberMark+m.Name)
	}
	slices.Sort(found)
	return found, errors.Join(errs...)
}

func isHidden(name string) bool { return strings.HasPrefix(name, ".") && name != "." && name != ".." }

func isArchive(name string) bool { return strings.EqualFold(filepath.Ext(name), ".zip") }

// isReadable reports whether a name ends as those of Formats do.
func isReadable(name string) bool {
	return slices.Contains(endings, path.Ext(unpackedName(name)))
}
