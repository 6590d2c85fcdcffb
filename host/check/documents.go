package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// documents runs what the README and the examples tell a user to type, in a
// copy of the project, and compares what they say comes out of it.
func (s *suite) documents() error {
	python, err := s.python()
	if err != nil {
		return err
	}
	readmes, err := filepath.Glob(filepath.Join(s.root, "examples", "*", "README.md"))
	if err != nil {
		return err
	}
	for _, name := range append([]string{filepath.Join(s.root, "README.md")}, readmes...) {
		doc, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(s.root, name)
		dir, err := s.copyProject()
		if err != nil {
			return err
		}
		for _, b := range shellBlocks(string(doc)) {
			if strings.Contains(b.commands, "./host/check") {
				continue // this is it
			}
			if err := s.runBlock(dir, filepath.Dir(python), b); err != nil {
				s.fail(fmt.Sprintf("%s:%d", rel, b.line), err)
			} else {
				s.passed++
			}
		}
		os.RemoveAll(dir)
	}
	return nil
}

// block is a fenced sh block of a document, and the text block right after it.
type block struct {
	line             int
	commands, output string
	shown            bool // there is an output to compare with
}

var fence = regexp.MustCompile("(?s)```(sh|text)\n(.*?)```\n")

func shellBlocks(doc string) (blocks []block) {
	end := -1
	for _, m := range fence.FindAllStringSubmatchIndex(doc, -1) {
		kind, body := doc[m[2]:m[3]], doc[m[4]:m[5]]
		switch last := len(blocks) - 1; {
		case kind == "sh":
			blocks = append(blocks, block{line: 1 + strings.Count(doc[:m[0]], "\n"), commands: body})
			end = m[1]
		case last >= 0 && strings.TrimSpace(doc[end:m[0]]) == "":
			blocks[last].output, blocks[last].shown = body, true
		}
	}
	return blocks
}

func (s *suite) runBlock(dir, bin string, b block) error {
	c := exec.CommandContext(s.ctx, "bash", "-euo", "pipefail", "-c", b.commands)
	c.Dir = dir
	c.Env = s.environ([]string{
		"PATH=" + filepath.Join(dir, ".bin") + ":" + bin + ":" + os.Getenv("PATH"),
		"CUBESET_CACHE=" + filepath.Join(dir, ".cache"), "HF_HUB_OFFLINE=1", "GOBIN=" + filepath.Join(dir, ".bin"),
	})
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 10 * time.Second
	var out, talk bytes.Buffer
	c.Stdout, c.Stderr = &out, &talk
	if err := c.Run(); err != nil {
		return fmt.Errorf("%w\n%s%s", err, tail(out.String()), tail(talk.String()))
	}
	if got, want := steady(out.String()), steady(b.output); b.shown && got != want {
		return fmt.Errorf("the output shown is not what comes out; that is\n%s", out.String())
	}
	return nil
}

// varying is what differs from run to run: times.
var varying = regexp.MustCompile(`\d+(\.\d+)? (ms|s)\b`)

func steady(s string) string { return strings.TrimSpace(varying.ReplaceAllString(s, "TIME")) }

// copyProject copies what a user gets by cloning.
func (s *suite) copyProject() (string, error) {
	list, err := s.command("git", "-c", "core.quotePath=false", "ls-files", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return "", err
	}
	to, err := os.MkdirTemp(s.tmp, "copy-")
	if err != nil {
		return "", err
	}
	for name := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == '\n' }) {
		b, err := os.ReadFile(filepath.Join(s.root, name))
		if os.IsNotExist(err) {
			continue // deleted, and not yet committed
		}
		if err != nil {
			return "", err
		}
		fi, err := os.Stat(filepath.Join(s.root, name))
		if err != nil {
			return "", err
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(to, name), b, fi.Mode()&fs.ModePerm); err != nil {
			return "", err
		}
	}
	return to, nil
}
