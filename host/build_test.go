package host

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

func TestEveryRowIsCountedOnce(t *testing.T) {
	c := testConfig(t, chats(100))
	s := mustBuild(t, c)
	sum := s.Kept
	for _, m := range []map[string]int64{s.Dropped, s.Skipped} {
		for _, n := range m {
			sum += n
		}
	}
	if s.Read != 100 || sum != 100 {
		t.Errorf("read %d, and %d of them are accounted for", s.Read, sum)
	}
	for key, want := range map[string]int64{"length/answer_short": 10, "dedup/exact": 10} {
		if s.Dropped[key] != want {
			t.Errorf("dropped %s: %d, want %d", key, s.Dropped[key], want)
		}
	}
	if s.Skipped["json"] != 10 {
		t.Errorf("skipped json: %d, want 10", s.Skipped["json"])
	}
	m, err := tensor.ReadManifest(fsx.OS{}, c.Out)
	if err != nil {
		t.Fatal(err)
	}
	lines := rejectLines(t, c.Out, m)
	if len(lines) != 30 || !slices.IsSorted(lines) || lines[0] != 4 || lines[1] != 7 || lines[2] != 9 || lines[29] != 99 {
		t.Errorf("lines of the rejects: %d", lines)
	}
}

// rejectLines is where the rejects of a dataset were, in its order.
func rejectLines(t *testing.T, dir string, m tensor.Manifest) (lines []int64) {
	t.Helper()
	for _, p := range m.Rejects {
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(p.Path)))
		if err != nil {
			t.Fatal(err)
		}
		for r, err := range tensor.ReadRejects(bytes.NewReader(b), p.Bytes) {
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, r.Line)
		}
	}
	return lines
}

// A chunk that is where it was not before is not built again, and its rejects
// are on their new lines.
func TestRejectsMoveWithTheirLines(t *testing.T) {
	c := testConfig(t, chats(100))
	mustBuild(t, c)
	if err := os.WriteFile(c.Inputs[0], []byte("\n\n"+chats(100)), 0o644); err != nil {
		t.Fatal(err)
	}
	s := mustBuild(t, c)
	if lines := rejectLines(t, c.Out, sound(t, c.Out)); s.Parts.Built != 0 || len(lines) != 30 || lines[0] != 6 || lines[29] != 101 {
		t.Errorf("%d parts built, lines of the rejects: %d", s.Parts.Built, lines)
	}
	moved := promised(t, c.Out)
	c.Out = filepath.Join(t.TempDir(), "fresh")
	mustBuild(t, c)
	requireSame(t, moved, promised(t, c.Out))
}

// wholeBuild is what c gives if nothing fails, and in how many file-system
// calls, once every vector is cached.
func wholeBuild(t *testing.T, c Config) (want map[string]string, calls int) {
	mustBuild(t, c)
	whole := &fsx.Fault{FS: fsx.Quick{}}
	c.Out = filepath.Join(t.TempDir(), "out")
	if _, err := Build(context.Background(), c, testOptions(t, whole)); err != nil {
		t.Fatal(err)
	}
	return promised(t, c.Out), whole.Calls()
}

// A build cut off at any file-system call, as by kill -9, and started again
// gives what a build gives that was never cut.
func TestBuildCutAnywhereAndResumed(t *testing.T) {
	c := testConfig(t, chats(40))
	want, calls := wholeBuild(t, c)
	for at := 1; at <= calls; at += stride(5) {
		c.Out = filepath.Join(t.TempDir(), "out")
		_, err := Build(context.Background(), c, testOptions(t, &fsx.Fault{FS: fsx.Quick{}, At: at, Stop: true}))
		if err == nil {
			continue // the call was one that a build can do without
		}
		if m, err := tensor.ReadManifest(fsx.OS{}, c.Out); err == nil {
			if faults, err := tensor.Verify(fsx.OS{}, c.Out, tensor.VerifyOptions{}); err != nil || len(faults) > 0 {
				t.Fatalf("call %d: a manifest of %d rows is there, but %v %v", at, m.Kept, faults, err)
			}
		}
		other := c
		other.Seed = 7 // what was cut off may be followed by another build
		mustBuild(t, other)
		mustBuild(t, c)
		requireSame(t, promised(t, c.Out), want)
		if _, err := os.Stat(filepath.Join(c.Out, tmpDir)); err == nil {
			t.Fatalf("call %d: %s is left", at, tmpDir)
		}
	}
}

// One failing call ends the build with an error that names it, or, where it
// concerns the cache alone, with a dataset; the next build mends everything.
func TestBuildOnAFullDisk(t *testing.T) {
	c := testConfig(t, chats(40))
	want, calls := wholeBuild(t, c)
	for at := 1; at <= calls; at += stride(7) {
		c.Out = filepath.Join(t.TempDir(), "out")
		_, err := Build(context.Background(), c, testOptions(t, &fsx.Fault{FS: fsx.Quick{}, At: at, Err: syscall.ENOSPC}))
		if err != nil && !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("call %d: %v", at, err)
		}
		mustBuild(t, c)
		requireSame(t, promised(t, c.Out), want)
	}
}

