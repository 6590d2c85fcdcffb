package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cubeset/cubeset/host/internal/fsx"
)

// settle makes a file old enough for its stamp to be believed.
func settle(t *testing.T, path string) {
	t.Helper()
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
}

// rewrite changes a file's bytes and nothing else that a listing shows.
func rewrite(t *testing.T, path string, change func([]byte)) {
	t.Helper()
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	change(b)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, fi.ModTime(), fi.ModTime()); err != nil {
		t.Fatal(err)
	}
}

func flipLast(b []byte) { b[len(b)-9] ^= 1 }

func TestABuildWithNothingToDoReadsNothing(t *testing.T) {
	c := testConfig(t, chats(100))
	settle(t, c.Inputs[0])
	first := mustBuild(t, c)
	want := promised(t, c.Out)
	input := func(change func(string)) func(*testing.T, *Config) {
		return func(t *testing.T, c *Config) { change(c.Inputs[0]) }
	}
	output := func(name string, change func(string)) func(*testing.T, *Config) {
		return func(t *testing.T, c *Config) {
			all, err := filepath.Glob(filepath.Join(c.Out, name))
			if err != nil || len(all) == 0 {
				t.Fatal(name, err)
			}
			change(all[0])
		}
	}
	flip := func(path string) { rewrite(t, path, flipLast) }
	for _, test := range []struct {
		name   string
		change func(*testing.T, *Config)
		upTo   bool // date
		same   bool // dataset comes out
	}{
		{"nothing", func(*testing.T, *Config) {}, true, true},
		{"the input was touched", input(func(path string) { os.Chtimes(path, time.Now(), time.Now()) }), true, true},
		{"the input was replaced by a copy", input(func(path string) {
			b, _ := os.ReadFile(path)
			os.Remove(path)
			os.WriteFile(path, b, 0o644)
		}), true, true},
		{"other workers", func(_ *testing.T, c *Config) { c.Workers = 5 }, true, true},
		{"asked to check", func(_ *testing.T, c *Config) { c.Check = true }, false, true},
		{"another seed", func(_ *testing.T, c *Config) { c.Seed++ }, false, false},
		{"the input's order", func(_ *testing.T, c *Config) { c.Inputs = append(c.Inputs, c.Inputs[0]) }, false, false},
		{"a byte of a part", output("data/*.parquet", flip), false, true},
		{"a byte of the manifest", output("manifest.json", flip), false, true},
		{"a byte of the card", output("README.md", flip), false, true},
		{"a byte of the statistics", output("stats.json", flip), false, true},
		{"a byte of the rejects", output("rejects/*", flip), false, true},
		{"a part is gone", output("data/*.parquet", func(path string) { os.Remove(path) }), false, true},
		{"a part was cut", output("data/*.parquet", func(path string) { os.Truncate(path, 100) }), false, true},
		{"a file of someone else's among the parts", output("data", func(path string) {
			os.WriteFile(filepath.Join(path, "more.parquet"), nil, 0o644)
		}), false, true},
		{"the note is damaged", output(stateDir+"/"+seenName, func(path string) { os.Truncate(path, 10) }), false, true},
		{"a memo is damaged", func(t *testing.T, c *Config) {
			output(stateDir+"/memo/*", flip)(t, c)
			c.Check = true
		}, false, true},
		{"a record is damaged", func(t *testing.T, c *Config) {
			output(stateDir+"/chunks/*", flip)(t, c)
			c.Check = true
		}, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := c
			c.Inputs = []string{filepath.Join(t.TempDir(), "chats.jsonl")}
			if err := os.WriteFile(c.Inputs[0], []byte(chats(100)), 0o644); err != nil {
				t.Fatal(err)
			}
			settle(t, c.Inputs[0])
			c.Out = filepath.Join(t.TempDir(), "out")
			mustBuild(t, c)
			test.change(t, &c)
			sum, ok := upToDate(c, fsx.OS{}, lookAtSources(t.Context(), c, fsx.OS{}))
			if ok != test.upTo {
				t.Fatalf("up to date: %v, want %v", ok, test.upTo)
			}
			if ok && (sum.Kept != first.Kept || sum.Kepts.N != first.Kepts.N || sum.Bytes != first.Bytes || sum.Parts.Built != 0 || sum.Parts.Reused != first.Parts.Built || sum.Cache != (CacheSummary{})) {
				t.Errorf("it says %+v of a build that said %+v", sum, first)
			}
			s := mustBuild(t, c)
			if s.Cache.Misses > 0 {
				t.Errorf("%d texts were embedded again", s.Cache.Misses)
			}
			if test.same {
				requireSame(t, promised(t, c.Out), want)
			}
		})
	}
}

