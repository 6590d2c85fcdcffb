package origin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	names := []string{filepath.Join(dir, "weights"), filepath.Join(dir, "tokens")}
	for _, name := range names {
		if err := os.WriteFile(name, []byte("abc"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := Look(names)
	if err != nil || f.Unchanged() != nil {
		t.Fatal(err, f.Unchanged())
	}
	if err := os.Chtimes(names[1], time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := f.Unchanged(); err == nil || !strings.Contains(err.Error(), "tokens: changed since it was described") {
		t.Errorf("another time: %v", err)
	}
	if err := os.Remove(names[0]); err != nil {
		t.Fatal(err)
	}
	if err := f.Unchanged(); !os.IsNotExist(err) {
		t.Errorf("a file that is gone: %v", err)
	}
	if _, err := Look(names); !os.IsNotExist(err) {
		t.Errorf("a file that was never there: %v", err)
	}
}

func TestDigest(t *testing.T) {
	name := filepath.Join(t.TempDir(), "abc")
	if err := os.WriteFile(name, []byte("abc"), 0o644); err != nil {
		t.Fatal(err)
	}
	const want = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2, B.1
	if got, err := Digest(name); got != want || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := Digest(name + "d"); !os.IsNotExist(err) {
		t.Error(err)
	}
}
