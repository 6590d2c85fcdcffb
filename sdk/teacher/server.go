package teacher

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/cubeset/cubeset/sdk/teacher/teacherpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// server answers for one Embedder.
type server struct {
	teacherpb.UnimplementedTeacherServer
	embedder Embedder

	mu   sync.Mutex
	seen *Description // what Describe said first; a teacher does not change under way
}

func (s *server) Describe(ctx context.Context, _ *teacherpb.DescribeRequest) (r *teacherpb.DescribeResponse, err error) {
	defer recovered(&err)
	d, err := s.describe(ctx)
	if err != nil {
		return nil, err
	}
	return d.Proto(), nil
}

func (s *server) Embed(ctx context.Context, q *teacherpb.EmbedRequest) (r *teacherpb.EmbedResponse, err error) {
	defer recovered(&err)
	d, err := s.describe(ctx)
	if err != nil {
		return nil, err
	}
	n := len(q.GetTexts())
	if d.MaxRows > 0 && n > d.MaxRows {
		return nil, status.Errorf(codes.OutOfRange, "%d texts in one call, at most %d", n, d.MaxRows)
	}
	if n > ReplyBytesMax/4/d.Dims {
		return nil, status.Errorf(codes.OutOfRange, "vectors of %d texts are over %d bytes", n, ReplyBytesMax)
	}
	dst := make([]float32, n*d.Dims)
	r = &teacherpb.EmbedResponse{Rows: uint32(n), Dims: uint32(d.Dims)}
	if e, ok := s.embedder.(RowEmbedder); ok {
		var rows []RowResult
		if rows, err = e.EmbedRows(ctx, q.GetTexts(), dst); err == nil {
			err = addRows(r, rows)
		}
	} else {
		err = s.embedder.Embed(ctx, q.GetTexts(), dst)
	}
	if err != nil {
		return nil, grpcError(err)
	}
	r.Vectors = pack(dst)
	return r, nil
}

func (s *server) EmbedStream(stream grpc.BidiStreamingServer[teacherpb.EmbedRequest, teacherpb.EmbedResponse]) error {
	for {
		q, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		r, err := s.Embed(stream.Context(), q)
		if err != nil {
			return err
		}
		if err := stream.Send(r); err != nil {
			return err
		}
	}
}

func (s *server) describe(ctx context.Context) (Description, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen != nil {
		return *s.seen, nil
	}
	d, err := s.embedder.Describe(ctx)
	if err != nil {
		return d, grpcError(err)
	}
	if err := d.Validate(); err != nil {
		return d, status.Errorf(codes.FailedPrecondition, "bad description: %v", err)
	}
	s.seen = &d
	return d, nil
}

// addRows copies what a RowEmbedder said into the reply.
func addRows(r *teacherpb.EmbedResponse, rows []RowResult) error {
	if len(rows) != int(r.Rows) {
		return fmt.Errorf("the model returned %d results for %d texts", len(rows), r.Rows)
	}
	r.Tokens = make([]uint32, len(rows))
	r.Truncated = make([]bool, len(rows))
	for i, row := range rows {
		r.Tokens[i], r.Truncated[i] = uint32(max(0, row.Tokens)), row.Truncated
		if row.Err != nil {
			code := row.Code
			if code == "" {
				code = "refused"
			}
			r.Errors = append(r.Errors, &teacherpb.RowError{Row: uint32(i), Code: code, Message: row.Err.Error()})
		}
	}
	return nil
}

// pack writes values as little-endian float32.
func pack(values []float32) []byte {
	b := make([]byte, len(values)*4)
	for i, v := range values {
		binary.LittleEndian.PutUint32(b[i*4:], math.Float32bits(v))
	}
	return b
}

// recovered turns a panic of the model into an error of this batch. A panic's
// value may hold the text, so only the runtime's own messages are passed on.
func recovered(err *error) {
	p := recover()
	if p == nil {
		return
	}
	what := fmt.Sprintf("panic with a %T", p)
	if e, ok := p.(runtime.Error); ok {
		what = "panic: " + e.Error()
	}
	fmt.Fprintf(os.Stderr, "%s\n%s", what, debug.Stack())
	*err = status.Error(codes.Internal, what)
}