// A file written in the same tick as it was read has a stamp that says nothing:
// what is in it decides.
func TestAFreshInputIsReadAgain(t *testing.T) {
	c := testConfig(t, chats(40))
	soon := time.Now().Add(time.Hour) // however long the build takes
	if err := os.Chtimes(c.Inputs[0], soon, soon); err != nil {
		t.Fatal(err)
	}
	mustBuild(t, c)
	if ok, read := lookedAgain(t, c); !ok || !read {
		t.Errorf("up to date: %v, read again: %v", ok, read)
	}
	rewrite(t, c.Inputs[0], func(b []byte) { copy(b[strings.Index(string(b), "town 20"):], "town 99") })
	if _, ok := upToDate(c, fsx.OS{}, lookAtSources(t.Context(), c, fsx.OS{})); ok {
		t.Error("an edit that left size and time alone was not noticed")
	}
	settle(t, c.Inputs[0])
	mustBuild(t, c)
	if ok, read := lookedAgain(t, c); !ok || read {
		t.Errorf("of a settled file: up to date: %v, read again: %v", ok, read)
	}
}

// lookedAgain says whether a build would change nothing, and whether it took
// reading the input to know.
func lookedAgain(t *testing.T, c Config) (ok, read bool) {
	now := lookAtSources(t.Context(), c, fsx.OS{})
	digest := now.read[0]
	now.read[0] = func() ([]byte, error) {
		read = true
		return digest()
	}
	_, ok = upToDate(c, fsx.OS{}, now)
	return ok, read
}

// What changes while a build runs is not vouched for, however short it was.
func TestAnInputThatChangesMeanwhile(t *testing.T) {
	c := testConfig(t, chats(40))
	read := lookAtSources(t.Context(), c, fsx.OS{})
	if err := read.lookAtFresh(); err != nil {
		t.Fatal(err)
	}
	rewrite(t, c.Inputs[0], flipLast)
	fi, err := os.Stat(c.Inputs[0])
	if err != nil {
		t.Fatal(err)
	}
	read.files[0].Stamp = stampOf(fi) // as of a file system with coarse clocks
	if err := read.vouch(t.Context()); !errors.Is(err, errUnsettled) {
		t.Errorf("vouch: %v", err)
	}
}

// What a forged stamp hides, Check finds.
func TestCheckBelievesNoStamp(t *testing.T) {
	c := testConfig(t, chats(40))
	settle(t, c.Inputs[0])
	mustBuild(t, c)
	want := promised(t, c.Out)
	parts, _ := filepath.Glob(filepath.Join(c.Out, "data", "*"))
	rewrite(t, parts[0], flipLast)
	s, err := readSeen(fsx.OS{}, c.Out)
	if err != nil {
		t.Fatal(err)
	}
	if s.Wrote, err = stampOutputs(fsx.OS{}, c.Out); err != nil { // the forger's work
		t.Fatal(err)
	}
	writeSeen(t, c.Out, s)
	if _, ok := upToDate(c, fsx.OS{}, lookAtSources(t.Context(), c, fsx.OS{})); !ok {
		t.Fatal("the forgery is not good enough for this test")
	}
	c.Check = true
	if s := mustBuild(t, c); s.Parts.Built != 2 {
		t.Errorf("built %d parts, want the two of the damaged chunk", s.Parts.Built)
	}
	requireSame(t, promised(t, c.Out), want)
}

