package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// killed is how often the build is killed, at moments spread over the time it
// takes.
const killed = 12

// A build that is killed at any moment and started again gives the bytes of
// one that was not, and nothing it started outlives it.
func TestKilledAndResumed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	command := asCommand(t, dir)
	var input bytes.Buffer
	for i := range 6000 {
		fmt.Fprintf(&input, "{\"question\": \"Where is parcel %d now?\", \"answer\": \"Parcel %d is in the depot of town %d now\"}\n", i, i, i%97)
	}
	if err := os.WriteFile(filepath.Join(dir, "chats.jsonl"), input.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	build := func(out, cache string) *exec.Cmd {
		c := command("build", "chats.jsonl", "-o", out, "--cache", cache, "--workers", "2", "--chunk-rows", "256:512")
		c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		return c
	}
	begin := time.Now()
	if out, err := build("whole", "cache-0").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	took := time.Since(begin)
	want := files(t, filepath.Join(dir, "whole"))
	random := rand.New(rand.NewPCG(1, 2))
	cut := 0
	for i := range killed {
		out, cache := "out-"+strconv.Itoa(i), "cache-"+strconv.Itoa(1+i%3) // cold at first, then with a killed writer's leavings
		c := build(out, cache)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(random.Int64N(int64(took))), func() { c.Process.Kill() })
		if c.Wait() != nil {
			cut++
		}
		timer.Stop()
		if said, err := build(out, cache).CombinedOutput(); err != nil {
			t.Fatalf("resuming: %v\n%s", err, said)
		}
		got := files(t, filepath.Join(dir, out))
		if len(got) != len(want) {
			t.Errorf("run %d: %d files, want %d", i, len(got), len(want))
		}
		for name := range want {
			if got[name] != want[name] {
				t.Errorf("run %d: %s differs", i, name)
			}
		}
		os.RemoveAll(filepath.Join(dir, out))
	}
	if cut == 0 {
		t.Error("no build was killed before its end")
	}
	survivors(t, dir)
}

// asCommand makes the test binary runnable as cubeset, for itself too.
func asCommand(t *testing.T, dir string) func(args ...string) *exec.Cmd {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	// A link where that can be: what is written can for a moment not be run, if
	// meanwhile another test starts a process.
	if err := os.Link(exe, filepath.Join(bin, "cubeset")); err != nil {
		b, err := os.ReadFile(exe)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bin, "cubeset"), b, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return func(args ...string) *exec.Cmd {
		c := exec.Command(filepath.Join(bin, "cubeset"), args...)
		c.Dir = dir
		c.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "TMPDIR=" + dir, "HOME=" + dir}
		return c
	}
}

// survivors fails if a process started below dir is still there a second
// after its host died.
func survivors(t *testing.T, dir string) {
	left := ""
	for end := time.Now().Add(time.Second); ; {
		left = ""
		processes, _ := filepath.Glob("/proc/[0-9]*/environ")
		for _, p := range processes {
			if env, err := os.ReadFile(p); err == nil && strings.Contains(string(env), dir) && !strings.Contains(p, "/"+strconv.Itoa(os.Getpid())+"/") {
				left = p
			}
		}
		if left == "" || time.Now().After(end) {
			break
		}
	}
	if left != "" {
		t.Errorf("%s has outlived the builds", left)
	}
}

// files is what equal builds have equal.
func files(t *testing.T, dir string) map[string]string {
	m := map[string]string{}
	for _, name := range promised {
		err := filepath.WalkDir(filepath.Join(dir, name), func(path string, d os.DirEntry, err error) error {
			if os.IsNotExist(err) {
				return nil
			}
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			rel, _ := filepath.Rel(dir, path)
			m[rel] = string(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// Ctrl-C ends a build with 130, says how to go on, and keeps what is done.
func TestInterrupt(t *testing.T) {
	dir := t.TempDir()
	command := asCommand(t, dir)
	c := command("build", "-", "-o", "out", "--cache", "cache", "--chunk-rows", "16:16")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var talk bytes.Buffer
	c.Stderr = &talk
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { // an input without an end
		for i := 0; ; i++ {
			if _, err := fmt.Fprintf(in, "{\"question\": \"Where is parcel %d now?\", \"answer\": \"Parcel %d is in the depot now\"}\n", i, i); err != nil {
				return
			}
		}
	}()
	journal := filepath.Join(dir, "out", ".cubeset", "chunks", "*")
	waitFor(t, func() bool { done, _ := filepath.Glob(journal); return len(done) > 0 })
	c.Process.Signal(os.Interrupt)
	err = c.Wait()
	if c.ProcessState.ExitCode() != 130 {
		t.Fatalf("%v\n%s", err, talk.String())
	}
	for _, want := range []string{"cubeset: interrupted\n", "Go on with the same command:\n", "build - -o out --cache cache --chunk-rows 16:16\n"} {
		if !strings.Contains(talk.String(), want) {
			t.Errorf("it does not say %q but\n%s", want, talk.String())
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "out", "manifest.json")); err == nil {
		t.Error("there is a manifest")
	}
	survivors(t, dir)
}

// waitFor polls until something is so, or fails the test.
func waitFor(t *testing.T, so func() bool) {
	for end := time.Now().Add(20 * time.Second); !so(); {
		if time.Now().After(end) {
			t.Fatal("nothing happened within 20 seconds")
		}
	}
}
