package lock

import (
	"fmt"
	"maps"
)

// shown is how much of a digest people are shown.
const shown = 16

// CheckFilter is nil if the lock holds a filter as it is; else its error matches
// ErrMismatch and names both values. So do those of the other checks.
func (f *File) CheckFilter(name string, x Filter) error {
	of, l := "filter "+name, f.Filters[name]
	if err := equal(of, "sha256", x.SHA256, l.SHA256); err != nil {
		return err
	}
	if err := equal(of, "settings", x.Settings, l.Settings); err != nil {
		return err
	}
	files := maps.Clone(x.Files)
	if files == nil {
		files = map[string]string{}
	}
	maps.Copy(files, l.Files)
	for _, file := range sorted(files) {
		if err := equal(of, "file "+file, x.Files[file], l.Files[file]); err != nil {
			return err
		}
	}
	return nil
}

// CheckModule says whether the module is that of any filter of the lock.
func (f *File) CheckModule(file, digest string) error {
	for _, l := range f.Filters {
		if l.SHA256 == digest {
			return nil
		}
	}
	return equal("filter "+file, "sha256", digest, "")
}

// CheckProjection compares the digest of a projection's file.
func (f *File) CheckProjection(digest string) error {
	return equal("projection", "sha256", digest, f.Projection)
}

// CheckTeacher says whether the lock has the teacher at all.
func (f *File) CheckTeacher(name string) error {
	if _, ok := f.Teachers[name]; !ok {
		return mismatch("teacher %s is not in the lock", name)
	}
	return nil
}

// CheckSettings compares the digest of a teacher's settings.
func (f *File) CheckSettings(name, digest string) error {
	return equal("teacher "+name, "settings", digest, f.Teachers[name].Settings)
}

// CheckFolder compares the digest of a teacher's files on a platform.
func (f *File) CheckFolder(name, platform, digest string) error {
	return equal("teacher "+name, "folder for "+platform, digest, f.Teachers[name].Folders[platform])
}

// CheckEmbedID compares what a teacher says it is.
func (f *File) CheckEmbedID(name, id string) error {
	return equal("teacher "+name, "embed_id", id, f.Teachers[name].EmbedID)
}

func equal(of, what, got, want string) error {
	switch {
	case got == want:
		return nil
	case want == "":
		return mismatch("%s: %s %.*s is not in the lock", of, what, shown, got)
	case got == "":
		return mismatch("%s has no %s, the lock has %.*s", of, what, shown, want)
	}
	return mismatch("%s: %s %.*s is in use, the lock has %.*s", of, what, shown, got, shown, want)
}

// difference is an error that matches ErrMismatch in words of its own.
type difference string

func mismatch(format string, args ...any) error { return difference(fmt.Sprintf(format, args...)) }

func (d difference) Error() string      { return string(d) }
func (difference) Is(target error) bool { return target == ErrMismatch }
