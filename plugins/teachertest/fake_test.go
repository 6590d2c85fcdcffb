package teachertest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"math"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/cubeset/cubeset/sdk/teacher"
	"github.com/cubeset/cubeset/sdk/teacher/teacherpb"
)

// The test binary plays every teacher.
const (
	childEnv  = "CUBESET_CHILD"
	fakeFault = "FAKE_FAULT"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" { // never the tests again
		play(os.Getenv(fakeFault))
		return
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	os.Setenv("CUBESET_FAKE_HOME", "for the teacher that needs it")
	flag.Parse()
	flag.Set("test.parallel", "8") // they wait more than they work
	os.Exit(m.Run())
}

const (
	fakeDims   = 24
	fakeTokens = 5000 // words a fake reads
)

// fake is a teacher with one fault. Its vectors count pairs of letters.
type fake struct {
	fault string

	mu      sync.Mutex
	calls   int // under way
	clashed bool
}

func (f *fake) Describe(context.Context) (teacher.Description, error) {
	d := teacher.Description{
		Name: "fake", Model: "test/pairs", Revision: "1", Truncation: "end", MaxTokens: fakeTokens,
		Normalised: true, Dims: fakeDims, Determinism: teacher.Exact, MinSimilarity: math.NaN(),
	}
	switch f.fault {
	case "close":
		d.Determinism = teacher.Close
	case "loads in Describe":
		time.Sleep(time.Hour)
	case "another each time":
		d.Revision = fmt.Sprint(os.Getpid())
	case "says 300 takes 200":
		d.MaxRows = 300
	case "reads all, it says":
		d.MaxTokens = 0
	}
	return d, nil
}

func (f *fake) Embed(context.Context, []string, []float32) error { return errors.New("unused") }

func (f *fake) EmbedRows(ctx context.Context, texts []string, dst []float32) ([]teacher.RowResult, error) {
	if err := f.before(ctx, texts); err != nil {
		return nil, err
	}
	rows := make([]teacher.RowResult, len(texts))
	for i, text := range texts {
		rows[i] = f.embed(text, dst[i*fakeDims:(i+1)*fakeDims])
	}
	f.after(texts, dst)
	return rows, nil
}

// before is what goes wrong with a call as a whole.
func (f *fake) before(ctx context.Context, texts []string) error {
	all := strings.Join(texts, " ")
	switch f.fault {
	case "prints":
		fmt.Println("progress: 1 of 1") // the SDK keeps it off standard output
	case "logs texts":
		fmt.Fprintln(os.Stderr, "embedding", all)
	case "quotes texts":
		if strings.Contains(all, "\x00") {
			return fmt.Errorf("%w: cannot read %s", teacher.ErrInput, all)
		}
	case "dies of astral":
		if strings.ContainsFunc(all, func(r rune) bool { return r > 0xffff }) {
			os.Exit(3)
		}
	case "dies of empty":
		if slices.Contains(texts, "") {
			os.Exit(3)
		}
	case "dies of SIGINT":
		c := make(chan os.Signal, 1)
		signal.Notify(c, os.Interrupt)
		go func() { <-c; os.Exit(130) }()
	case "leaves a child":
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.calls++; f.calls == 1 {
			return exec.Command("sleep", "1000").Start()
		}
	case "says 300 takes 200":
		if len(texts) > 200 {
			return errors.New("out of memory")
		}
	case "keeps the lock":
		f.mu.Lock()
		if end, _ := ctx.Deadline(); time.Until(end) < time.Second { // it works until it is given up
			<-ctx.Done()
			return ctx.Err()
		}
		f.mu.Unlock()
	case "one buffer":
		f.mu.Lock()
		f.calls++
		f.mu.Unlock()
		if len(texts) == callerTexts {
			<-time.After(50 * time.Millisecond) // a model's work
		}
		f.mu.Lock()
		f.clashed = f.calls > 1
		f.calls--
		f.mu.Unlock()
	}
	return nil
}

