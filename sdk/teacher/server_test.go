package teacher

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/sdk/teacher/teacherpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
)

// model is an Embedder made of functions.
type model struct {
	describe func() (Description, error)
	embed    func(texts []string, dst []float32) error
}

func (m model) Describe(context.Context) (Description, error) {
	if m.describe == nil {
		return good(), nil
	}
	return m.describe()
}

func (m model) Embed(_ context.Context, texts []string, dst []float32) error {
	return m.embed(texts, dst)
}

// lengths puts the length of each text, its place and -0.5 into its vector.
func lengths(texts []string, dst []float32) error {
	for i, t := range texts {
		copy(dst[i*3:], []float32{float32(len(t)), float32(i), -0.5})
	}
	return nil
}

type rowModel struct {
	model
	rows []RowResult
}

func (m rowModel) EmbedRows(_ context.Context, texts []string, dst []float32) ([]RowResult, error) {
	return m.rows, lengths(texts, dst)
}

func floats(b []byte) []float32 {
	v := make([]float32, len(b)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[i*4:]))
	}
	return v
}

func TestServerEmbed(t *testing.T) {
	s := &server{embedder: model{embed: lengths}}
	r, err := s.Embed(t.Context(), &teacherpb.EmbedRequest{Texts: []string{"a", "bc"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(r.Rows, r.Dims, floats(r.Vectors)), "2 3 [1 0 -0.5 2 1 -0.5]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if r, err = s.Embed(t.Context(), &teacherpb.EmbedRequest{}); err != nil || r.Rows != 0 || len(r.Vectors) != 0 {
		t.Error(r, err)
	}
}

func TestServerRows(t *testing.T) {
	s := &server{embedder: rowModel{rows: []RowResult{
		{Tokens: 5, Truncated: true}, {Err: errors.New("no"), Code: "taste"}, {Err: errors.New("no"), Tokens: -1},
	}}}
	r, err := s.Embed(t.Context(), &teacherpb.EmbedRequest{Texts: []string{"a", "b", "c"}})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintln(r.Tokens, r.Truncated, len(r.Errors), r.Errors[0].Row, r.Errors[0].Code, r.Errors[1].Row, r.Errors[1].Code)
	if want := "[5 0 0] [true false false] 2 1 taste 2 refused\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	_, err = s.Embed(t.Context(), &teacherpb.EmbedRequest{Texts: []string{"a"}})
	if status.Convert(err).Message() != "the model returned 3 results for 1 texts" {
		t.Error(err)
	}
}

func TestServerErrors(t *testing.T) {
	fails := func(err error) Embedder {
		return model{embed: func([]string, []float32) error { return err }}
	}
	describes := func(d Description, err error) Embedder {
		return model{describe: func() (Description, error) { return d, err }, embed: lengths}
	}
	limited := good()
	limited.MaxRows = 2
	wide := good()
	wide.Dims = DimsMax
	for _, c := range []struct {
		name     string
		embedder Embedder
		texts    int
		code     codes.Code
		message  string
	}{
		{"other", fails(errors.New("broken")), 1, codes.Internal, "broken"},
		{"busy", fails(fmt.Errorf("%w: queue", ErrBusy)), 1, codes.ResourceExhausted, "busy: queue"},
		{"unavailable", fails(ErrUnavailable), 1, codes.Unavailable, "unavailable"},
		{"too big", fails(ErrTooBig), 1, codes.OutOfRange, "batch is too big"},
		{"input", fails(ErrInput), 1, codes.InvalidArgument, "text not accepted"},
		{"stop", fails(fmt.Errorf("load: %w", ErrStop)), 1, codes.FailedPrecondition, "load: cannot go on"},
		{"cancelled", fails(context.Canceled), 1, codes.Canceled, "context canceled"},
		{"deadline", fails(context.DeadlineExceeded), 1, codes.DeadlineExceeded, "context deadline exceeded"},
		{"own status", fails(status.Error(codes.DataLoss, "x")), 1, codes.DataLoss, "x"},
		{"panic", model{embed: func(texts []string, _ []float32) error { panic(texts[0]) }}, 1, codes.Internal, "panic with a string"},
		{"panic of the runtime", model{embed: func(texts []string, _ []float32) error { _ = texts[len(texts)]; return nil }}, 1, codes.Internal, "panic: runtime error: index out of range [1] with length 1"},
		{"many rows", describes(limited, nil), 3, codes.OutOfRange, "3 texts in one call, at most 2"},
		{"many bytes", describes(wide, nil), 257, codes.OutOfRange, "vectors of 257 texts are over 67108864 bytes"},
		{"no description", describes(good(), fmt.Errorf("%w: no model", ErrStop)), 1, codes.FailedPrecondition, "cannot go on: no model"},
		{"bad description", describes(Description{Name: "x", Model: "y", Determinism: Close}, nil), 1, codes.FailedPrecondition, "bad description: dims: 0 is outside 1..65536"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &server{embedder: c.embedder}
			_, err := s.Embed(t.Context(), &teacherpb.EmbedRequest{Texts: make([]string, c.texts)})
			if got := status.Convert(err); got.Code() != c.code || got.Message() != c.message {
				t.Errorf("got %v, want %v: %s", err, c.code, c.message)
			}
		})
	}
}

// A description is asked for once; a failure is not kept.
func TestServerDescribe(t *testing.T) {
	calls := 0
	s := &server{embedder: model{embed: lengths, describe: func() (Description, error) {
		if calls++; calls == 1 {
			return good(), ErrUnavailable
		}
		return good(), nil
	}}}
	if _, err := s.Describe(t.Context(), nil); status.Code(err) != codes.Unavailable {
		t.Error(err)
	}
	for range 3 {
		r, err := s.Describe(t.Context(), nil)
		if err != nil || r.Name != "fake" {
			t.Error(r, err)
		}
	}
	if calls != 2 {
		t.Errorf("%d calls", calls)
	}
	s = &server{embedder: model{describe: func() (Description, error) { panic("x") }}}
	if _, err := s.Describe(t.Context(), nil); status.Code(err) != codes.Internal {
		t.Error(err)
	}
}

// A stream answers in order and ends with the first error.
func TestServerStream(t *testing.T) {
	listener := bufconn.Listen(1 << 16)
	g := grpc.NewServer()
	teacherpb.RegisterTeacherServer(g, &server{embedder: model{embed: func(texts []string, dst []float32) error {
		if texts[0] == "stop" {
			return ErrStop
		}
		return lengths(texts, dst)
	}}})
	go g.Serve(listener)
	defer g.Stop()
	conn, err := grpc.NewClient("passthrough:x", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stream, err := teacherpb.NewTeacherClient(conn).EmbedStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 3; n++ {
		stream.Send(&teacherpb.EmbedRequest{Texts: []string{strings.Repeat("x", n)}})
	}
	stream.Send(&teacherpb.EmbedRequest{Texts: []string{"stop"}})
	for n := 1; n <= 3; n++ {
		r, err := stream.Recv()
		if err != nil || floats(r.Vectors)[0] != float32(n) {
			t.Fatal(r, err)
		}
	}
	if _, err := stream.Recv(); status.Code(err) != codes.FailedPrecondition {
		t.Error(err)
	}
}
