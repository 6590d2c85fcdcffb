package vectors

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"
)

// TestFilesAreWhatIsMade: the files are those that the command build writes.
func TestFilesAreWhatIsMade(t *testing.T) {
	tree, err := Tree()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range tree {
		if got, err := fs.ReadFile(Files(), name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what it would be: go run ./wasm/vectors/build (%v)", name, err)
		}
	}
	err = fs.WalkDir(Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && tree[name] == nil && name != "modules/1.1.2.wasm" {
			t.Errorf("%s is no longer part of the vectors", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestVectorsSayWhatTheyExpect: each has a name of its own, and something that
// can be wrong.
func TestVectorsSayWhatTheyExpect(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range All() {
		title := v.Rules[0] + " " + v.Name
		if seen[title] || seen[v.ID] || v.Name == "" || !strings.HasPrefix(v.ID, v.Rules[0]+".") {
			t.Errorf("%s %s: there twice, or without a name", v.ID, v.Name)
		}
		seen[title], seen[v.ID] = true, true
		e := v.Expect
		switch {
		case e.Code != "" && v.Kind == KindHost && e.At != AtLoad && e.At != AtOpen && e.At != AtFilter:
			t.Errorf("%s: an error at no step", v.ID)
		case e.Code != "" && (e.Verdicts != nil || e.Fuel != nil):
			t.Errorf("%s: an error and verdicts", v.ID)
		case e.Code == "" && e.Verdicts == nil && v.Kind != KindPack:
			t.Errorf("%s: nothing is expected", v.ID)
		case e.Code == "" && v.Kind != KindPack && len(v.Batches) == 0:
			t.Errorf("%s: no batch", v.ID)
		case (e.Row != nil || e.Culprit != nil) && e.At != AtFilter:
			t.Errorf("%s: a row before there are any", v.ID)
		}
	}
}
