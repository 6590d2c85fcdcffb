package plugins

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cubeset/cubeset/sdk/teacher"
	"github.com/cubeset/cubeset/sdk/teacher/teacherpb"
	"github.com/hashicorp/go-plugin"
)

// The test binary plays every process there is: a teacher of some kind, or a
// host that gets killed.
const (
	fakeTeacher = "FAKE_TEACHER"
	fakeHost    = "FAKE_HOST"
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(fakeTeacher) != "":
		playTeacher(os.Getenv(fakeTeacher))
	case os.Getenv(fakeHost) != "":
		playHost()
	default:
		os.Exit(run(m))
	}
}

// testVariables are let through to every fake: they keep the race detector from
// waiting a second at each exit, and coverage from complaining on stderr.
var testVariables = []string{"GORACE", "GOCOVERDIR"}

func run(m *testing.M) int {
	os.Setenv("GORACE", "atexit_sleep_ms=0")
	if testing.CoverMode() != "" && os.Getenv("GOCOVERDIR") == "" {
		dir, err := os.MkdirTemp("", "cover")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		os.Setenv("GOCOVERDIR", dir)
	}
	return m.Run()
}

const fakeDims = 768

func fakeDescription() teacher.Description {
	return teacher.Description{
		Name: "fake", Model: "test/fake", Revision: "1", Dims: fakeDims, Determinism: teacher.Exact,
		MinSimilarity: math.NaN(), QuestionPrefix: "Instruct: answer\nQuery: ",
	}
}

// fake is a teacher that behaves as its mode says.
type fake struct{ mode string }

func (f fake) Describe(context.Context) (teacher.Description, error) {
	d := fakeDescription()
	switch f.mode {
	case "environment":
		for _, pair := range os.Environ() {
			name, _, _ := strings.Cut(pair, "=")
			d.Languages += name + " "
		}
	case "canary":
		d.Languages = os.Getenv("CANARY") + os.Getenv("GIVEN")
	case "grandchild":
		cmd := exec.Command("sleep", "1000")
		if err := cmd.Start(); err != nil {
			return d, err
		}
		d.Revision = fmt.Sprint(cmd.Process.Pid)
	case "bundle of 3":
		d.MaxRows = 3
	case "no dims":
		d.Dims = 0
	case "undescribed":
		return d, fmt.Errorf("%w: there is no model in \x1b[1mthis\x1b[0m folder", teacher.ErrStop)
	}
	return d, nil
}

func (f fake) Embed(ctx context.Context, texts []string, dst []float32) error {
	for i, t := range texts {
		dst[i*fakeDims], dst[(i+1)*fakeDims-1] = float32(len(t)), 1
	}
	last := dst[len(dst)-fakeDims:]
	all := strings.Join(texts, " ")
	switch f.mode {
	case "bundle of 3":
		if len(texts) > 3 {
			return errors.New("more than three")
		}
	case "dies":
		os.Exit(3)
	case "hangs":
		hang()
	case "stops itself":
		syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	case "nan":
		last[5] = float32(math.NaN())
	case "infinite":
		last[fakeDims-1] = float32(math.Inf(-1))
	case "huge":
		last[0] = math.MaxFloat32
	case "zero":
		clear(last)
	case "tiny":
		clear(last)
		last[0] = 1e-30
	case "panics":
		_ = texts[len(texts)]
	case "panics with the text":
		panic(all)
	case "quotes the text":
		return fmt.Errorf("cannot read %q, sorry", all)
	case "busy":
		return fmt.Errorf("%w: 3 in the queue", teacher.ErrBusy)
	case "unavailable":
		return fmt.Errorf("%w: endpoint is down", teacher.ErrUnavailable)
	case "stop":
		return fmt.Errorf("%w: the key was refused", teacher.ErrStop)
	case "fails":
		return errors.New("no\x1b[2J memory")
	case "one at a time":
		if len(texts) > 1 {
			return teacher.ErrTooBig
		}
	case "choosy":
		if strings.Contains(all, "bad") {
			return fmt.Errorf("%w: there is %s in it", teacher.ErrInput, all)
		}
	case "short texts only":
		if len(all) > 20 {
			return teacher.ErrTooBig
		}
	case "prints":
		fmt.Println("progress: 1 of 1")
		fmt.Fprintln(os.Stderr, "on stderr \x1b[31mred\x1b[0m")
		syscall.Write(1, []byte("a C library\n"))
	case "floods":
		line := []byte(strings.Repeat("x", 50_000) + "\n")
		for range 200 {
			syscall.Write(2, line)
		}
		for range 20_000 {
			syscall.Write(2, []byte("a line\n"))
		}
	}
	return nil
}

// rowFake refuses texts one by one.
type rowFake struct{ fake }

func (f rowFake) EmbedRows(ctx context.Context, texts []string, dst []float32) ([]teacher.RowResult, error) {
	rows := make([]teacher.RowResult, len(texts))
	for i, t := range texts {
		rows[i] = teacher.RowResult{Tokens: len(t), Truncated: len(t) > 4}
		switch t {
		case "refuse me, please":
			rows[i] = teacher.RowResult{Err: fmt.Errorf("%s is not for me", t), Code: "taste"}
		case "odd code":
			rows[i] = teacher.RowResult{Err: errors.New("no"), Code: "Not A Code!"}
		}
	}
	return rows, f.fake.Embed(ctx, texts, dst)
}

