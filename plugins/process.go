package plugins

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	drainTimeout    = 500 * time.Millisecond // for output left in the pipes of a dead teacher
	socketPathMax   = 103                    // bytes of a socket's path, the least of our systems
	socketNameBytes = 17                     // what go-plugin adds: "/plugin" and ten digits
	firstLineMax    = 4096                   // kept of standard output to explain a failed start
)

// process is a teacher's process, in a group of its own that dies with it and
// with the host. It is what go-plugin calls a runner.
type process struct {
	spec    Spec
	cmd     *exec.Cmd
	dir     string // its private folder
	copy    string // the folder it was copied to, "": it runs where it lies
	outputs [2]*os.File
	said    head // the start of its standard output

	mu       sync.Mutex
	pid      int
	killed   bool
	startErr error
	exited   chan struct{} // closed once waited for; state is valid then
	state    *os.ProcessState
}

func newProcess(s Spec) *process { return &process{spec: s, exited: make(chan struct{})} }

// prepare gets p ready to run with go-plugin's variables and the client
// certificate, in the private folder dir.
func (p *process) prepare(pluginEnv []string, certPEM []byte, dir string) error {
	if n := len(dir) + socketNameBytes; n > socketPathMax {
		return fmt.Errorf("the folder for sockets has too long a path: %d bytes, at most %d: set another TempDir", len(dir), socketPathMax-socketNameBytes)
	}
	env, err := p.spec.environ(dir)
	if err != nil {
		return err
	}
	if dir := p.spec.Dir; dir != "" {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return fmt.Errorf("working directory %s: no such folder", clean(dir))
		}
	}
	program := p.spec.Command[0]
	if strings.Contains(program, "/") {
		var err error
		if program, err = filepath.Abs(program); err != nil { // else it would be sought in Dir
			return err
		}
	}
	p.cmd = exec.Command(program, p.spec.Command[1:]...)
	p.cmd.Dir = p.spec.Dir
	p.cmd.Env = append(append(env, pluginEnv...), "PLUGIN_CLIENT_CERT="+string(certPEM))
	p.cmd.SysProcAttr = processAttributes()
	p.dir = dir
	return nil
}

// Start launches the process. Its standard input is empty: the host's is not
// for a teacher to read.
func (p *process) Start(context.Context) error {
	err := p.start()
	if err != nil {
		p.startErr = explainLaunch(p.cmd.Path, err)
	}
	return p.startErr
}

func (p *process) start() error {
	outR, outW, err := os.Pipe()
	if err != nil {
		return err
	}
	errR, errW, err := os.Pipe()
	if err != nil {
		outR.Close()
		outW.Close()
		return err
	}
	p.outputs = [2]*os.File{outR, errR}
	p.cmd.Stdout, p.cmd.Stderr = outW, errW

	started := make(chan error)
	go p.live(started)
	err = <-started
	outW.Close()
	errW.Close()
	if err != nil {
		outR.Close()
		errR.Close()
	}
	return err
}

// live is the process from launch to burial. The signal that kills a teacher
// whose host died is sent when the *thread* that started it ends, so this
// goroutine keeps its thread until the process is gone.
func (p *process) live(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p.mu.Lock()
	err := errors.New("stopped before it started")
	if !p.killed {
		err = p.cmd.Start()
	}
	if err != nil {
		p.mu.Unlock()
		started <- err
		return
	}
	p.pid = p.cmd.Process.Pid
	p.mu.Unlock()
	started <- nil

	reap(p.cmd)
	p.state = p.cmd.ProcessState
	// A child that left the group may hold the pipes open: read what is there, then let go.
	for _, f := range p.outputs {
		f.SetReadDeadline(time.Now().Add(drainTimeout))
	}
	close(p.exited)
}

// kill ends the whole group at once, also before the process has started.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	if p.pid == 0 {
		return
	}
	select {
	case <-p.exited: // its number may belong to somebody else by now
	default:
		unix.Kill(-p.pid, unix.SIGKILL)
	}
}

// remove removes the process's folders.
func (p *process) remove() error {
	return errors.Join(os.RemoveAll(p.dir), os.RemoveAll(p.copy)) // "" removes nothing
}

// ended says how the process ended, "" while it runs.
func (p *process) ended() string {
	select {
	case <-p.exited:
		return p.state.String()
	default:
		return ""
	}
}

// The rest is what go-plugin asks of a runner.

func (p *process) Wait(context.Context) error {
	<-p.exited
	if !p.state.Success() {
		return errors.New(p.state.String())
	}
	return nil
}

func (p *process) Kill(context.Context) error { p.kill(); return nil }

func (p *process) Stdout() io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(p.outputs[0], &p.said), p.outputs[0]}
}

func (p *process) Stderr() io.ReadCloser           { return p.outputs[1] }
func (p *process) Name() string                    { return p.spec.Name }
func (p *process) Diagnose(context.Context) string { return "" }

func (p *process) ID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pid == 0 {
		return ""
	}
	return strconv.Itoa(p.pid)
}

// PluginToHost admits sockets of the file system only: a port is open to
// every user of the machine.
func (p *process) PluginToHost(network, address string) (string, string, error) {
	if network != "unix" || !filepath.IsAbs(address) {
		return "", "", fmt.Errorf("listens on %s, want an absolute path of a unix socket", clean(network))
	}
	return network, address, nil
}

func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// head keeps the first bytes written to it.
type head struct {
	mu sync.Mutex
	b  []byte
}

func (h *head) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.b = append(h.b, b[:min(len(b), firstLineMax-len(h.b))]...)
	return len(b), nil
}

func (h *head) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return string(h.b)
}
