package main

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/cubeset/cubeset/plugins/http/apitest"
)

// While a build asks a service, its key is in the environment of the two
// processes that must have it, the command's own and the teacher's, and in no
// other process's environment, and in nobody's arguments; afterwards it is in
// no file and no output, whether the build went well or not.
func TestKeyStaysHome(t *testing.T) {
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("no /proc to look into")
	}
	const key = "sk-canary-7d20c1f5ae"
	dir := t.TempDir()
	command := asCommand(t, dir)
	var mu sync.Mutex
	holders := map[string]string{} // process, and where it has the key
	server := httptest.NewServer(apitest.New("openai", apitest.Options{Key: key, Trouble: func(n int, w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		maps.Copy(holders, holdersOf(key))
		if n == 2 { // a service that quotes the key and the texts in an error
			w.WriteHeader(503)
			fmt.Fprintf(w, `{"error":{"message":%q,"code":"server_is_busy"}}`, r.Header.Get("Authorization"))
			return true
		}
		return false
	}}))
	defer server.Close()
	config := fmt.Sprintf("min_similarity: -1\nteachers:\n  far: {program: http, api: openai, url: %s/v1, model: test-model, dims: 64, max_rows: 2, key_env: CANARY_KEY}\n", server.URL)
	chats := ""
	for i := range 8 {
		chats += fmt.Sprintf("{\"question\": \"Where is parcel %d now?\", \"answer\": \"Parcel %d is in the depot of the town\"}\n", i, i)
	}
	for name, content := range map[string]string{"cubeset.yaml": config, "chats.jsonl": chats} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, given, want string }{
		{"right", key, `"texts":16`},
		{"wrong", key + "x", "the key in CANARY_KEY is not accepted"},
	} {
		clear(holders)
		run := command("build", "chats.jsonl", "-o", c.name, "--teacher", "far", "--cache", "cache-"+c.name, "--workers", "2", "--json", "-v")
		run.Env = append(run.Environ(), "CANARY_KEY="+c.given)
		said, err := run.CombinedOutput()
		if (err == nil) != (c.given == key) || !bytes.Contains(said, []byte(c.want)) {
			t.Errorf("%s key: %v\n%s", c.name, err, said)
		}
		if c.given == key && !bytes.Contains(said, []byte("503 Service Unavailable (server_is_busy)")) {
			t.Errorf("the debug log says nothing of the error:\n%s", said)
		}
		if bytes.Contains(said, []byte(key)) {
			t.Errorf("%s key: the output holds it:\n%s", c.name, said)
		}
		for pid, place := range holders {
			if place != "environ" {
				t.Errorf("%s key: it is in the %s of process %s", c.name, place, pid)
			}
		}
		if len(holders) != 2 {
			t.Errorf("%s key: %d processes have it, want 2", c.name, len(holders))
		}
	}
	files := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || filepath.Base(filepath.Dir(path)) == "bin" {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(key)) {
			t.Errorf("%s holds the key", path)
		}
		return err
	})
	if err != nil || files < 10 {
		t.Errorf("%d files: %v", files, err)
	}
}

// holdersOf is where a word stands in the processes of this machine.
func holdersOf(word string) map[string]string {
	found := map[string]string{}
	list, _ := os.ReadDir("/proc")
	for _, p := range list {
		if _, err := strconv.Atoi(p.Name()); err != nil {
			continue
		}
		for _, place := range []string{"environ", "cmdline"} {
			if b, err := os.ReadFile(filepath.Join("/proc", p.Name(), place)); err == nil && bytes.Contains(b, []byte(word)) {
				found[p.Name()] = place
			}
		}
	}
	return found
}
