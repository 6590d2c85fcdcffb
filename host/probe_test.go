package host

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/cubeset/cubeset/host/internal/fsx"
	sdk "github.com/cubeset/cubeset/sdk/teacher"
)

// Records are of these texts: with others, probesExt has to name another version.
func TestProbeTextsAreVersion1(t *testing.T) {
	texts := probeTexts()
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	if got, want := hex.EncodeToString(sum[:8]), "b3008ad7a83a415b"; len(texts) != 16 || got != want {
		t.Errorf("%d texts of sha256 %s…, want 16 of %s…", len(texts), got, want)
	}
}

// testProbes guards the folder of a test, for a teacher of two dimensions.
func testProbes(t testing.TB, dir string, f fsx.FS, d sdk.Determinism) (*probes, *teacher, *[]string) {
	t.Helper()
	var said []string
	p := &probes{fs: f, cache: dir, warn: func(format string, _ ...any) { said = append(said, format) }}
	return p, &teacher{name: "test", embedID: strings.Repeat("ab", 32), description: sdk.Description{Dims: 2, Determinism: d}}, &said
}

func TestDrift(t *testing.T) {
	for _, c := range []struct {
		name     string
		was, now []float32
		least    float64
		same     bool
	}{
		{"the same", []float32{1, 0, 0, 1}, []float32{1, 0, 0, 1}, 1, true},
		{"refused both times", []float32{0, 0, 0, 1}, []float32{0, 0, 0, 1}, 1, true},
		{"refused now", []float32{1, 0, 0, 1}, []float32{0, 0, 0, 1}, 0, false},
		{"longer", []float32{1, 0, 0, 1}, []float32{2, 0, 0, 1}, 1, false},
		{"one turned", []float32{1, 0, 0, 1}, []float32{1, 0, 1, 0}, 0, false},
		{"one against", []float32{1, 0, 0, 1}, []float32{-1, 0, 0, 1}, -1, false},
		{"another zero", []float32{0, 1}, []float32{float32(math.Copysign(0, -1)), 1}, 1, false},
	} {
		if least, same := drift(c.was, c.now, 2); math.Abs(least-c.least) > 1e-7 || same != c.same {
			t.Errorf("%s: %v %v, want %v %v", c.name, least, same, c.least, c.same)
		}
	}
}

func TestARecordOfProbesIsWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float32(), 1, 40).Draw(t, "values")
		b := encodeProbes(values)
		got, err := decodeProbes(b, len(values))
		if err != nil || !slices.Equal(got, values) {
			t.Fatalf("%v %v, want %v", got, err, values)
		}
		at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
		bad := bytes.Clone(b)
		bad[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		for _, bad := range [][]byte{bad, b[:at], append(bytes.Clone(b), 0)} {
			if _, err := decodeProbes(bad, len(values)); !errors.Is(err, errProbeRecord) {
				t.Fatalf("damaged: %v", err)
			}
		}
	})
}

func FuzzDecodeProbes(f *testing.F) {
	f.Add(encodeProbes([]float32{1, 2}), 2)
	f.Add([]byte(probesMagic), 0)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		if n < 0 || n > 1<<20 {
			return
		}
		if values, err := decodeProbes(b, n); err == nil && !bytes.Equal(encodeProbes(values), b) {
			t.Fatal("what was read is not what is written")
		}
	})
}

// Whichever call of the file system fails, or is the last: the build goes on, and
// the next one finds the whole record, or none.
func TestARecordOfProbesIsWholeOrAbsent(t *testing.T) {
	values := make([]float32, 32)
	for i := range values {
		values[i] = float32(i)
	}
	for _, stop := range []bool{false, true} {
		for at := 1; ; at++ {
			dir := t.TempDir()
			f := &fsx.Fault{FS: fsx.Quick{}, At: at, Stop: stop}
			p, teach, said := testProbes(t, dir, f, sdk.Exact)
			if err := p.compare(teach, values); err != nil {
				t.Fatalf("call %d: %v", at, err)
			}
			if f.Calls() < at {
				if len(*said) > 0 {
					t.Errorf("without a fault it says %q", *said)
				}
				break
			}
			p, teach, _ = testProbes(t, dir, fsx.OS{}, sdk.Exact)
			if _, err := p.read(teach.embedID, len(values)); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatalf("call %d: %v", at, err)
			}
			if err := p.compare(teach, values); err != nil {
				t.Fatalf("call %d: %v", at, err)
			}
			if got, err := p.read(teach.embedID, len(values)); err != nil || !slices.Equal(got, values) {
				t.Fatalf("call %d: the second build recorded %v, %v", at, got, err)
			}
		}
	}
}

// Of builds that start at once one is first, and the others are held against it.
func TestTheFirstRecordOfProbesStays(t *testing.T) {
	dir := t.TempDir()
	var wait sync.WaitGroup
	var errs [8]error
	for i := range errs {
		p, teach, _ := testProbes(t, dir, fsx.OS{}, sdk.Exact)
		values := make([]float32, 32)
		values[0] = float32(i)
		wait.Go(func() { errs[i] = p.write(teach.embedID, values) })
	}
	wait.Wait()
	firsts := 0
	for i, err := range errs {
		switch {
		case err == nil:
			firsts++
			p, teach, _ := testProbes(t, dir, fsx.OS{}, sdk.Exact)
			if got, err := p.read(teach.embedID, 32); err != nil || got[0] != float32(i) {
				t.Errorf("recorded %v, %v, want that of %d", got, err, i)
			}
		case !errors.Is(err, os.ErrExist):
			t.Error(err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, probesFolder, "*")); firsts != 1 || len(left) != 1 {
		t.Errorf("%d were first, and there is %q", firsts, left)
	}
}

// A record that nobody can read is no reason to end a build.
func TestARecordOfProbesThatCannotBeReadIsSaid(t *testing.T) {
	dir := t.TempDir()
	p, teach, said := testProbes(t, dir, fsx.OS{}, sdk.Close)
	if err := os.MkdirAll(p.path(teach.embedID), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := p.compare(teach, make([]float32, 32)); err != nil || len(*said) == 0 {
		t.Errorf("%v, said %q", err, *said)
	}
}

func TestCancellingTheProbesIsNoVerdict(t *testing.T) {
	c := testConfig(t, chats(20))
	b, err := openSteps(context.Background(), c, testOptions(t, nil), (*build).openCache, (*build).openTeacher)
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	teach := b.embedder.teacher
	if _, err := teach.process.Describe(context.Background()); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if err := teach.ready(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := teach.ready(context.Background()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