func TestWorkersChunksAndInterruptionsDoNotShow(t *testing.T) {
	c := testConfig(t, "")
	rapid.Check(t, func(rt *rapid.T) {
		input := strings.Join(rapid.SliceOfN(rapid.SampledFrom(strings.SplitAfter(chats(60), "\n")), 1, 200).Draw(rt, "lines"), "")
		if err := os.WriteFile(c.Inputs[0], []byte(input), 0o644); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		one, many := c, c
		one.Workers, many.Workers = 1, rapid.IntRange(2, 6).Draw(rt, "workers")
		one.Out, many.Out = filepath.Join(dir, "one"), filepath.Join(dir, "many")
		if _, err := Build(context.Background(), one, testOptions(t, nil)); errors.Is(err, ErrNothingKept) {
			return
		} else if err != nil {
			rt.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cut := rapid.Int32Range(1, 120).Draw(rt, "cut")
		_, err := Build(ctx, many, testOptions(t, &cancelAt{FS: fsx.Quick{}, at: cut, cancel: cancel}))
		cancel()
		if errors.Is(err, ErrInterrupted) {
			_, err = Build(context.Background(), many, testOptions(t, nil))
		}
		if err != nil {
			rt.Fatal(err)
		}
		requireSame(t, promised(t, many.Out), promised(t, one.Out))
	})
}

// cancelAt interrupts the build at a file it makes.
type cancelAt struct {
	fsx.FS
	at     int32
	made   atomic.Int32
	cancel context.CancelFunc
}

func (c *cancelAt) Create(name string) (fsx.File, error) {
	if c.made.Add(1) == c.at {
		c.cancel()
	}
	return c.FS.Create(name)
}

func TestInterruptedBuildKeepsTheOldDatasetAndGoesOn(t *testing.T) {
	c := testConfig(t, chats(60))
	mustBuild(t, c)
	before := promised(t, c.Out)

	c.Seed = 7 // another dataset
	ctx, cancel := context.WithCancel(context.Background())
	_, err := Build(ctx, c, testOptions(t, &cancelAt{FS: fsx.Quick{}, at: 6, cancel: cancel}))
	if !errors.Is(err, ErrInterrupted) {
		t.Fatalf("got %v", err)
	}
	requireSame(t, promised(t, c.Out), before)
	s := mustBuild(t, c)
	if s.Parts.Reused == 0 {
		t.Error("the build began from the start again")
	}
	if faults, err := tensor.Verify(fsx.OS{}, c.Out, tensor.VerifyOptions{}); err != nil || len(faults) > 0 {
		t.Error(faults, err)
	}
}

func TestTwoBuildsOnOneFolder(t *testing.T) {
	c := testConfig(t, chats(20))
	o, err := claim(fsx.OS{}, c.Out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Build(context.Background(), c, testOptions(t, nil)); !errors.Is(err, ErrOutput) || !strings.Contains(err.Error(), "another build is writing to") {
		t.Errorf("got %v", err)
	}
	if err := o.release(); err != nil {
		t.Fatal(err)
	}
	mustBuild(t, c)
}

// A reader that lists data/ sees the old dataset or the new one, whenever it
// looks: here before every file-system call of the build that replaces it.
func TestReadersSeeTheOldDatasetOrTheNew(t *testing.T) {
	c := testConfig(t, chats(40))
	mustBuild(t, c)
	list := func() string {
		found, err := filepath.Glob(filepath.Join(c.Out, "data", "*.parquet"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(found, "\n")
	}
	var seen []string
	look := func() {
		if now := list(); len(seen) == 0 || seen[len(seen)-1] != now {
			seen = append(seen, now)
		}
		if _, err := tensor.ReadManifest(fsx.OS{}, c.Out); err != nil {
			t.Errorf("no manifest: %v", err)
		}
	}
	c.Seed = 7
	if _, err := Build(context.Background(), c, testOptions(t, &fsx.Fault{FS: fsx.Quick{}, Before: look})); err != nil {
		t.Fatal(err)
	}
	look()
	if len(seen) != 2 || seen[0] == "" || seen[1] == "" {
		t.Errorf("a reader saw %d states of data/, want the old and the new:\n%s", len(seen), strings.Join(seen, "\n--\n"))
	}
}

// Two equal chunks are two parts: a reader of data/ sees every row.
func TestEqualChunksAreTwoParts(t *testing.T) {
	lines := strings.Join(strings.SplitAfter(chats(100), "\n")[:3], "")
	c := testConfig(t, strings.Repeat(lines, 32)) // 96 lines, 6 chunks of 16; every third chunk begins alike
	c.Dedup = "none"
	s := mustBuild(t, c)
	if s.Kept != 96 {
		t.Fatalf("kept %d of 96", s.Kept)
	}
	if faults, err := tensor.Verify(fsx.OS{}, c.Out, tensor.VerifyOptions{}); err != nil || len(faults) > 0 {
		t.Error(faults, err)
	}
}
