package plugins

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sealedFolder is a folder whose teacher is the test binary. It leaves a witness
// when it runs, and writes down where.
func sealedFolder(t testing.TB) (dir, witness string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	witness = filepath.Join(t.TempDir(), "witness")
	dir = makeFolder(t, map[string]string{
		"teacher.toml": `command = ["sh", "teacher.sh"]`,
		"teacher.sh":   "pwd >>" + witness + "\nexec " + exe + "\n",
	})
	return dir, witness
}

// sealed is how the folder's teacher is started if it is what it is now.
func sealed(t testing.TB, dir string) Spec {
	t.Helper()
	f := mustOpenFolder(t, dir)
	s := fakeSpec("healthy")
	s.Command, s.Env = nil, append(s.Env, f.Env...)
	s.Seal = &Seal{Folder: f, Digest: digestOf(t, dir)}
	return s
}

func TestSealRunsACopy(t *testing.T) {
	dir, witness := sealedFolder(t)
	o := DefaultOptions()
	o.TempDir = shortTempDir(t)
	f, err := Start(t.Context(), sealed(t, dir), o)
	if err != nil {
		t.Fatal(err)
	}
	ran, err := os.ReadFile(witness)
	if at := strings.TrimSpace(string(ran)); err != nil || filepath.Dir(at) != o.TempDir {
		t.Errorf("it ran in %s (%v), want a folder in %s", at, err, o.TempDir)
	} else if fi, err := os.Stat(at); err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("that folder is %v (%v)", fi.Mode(), err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(o.TempDir); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
}

func TestSealRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(dir string) error
		kind   Kind
		want   string
	}{
		{"a byte", func(d string) error { return os.WriteFile(d+"/data.txt", []byte("y"), 0o644) }, ErrSeal, "its files have the digest NOW, want WAS"},
		{"a link out", func(d string) error { return os.Symlink("/etc/passwd", d+"/x") }, ErrStart, "not a teacher's folder: x is a link that leads to nothing in the folder"},
		{"gone", os.RemoveAll, ErrStart, "open DIR: no such file or directory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, witness := sealedFolder(t)
			s := sealed(t, dir)
			if err := c.change(dir); err != nil {
				t.Fatal(err)
			}
			o := DefaultOptions()
			o.TempDir = shortTempDir(t)
			f, err := Start(t.Context(), s, o)
			if err == nil {
				f.Close()
				t.Fatal("it started")
			}
			now, _ := s.Seal.Folder.Digest(t.Context())
			want := strings.NewReplacer("NOW", now[:min(16, len(now))], "WAS", s.Seal.Digest[:16], "DIR", dir).Replace(c.want)
			if err.Error() != "teacher fake: "+want || !errors.Is(err, c.kind) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if _, err := os.Stat(witness); err == nil {
				t.Error("it ran")
			}
			if left, _ := os.ReadDir(o.TempDir); len(left) > 0 {
				t.Errorf("it left %v", left)
			}
		})
	}
}

// Swapping files between the check and the start has no effect.
func TestSealAgainstASwap(t *testing.T) {
	dir, witness := sealedFolder(t)
	s := sealed(t, dir)
	evil := filepath.Join(t.TempDir(), "evil")
	s.Seal.Folder.copied = func(name string) { // the folder is about to be believed
		if name == "teacher.toml" { // the last
			os.WriteFile(dir+"/teacher.sh", []byte("touch "+evil+"\n"), 0o644)
		}
	}
	o := DefaultOptions()
	o.TempDir = shortTempDir(t)
	f, err := Start(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := os.Stat(evil); err == nil {
		t.Error("what was put in its place ran")
	}
	if _, err := os.Stat(witness); err != nil {
		t.Error("what was checked did not run")
	}
	if _, err := Start(t.Context(), s, o); !errors.Is(err, ErrSeal) {
		t.Errorf("the next start: %v", err)
	}
}

// A folder's teacher is let see what teacher.toml names, and nothing else.
func TestFolderEnvironment(t *testing.T) {
	t.Setenv("ASKED_FOR", "1")
	t.Setenv("NOT_ASKED_FOR", "1")
	dir := makeFolder(t, map[string]string{"teacher.toml": "command = [\"./run\"]\nenv = [\"ASKED_FOR\", \"NOT_SET\"]", "run*": ""})
	s, err := mustOpenFolder(t, dir).Spec()
	if err != nil {
		t.Fatal(err)
	}
	env, err := s.environ("/tmp")
	if err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(env, " "); !strings.Contains(all, "ASKED_FOR=1") || strings.Contains(all, "NOT_") {
		t.Errorf("it sees %s", all)
	}
}
