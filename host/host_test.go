package host

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/cubeset/cubeset/host/internal/fsx"
	"github.com/cubeset/cubeset/plugins"
	"github.com/cubeset/cubeset/plugins/hashing"
)

// The test binary plays the bundled teachers and the compiler.
func TestMain(m *testing.M) {
	if os.Getenv(childEnv) == "" {
		flag.Parse()
		if testing.Short() { // under the race detector each build takes ten times as long
			flag.Set("rapid.checks", "10")
		} else if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
			flag.Set("rapid.checks", "40") // each is several builds
		}
		contentBlock = 256
		os.Exit(run(m))
	}
	var err error
	switch os.Args[1] {
	case TeacherCommand:
		err = plugins.ServeProgram(os.Args[2])
	case CompileCommand:
		err = CompileChild(context.Background(), os.Args[2], os.Stdin)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// compiled is where the tests find the filters that others had compiled.
var compiled string

// The shared memory of Linux takes the files of the tests where it has room: they
// make and delete many thousands. Those of the command are on a disk.
const (
	sharedMemory = "/dev/shm"
	roomForTests = 1 << 30 // bytes
)

func run(m *testing.M) int {
	var room unix.Statfs_t
	err := unix.Statfs(sharedMemory, &room)
	if err == nil && os.Getenv("TMPDIR") == "" && uint64(room.Bavail)*uint64(room.Bsize) >= roomForTests {
		os.Setenv("TMPDIR", sharedMemory)
	}
	if compiled, err = os.MkdirTemp("", "cubeset-compiled-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(compiled)
	return m.Run()
}

// shareCompiled puts into the cache of a test what others had compiled, and
// hands on what it will have compiled.
func shareCompiled(t testing.TB, cache string) {
	t.Helper()
	own := filepath.Join(cache, "wasm")
	if err := os.MkdirAll(own, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := link(compiled, own); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := link(own, compiled); err != nil && !errors.Is(err, os.ErrNotExist) { // a test may take its cache away
			t.Error(err)
		}
	})
}

// link gives every file of one tree the same name in another.
func link(from, to string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		name := filepath.Join(to, strings.TrimPrefix(path, from))
		if err != nil {
			return err
		} else if d.IsDir() {
			return os.MkdirAll(name, 0o700)
		} else if err := os.Link(path, name); !errors.Is(err, os.ErrExist) {
			return err
		}
		return nil
	})
}

// stride is how many calls a test that stops at every Nth goes on by.
func stride(n int) int {
	if testing.Short() {
		return 10 * n
	}
	return n
}

// testConfig is a Config with small chunks and a cache of the test's own.
func testConfig(t testing.TB, input string) Config {
	t.Helper()
	dir := t.TempDir()
	c := DefaultConfig()
	c.Inputs = []string{filepath.Join(dir, "chats.jsonl")}
	if err := os.WriteFile(c.Inputs[0], []byte(input), 0o644); err != nil {
		t.Fatal(err)
	}
	c.Out = filepath.Join(dir, "out")
	c.Cache = filepath.Join(dir, "cache")
	shareCompiled(t, c.Cache)
	c.Workers = 2
	c.Teacher = hashing.Name // whatever the default is
	c.ChunkRows = "16:16"
	return c
}

// testOptions has builds go through f; nil is the disk without its waiting.
func testOptions(t testing.TB, f fsx.FS) Options {
	t.Helper()
	if f == nil {
		f = fsx.Quick{}
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Options{Self: []string{exe}, fs: f}
}

// chats is n different pairs, with a bad, a short, a repeated and a broken one
// among every ten.
func chats(n int) string {
	var b strings.Builder
	for i := range n {
		switch i % 10 {
		case 3:
			fmt.Fprintf(&b, "{\"question\": \"Is parcel %d there?\", \"answer\": \"Yes.\"}\n", i)
		case 6:
			fmt.Fprintf(&b, "{\"question\": \"Where is parcel %d now?\", \"answer\": \"parcel %d is in the depot of town %d now\"}\n", i-1, i-1, i-1)
		case 8:
			fmt.Fprintf(&b, "{\"question\": %d\n", i)
		default:
			fmt.Fprintf(&b, "{\"question\": \"Where is parcel %d now?\", \"answer\": \"Parcel %d is in the depot of town %d now\"}\n", i, i, i)
		}
	}
	return b.String()
}

// promised is what two equal builds have equal, by name.
func promised(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, name := range []string{"data", "rejects", "README.md", "manifest.json", "stats.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); os.IsNotExist(err) {
			continue // rejects, where there are none
		}
		err := filepath.WalkDir(filepath.Join(dir, name), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			rel, _ := filepath.Rel(dir, path)
			files[rel] = string(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func requireSame(t testing.TB, got, want map[string]string) {
	t.Helper()
	for name := range want {
		if got[name] != want[name] {
			t.Fatalf("%s differs (%d bytes, want %d)", name, len(got[name]), len(want[name]))
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d files, want %d", len(got), len(want))
	}
}

func mustBuild(t testing.TB, c Config) Summary {
	t.Helper()
	sum, err := Build(context.Background(), c, testOptions(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// unlike is n pairs of which no two look alike to the cutter of chunks.
func unlike(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"question\": \"Where is parcel %x now?\", \"answer\": \"Parcel %x is in the depot of town %d now\"}\n", i*i*7919+i, i*i*7919+i, i)
	}
	return b.String()
}

func writeSeen(t *testing.T, dir string, s *seen) {
	t.Helper()
	b, err := json.Marshal(s)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, stateDir, seenName), b, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
