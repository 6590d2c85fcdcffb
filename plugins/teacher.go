// Package plugins runs teachers: it starts one as a process of its own, speaks
// the protocol of PROTOCOL.md with it, checks every vector that comes back,
// and makes sure that nothing of it outlives the host.
package plugins

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cubeset/cubeset/sdk/teacher"
	"github.com/cubeset/cubeset/sdk/teacher/teacherpb"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
)

// closeGrace is how long a teacher may take to end by itself.
const closeGrace = time.Second

// Teacher is a running teacher. Its methods may be called from any goroutine.
type Teacher struct {
	name        string
	options     Options
	description teacher.Description
	client      *plugin.Client
	process     *process
	conn        *grpc.ClientConn
	rpc         teacherpb.TeacherClient
	closing     atomic.Bool
	closeOnce   sync.Once
}

// Description is what the teacher said of itself at the start.
func (t *Teacher) Description() teacher.Description { return t.description }

// Pid is the teacher's process, also after it has ended.
func (t *Teacher) Pid() int {
	pid, _ := strconv.Atoi(t.process.ID())
	return pid
}

// Close asks the teacher to end, ends its whole process group if it does not
// within a second, and returns when it is gone. A call of Embed that is under
// way fails with ErrClosed. Closing twice is fine.
func (t *Teacher) Close() error {
	var err error
	t.closeOnce.Do(func() {
		t.closing.Store(true)
		end := time.AfterFunc(closeGrace, t.process.kill)
		defer end.Stop()
		t.client.Kill()
		<-t.process.exited
		if err = t.process.remove(); err != nil {
			err = errors.New("teacher " + clean(t.name) + ": " + clean(err.Error()))
		}
	})
	return err
}

// died is the error of a teacher whose process has ended, nil while it runs.
func (t *Teacher) died(while string) error {
	if t.closing.Load() {
		return fail(t.name, ErrClosed, "closed%s", while)
	}
	if how := t.process.ended(); how != "" {
		return fail(t.name, ErrDied, "died (%s)%s", how, while)
	}
	return nil
}

// awaitExit waits for the process to end, but not for long.
func (t *Teacher) awaitExit(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-t.process.exited:
	case <-timer.C:
	case <-ctx.Done():
	}
}
