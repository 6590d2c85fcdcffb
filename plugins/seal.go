package plugins

import (
	"context"
	"os"
)

// Seal has a teacher run only as what it was when somebody took its digest: its
// folder is copied to a private one and hashed on the way, and only a copy that
// has the digest is run. Whoever changes the folder later changes nothing that
// runs. The interpreter that the command names is not part of the folder.
type Seal struct {
	Folder *Folder
	Digest string // as Folder.Digest returns it
}

// sealPrefix begins the names of the folders that sealed teachers run from.
const sealPrefix = "cubeset-teacher-"

// unseal makes the private copy in tempDir, and returns how to start the teacher
// there. The caller removes the copy, also after an error.
func (s Spec) unseal(ctx context.Context, tempDir string) (Spec, string, error) {
	dir, err := os.MkdirTemp(tempDir, sealPrefix) // 0700
	if err != nil {
		return s, "", fail(s.Name, ErrStart, "folder for its copy: %s", clean(err.Error()))
	}
	got, err := s.Seal.Folder.Copy(ctx, dir)
	if ctx.Err() != nil {
		return s, dir, fail(s.Name, ErrStart, "%w", context.Cause(ctx))
	}
	if err != nil {
		return s, dir, fail(s.Name, ErrStart, "%w", err)
	}
	if got != s.Seal.Digest {
		return s, dir, fail(s.Name, ErrSeal, "its files have the digest %.16s, want %.16s", got, s.Seal.Digest)
	}
	copied, err := s.Seal.Folder.at(dir)
	if err != nil {
		return s, dir, fail(s.Name, ErrStart, "%w", err)
	}
	s.Command, s.Dir = copied.Command, copied.Dir
	return s, dir, nil
}