// embed is one text.
func (f *fake) embed(text string, v []float32) (r teacher.RowResult) {
	if text == "" {
		r.Err, r.Code = errors.New("no text"), "empty"
		if f.fault == "odd code" {
			r.Code = "Text of 0 bytes!"
		}
		return r
	}
	words := strings.Fields(text)
	r.Tokens = min(len(words), fakeTokens)
	if r.Truncated = len(words) > fakeTokens; r.Truncated {
		text = strings.Join(words[:fakeTokens], " ")
	}
	switch f.fault {
	case "cuts in silence", "reads all, it says":
		r.Truncated = false
	case "marks all":
		r.Truncated = true
	case "one vector":
		text = "any"
	}
	for i := range len(text) {
		h := fnv.New32a()
		h.Write([]byte(text[max(0, i-1) : i+1]))
		v[h.Sum32()%fakeDims]++
	}
	scale(v, 1/norm(v))
	return r
}

// after spoils vectors.
func (f *fake) after(texts []string, dst []float32) {
	longest := 0
	for _, t := range texts {
		longest = max(longest, len(t))
	}
	last := dst[max(0, len(dst)-fakeDims):]
	switch f.fault {
	case "close":
		for i := range dst {
			dst[i] += 1e-7 * float32(len(texts))
		}
	case "nan":
		last[5] = float32(math.NaN())
	case "zero":
		clear(last)
	case "not unit":
		scale(dst, 1.5)
	case "padding":
		for i := range len(texts) {
			v := dst[i*fakeDims : (i+1)*fakeDims]
			v[0] += 0.01 * float32(longest)
			scale(v, 1/norm(v))
		}
	case "salted":
		for i := range len(texts) {
			v := dst[i*fakeDims : (i+1)*fakeDims]
			v[0] += 0.1 + float32(os.Getpid()%4096)/4096
			scale(v, 1/norm(v))
		}
	case "sorted":
		f.sort(texts, dst)
	case "one buffer":
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.clashed {
			slices.Reverse(dst)
		}
	}
}

// sort returns the vectors in the order of the texts' lengths, as one does who
// batches by length and forgets to undo it.
func (f *fake) sort(texts []string, dst []float32) {
	places := make([]int, len(texts))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int { return len(texts[a]) - len(texts[b]) })
	old := slices.Clone(dst)
	for to, from := range places {
		copy(dst[to*fakeDims:(to+1)*fakeDims], old[from*fakeDims:(from+1)*fakeDims])
	}
}

func norm(v []float32) float32 { return float32(vector(v).norm()) }

func scale(v []float32, by float32) {
	for i := range v {
		v[i] = float32(v[i] * by)
	}
}

func play(fault string) {
	switch fault {
	case "runs by hand":
		if os.Getenv(teacher.Handshake.MagicCookieKey) == "" {
			fmt.Println("Hello!")
			return
		}
	case "needs a variable":
		if os.Getenv("CUBESET_FAKE_HOME") == "" {
			fmt.Fprintln(os.Stderr, "CUBESET_FAKE_HOME is not set")
			os.Exit(1)
		}
	case "banner":
		if os.Getenv(teacher.Handshake.MagicCookieKey) != "" {
			fmt.Println("Loading the model ...")
		}
	case "deaf":
		teacher.Serve(&fake{fault: fault})
		time.Sleep(time.Hour)
	}
	if name, raw := strings.CutPrefix(fault, "raw "); raw {
		serveRaw(name)
		return
	}
	teacher.Serve(&fake{fault: fault})
}

