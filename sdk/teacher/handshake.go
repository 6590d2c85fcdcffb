package teacher

import (
	"context"

	"github.com/cubeset/cubeset/sdk/teacher/teacherpb"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
)

// Version is the newest protocol version, the second field of the handshake
// line. Additions that old hosts can ignore do not change it.
const Version = 1

// PluginName is the one thing a teacher process serves.
const PluginName = "teacher"

// Limits either side holds to.
const (
	RequestBytesMax = 8 << 20  // a host sends no more in one call
	ReceiveBytesMax = 64 << 20 // a teacher accepts this much
	ReplyBytesMax   = 64 << 20 // vectors of one call
)

// Handshake tells a teacher that cubeset started it, and not a person. It is
// no secret and never changes.
var Handshake = plugin.HandshakeConfig{
	MagicCookieKey:   "CUBESET_TEACHER_COOKIE",
	MagicCookieValue: "6f1c0f0b7d5f4b9e8a53c9a1d2e47b60",
}

// Protocols is the table of protocol versions, for both ends: a teacher passes
// its server, a host passes nil.
func Protocols(s teacherpb.TeacherServer) map[int]plugin.PluginSet {
	return map[int]plugin.PluginSet{Version: {PluginName: &service{server: s}}}
}

// service makes a gRPC server or client of the Teacher service.
type service struct {
	plugin.NetRPCUnsupportedPlugin
	server teacherpb.TeacherServer
}

func (s *service) GRPCServer(_ *plugin.GRPCBroker, r *grpc.Server) error {
	teacherpb.RegisterTeacherServer(r, s.server)
	return nil
}

func (s *service) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return teacherpb.NewTeacherClient(c), nil
}
