package cache

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// largeFolder names a folder with 2 GB of room for TestTenMillionEntries. The
// cache in it is kept, so that a second run measures a process that only reads.
const largeFolder = "CUBESET_CACHE_LARGE"

// TestTenMillionEntries measures what FORMAT.md says of a large cache; it checks
// nothing but the answers.
func TestTenMillionEntries(t *testing.T) {
	dir := os.Getenv(largeFolder)
	if dir == "" {
		t.Skipf("%s names no folder to keep ten million entries in", largeFolder)
	}
	const n, batch = 10_000_000, 256
	key := func(i int) Key { return recipe.Key(string(binary.BigEndian.AppendUint64(nil, uint64(i)))) }
	value := func(i int) []byte { return binary.BigEndian.AppendUint64(make([]byte, 8), uint64(i)) }
	if _, err := Survey(dir, DefaultOptions().FS); errors.Is(err, ErrAbsent) {
		s := mustOpen(t, dir, DefaultOptions())
		for i := 0; i < n; i += batch {
			keys, values := make([]Key, 0, batch), make([][]byte, 0, batch)
			for j := i; j < min(i+batch, n); j++ {
				keys, values = append(keys, key(j)), append(values, value(j))
			}
			mustPut(t, s, keys, values)
		}
		t.Logf("filled; own memory while writing %s", anonymous(t))
		mustClose(t, s)
	}
	debug.FreeOSMemory()
	before := anonymous(t)
	begin := time.Now()
	s := mustOpen(t, dir, DefaultOptions())
	opened := time.Since(begin)
	st := s.Stats()
	t.Logf("open: %v for %d entries in %d segments and %d tables; own memory %s, before %s",
		opened, st.Entries, st.Segments, len(s.view.Load().tables), anonymous(t), before)
	random := rand.New(rand.NewPCG(1, 1))
	for _, what := range []string{"hit", "hit again", "hit again", "miss", "miss again"} {
		const lookups = 1_000_000
		numbers := make([]int, lookups)
		for i := range numbers {
			numbers[i] = random.IntN(n)
			if strings.HasPrefix(what, "miss") {
				numbers[i] += n
			}
		}
		keys := make([]Key, lookups)
		for i, v := range numbers {
			keys[i] = key(v)
		}
		payloads := make([][]byte, lookups)
		hits := 0
		begin, spent := time.Now(), processorTime(t)
		for i := 0; i < lookups; i += batch {
			j := min(i+batch, lookups)
			h, err := s.Get(keys[i:j], payloads[i:j])
			if err != nil {
				t.Fatal(err)
			}
			hits += h
		}
		took, spent := time.Since(begin), processorTime(t)-spent
		for i, p := range payloads {
			if p != nil && string(p) != string(value(numbers[i])) {
				t.Fatalf("entry %d has a wrong payload", numbers[i])
			}
		}
		t.Logf("%s: %v each, %v of processor time; %d of %d are there; own memory %s", what, took/lookups, spent/lookups, hits, lookups, anonymous(t))
	}
}

// anonymous is the memory of this process that is not a mapped file.
func anonymous(t testing.TB) string {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "unknown"
	}
	_, rest, _ := strings.Cut(string(b), "RssAnon:")
	size, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(size)
}
