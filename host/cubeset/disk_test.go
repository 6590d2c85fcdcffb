//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A disk that is full ends a build with an error that names file and step;
// with room made, the same command ends as if nothing had been.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	command := asCommand(t, dir)
	inNamespace := func(script string) *exec.Cmd {
		c := command()
		c.Path, c.Args = "/usr/bin/unshare", []string{"unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", script}
		return c
	}
	if out, err := inNamespace("mount -t tmpfs -o size=1m none " + dir + "/bin").CombinedOutput(); err != nil {
		t.Skipf("no mount namespaces here: %v %s", err, out)
	}
	var input bytes.Buffer
	for i := range 3000 {
		fmt.Fprintf(&input, "{\"question\": \"Where is parcel %d now?\", \"answer\": \"Parcel %d is in the depot of town %d now\"}\n", i, i, i%97)
	}
	if err := os.WriteFile(filepath.Join(dir, "chats.jsonl"), input.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "small"), 0o755); err != nil {
		t.Fatal(err)
	}
	build := "cubeset build chats.jsonl --chunk-rows 512:512 --profile fast "
	out, err := inNamespace("mount -t tmpfs -o size=6m none small; " +
		"if " + build + "-o small/out --cache cache; then echo it was not full; exit 9; fi; " +
		"test ! -e small/out/manifest.json; mount -o remount,size=100m small; " +
		build + "-o small/out --cache cache; cubeset verify small/out; " +
		build + "-o whole --cache cache; cmp small/out/manifest.json whole/manifest.json").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), "no space left on device") || !strings.Contains(string(out), "small/out/_tmp/parts/") {
		t.Errorf("it does not say what is full:\n%s", out)
	}

	// A cache that is full is said once, and the build goes on without.
	out, err = inNamespace("mount -t tmpfs -o size=6m none small; mkdir -m 700 small/cache; " + build + "-o nocache --cache small/cache; cmp nocache/manifest.json whole/manifest.json").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := strings.Count(string(out), "not cached"); n != 1 {
		t.Errorf("%d warnings, want one:\n%s", n, out)
	}
}
