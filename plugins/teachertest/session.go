package teachertest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/cubeset/cubeset/sdk/checklist"
	"github.com/cubeset/cubeset/sdk/teacher"
	"github.com/cubeset/cubeset/sdk/teacher/teacherpb"
	"github.com/hashicorp/go-plugin"
)

// session is a running teacher and a connection to it, made by hand so that
// nothing stands between the checks and the protocol.
type session struct {
	kit       *kit
	process   *process
	handshake handshake
	dir       string
	conn      *grpc.ClientConn
	rpc       teacherpb.TeacherClient
	first     []vector       // of the first few sentences, as this process embedded them first
	listening sync.WaitGroup // to what it says over the connection
}

// opening is how a teacher is started, where that is not the usual way.
type opening struct {
	versions string // of the protocol that are offered, "" = "1"
	parent   bool   // under a parent of its own, which can be killed
}

// adopted runs its arguments as a child and gives it what only the teacher
// holds: descriptor 3.
const adopted = `"$@" & exec 3>&-; wait`

// open starts a teacher and connects. Nothing is left if it fails.
func (k *kit) open(ctx context.Context, o opening) (*session, error) {
	own, err := newIdentity()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(k.dir, "")
	if err != nil {
		return nil, err
	}
	if o.versions == "" {
		o.versions = fmt.Sprint(teacher.Version)
	}
	command := k.spec.Command
	if o.parent {
		command = slices.Concat([]string{"/bin/sh", "-c", adopted, "sh"}, command)
	}
	env := append(environ(k.spec, dir), started(dir, o.versions, own.pem)...)
	s := &session{kit: k, dir: dir}
	if s.process, err = launch(command, env, k.spec.Dir, &k.witness); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.connect(ctx, own); err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

// started are the variables by which a teacher knows that a host started it.
func started(dir, versions, pem string) []string {
	return []string{
		teacher.Handshake.MagicCookieKey + "=" + teacher.Handshake.MagicCookieValue,
		"PLUGIN_PROTOCOL_VERSIONS=" + versions, "PLUGIN_CLIENT_CERT=" + pem, "PLUGIN_UNIX_SOCKET_DIR=" + dir,
		"PLUGIN_MIN_PORT=10000", "PLUGIN_MAX_PORT=25000",
	}
}

func (s *session) connect(ctx context.Context, own identity) error {
	ctx, cancel := context.WithTimeout(ctx, s.kit.options.StartTimeout)
	defer cancel()
	var line string
	select {
	case line = <-s.process.first:
	case <-ctx.Done():
	}
	if line == "" {
		return checklist.Broke("print the handshake line as soon as the socket is there", "no handshake line within %v%s", s.kit.options.StartTimeout, s.kit.witness.words())
	}
	var err error
	if s.handshake, err = readHandshake(line, s.dir); err != nil {
		return err
	}
	if s.conn, err = dial(s.handshake.socket, s.handshake.config(&own)); err != nil {
		return err
	}
	s.rpc = teacherpb.NewTeacherClient(s.conn)
	s.listening.Go(s.listen)
	return s.healthy(ctx, s.conn)
}

// listen takes what the teacher prints from its GRPCStdio service, which
// go-plugin has: such a teacher stands still when nobody does. Others do not
// know it.
func (s *session) listen() {
	c, err := s.conn.NewStream(context.Background(), &grpc.StreamDesc{ServerStreams: true}, "/plugin.GRPCStdio/StreamStdio")
	if err != nil || c.SendMsg(&emptypb.Empty{}) != nil || c.CloseSend() != nil {
		return
	}
	for {
		var m emptypb.Empty // its one field of interest is unknown to it
		if c.RecvMsg(&m) != nil {
			return
		}
		for b := []byte(m.ProtoReflect().GetUnknown()); len(b) > 0; {
			number, kind, n := protowire.ConsumeTag(b)
			length := protowire.ConsumeFieldValue(number, kind, b[n:])
			if data, _ := protowire.ConsumeBytes(b[n:]); kind == protowire.BytesType {
				s.kit.witness.Write(data)
			}
			b = b[n+length:]
		}
	}
}

func dial(socket string, c *tls.Config) (*grpc.ClientConn, error) {
	return grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(credentials.NewTLS(c)))
}

