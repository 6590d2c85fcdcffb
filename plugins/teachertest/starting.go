package teachertest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/cubeset/cubeset/plugins"
	"github.com/cubeset/cubeset/sdk/checklist"
	"github.com/hashicorp/go-plugin"
)

// byHand runs the teacher as a person might.
func byHand(ctx context.Context, k *kit) (string, error) {
	const change = "without CUBESET_TEACHER_COOKIE, say on standard error what the program is and exit with status 1"
	var said witness
	p, err := launch(k.spec.Command, environ(k.spec, k.dir), k.spec.Dir, &said)
	if err != nil {
		return "", checklist.Broke("name a program that can be run", "it cannot be run: %s", quoted(err.Error()))
	}
	defer p.end()
	stop := context.AfterFunc(ctx, func() { p.signal(os.Kill) })
	defer stop()
	if !within(p.exited, k.options.StartTimeout) {
		return "", checklist.Broke(change, "started by hand, it still runs after %v", k.options.StartTimeout)
	}
	p.reads.Wait()
	if code := p.cmd.ProcessState.ExitCode(); code != 1 {
		return "", checklist.Broke(change, "started by hand, it ends with %s, not exit status 1", p.how())
	}
	if said.words() == "" {
		return "", checklist.Broke(change, "started by hand, it says nothing on standard error")
	}
	return "says what it is, exit status 1", nil
}

// start has package plugins start the teacher, as every host in Go does.
func start(ctx context.Context, k *kit) (string, error) {
	began := time.Now()
	if err := k.start(ctx, k.spec); err != nil {
		return "", err
	}
	return fmt.Sprintf("answers Describe %d ms after its launch", time.Since(began).Milliseconds()), nil
}

func (k *kit) start(ctx context.Context, s plugins.Spec) error {
	o := plugins.DefaultOptions()
	o.StartTimeout, o.CallTimeout, o.TempDir = k.options.StartTimeout, k.options.CallTimeout, k.dir
	t, err := plugins.Start(ctx, s, o)
	if err == nil {
		k.d = t.Description()
		return t.Close()
	}
	return checklist.Broke("print the handshake line, serve health and answer Describe, all within "+k.options.StartTimeout.String()+
		" and without loading the model: that is for the first Embed. Nothing may be printed to standard output before the line",
		"%v", err) // plugins makes it safe to print
}

// environment asks whether PATH, TMPDIR and what the user named are enough.
// That they are is shown by start; else everything this process has is tried.
func environment(ctx context.Context, k *kit) (string, error) {
	if k.d.Name != "" {
		return "PATH, TMPDIR and the named variables are enough", nil
	}
	all := k.spec
	all.Env = nil
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if name != "" && name != "TMPDIR" && !strings.HasPrefix(name, "PLUGIN_") {
			all.Env = append(all.Env, name)
		}
	}
	if err := k.start(ctx, all); err != nil {
		return "", checklist.Skip("it does not start with every variable of this process either")
	}
	k.d.Name = ""
	return "", checklist.Broke("do without the variables it needs, or read them from a file: a host lets through PATH and a private TMPDIR",
		"it starts only with all the variables of this process")
}

// handshakes looks at the line, the socket and the certificate, offers a
// version of the protocol that does not exist yet, and leaves a session.
func handshakes(ctx context.Context, k *kit) (string, error) {
	s, err := k.open(ctx, opening{versions: "1,2"})
	if err != nil {
		return "", err
	}
	k.shared = s
	c := s.handshake.certificate
	if !c.IsCA {
		return "", checklist.FellShort("make the certificate a CA: some TLS libraries trust no other as a root", "the certificate is no CA")
	}
	return fmt.Sprintf("version 1 of 1 and 2, certificate for %s", c.PublicKeyAlgorithm), nil
}

// strangers are clients without a certificate, and with one of their own.
func strangers(ctx context.Context, k *kit) (string, error) {
	s, err := k.session(ctx)
	if err != nil {
		return "", err
	}
	foreign, err := newIdentity()
	if err != nil {
		return "", err
	}
	for _, c := range []struct {
		who string
		own *identity
	}{{"without a certificate", nil}, {"with a certificate of its own", &foreign}} {
		conn, err := dial(s.handshake.socket, s.handshake.config(c.own))
		if err != nil {
			return "", err
		}
		inner, cancel := context.WithTimeout(ctx, k.options.CallTimeout)
		_, err = grpc_health_v1.NewHealthClient(conn).Check(inner, &grpc_health_v1.HealthCheckRequest{Service: plugin.GRPCServiceName})
		cancel()
		conn.Close()
		if err == nil {
			return "", checklist.Broke("require a client certificate and trust the one in PLUGIN_CLIENT_CERT alone", "a client %s is served", c.who)
		}
	}
	return "no other client is served", nil
}

// describe asks twice, and holds the answers against that of another process.
func describe(ctx context.Context, k *kit) (string, error) {
	s, err := k.session(ctx)
	if err != nil {
		return "", err
	}
	for range 2 {
		if err := k.asBefore(ctx, s); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%s, %d values, %s", quoted(k.d.Model), k.d.Dims, k.d.Determinism), nil
}

// asBefore asks s to describe itself.
func (k *kit) asBefore(ctx context.Context, s *session) error {
	d, err := s.describe(ctx)
	if err != nil {
		return err
	}
	if fmt.Sprintf("%+v", d) != fmt.Sprintf("%+v", k.d) { // NaN is itself here
		return checklist.Broke("answer Describe always the same: build it from constants and files, not from time, process or state",
			"Describe changed between two calls: %s, then %s", quoted(fmt.Sprintf("%+v", k.d)), quoted(fmt.Sprintf("%+v", d)))
	}
	return nil
}