// serveRaw is a teacher without the SDK, sections 1 and 5 by hand, with a fault
// that the SDK does not allow.
func serveRaw(fault string) {
	if os.Getenv(teacher.Handshake.MagicCookieKey) == "" {
		fmt.Fprintln(os.Stderr, "a teacher for cubeset")
		os.Exit(1)
	}
	signal.Ignore(os.Interrupt)
	parent := os.Getppid()
	go func() {
		for range time.Tick(100 * time.Millisecond) {
			if os.Getppid() != parent && fault != "orphan" {
				os.Exit(1)
			}
		}
	}()
	own, err := newIdentity()
	if err != nil {
		panic(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM([]byte(os.Getenv("PLUGIN_CLIENT_CERT")))
	config := &tls.Config{Certificates: []tls.Certificate{own.Certificate}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trusted, MinVersion: tls.VersionTLS13}
	if fault == "serves anyone" {
		config.ClientAuth = tls.NoClientCert
	}
	limit := teacher.ReceiveBytesMax
	if fault == "4 MiB" {
		limit = 4 << 20
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(config)), grpc.MaxRecvMsgSize(limit))
	checks := health.NewServer()
	checks.SetServingStatus("plugin", grpc_health_v1.HealthCheckResponse_SERVING)
	grpc_health_v1.RegisterHealthServer(server, checks)
	teacherpb.RegisterTeacherServer(server, &raw{fault: fault})
	server.RegisterService(&grpc.ServiceDesc{ServiceName: "plugin.GRPCController", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{
		MethodName: "Shutdown",
		Handler: func(any, context.Context, func(any) error, grpc.UnaryServerInterceptor) (any, error) {
			go server.Stop()
			return &emptypb.Empty{}, nil
		},
	}}}, struct{}{})
	dir := os.Getenv("PLUGIN_UNIX_SOCKET_DIR")
	if fault == "socket elsewhere" {
		dir = filepath.Dir(dir)
	}
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		panic(err)
	}
	fmt.Printf("1|1|unix|%s|grpc|%s\n", listener.Addr(), base64.RawStdEncoding.EncodeToString(own.Certificate.Certificate[0]))
	server.Serve(listener)
}

// raw answers as the SDK would not.
type raw struct {
	teacherpb.UnimplementedTeacherServer
	fake  fake
	fault string
}

func (r *raw) Describe(ctx context.Context, _ *teacherpb.DescribeRequest) (*teacherpb.DescribeResponse, error) {
	d, err := r.fake.Describe(ctx)
	return d.Proto(), err
}

func (r *raw) Embed(ctx context.Context, q *teacherpb.EmbedRequest) (*teacherpb.EmbedResponse, error) {
	n := len(q.GetTexts())
	dst := make([]float32, n*fakeDims)
	results, err := r.fake.EmbedRows(ctx, q.GetTexts(), dst)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	a := &teacherpb.EmbedResponse{Rows: uint32(n), Dims: fakeDims}
	for i, row := range results {
		a.Truncated = append(a.Truncated, row.Truncated)
		if row.Err != nil {
			a.Errors = append(a.Errors, &teacherpb.RowError{Row: uint32(i), Code: row.Code})
		}
	}
	for _, v := range dst {
		bits := math.Float32bits(v)
		if r.fault == "big-endian" {
			bits = bits<<24 | bits>>24 | bits<<8&0xff0000 | bits>>8&0xff00
		}
		a.Vectors = append(a.Vectors, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24))
	}
	switch r.fault {
	case "fewer rows":
		if n > 1 {
			a.Rows, a.Vectors = a.Rows-1, a.Vectors[fakeDims*4:]
		}
	case "fewer values":
		a.Dims, a.Vectors = fakeDims-1, a.Vectors[n*4:]
	case "doubles":
		a.Vectors = append(a.Vectors, a.Vectors...)
	case "prints":
		fmt.Println("progress: 1 of 1")
	}
	return a, nil
}

func (r *raw) EmbedStream(s grpc.BidiStreamingServer[teacherpb.EmbedRequest, teacherpb.EmbedResponse]) error {
	if r.fault != "stream" {
		return r.UnimplementedTeacherServer.EmbedStream(s)
	}
	first, err := s.Recv()
	for err == nil { // every request is answered as the first one
		var a *teacherpb.EmbedResponse
		if a, err = r.Embed(s.Context(), first); err == nil {
			err = s.Send(a)
		}
		if err == nil {
			_, err = s.Recv()
		}
	}
	return nil
}
