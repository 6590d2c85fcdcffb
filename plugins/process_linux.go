package plugins

import (
	"errors"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// processAttributes: an own group, so that Ctrl-C is the host's to handle and
// the teacher's children can be ended with it; and death with the host.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// reap waits for cmd and ends what is left of its group. It does the second
// before the process is waited for, while the number still names its group and
// can be nobody else's.
func reap(cmd *exec.Cmd) {
	pid := cmd.Process.Pid
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	unix.Kill(-pid, unix.SIGKILL)
	cmd.Wait()
}
