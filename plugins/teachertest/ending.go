package teachertest

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/cubeset/cubeset/sdk/checklist"
)

// lookAgain is how often the processes of a group are counted.
const lookAgain = 10 * time.Millisecond

// interrupt is the Ctrl-C of a user who wants the host to finish its batch.
func interrupt(ctx context.Context, k *kit) (string, error) {
	s, err := k.session(ctx)
	if err != nil {
		return "", err
	}
	s.process.signal(os.Interrupt)
	within(s.process.exited, drainTimeout) // a teacher that ends of it does so a little later
	if _, err := s.describe(ctx); err != nil {
		return "", checklist.Broke("ignore SIGINT: Ctrl-C is the host's to handle, and it still wants the batch", "after SIGINT: %v", err)
	}
	return "SIGINT is ignored", nil
}

// shutdown asks the teacher to end, after everything it has been through.
func shutdown(ctx context.Context, k *kit) (string, error) {
	s, err := k.session(ctx)
	if err != nil {
		return "", err
	}
	limit := k.options.EndTimeout
	began := time.Now()
	inner, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	// A teacher may end before its answer is through.
	_ = s.conn.Invoke(inner, "/plugin.GRPCController/Shutdown", &emptypb.Empty{}, &emptypb.Empty{})
	if !within(s.process.exited, limit) {
		return "", checklist.Broke("exit within a second of /plugin.GRPCController/Shutdown, whatever threads and calls are under way: a host kills it then", "it runs on %v after Shutdown", limit)
	}
	return fmt.Sprintf("ends %d ms after Shutdown", time.Since(began).Milliseconds()), nil
}

// children asks what is left of a teacher that has ended by itself.
func children(ctx context.Context, k *kit) (string, error) {
	if k.shared == nil || k.shared.process.alive() {
		return "", checklist.Skip("it did not end by itself")
	}
	defer k.drop()
	group := k.shared.process.cmd.Process.Pid
	end := time.Now().Add(k.options.EndTimeout)
	left := members(group)
	for len(left) > 0 && time.Now().Before(end) && ctx.Err() == nil {
		time.Sleep(lookAgain)
		left = members(group)
	}
	if len(left) > 0 {
		return "", checklist.Broke("end the processes that it started before it ends itself", "it leaves %d of its child processes running", len(left))
	}
	return "nothing is left of it", nil
}

// orphan kills the teacher's parent, as the kernel does with a host that needs
// too much memory. What a host on Linux does about it is not there: here the
// teacher has to look for itself.
func orphan(ctx context.Context, k *kit) (string, error) {
	s, err := k.open(ctx, opening{parent: true})
	if err != nil {
		return "", err
	}
	defer s.end()
	began := time.Now()
	s.process.signal(syscall.SIGKILL)
	<-s.process.exited
	if !within(s.process.gone, k.options.EndTimeout) {
		return "", checklist.Broke("look at the parent's process number twice a second and exit when it changes", "it lives on %v after its host was killed", k.options.EndTimeout)
	}
	return fmt.Sprintf("ends %d ms after its host was killed", time.Since(began).Milliseconds()), nil
}

// stdout tells what all processes printed beside the handshake line.
func stdout(_ context.Context, k *kit) (string, error) {
	if k.spoke > 0 {
		return "", checklist.FellShort("point descriptor 1 at standard error before the model is loaded, and print the line to a copy of it",
			"%d bytes on standard output after the handshake line: harmless there, fatal before it", k.spoke)
	}
	return "nothing but the handshake line", nil
}
