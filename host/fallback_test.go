package host

import (
	"context"
	"errors"
	"testing"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

func TestChoosingStartsNoBundledTeacher(t *testing.T) {
	for _, names := range [][]string{{"hash-768", "static-768"}, {"./gone", "hash-768"}} {
		c := testConfig(t, chats(20))
		c.Teacher, c.Fallback = names[0], names[1:]
		b, err := openSteps(context.Background(), c, testOptions(t, nil), (*build).openCache, (*build).chooseTeacher)
		if err != nil {
			t.Fatal(err)
		}
		if teach := b.embedder.teacher; teach.name != "hash-768" || teach.process.Pid() != 0 {
			t.Errorf("%q: chose %s, process %v", names, teach.name, teach.process.Pid())
		}
		if err := b.close(); err != nil {
			t.Error(err)
		}
	}
}

// A build that fell back is looked at again: its teacher may be back.
func TestAFallbackIsNeverUpToDate(t *testing.T) {
	c := testConfig(t, chats(100))
	settle(t, c.Inputs[0])
	c.Teacher, c.Fallback = "./gone", []string{"hash-768"}
	first := mustBuild(t, c)
	if first.Teacher.FallbackFor != "gone" || first.Teacher.FallbackWhy == "" {
		t.Errorf("%+v", first.Teacher)
	}
	if _, ok := upToDate(c, fsx.OS{}, lookAtSources(t.Context(), c, fsx.OS{})); ok {
		t.Error("up to date without its teacher")
	}
	m, err := tensor.ReadManifest(fsx.OS{}, c.Out)
	if err != nil || m.Teacher.FallbackFor != "gone" {
		t.Errorf("manifest: %+v, %v", m.Teacher, err)
	}

	c.Teacher, c.Fallback = "hash-768", []string{"./gone"}
	if second := mustBuild(t, c); second.Parts.Built != 0 || second.Teacher.FallbackFor != "" {
		t.Errorf("the teacher itself: %+v", second)
	}
	if m, err := tensor.ReadManifest(fsx.OS{}, c.Out); err != nil || m.Teacher.FallbackFor != "" {
		t.Errorf("manifest: %+v, %v", m.Teacher, err)
	}
	settle(t, c.Inputs[0])
	if _, ok := upToDate(c, fsx.OS{}, lookAtSources(t.Context(), c, fsx.OS{})); !ok {
		t.Error("not up to date with its teacher")
	}
}

func TestFallbackOfNothingElse(t *testing.T) {
	for _, names := range [][]string{{""}, {"hash-768"}, {"./a", "./a"}} {
		c := testConfig(t, chats(1))
		c.Teacher, c.Fallback = "hash-768", names
		if err := c.Validate(); err == nil {
			t.Errorf("%q is valid", names)
		}
	}
	c := testConfig(t, chats(1))
	c.Teacher, c.Fallback = "./gone", []string{"./gone-too"}
	if _, err := Build(context.Background(), c, testOptions(t, nil)); !errors.Is(err, ErrTeacher) {
		t.Errorf("none there: %v", err)
	}
	c.Fallback = []string{"nobody"}
	if _, err := Build(context.Background(), c, testOptions(t, nil)); !errors.Is(err, ErrConfig) {
		t.Errorf("a name of nobody: %v", err)
	}
}
