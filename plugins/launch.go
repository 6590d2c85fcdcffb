package plugins

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/cubeset/cubeset/sdk/teacher"
	"github.com/cubeset/cubeset/sdk/teacher/teacherpb"
	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

const (
	describeBytesMax = 64 << 10    // of a Describe reply
	goPluginSlack    = time.Second // our own timeout comes first, it has the better words
	replyWindow      = 8 << 20     // of a reply that may be under way: with gRPC's 64 KiB a teacher waits for us again and again
	readBuffer       = 256 << 10   // read at once
)

// Start launches the teacher of s, completes the handshake over mutual TLS and
// asks it to describe itself. Whatever fails, no process is left behind. The
// caller must Close the teacher.
func Start(ctx context.Context, s Spec, o Options) (*Teacher, error) {
	if s.Name == "" && len(s.Command) > 0 {
		s.Name = filepath.Base(s.Command[0])
	}
	if s.Seal == nil && (len(s.Command) == 0 || s.Command[0] == "") {
		return nil, fail(s.Name, ErrStart, "no command")
	}
	if err := o.Validate(); err != nil {
		return nil, fail(s.Name, ErrStart, "%w", err)
	}
	tempDir := o.TempDir
	if tempDir == "" {
		tempDir = os.TempDir()
	}
	if err := os.MkdirAll(tempDir, 0o700); err != nil {
		return nil, fail(s.Name, ErrStart, "folder for sockets: %w", err)
	}
	p := newProcess(s)
	if s.Seal != nil {
		var err error
		if p.spec, p.copy, err = s.unseal(ctx, tempDir); err != nil {
			p.remove()
			return nil, err
		}
	}
	startCtx, cancel := context.WithTimeout(ctx, o.StartTimeout)
	defer cancel()
	l := &launch{spec: p.spec, options: o, tempDir: tempDir, process: p}
	t, err := l.run(startCtx)
	if err == nil {
		return t, nil
	}
	l.stop()
	switch {
	case ctx.Err() != nil:
		return nil, fail(s.Name, ErrStart, "%w", context.Cause(ctx))
	case startCtx.Err() != nil:
		return nil, fail(s.Name, ErrStart, "not ready within %v%s", o.StartTimeout, l.lastWords())
	}
	return nil, fail(s.Name, ErrStart, "%w", l.explain(err))
}

// launch is one attempt to start a teacher.
type launch struct {
	spec    Spec
	options Options
	tempDir string
	client  *plugin.Client
	process *process
	words   lastWords
}

func (l *launch) run(ctx context.Context) (*Teacher, error) {
	config, certPEM, err := clientCert()
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	log := newBridge(l.options.Log, l.spec.Name)
	printed := &lines{say: func(line string) { log.Debug(line) }}
	l.client = plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  teacher.Handshake,
		VersionedPlugins: teacher.Protocols(nil),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		TLSConfig:        config,
		SkipHostEnv:      true,
		GRPCDialOptions:  []grpc.DialOption{grpc.WithInitialWindowSize(replyWindow), grpc.WithInitialConnWindowSize(replyWindow), grpc.WithReadBufferSize(readBuffer)},
		StartTimeout:     l.options.StartTimeout + goPluginSlack,
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: l.tempDir},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, dir string) (runner.Runner, error) {
			if err := l.process.prepare(cmd.Env, certPEM, dir); err != nil {
				return nil, errors.Join(err, os.Remove(dir))
			}
			return l.process, nil
		},
		Logger:              log,
		PluginLogBufferSize: lineBytesRead,
		Stderr:              &lines{say: l.words.add},
		SyncStdout:          printed,
		SyncStderr:          printed,
	})

	// Neither go-plugin's Start nor its dialling takes a context: ending the
	// process is what ends them.
	release := context.AfterFunc(ctx, l.process.kill)
	t, err := l.connect(ctx)
	if !release() && err == nil {
		err = ctx.Err()
	}
	return t, err
}

// connect does the handshake and the first calls.
func (l *launch) connect(ctx context.Context) (*Teacher, error) {
	protocol, err := l.client.Client()
	if err != nil {
		return nil, err
	}
	conn := protocol.(*plugin.GRPCClient).Conn // the only protocol allowed
	health, err := grpc_health_v1.NewHealthClient(conn).Check(ctx,
		&grpc_health_v1.HealthCheckRequest{Service: plugin.GRPCServiceName})
	if err != nil {
		return nil, fmt.Errorf("health check: %s", clean(status.Convert(err).Message()))
	}
	if health.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		return nil, fmt.Errorf("health check: %s", health.GetStatus())
	}
	rpc := teacherpb.NewTeacherClient(conn)
	r, err := rpc.Describe(ctx, &teacherpb.DescribeRequest{}, grpc.MaxCallRecvMsgSize(describeBytesMax))
	if err != nil {
		return nil, fmt.Errorf("describe: %s", clean(status.Convert(err).Message()))
	}
	d := teacher.FromProto(r)
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("describe: %w: %s", ErrProtocol, clean(err.Error()))
	}
	return &Teacher{
		name: l.spec.Name, options: l.options, description: d,
		client: l.client, process: l.process, conn: conn, rpc: rpc,
	}, nil
}

// stop ends everything the attempt began.
func (l *launch) stop() {
	l.process.kill()
	if l.client != nil {
		l.client.Kill()
	}
	l.process.remove()
}
