package host

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/formats/dialogue"
	"github.com/cubeset/cubeset/formats/tensor"
)

// Every dialogue asks one question of its own and one that all ask.
func TestLeaksAreDropped(t *testing.T) {
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, "{\"dialogue_id\": \"d%d\", \"turn\": 0, \"question\": \"Where is parcel %d now?\", \"answer\": \"Parcel %d is in town %d now\"}\n", i, i, i, i)
		fmt.Fprintf(&b, "{\"dialogue_id\": \"d%d\", \"turn\": 2, \"question\": \"Is Parcel post %s slow?\", \"answer\": \"Parcel post is slow in town %d\"}\n", i, strings.Repeat(" ", i%3), i)
	}
	c := testConfig(t, b.String())
	open := mustBuild(t, c)
	c.Leak, c.Out = "drop", filepath.Join(t.TempDir(), "out")
	s := mustBuild(t, c)
	if want := open.Splits["validation"] / 2; want == 0 || s.Dropped["split/leak"] != want || s.Splits["validation"] != want {
		t.Errorf("dropped %d, left %d of %d in validation, want half", s.Dropped["split/leak"], s.Splits["validation"], open.Splits["validation"])
	}
	if s.Splits["train"] != open.Splits["train"] {
		t.Errorf("train had %d rows, now %d", open.Splits["train"], s.Splits["train"])
	}
	questions := map[string]string{}
	parts, err := filepath.Glob(filepath.Join(c.Out, "data", "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range parts {
		p, err := tensor.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for r, err := range p.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			q := dialogue.Fold(r.Question)
			if in, ok := questions[q]; ok && in != r.Split {
				t.Fatalf("%s and %s ask the same", in, r.Split)
			}
			questions[q] = r.Split
		}
		p.Close()
	}
	again := c
	again.Workers, again.Out = 1, filepath.Join(t.TempDir(), "out")
	mustBuild(t, again)
	requireSame(t, promised(t, again.Out), promised(t, c.Out))

	c.Inputs = []string{"-"}
	if _, err := Build(context.Background(), c, testOptions(t, nil)); !errors.Is(err, ErrConfig) {
		t.Errorf("standard input twice: %v", err)
	}
}
