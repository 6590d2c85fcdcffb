package host

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/gzip"
	"pgregory.net/rapid"

	"github.com/cubeset/cubeset/formats/tensor"
	"github.com/cubeset/cubeset/host/internal/fsx"
)

// knownOf is how many chunks a build with c takes over without reading them.
func knownOf(t testing.TB, c Config) (n int) {
	t.Helper()
	count := func(b *build, read *sources) *known {
		found := b.findKnown(read)
		if found != nil {
			n = len(found.chunks)
		}
		return found
	}
	read := lookAtSources(t.Context(), c, fsx.OS{})
	if _, err := rebuild(t.Context(), c, testOptions(t, nil), read, count); err != nil {
		t.Fatal(err)
	}
	return n
}

func writeInput(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// fromScratch is what a build with c promises that knows of no other.
func fromScratch(t testing.TB, c Config) map[string]string {
	t.Helper()
	c.Out = filepath.Join(t.TempDir(), "scratch")
	mustBuild(t, c)
	return promised(t, c.Out)
}

func TestOnlyWhatIsNewIsRead(t *testing.T) {
	const lines = 160 // ten chunks
	for _, test := range []struct {
		name  string
		edit  func(c *Config, rows []string) []string
		known int
	}{
		{"a row appended", func(_ *Config, rows []string) []string { return append(rows, chats(161)[len(chats(160)):]) }, 9},
		{"many rows appended", func(_ *Config, rows []string) []string { return strings.SplitAfter(chats(400), "\n") }, 9},
		{"the last row deleted", func(_ *Config, rows []string) []string { return rows[:159] }, 9},
		{"the first row deleted", func(_ *Config, rows []string) []string { return rows[1:] }, 0},
		{"a row edited", func(_ *Config, rows []string) []string {
			rows[100] = strings.Replace(rows[100], "Where", "Why", 1)
			return rows
		}, 6},
		{"only the number of workers", func(c *Config, rows []string) []string { c.Workers = 1; return rows }, 10},
		{"a filter's setting", func(c *Config, rows []string) []string { c.MinSimilarity = "-1"; return rows }, 0},
		{"the seed", func(c *Config, rows []string) []string { c.Seed++; return rows }, 0},
		{"asked to check", func(c *Config, rows []string) []string { c.Check = true; return rows }, 0},
		{"rows looked at in pairs", func(c *Config, rows []string) []string { c.Leak = "drop"; return rows }, 0},
		{"another input before it", func(c *Config, rows []string) []string {
			first := filepath.Join(filepath.Dir(c.Inputs[0]), "a.jsonl")
			os.WriteFile(first, []byte(chats(20)), 0o644)
			c.Inputs = []string{first, c.Inputs[0]}
			return rows
		}, 0},
		{"another input behind it", func(c *Config, rows []string) []string {
			last := filepath.Join(filepath.Dir(c.Inputs[0]), "z.jsonl")
			os.WriteFile(last, []byte(chats(20)), 0o644)
			c.Inputs = append(c.Inputs, last)
			return rows
		}, 10},
	} {
		if testing.Short() && test.known != 9 { // the others race no more than these
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			c := testConfig(t, chats(lines))
			mustBuild(t, c)
			rows := strings.SplitAfter(chats(lines), "\n")
			writeInput(t, c.Inputs[0], strings.Join(test.edit(&c, rows[:lines]), ""))
			want := fromScratch(t, c)
			// In the middle of a file, what is unchanged is known to a block's length.
			if n := knownOf(t, c); n > test.known || n < min(test.known, max(1, test.known-1)) {
				t.Errorf("%d chunks were known, want %d", n, test.known)
			}
			requireSame(t, promised(t, c.Out), want)
		})
	}
}

// A file that grew is taken for one that was appended to, until it was read. An
// edit that moves nothing is noticed then.
func TestAnEditBeforeWhatWasAppended(t *testing.T) {
	c := testConfig(t, chats(160))
	mustBuild(t, c)
	writeInput(t, c.Inputs[0], strings.Replace(chats(170), "parcel 20 ", "parcel 77 ", 1))
	want := fromScratch(t, c)
	tried := 0
	count := func(b *build, read *sources) *known {
		found := b.findKnown(read)
		tried = len(found.chunks)
		return found
	}
	read := lookAtSources(t.Context(), c, fsx.OS{})
	if _, err := rebuild(t.Context(), c, testOptions(t, nil), read, count); !errors.Is(err, errNotKnown) || tried == 0 {
		t.Errorf("of %d known chunks: %v", tried, err)
	}
	o := testOptions(t, nil)
	o.Progress = &Progress{}
	if _, err := Build(t.Context(), c, o); err != nil {
		t.Fatal(err)
	}
	if n := o.Progress.Read.Load(); n != 170 {
		t.Errorf("progress tells of %d rows, want 170", n)
	}
	requireSame(t, promised(t, c.Out), want)
}

