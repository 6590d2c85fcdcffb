package cache

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/cubeset/cubeset/host/internal/fsx"
)

var (
	recipe   = NewRecipe("hash-768", "query: ")
	doc      = []byte(`{"embed_id":"hash-768","prefix":"query: ","teacher":"hash-768"}`)
	other    = NewRecipe("other", "")
	otherDoc = []byte(`{"embed_id":"other","prefix":""}`)
)

// options makes segments small, so that a few records fill several.
func options() Options {
	return Options{FS: fsx.Quick{}, SegmentBytesMax: 8 << 10}
}

func mustOpen(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func mustClose(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func mustPut(t testing.TB, s *Store, keys []Key, payloads [][]byte) {
	t.Helper()
	if err := s.Put(recipe, keys, payloads); err != nil {
		t.Fatal(err)
	}
}

// rows are n keys from number first on, and the payload that each must have.
func rows(first, n int) (keys []Key, payloads [][]byte) {
	for i := first; i < first+n; i++ {
		keys = append(keys, recipe.Key(fmt.Sprint("text ", i)))
		payloads = append(payloads, payload(uint64(i), 40+i%5*50))
	}
	return keys, payloads
}

func payload(seed uint64, n int) []byte {
	r := rand.NewChaCha8([32]byte(binary.LittleEndian.AppendUint64(make([]byte, 24), seed)))
	b := make([]byte, n)
	r.Read(b)
	return b
}

// get fetches and fails on any payload that is not the right one.
func get(t testing.TB, s *Store, keys []Key, want [][]byte) (hits int) {
	t.Helper()
	got := make([][]byte, len(keys))
	hits, err := s.Get(keys, got)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i := range got {
		if got[i] == nil {
			continue
		}
		n++
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("key %d: a wrong payload of %d bytes", i, len(got[i]))
		}
	}
	if n != hits {
		t.Fatalf("Get says %d hits, %d payloads are there", hits, n)
	}
	return hits
}

func files(t testing.TB, dir, ext string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, formatFolder, "*"+ext))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// scratch is a private empty folder, in memory where the machine has one: the
// tests make tens of thousands of small files.
func scratch(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "cache-test-")
	if err != nil {
		dir, err = os.MkdirTemp("", "cache-test-")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func readAll(t testing.TB, names []string) (all [][]byte) {
	t.Helper()
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

func snapshot(t testing.TB, dir string) (s string) {
	t.Helper()
	for _, name := range files(t, dir, "") {
		fi, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		s += fmt.Sprintln(name, fi.Size(), fi.ModTime())
	}
	return s
}