// healthy asks the health service over conn.
func (s *session) healthy(ctx context.Context, conn *grpc.ClientConn) error {
	h, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: plugin.GRPCServiceName})
	if err != nil {
		return checklist.Broke(`serve grpc.health.v1.Health, SERVING for the service "plugin"`, "the health check fails: %s", quoted(status.Convert(err).Message()))
	}
	if h.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		return checklist.Broke(`answer SERVING for the service "plugin"`, "the health check says %s", h.GetStatus())
	}
	return nil
}

// end ends the session, whatever state it is in.
func (s *session) end() {
	if s.conn != nil {
		s.conn.Close()
		s.listening.Wait()
	}
	s.process.end()
	s.kit.spoke += s.process.spoke
	os.RemoveAll(s.dir)
}

// describe asks for the description.
func (s *session) describe(ctx context.Context) (teacher.Description, error) {
	ctx, cancel := context.WithTimeout(ctx, s.kit.options.StartTimeout)
	defer cancel()
	r, err := s.rpc.Describe(ctx, &teacherpb.DescribeRequest{})
	if err != nil {
		return teacher.Description{}, s.explain(err)
	}
	return teacher.FromProto(r), nil
}

const (
	replySlack    = 64 << 10 // of a reply besides its vectors
	replyRowSlack = 512      // and a row
)

// call makes one call of Embed and reads the reply.
func (s *session) call(ctx context.Context, texts []string) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, s.kit.options.CallTimeout)
	defer cancel()
	limit := len(texts)*(s.kit.d.Dims*4+replyRowSlack) + replySlack
	r, err := s.rpc.Embed(ctx, &teacherpb.EmbedRequest{Texts: texts}, grpc.MaxCallRecvMsgSize(limit))
	if err != nil {
		return reply{}, s.explain(err)
	}
	return s.read(r, len(texts))
}

func (s *session) read(r *teacherpb.EmbedResponse, texts int) (reply, error) {
	for _, e := range r.GetErrors() {
		s.kit.mark(e.GetCode())
		s.kit.witness.hear("in the message of a row error", e.GetMessage())
	}
	return readReply(r, texts, s.kit.d.Dims)
}

// refusal is a call that a teacher answered with a code, and lives on.
type refusal struct {
	code    codes.Code
	message string
}

func (r refusal) Error() string { return fmt.Sprintf("answers %s: %s", r.code, quoted(r.message)) }

// Advice is what to change about a refusal that nothing else explains.
func (refusal) Advice() string {
	return "embed such texts, or refuse single ones with a RowError: the host stops at most codes"
}

// explain says what became of a call that failed.
func (s *session) explain(err error) error {
	e := status.Convert(err)
	s.kit.witness.hear("in the message of an error", e.Message())
	switch e.Code() {
	case codes.DeadlineExceeded:
		return checklist.Broke("answer in time, or send smaller batches by a lower max_rows", "no answer in time")
	case codes.Unavailable:
		// So says gRPC of a teacher that is dying, too.
		if within(s.process.exited, drainTimeout) {
			return checklist.Broke("catch the panic or exception and answer INTERNAL; a batch that fails must not end the process",
				"the process died (%s)%s", s.process.how(), s.kit.witness.words())
		}
	}
	return refusal{e.Code(), e.Message()}
}

// embed is call for texts that every teacher has to take: in calls of at most
// size texts, and in halves where the teacher says that a batch is too big.
func (s *session) embed(ctx context.Context, texts []string, size int) (reply, error) {
	var all reply
	for part := range slices.Chunk(texts, max(1, min(size, s.kit.rows()))) {
		r, err := s.call(ctx, part)
		var no refusal
		if errors.As(err, &no) && no.code == codes.OutOfRange && len(part) > 1 {
			r, err = s.embed(ctx, part, (len(part)+1)/2)
		}
		if err != nil {
			return reply{}, err
		}
		all.join(r)
	}
	return all, nil
}

// mark keeps a code; calls may come at once.
func (k *kit) mark(code string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.codes = append(k.codes, code)
}

// listed is each code once, safe to print.
func listed(codes []string) string {
	codes = slices.Clone(codes)
	slices.Sort(codes)
	return quoted(strings.Join(slices.Compact(codes), ", "))
}
