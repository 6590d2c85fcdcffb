//go:build unix && !linux

package plugins

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// processAttributes: an own group. That the teacher ends with its host is up
// to the watch in the teacher's SDK here.
func processAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// reap waits for cmd and ends what is left of its group.
func reap(cmd *exec.Cmd) {
	cmd.Wait()
	unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
}