// Each edit of an input costs the chunks around it, and embeds what is new.
func TestAnEditCostsTheChunksAroundIt(t *testing.T) {
	lines := strings.SplitAfter(unlike(12_000), "\n")
	lines = lines[:len(lines)-1]
	c := testConfig(t, strings.Join(lines, ""))
	c.ChunkRows, c.Preset = "16:12000", "none"
	first := mustBuild(t, c)
	if first.Parts.Built < 6 {
		t.Fatalf("%d parts are too few to tell", first.Parts.Built)
	}
	fresh := func(where string) string {
		return fmt.Sprintf("{\"question\": \"Who is new at the %s of this file?\", \"answer\": \"The row at the %s is new\"}\n", where, where)
	}
	for _, test := range []struct {
		name     string
		edit     func([]string) []string
		newTexts int64
		built    int64
	}{
		{"a row appended", func(l []string) []string { return append(l, fresh("end")) }, 2, 2},
		{"a row inserted", func(l []string) []string { return slices.Insert(l, 6_000, fresh("middle")) }, 2, 2},
		{"a row deleted", func(l []string) []string { return slices.Delete(l, 6_000, 6_001) }, 0, 2},
		{"a row edited", func(l []string) []string {
			l[6_000] = strings.Replace(l[6_000], "Where is", "Where on earth is", 1)
			return l
		}, 1, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := os.WriteFile(c.Inputs[0], []byte(strings.Join(lines, "")), 0o644); err != nil {
				t.Fatal(err)
			}
			mustBuild(t, c)
			edited := strings.Join(test.edit(slices.Clone(lines)), "")
			if err := os.WriteFile(c.Inputs[0], []byte(edited), 0o644); err != nil {
				t.Fatal(err)
			}
			s := mustBuild(t, c)
			if s.Teacher.Texts != test.newTexts || s.Parts.Built > test.built {
				t.Errorf("embedded %d texts, want %d; built %d parts, want %d", s.Teacher.Texts, test.newTexts, s.Parts.Built, test.built)
			}
			again := c
			again.Out = filepath.Join(t.TempDir(), "out")
			mustBuild(t, again)
			requireSame(t, promised(t, c.Out), promised(t, again.Out))
		})
	}
}

func TestAnotherTeacherAndBackPaysNothing(t *testing.T) {
	c := testConfig(t, chats(60))
	first := mustBuild(t, c)
	c.MinSimilarity = "-1"
	if s := mustBuild(t, c); s.Teacher.Texts != 0 || s.Cache.Misses != 0 {
		t.Errorf("another threshold embedded %d texts", s.Teacher.Texts)
	}
	c.MinSimilarity = "auto"
	if s := mustBuild(t, c); s.Teacher.Texts != 0 || s.Kept != first.Kept {
		t.Errorf("back again embedded %d texts and kept %d of %d", s.Teacher.Texts, s.Kept, first.Kept)
	}
	c.Cache = "off"
	if s := mustBuild(t, c); s.Parts.Built != 0 || s.Teacher.Texts != 0 {
		t.Errorf("without a cache %d parts were built, all of which were there", s.Parts.Built)
	}
}

func TestADryRunWritesNothing(t *testing.T) {
	c := testConfig(t, chats(60))
	plan, err := DryRun(context.Background(), c, testOptions(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(c.Out); !os.IsNotExist(err) {
		t.Errorf("%s is there: %v", c.Out, err)
	}
	s := mustBuild(t, c)
	if plan.Texts.Embed != s.Teacher.Texts || plan.Texts.Cached != 0 || plan.Read != s.Read || plan.Chunks.Reused != 0 {
		t.Errorf("foretold %+v, it was %+v", plan, s)
	}
	if err := os.WriteFile(c.Inputs[0], []byte(chats(70)), 0o644); err != nil {
		t.Fatal(err)
	}
	before := promised(t, c.Out)
	if plan, err = DryRun(context.Background(), c, testOptions(t, nil)); err != nil {
		t.Fatal(err)
	}
	requireSame(t, promised(t, c.Out), before)
	s = mustBuild(t, c)
	if plan.Texts.Embed != s.Teacher.Texts || plan.Chunks.Reused == 0 || plan.Chunks.Build == 0 {
		t.Errorf("foretold %+v, it was %+v", plan, s)
	}
	c.Seed++
	if plan, err = DryRun(context.Background(), c, testOptions(t, nil)); err != nil || plan.Texts.Embed != 0 || plan.Texts.Cached == 0 || plan.Chunks.Reused != 0 {
		t.Errorf("another seed: foretold %+v, %v", plan, err)
	}
}
