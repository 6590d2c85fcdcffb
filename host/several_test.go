package host

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/host/internal/fsx"
)

func TestWhatTeachersCannotShare(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   string // "": it is fine
	}{
		{"two", func(*Config) {}, ""},
		{"a path", func(c *Config) { c.EachTeacher = []string{"hash-768", "./static"} }, ""},
		{"none", func(c *Config) { c.EachTeacher = nil }, "no name"},
		{"an empty name", func(c *Config) { c.EachTeacher = []string{""} }, "is no teacher"},
		{"the folder above", func(c *Config) { c.EachTeacher = []string{".."} }, ""}, // which has a name, and may hold a teacher.toml
		{"the root", func(c *Config) { c.EachTeacher = []string{"/"} }, "is no teacher"},
		{"twice", func(c *Config) { c.EachTeacher = []string{"hash-768", "hash-768"} }, "two would write"},
		{"one folder", func(c *Config) { c.EachTeacher = []string{"./a/x", "./b/x"} }, "two would write"},
		{"a fallback", func(c *Config) { c.Fallback = []string{"hash-768"} }, "not with fallback"},
		{"a model", func(c *Config) { c.Model = "m" }, "not with model"},
		{"a projection", func(c *Config) { c.Projection = "p" }, "not with projection"},
		{"standard input", func(c *Config) { c.Inputs = []string{"-"} }, "not with standard input"},
		{"no folder", func(c *Config) { c.Out = "" }, "no folder"},
	} {
		c := testConfig(t, chats(1))
		c.EachTeacher = []string{"hash-768", "static-768"}
		test.change(&c)
		_, err := c.Each(Options{})
		if test.want == "" && err != nil || test.want != "" && (!errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
	c := testConfig(t, chats(1))
	c.EachTeacher = []string{"hash-768"}
	if _, err := Build(context.Background(), c, testOptions(t, nil)); !errors.Is(err, ErrConfig) {
		t.Errorf("one build of several teachers: %v", err)
	}
}

func TestSeveralDatasetsGoToNoDataset(t *testing.T) {
	c := testConfig(t, chats(20))
	mustBuild(t, c)
	c.EachTeacher = []string{"hash-768"}
	if _, err := BuildEach(context.Background(), c, testOptions(t, nil)); !errors.Is(err, ErrOutput) {
		t.Errorf("into a dataset: %v", err)
	}
}

// Cut anywhere and called again, several datasets are what each teacher alone
// makes.
func TestSeveralDatasetsCutAnywhere(t *testing.T) {
	c := testConfig(t, unlike(60))
	c.EachTeacher = []string{"hash-768", "static-768"}
	want := map[string]map[string]string{}
	for _, name := range c.EachTeacher {
		d := c.withTeacher(name)
		d.EachTeacher, d.Out = nil, filepath.Join(t.TempDir(), "alone")
		mustBuild(t, d)
		want[name] = promised(t, d.Out)
	}
	for cut := int32(1); ; cut += 5 {
		c.Out = filepath.Join(t.TempDir(), "out")
		ctx, cancel := context.WithCancel(context.Background())
		o := testOptions(t, &cancelAt{FS: fsx.Quick{}, at: cut, cancel: cancel})
		o.Progress = &Progress{}
		done, err := BuildEach(ctx, c, o)
		whole := ctx.Err() == nil
		cancel()
		if whole && (err != nil || len(done) != 2) || !whole && err != nil && !errors.Is(err, ErrInterrupted) {
			t.Fatalf("cut %d: %d done, %v", cut, len(done), err)
		}
		if done, err = BuildEach(context.Background(), c, testOptions(t, nil)); err != nil || len(done) != 2 {
			t.Fatalf("cut %d, again: %d done, %v", cut, len(done), err)
		}
		for name := range want {
			requireSame(t, promised(t, filepath.Join(c.Out, name)), want[name])
		}
		if whole {
			break
		}
	}
}
