package teachertest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/cubeset/cubeset/plugins"
)

const (
	firstLineMax = 64 << 10               // bytes of the handshake line
	drainTimeout = 500 * time.Millisecond // for output left in the pipes of a dead teacher
)

// process is a teacher's process, in a group of its own.
type process struct {
	cmd    *exec.Cmd
	first  chan string   // the first line of its standard output; closed without one if there is none
	exited chan struct{} // closed once it has been waited for
	gone   chan struct{} // closed once nobody holds the far end of the pipe that only the teacher has
	spoke  int64         // bytes on standard output after the first line; to be read after end
	pipes  []*os.File
	reads  sync.WaitGroup
}

// launch starts command with nothing but env and an empty standard input.
func launch(command, env []string, dir string, said *witness) (*process, error) {
	said.forget()
	p := &process{first: make(chan string, 1), exited: make(chan struct{}), gone: make(chan struct{})}
	p.cmd = exec.Command(command[0], command[1:]...)
	p.cmd.Env, p.cmd.Dir = env, dir
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var far []*os.File
	for range 3 {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, errors.Join(err, closeAll(p.pipes), closeAll(far))
		}
		p.pipes, far = append(p.pipes, r), append(far, w)
	}
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.ExtraFiles = far[0], far[1], far[2:]
	err := p.cmd.Start()
	closeAll(far)
	if err != nil {
		return nil, errors.Join(err, closeAll(p.pipes))
	}
	p.reads.Go(func() { p.listen(p.pipes[0], said) })
	p.reads.Go(func() { io.Copy(said, p.pipes[1]) })
	p.reads.Go(func() { io.Copy(io.Discard, p.pipes[2]); close(p.gone) })
	go func() { p.cmd.Wait(); close(p.exited) }() // end waits for it
	return p, nil
}

func closeAll(files []*os.File) (err error) {
	for _, f := range files {
		err = errors.Join(err, f.Close())
	}
	return err
}

// listen takes the first line apart from what follows.
func (p *process) listen(out io.Reader, said *witness) {
	b := bufio.NewReaderSize(out, firstLineMax)
	line, err := b.ReadSlice('\n')
	if len(line) > 0 {
		p.first <- strings.TrimRight(string(line), "\r\n")
	}
	close(p.first)
	if err == nil || errors.Is(err, bufio.ErrBufferFull) {
		p.spoke, _ = io.Copy(said, b)
	}
}

// signal sends to the teacher alone, not to its group.
func (p *process) signal(s os.Signal) { p.cmd.Process.Signal(s) }

// within waits for done, but not longer than d.
func within(done <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

// alive says whether the process has not been waited for.
func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// end kills what is left of the group and waits for all of it.
func (p *process) end() {
	pid := p.cmd.Process.Pid
	if p.alive() || len(members(pid)) > 0 {
		unix.Kill(-pid, unix.SIGKILL)
	}
	<-p.exited
	for _, f := range p.pipes { // a child that left the group may hold them open
		f.SetReadDeadline(time.Now().Add(drainTimeout))
	}
	p.reads.Wait()
	closeAll(p.pipes)
}

// how says how the process ended. It must have.
func (p *process) how() string { return p.cmd.ProcessState.String() }

// members are the living processes of a group; -1 stands for any where the
// system does not tell. One that has ended and waits for its parent does not
// count.
func members(group int) []int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	if len(stats) == 0 {
		if unix.Kill(-group, 0) == nil {
			return []int{-1}
		}
		return nil
	}
	var found []int
	for _, name := range stats {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		var pid, parent, its int
		var state string
		head, tail, ok := strings.Cut(string(b), " (")
		if i := strings.LastIndexByte(tail, ')'); ok && i >= 0 { // a name may hold anything
			fmt.Sscan(head, &pid)
			fmt.Sscan(tail[i+1:], &state, &parent, &its)
		}
		if its == group && state != "Z" && state != "X" {
			found = append(found, pid)
		}
	}
	return found
}

// environ is what a teacher of s sees, but for what the handshake adds.
func environ(s plugins.Spec, tmp string) []string {
	env := []string{"TMPDIR=" + tmp}
	for _, name := range slices.Concat([]string{"PATH"}, s.Env) {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return append(env, s.SetEnv...)
}
