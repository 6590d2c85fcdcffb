package host

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/cubeset/cubeset/host/internal/fsx"
)

func TestEditYAML(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"empty", "", "min_similarity: 0.15\n"},
		{"comments only", "# mine\n", "# mine\nmin_similarity: 0.15\n"},
		{"absent", "seed: 7  # lucky\n\n# end", "seed: 7  # lucky\n\n# end\nmin_similarity: 0.15\n"},
		{"there", "# a\nmin_similarity: 0.3   # why\nseed: 7\n", "# a\nmin_similarity: 0.15   # why\nseed: 7\n"},
		{"auto", "min_similarity: auto\n", "min_similarity: 0.15\n"},
		{"no last newline", "seed: 7\nmin_similarity: auto", "seed: 7\nmin_similarity: 0.15"},
		{"negative", "min_similarity: -1\n", "min_similarity: 0.15\n"},
		{"quoted", `min_similarity: "0.3" # "why"` + "\n", `min_similarity: 0.15 # "why"` + "\n"},
		{"single quotes", "min_similarity: 'auto'\n", "min_similarity: 0.15\n"},
		{"on the next line", "min_similarity:\n    0.3\nseed: 7\n", "min_similarity:\n    0.15\nseed: 7\n"},
		{"flow", "{seed: 7, min_similarity: 0.3, dedup: none}\n", "{seed: 7, min_similarity: 0.15, dedup: none}\n"},
		{"indented", "  seed: 7\n  dedup: none\n", "  seed: 7\n  dedup: none\n  min_similarity: 0.15\n"},
		{"after a list", "filter:\n  - my.wasm\n", "filter:\n  - my.wasm\nmin_similarity: 0.15\n"},
		{"after a map", "filter_option:\n  length: {question_min: 3}\n", "filter_option:\n  length: {question_min: 3}\nmin_similarity: 0.15\n"},
		{"windows lines", "seed: 7\r\nmin_similarity: 0.3\r\n", "seed: 7\r\nmin_similarity: 0.15\r\n"},
		{"windows lines, absent", "seed: 7\r\n", "seed: 7\r\nmin_similarity: 0.15\r\n"},
		{"a document marker", "---\nseed: 7\n", "---\nseed: 7\nmin_similarity: 0.15\n"},
		{"other letters", "# порог ниже\nteacher: ./учитель.sh # да\nmin_similarity: 0.3 # да\n", "# порог ниже\nteacher: ./учитель.sh # да\nmin_similarity: 0.15 # да\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := editYAML("cubeset.yaml", []byte(c.src), "min_similarity", "0.15")
			if err != nil || string(got) != c.want {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
	for _, c := range []struct{ name, src, want string }{
		{"flow without the key", "{seed: 7}\n", "by hand: min_similarity: 0.15"},
		{"an anchor", "min_similarity: &here 0.3\n", "min_similarity"},
		{"not ours", "seed: many\n", "cubeset.yaml:1: seed"},
		{"not YAML", "seed: [7\n", "cubeset.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := editYAML("cubeset.yaml", []byte(c.src), "min_similarity", "0.15"); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, %v, want an error with %q", got, err, c.want)
			}
		})
	}
}

// Whatever lines a file has, all but the one of the key stay.
func TestEditYAMLKeepsEveryOtherLine(t *testing.T) {
	lines := []string{
		"seed: 7", "# a comment: with a colon", "", "dedup: none  # why", "filter:\n- a.wasm\n- b.wasm", "validation: 0.20",
		"filter_option:\n  length:\n    question_min: 3 # three", "preset: \"none\"", "min_similarity: 0.3 # old", "teacher: >-\n  ./folded",
	}
	rapid.Check(t, func(t *rapid.T) {
		chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(lines), 0, len(lines), rapid.ID).Draw(t, "lines")
		src := strings.Join(chosen, "\n")
		got, err := editYAML("cubeset.yaml", []byte(src), "min_similarity", "0.15")
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range chosen {
			if want := strings.Replace(l, "0.3 #", "0.15 #", 1); !strings.Contains("\n"+string(got)+"\n", "\n"+want+"\n") {
				t.Fatalf("%q is gone from %q", want, got)
			}
		}
	})
}

func TestSetYAMLReplacesTheFileOrLeavesIt(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "real.yaml"), filepath.Join(dir, "cubeset.yaml")
	const old = "seed: 7\n"
	if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	whole := &fsx.Fault{FS: fsx.Quick{}}
	fresh := filepath.Join(dir, "new.yaml")
	if err := setYAML(whole, fresh, "min_similarity", "0.15"); err != nil {
		t.Fatal(err)
	}
	for at := 1; at <= whole.Calls(); at++ {
		err := setYAML(&fsx.Fault{FS: fsx.Quick{}, At: at}, link, "min_similarity", "0.15")
		now, readErr := os.ReadFile(link)
		if readErr != nil || string(now) != old && string(now) != old+"min_similarity: 0.15\n" {
			t.Fatalf("call %d fails with %v and leaves %q, %v", at, err, now, readErr)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, ".*draft")); len(left) > 0 && !errors.Is(err, fsx.ErrInjected) {
			t.Errorf("call %d: %v is left", at, left)
		}
		if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(path, 0o600); err != nil { // the faulty files know no permissions
		t.Fatal(err)
	}
	if err := SetYAML(link, "min_similarity", "0.15"); err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Lstat(link); err != nil || fi.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link became a file: %v", err)
	}
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("permissions are not kept: %v, %v", fi.Mode(), err)
	}
	for _, f := range []struct{ path, want string }{{path, old + "min_similarity: 0.15\n"}, {fresh, "min_similarity: 0.15\n"}} {
		if b, err := os.ReadFile(f.path); err != nil || string(b) != f.want {
			t.Errorf("%s: got %q, %v", filepath.Base(f.path), b, err)
		}
	}
	if err := SetYAML(path, "filter", "x"); err == nil {
		t.Error("a list is set like a single value")
	}
}
