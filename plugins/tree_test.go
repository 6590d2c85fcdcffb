package plugins

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"
)

func digestOf(t testing.TB, dir string) string {
	t.Helper()
	d, err := mustOpenFolder(t, dir).Digest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// exampleFolder is the one of PROTOCOL.md, section 6.
func exampleFolder(t testing.TB) string {
	dir := makeFolder(t, map[string]string{
		"teacher.toml": "command = [\"./run\"]\n", "run*": "#!/bin/sh\n", "data/words.txt": "a\nb\n", "data.txt": "",
		".git/HEAD": "x", "data/__pycache__/a.pyc": "y",
	})
	if err := os.Symlink("data/words.txt", dir+"/words"); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestDigestIsVersion1(t *testing.T) {
	if got, want := digestOf(t, exampleFolder(t)), "efecd8d91e8dcbded4321dd9ef2c9e0a3900e0d8a757ad96e66cd34b3d4fa188"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDigestSeesEveryChange(t *testing.T) {
	was := digestOf(t, exampleFolder(t))
	for name, change := range map[string]func(dir string) error{
		"a byte": func(d string) error { return os.WriteFile(d+"/data/words.txt", []byte("a\nc\n"), 0o644) },
		"of teacher.toml": func(d string) error {
			return os.WriteFile(d+"/teacher.toml", []byte("command = [\"./run\"] \n"), 0o644)
		},
		"a file more":      func(d string) error { return os.WriteFile(d+"/data/x", nil, 0o644) },
		"a file less":      func(d string) error { return os.Remove(d + "/data.txt") },
		"a folder more":    func(d string) error { return os.Mkdir(d+"/more", 0o755) },
		"another name":     func(d string) error { return os.Rename(d+"/data.txt", d+"/date.txt") },
		"another place":    func(d string) error { return os.Rename(d+"/data.txt", d+"/data/data.txt") },
		"may be run":       func(d string) error { return os.Chmod(d+"/data.txt", 0o755) },
		"may not be run":   func(d string) error { return os.Chmod(d+"/run", 0o644) },
		"a link elsewhere": func(d string) error { return errors.Join(os.Remove(d+"/words"), os.Symlink("data.txt", d+"/words")) },
		"a file for a link": func(d string) error {
			return errors.Join(os.Remove(d+"/words"), os.WriteFile(d+"/words", []byte("a\nb\n"), 0o644))
		},
		"a link's own name": func(d string) error {
			return errors.Join(os.Remove(d+"/words"), os.WriteFile(d+"/words", []byte("data/words.txt"), 0o644))
		},
		"a folder for a file": func(d string) error { return errors.Join(os.Remove(d+"/data.txt"), os.Mkdir(d+"/data.txt", 0o755)) },
		"two files' contents": func(d string) error {
			return errors.Join(os.Rename(d+"/run", d+"/x"), os.Rename(d+"/data.txt", d+"/run"), os.Rename(d+"/x", d+"/data.txt"))
		},
		"the border of a name": func(d string) error {
			return errors.Join(os.Remove(d+"/data.txt"), os.WriteFile(d+"/data.tx", []byte("t"), 0o644))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := exampleFolder(t)
			if err := change(dir); err != nil {
				t.Fatal(err)
			}
			if digestOf(t, dir) == was {
				t.Error("it goes unseen")
			}
		})
	}
	for name, change := range map[string]func(dir string) error{
		"another mask":       func(d string) error { return errors.Join(os.Chmod(d+"/data.txt", 0o664), os.Chmod(d+"/run", 0o700)) },
		"version control":    func(d string) error { return os.WriteFile(d+"/.git/index", []byte("z"), 0o644) },
		"what Python leaves": func(d string) error { return os.WriteFile(d+"/data/__pycache__/b.pyc", []byte("z"), 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := exampleFolder(t)
			if err := change(dir); err != nil {
				t.Fatal(err)
			}
			if digestOf(t, dir) != was {
				t.Error("it changes the digest")
			}
		})
	}
}

func TestDigestRefuses(t *testing.T) {
	outside := makeFolder(t, map[string]string{"secret": "x"})
	for _, c := range []struct {
		name   string
		change func(dir string) error
		want   string
	}{
		{"a link out", func(d string) error { return os.Symlink("../../secret", d+"/data/out") }, "data/out is a link that leads to nothing in the folder"},
		{"an absolute link", func(d string) error { return os.Symlink(outside+"/secret", d+"/out") }, "out is a link that leads to nothing in the folder"},
		{"a link out and back", func(d string) error { return os.Symlink("../"+filepath.Base(d)+"/run", d+"/back") }, "back is a link that leads to nothing in the folder"},
		{"a link to nothing", func(d string) error { return os.Symlink("gone", d+"/out") }, "out is a link that leads to nothing in the folder"},
		{"a ring of links", func(d string) error { return os.Symlink("ring", d+"/ring") }, "ring is a link that leads to nothing in the folder"},
		{"a pipe", func(d string) error { return syscall.Mkfifo(d+"/pipe", 0o600) }, "pipe is neither a file, a folder nor a link"},
		{"too much", func(d string) error { return os.Truncate(d+"/data/words.txt", folderBytesMax+1) }, "more than 1073741824 bytes with data/words.txt; keep large models elsewhere"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := exampleFolder(t)
			if err := c.change(dir); err != nil {
				t.Fatal(err)
			}
			f := mustOpenFolder(t, dir)
			for what, walk := range map[string]func() (string, error){
				"digest": func() (string, error) { return f.Digest(t.Context()) },
				"copy":   func() (string, error) { return f.Copy(t.Context(), t.TempDir()) },
			} {
				if _, err := walk(); !errors.Is(err, ErrFolder) || err.Error() != "not a teacher's folder: "+c.want {
					t.Errorf("%s: got %v, want %s", what, err, c.want)
				}
			}
		})
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := mustOpenFolder(t, exampleFolder(t)).Digest(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: got %v", err)
	}
}

// A command by itself is its one file, whatever lies beside it.
func TestDigestOfACommand(t *testing.T) {
	dir := makeFolder(t, map[string]string{"run*": "#!/bin/sh\n", "other": "x"})
	f := mustOpenFolder(t, dir+"/run")
	was, err := f.Digest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/other", []byte("y"), 0o644); err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	if got, err := f.Copy(t.Context(), to); err != nil || got != was {
		t.Errorf("%s %v, want %s", got, err, was)
	}
	if left, _ := os.ReadDir(to); len(left) != 1 || left[0].Name() != "run" {
		t.Errorf("the copy holds %v", left)
	}
	if err := os.WriteFile(dir+"/run", []byte("#!/bin/bash\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Digest(t.Context()); err != nil || got == was {
		t.Errorf("a change goes unseen: %v", err)
	}
	if _, err := mustOpenFolder(t, dir+"/gone").Digest(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("gone: %v", err)
	}
	if err := syscall.Mkfifo(dir+"/pipe", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := mustOpenFolder(t, dir+"/pipe").Digest(t.Context()); !errors.Is(err, ErrFolder) {
		t.Errorf("pipe: %v", err)
	}
}

// Whatever the folder is, its copy has the digest that copying it returned.
func TestCopyIsWhatWasHashed(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		files := map[string]string{"teacher.toml": `command = ["./run"]`}
		for i := range rapid.IntRange(0, 6).Draw(r, "files") {
			name := rapid.StringMatching(`([ab]/){0,2}[a-z.~é]{1,3}`).Draw(r, "name")
			files[fmt.Sprintf("%s%d%s", name, i, rapid.SampledFrom([]string{"", "*"}).Draw(r, "run"))] = rapid.String().Draw(r, "content")
		}
		dir, to := makeFolder(t, files), t.TempDir()
		f := mustOpenFolder(t, dir)
		was, err := f.Digest(t.Context())
		got, err2 := f.Copy(t.Context(), to)
		if err := errors.Join(err, err2); err != nil {
			r.Fatal(err)
		}
		if got != was || digestOf(t, to) != was {
			r.Errorf("%s copied as %s to %s", was, got, digestOf(t, to))
		}
	})
}

// A file that is changed after it was copied is in the copy as it was.
func TestCopyOfWhatIsSwapped(t *testing.T) {
	dir := makeFolder(t, map[string]string{"teacher.toml": `command = ["./a"]`, "a*": "good", "b": "good"})
	f := mustOpenFolder(t, dir)
	was, err := f.Digest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.copied = func(name string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("evil"), 0o755); err != nil {
			t.Error(err)
		}
	}
	to := t.TempDir()
	if got, err := f.Copy(t.Context(), to); err != nil || got != was || digestOf(t, to) != was {
		t.Fatalf("%s %v, want %s", got, err, was)
	}
	for _, name := range []string{"a", "b"} {
		if b, err := os.ReadFile(filepath.Join(to, name)); err != nil || string(b) != "good" {
			t.Errorf("%s: %q %v", name, b, err)
		}
	}
	f.copied = nil
	if got, err := f.Digest(t.Context()); err != nil || got == was {
		t.Errorf("now the folder is %s as before (%v)", got, err)
	}
}

// A file that grows or shrinks while it is read makes no digest.
func TestDigestOfWhatGrows(t *testing.T) {
	dir := makeFolder(t, map[string]string{"teacher.toml": `command = ["./a"]`, "z": strings.Repeat("x", 100)})
	tr := &tree{ctx: t.Context(), hash: discard{}}
	file, err := os.Open(dir + "/z")
	if err != nil {
		t.Fatal(err)
	}
	tr.hash = discard{onWrite: func() { os.WriteFile(dir+"/z", []byte("x"), 0o644) }}
	if err := tr.file("z", file); !errors.Is(err, ErrFolder) || !strings.Contains(err.Error(), "z changed while it was read") {
		t.Errorf("got %v", err)
	}
}

// discard is a hash that does something at each write, and nothing else.
type discard struct{ onWrite func() }

func (d discard) Write(b []byte) (int, error) { d.onWrite(); return len(b), nil }
func (discard) Sum(b []byte) []byte           { return b }
func (discard) Reset()                        {}
func (discard) Size() int                     { return 0 }
func (discard) BlockSize() int                { return 1 }