// rawFake breaks the protocol in ways the SDK would not.
type rawFake struct {
	teacherpb.UnimplementedTeacherServer
	mode string
}

func (f rawFake) Describe(context.Context, *teacherpb.DescribeRequest) (*teacherpb.DescribeResponse, error) {
	return fakeDescription().Proto(), nil
}

func (f rawFake) Embed(_ context.Context, q *teacherpb.EmbedRequest) (*teacherpb.EmbedResponse, error) {
	n := len(q.Texts)
	r := &teacherpb.EmbedResponse{Rows: uint32(n), Dims: fakeDims}
	bytes := n * fakeDims * 4
	switch f.mode {
	case "raw 767":
		r.Dims, bytes = 767, n*767*4
	case "raw few":
		r.Rows, bytes = uint32(n-1), (n-1)*fakeDims*4
	case "raw bytes":
		bytes--
	case "raw 64 MiB":
		bytes = 64 << 20
	case "raw tokens":
		r.Tokens = make([]uint32, n+1)
	case "raw truncated":
		r.Truncated = make([]bool, n+1)
	case "raw row":
		r.Errors = []*teacherpb.RowError{{Row: uint32(n), Code: "x"}}
	case "raw twice":
		r.Errors = []*teacherpb.RowError{{Row: 0, Code: "x"}, {Row: 0, Code: "x"}}
	case "raw unimplemented":
		return f.UnimplementedTeacherServer.Embed(context.Background(), q)
	}
	r.Vectors = make([]byte, bytes)
	return r, nil
}

func playTeacher(mode string) {
	switch mode {
	case "exits early":
		fmt.Fprintln(os.Stderr, "loading")
		fmt.Fprintln(os.Stderr, "no such model: \x1b[1mx\x1b[0m")
		os.Exit(3)
	case "exits early in JSON":
		fmt.Fprintln(os.Stderr, `{"@level":"error","@message":"no such model"}`)
		os.Exit(3)
	case "panics early":
		panic("no weights")
	case "garbage":
		fmt.Println("Hello, I am \x1b[1mready\x1b[0m!")
		hang()
	case "mute":
		fmt.Fprintln(os.Stderr, "still loading")
		hang()
	case "closes stdout":
		os.Stdout.Close()
		hang()
	case "version 9":
		fmt.Println("1|9|unix|/nowhere|grpc|" + strings.Repeat("A", 80))
		hang()
	case "core 2":
		fmt.Println("2|1|unix|/nowhere|grpc|" + strings.Repeat("A", 80))
		hang()
	case "tcp":
		fmt.Println("1|1|tcp|127.0.0.1:1|grpc|" + strings.Repeat("A", 80))
		hang()
	case "netrpc":
		fmt.Println("1|1|unix|/nowhere|netrpc|" + strings.Repeat("A", 80))
		hang()
	case "plain":
		os.Unsetenv("PLUGIN_CLIENT_CERT")
		teacher.Serve(fake{mode})
	case "bundled":
		if err := ServeProgram("hashing"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "rows":
		teacher.Serve(rowFake{fake{mode}})
	case "ignores shutdown":
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT)
		teacher.Serve(fake{mode})
		hang()
	default:
		if strings.HasPrefix(mode, "raw") {
			plugin.Serve(&plugin.ServeConfig{
				HandshakeConfig:  teacher.Handshake,
				VersionedPlugins: teacher.Protocols(rawFake{mode: mode}),
				GRPCServer:       plugin.DefaultGRPCServer,
			})
			return
		}
		if strings.HasPrefix(mode, "frail") {
			teacher.Serve(frail{mode})
			return
		}
		teacher.Serve(fake{mode})
	}
}

// hang is for processes that are to be killed.
func hang() { time.Sleep(time.Hour) }

// playHost starts a teacher, prints its process number and waits for the end.
func playHost() {
	t, err := Start(context.Background(), fakeSpec("healthy"), DefaultOptions())
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(t.Pid())
	hang()
}

func fakeSpec(mode string) Spec {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return Spec{Name: "fake", Command: []string{self}, Env: testVariables, SetEnv: []string{fakeTeacher + "=" + mode}}
}

// start starts a fake that is expected to start, and closes it in the end.
func start(t testing.TB, s Spec, o Options) *Teacher {
	t.Helper()
	if o.TempDir == "" {
		o.TempDir = shortTempDir(t)
	}
	f, err := Start(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if syscall.Kill(f.Pid(), 0) == nil {
			t.Errorf("process %d is still there after Close", f.Pid())
		}
		if left, _ := os.ReadDir(o.TempDir); len(left) > 0 {
			t.Errorf("Close left %v", left)
		}
	})
	return f
}

func startMode(t testing.TB, mode string) *Teacher {
	t.Helper()
	return start(t, fakeSpec(mode), DefaultOptions())
}

// numbered returns n different texts.
func numbered(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("text number %d", i)
	}
	return texts
}

// wantVectors checks what a healthy fake answers; refused rows are zero.
func wantVectors(t testing.TB, texts []string, dst []float32, rows []Row) {
	t.Helper()
	for i, text := range texts {
		want := make([]float32, fakeDims)
		if rows[i].Err == nil {
			want[0], want[fakeDims-1] = float32(len(text)), 1
		}
		if !slices.Equal(dst[i*fakeDims:(i+1)*fakeDims], want) {
			t.Fatalf("row %d: got %v … %v", i, dst[i*fakeDims], dst[(i+1)*fakeDims-1])
		}
	}
}