// A build of what was appended, cut off at any file-system call or failing at it,
// leaves the dataset that was there or the next, and the same command makes the next.
func TestAnAppendCutAnywhere(t *testing.T) {
	c := testConfig(t, chats(60))
	mustBuild(t, c)
	before, base := promised(t, c.Out), c.Out
	writeInput(t, c.Inputs[0], chats(80))
	want := fromScratch(t, c)
	copied := func() Config {
		c := c
		c.Out = filepath.Join(t.TempDir(), "out")
		if err := os.CopyFS(c.Out, os.DirFS(base)); err != nil {
			t.Fatal(err)
		}
		return c
	}
	whole := &fsx.Fault{FS: fsx.Quick{}}
	if _, err := Build(t.Context(), copied(), testOptions(t, whole)); err != nil {
		t.Fatal(err)
	}
	for at := 1; at <= whole.Calls(); at += stride(11) {
		for _, fault := range []*fsx.Fault{{FS: fsx.Quick{}, At: at, Stop: true}, {FS: fsx.Quick{}, At: at, Err: syscall.EIO}} {
			c := copied()
			_, err := Build(t.Context(), c, testOptions(t, fault))
			m, readErr := tensor.ReadManifest(fsx.OS{}, c.Out)
			if readErr != nil {
				t.Fatalf("call %d: %v, and then %v", at, err, readErr)
			}
			if faults, err := tensor.Verify(fsx.OS{}, c.Out, tensor.VerifyOptions{}); err != nil || len(faults) > 0 {
				t.Fatalf("call %d: a manifest of %d rows is there, but %v %v", at, m.Kept, faults, err)
			}
			mustBuild(t, c)
			requireSame(t, promised(t, c.Out), want)
		}
	}
	requireSame(t, promised(t, base), before)
}

// Of a packed file all is known or nothing.
func TestAPackedInputIsKnownAsAWhole(t *testing.T) {
	c := testConfig(t, "")
	dir := filepath.Dir(c.Inputs[0])
	c.Inputs = []string{filepath.Join(dir, "a.jsonl.gz"), filepath.Join(dir, "b.json"), filepath.Join(dir, "c.jsonl")}
	array := "[" + strings.Join(strings.SplitAfter(strings.TrimSpace(unlike(64)), "\n"), ",") + "]"
	writeInput(t, c.Inputs[0], gzipped(t, chats(64)))
	writeInput(t, c.Inputs[1], array)
	writeInput(t, c.Inputs[2], chats(320)[len(chats(160)):])
	mustBuild(t, c)
	writeInput(t, c.Inputs[2], chats(340)[len(chats(160)):])
	want := fromScratch(t, c)
	if n := knownOf(t, c); n < 4+4+8 {
		t.Errorf("%d chunks were known", n)
	}
	requireSame(t, promised(t, c.Out), want)

	writeInput(t, c.Inputs[1], strings.Replace(array, "Where", "Why", 1))
	want = fromScratch(t, c)
	if n := knownOf(t, c); n != 4 {
		t.Errorf("%d chunks were known, want those of the first input", n)
	}
	requireSame(t, promised(t, c.Out), want)
}

// Whatever is edited, the dataset is the one that a first build makes.
func TestAnyEditMakesWhatAFirstBuildMakes(t *testing.T) {
	// Few different rows, so that they repeat across chunks and ids across rows.
	rows := strings.SplitAfter(chats(60), "\n")[:60]
	for i := range 20 {
		rows = append(rows, fmt.Sprintf("{\"id\": \"r%d\", \"question\": \"Where is parcel %d now?\", \"answer\": \"parcel %d is on its way to you\"}\n", i%7, i, i), "\n")
	}
	c := testConfig(t, "")
	rapid.Check(t, func(rt *rapid.T) {
		c := c
		c.Out = filepath.Join(t.TempDir(), "out")
		c.Dedup = rapid.SampledFrom([]string{"exact", "none", "near"}).Draw(rt, "dedup")
		some := rapid.SliceOfN(rapid.SampledFrom(rows), 1, 150)
		now := append(slices.Clone(rows), some.Draw(rt, "rows")...)
		for range 2 {
			writeInput(t, c.Inputs[0], strings.Join(now, ""))
			want := fromScratch(t, c)
			mustBuild(t, c)
			requireSame(t, promised(t, c.Out), want)
			at := rapid.IntRange(0, len(now)).Draw(rt, "at")
			if rapid.Bool().Draw(rt, "append") {
				at = len(now)
			}
			to := min(len(now), at+rapid.IntRange(0, 20).Draw(rt, "deleted"))
			now = slices.Replace(slices.Clone(now), at, to, rapid.SliceOfN(rapid.SampledFrom(rows), 0, 40).Draw(rt, "inserted")...)
		}
	})
}

// Notes that are not whole cost time, and nothing else.
func TestDamagedNotesAreNotBelieved(t *testing.T) {
	damages := map[string]func(path string) error{
		"gone": os.Remove,
		"cut":  func(path string) error { return os.Truncate(path, 20) },
		"flipped": func(path string) error {
			b, err := os.ReadFile(path)
			b[len(b)/2] ^= 1
			return errors.Join(err, os.WriteFile(path, b, 0o644))
		},
	}
	for name, hows := range map[string][]string{
		"memo/*": {"gone", "cut", "flipped"}, "chunks/*": {"gone", "cut", "flipped"}, placesName: {"gone", "flipped"}, seenName: {"cut"},
		"../data/*": {"gone", "flipped"}, "../rejects/*": {"flipped"},
	} {
		if testing.Short() {
			hows = hows[:1]
		}
		for _, how := range hows {
			t.Run(strings.ReplaceAll(name, "/", "_")+" "+how, func(t *testing.T) {
				c := testConfig(t, chats(100))
				mustBuild(t, c)
				all, err := filepath.Glob(filepath.Join(c.Out, stateDir, name))
				if err != nil || len(all) == 0 {
					t.Fatal(err, "nothing to damage")
				}
				if err := damages[how](all[0]); err != nil {
					t.Fatal(err)
				}
				writeInput(t, c.Inputs[0], chats(130))
				want := fromScratch(t, c)
				s := mustBuild(t, c)
				requireSame(t, promised(t, c.Out), want)
				if s.Cache.Misses > 0 {
					t.Errorf("%d texts were embedded again", s.Cache.Misses)
				}
			})
		}
	}
}

func gzipped(t testing.TB, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(content))
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
