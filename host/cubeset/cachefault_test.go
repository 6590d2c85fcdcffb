package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cubeset/cubeset/host/cache"
	"github.com/cubeset/cubeset/plugins"
	"github.com/cubeset/cubeset/plugins/hashing"
)

// parcels is n different pairs, beginning with number first.
func parcels(first, n int) []byte {
	var b bytes.Buffer
	for i := first; i < first+n; i++ {
		fmt.Fprintf(&b, "{\"question\": \"Where is parcel %d now?\", \"answer\": \"Parcel %d is in the depot of town %d now\"}\n", i, i, i%97)
	}
	return b.Bytes()
}

func writeTo(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func succeed(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(c.Args, " "), err, out)
	}
	return string(out)
}

// Four builds at once on one cache, of inputs that overlap, with gc and repair
// beside them and one of the builds killed: every dataset is the one that a
// build alone makes, and no damage is left.
func TestFourBuildsOnOneCache(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	command := asCommand(t, dir)
	build := func(i int, out, cache string) *exec.Cmd {
		return command("build", fmt.Sprintf("chats-%d.jsonl", i), "-o", out, "--cache", cache, "--workers", "1", "--chunk-rows", "128:256", "--teacher", "hash-768")
	}
	const builds = 4
	for i := range builds {
		writeTo(t, filepath.Join(dir, fmt.Sprintf("chats-%d.jsonl", i)), parcels(400*i, 800)) // half of it is the neighbour's too
	}
	random := rand.New(rand.NewPCG(3, 4))
	for round := range 2 {
		shared := fmt.Sprintf("shared-%d", round)
		var all []*exec.Cmd
		for i := range builds {
			c := build(i, fmt.Sprintf("out-%d-%d", round, i), shared)
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			all = append(all, c)
		}
		killer := time.AfterFunc(time.Duration(random.Int64N(int64(400*time.Millisecond))), func() { all[0].Process.Kill() })
		for range 3 { // a cache that is not there yet is no fault
			for _, keep := range []string{"gc", "repair"} {
				if out, err := command("cache", keep, "--cache", shared).CombinedOutput(); err != nil && !strings.Contains(string(out), "there is no cache here") {
					t.Errorf("%s: %v\n%s", keep, err, out)
				}
			}
		}
		for i, c := range all {
			if err := c.Wait(); err != nil && i > 0 {
				t.Errorf("build %d: %v", i, err)
			}
		}
		killer.Stop()
		succeed(t, build(0, fmt.Sprintf("out-%d-0", round), shared)) // goes on where it was killed
		for i := range builds {
			alone := fmt.Sprintf("alone-%d", i)
			if round == 0 {
				succeed(t, build(i, alone, "off"))
			}
			want, got := files(t, filepath.Join(dir, alone)), files(t, filepath.Join(dir, fmt.Sprintf("out-%d-%d", round, i)))
			if len(got) != len(want) {
				t.Errorf("build %d: %d files, want %d", i, len(got), len(want))
			}
			for name := range want {
				if got[name] != want[name] {
					t.Errorf("build %d: %s differs", i, name)
				}
			}
			// Everything that was paid for is there.
			if out := succeed(t, command("build", fmt.Sprintf("chats-%d.jsonl", i), "-o", fmt.Sprintf("again-%d-%d", round, i), "--cache", shared, "--chunk-rows", "128:256", "--teacher", "hash-768", "--json")); !strings.Contains(out, `"misses":0,"corrupt":0}`) {
				t.Errorf("build %d again: %s", i, out)
			}
		}
		succeed(t, command("cache", "verify", "--cache", shared))
	}
	survivors(t, dir)
}

// Repair, rm and gc are killed at any moment and run again: what is good stays.
func TestKilledHousekeeping(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	command := asCommand(t, dir)
	for i := range 9 { // segments enough to be packed and merged
		writeTo(t, filepath.Join(dir, "chats.jsonl"), parcels(100*i, 100))
		succeed(t, command("build", "chats.jsonl", "-o", "out", "--cache", "cache", "--teacher", "hash-768", "--dedup", "none"))
	}
	writeTo(t, filepath.Join(dir, "chats.jsonl"), parcels(0, 900))
	random := rand.New(rand.NewPCG(5, 6))
	for round := range 4 {
		if err := os.RemoveAll(filepath.Join(dir, "copy")); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("cp", "-a", filepath.Join(dir, "cache"), filepath.Join(dir, "copy")).CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
		keep := []string{"gc", "repair"}[round%2]
		if keep == "repair" {
			indexes, err := filepath.Glob(filepath.Join(dir, "copy", "v1", "*.idx"))
			if err != nil || len(indexes) == 0 {
				t.Fatal(indexes, err)
			}
			for _, name := range indexes {
				if err := os.Truncate(name, 100); err != nil {
					t.Fatal(err)
				}
			}
		}
		c := command("cache", keep, "--cache", "copy")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		killer := time.AfterFunc(time.Duration(random.Int64N(int64(40*time.Millisecond))), func() { c.Process.Kill() })
		c.Wait()
		killer.Stop()
		succeed(t, command("cache", keep, "--cache", "copy"))
		succeed(t, command("cache", "verify", "--cache", "copy"))
		if out := succeed(t, command("build", "chats.jsonl", "-o", fmt.Sprintf("out-%d", round), "--cache", "copy", "--teacher", "hash-768", "--json")); !strings.Contains(out, `"misses":0,"corrupt":0}`) {
			t.Errorf("round %d, %s: %s", round, keep, out)
		}
	}
}

// A record may be whole and its vector still not the teacher's. Only asking
// again shows that.
func TestRecomputeFindsWrongVectors(t *testing.T) {
	dir := t.TempDir()
	command := asCommand(t, dir)
	writeTo(t, filepath.Join(dir, "chats.jsonl"), parcels(0, 20))
	d := hashing.Describe()
	r := cache.NewRecipe(plugins.EmbedID(d), d.QuestionPrefix)
	s, err := cache.Open(filepath.Join(dir, "cache"), cache.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	wrong := make([]float32, d.Dims)
	wrong[0] = 1
	for _, i := range []int{3, 8} {
		if err := s.Put(r, []cache.Key{r.Key(fmt.Sprintf("Where is parcel %d now?", i))}, [][]byte{cache.Bytes(wrong)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	succeed(t, command("build", "chats.jsonl", "-o", "out", "--cache", "cache", "--teacher", "hash-768", "--preset", "none", "--min-similarity", "-1"))
	succeed(t, command("cache", "verify", "--cache", "cache"))
	c := command("cache", "verify", "--cache", "cache", "--recompute", "20", "--dataset", "out")
	out, err := c.CombinedOutput()
	if err == nil || c.ProcessState.ExitCode() != exitDamage {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"out/data/", ".parquet: vector: question of row ", ": the cached vector and the teacher's have a cosine of 0.", "cubeset cache rm --teacher ", "40 texts compared", "damage found: 2 faults in cache"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("it does not say %q but\n%s", want, out)
		}
	}
}

func TestAges(t *testing.T) {
	for _, c := range []struct {
		in   string
		want time.Duration
	}{{"90d", 2160 * time.Hour}, {"2w", 336 * time.Hour}, {"36h", 36 * time.Hour}, {"1.5d", 36 * time.Hour}, {"", 0}, {"0d", 0}, {"-1d", 0}, {"d", 0}, {"10", 0}, {"NaNd", 0}} {
		if got, err := parseAge(c.in); got != c.want || (err == nil) != (c.want > 0) {
			t.Errorf("age %q: %v, %v, want %v", c.in, got, err, c.want)
		}
	}
}
