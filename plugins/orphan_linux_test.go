package plugins

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// goneWithin is the most a teacher may outlive its host.
const goneWithin = 2 * time.Second

// death waits for the end of any process, also one that is nobody's child here.
type death struct {
	fd  int
	pid int
}

func watch(t *testing.T, pid int) death {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatalf("process %d: %v", pid, err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return death{fd, pid}
}

func (d death) want(t *testing.T, within time.Duration) {
	t.Helper()
	end := time.Now().Add(within)
	n, err := 0, error(unix.EINTR) // which the runtime's own signals cause
	for errors.Is(err, unix.EINTR) {
		left := max(0, time.Until(end))
		n, err = unix.Poll([]unix.PollFd{{Fd: int32(d.fd), Events: unix.POLLIN}}, int(left.Milliseconds()))
	}
	if n != 1 || err != nil {
		unix.Kill(d.pid, unix.SIGKILL)
		t.Errorf("process %d is alive after %v (%v)", d.pid, within, err)
	}
}

func TestHostKilled(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	host := exec.Command(self)
	host.Env = append(os.Environ(), fakeHost+"=1", "TMPDIR="+shortTempDir(t))
	host.Stderr = os.Stderr
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	pid, convErr := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || convErr != nil {
		t.Fatalf("the host said %q", line)
	}
	d := watch(t, pid)
	host.Process.Kill()
	d.want(t, goneWithin)
	host.Wait()
}

// The kernel ends a teacher with the thread that started it: not with the
// goroutine that called Start.
func TestStartingThreadEnds(t *testing.T) {
	started := make(chan *Teacher)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		f, err := Start(t.Context(), fakeSpec("healthy"), DefaultOptions())
		if err != nil {
			t.Error(err)
		}
		started <- f
	}()
	f := <-started
	if f == nil {
		return
	}
	defer f.Close()
	for range 20 {
		if _, err := f.Embed(t.Context(), numbered(1), make([]float32, fakeDims)); err != nil {
			t.Fatal(err)
		}
	}
}

// Close ends a teacher that no longer reacts to anything.
func TestCloseStopped(t *testing.T) {
	o := DefaultOptions()
	o.CallTimeout = 200 * time.Millisecond
	f := start(t, fakeSpec("stops itself"), o)
	f.Embed(t.Context(), numbered(1), make([]float32, fakeDims))
	began := time.Now()
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if d := time.Since(began); d > closeGrace+goneWithin {
		t.Errorf("Close took %v", d)
	}
}

func TestCloseStubborn(t *testing.T) {
	f := startMode(t, "ignores shutdown")
	d := watch(t, f.Pid())
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	d.want(t, 0)
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// What the teacher started goes with it, however it ends.
func TestGrandchild(t *testing.T) {
	for _, kill := range []bool{false, true} {
		f := startMode(t, "grandchild")
		pid, err := strconv.Atoi(f.Description().Revision)
		if err != nil {
			t.Fatal(err)
		}
		d := watch(t, pid)
		if kill {
			unix.Kill(f.Pid(), unix.SIGKILL)
		}
		f.Close()
		d.want(t, goneWithin)
	}
}

// A Ctrl-C in the terminal is the host's to handle.
func TestOwnGroup(t *testing.T) {
	f := startMode(t, "healthy")
	group, err := unix.Getpgid(f.Pid())
	if err != nil || group != f.Pid() {
		t.Errorf("group %d of process %d: %v", group, f.Pid(), err)
	}
}
