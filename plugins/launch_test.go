package plugins

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/cubeset/cubeset/plugins/hashing"
)

func TestStart(t *testing.T) {
	f := startMode(t, "healthy")
	if diff := cmp.Diff(fakeDescription(), f.Description(), cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
	if f.Pid() <= 0 || f.Pid() == os.Getpid() {
		t.Errorf("pid %d", f.Pid())
	}
}

func TestStartFails(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	command := func(path string) Spec { return Spec{Name: "fake", Command: []string{path}} }
	with := func(s Spec, change func(*Spec)) Spec { change(&s); return s }
	platform := runtime.GOOS + "/" + runtime.GOARCH

	for _, c := range []struct {
		name string
		spec Spec
		want string // DIR stands for dir
	}{
		{"no command", Spec{Name: "fake"}, "no command"},
		{"missing", command(dir + "/nothing"), "DIR/nothing: no such file"},
		{"not on PATH", command("cubeset-no-such-teacher"), "cubeset-no-such-teacher: no such program on PATH"},
		{"not executable", command(write("plain", "x", 0o600)), "DIR/plain: not executable by this user"},
		{"no program", command(write("text", "x", 0o700)), "DIR/text: neither a program for " + platform + " nor a script with a #! line"},
		{"no interpreter", command(write("script", "#!/no/such/python\n", 0o700)), "DIR/script: the interpreter or loader it names is missing"},
		{"no folder", with(fakeSpec("healthy"), func(s *Spec) { s.Dir = dir + "/gone" }), "working directory DIR/gone: no such folder"},
		{"bad variable", with(fakeSpec("healthy"), func(s *Spec) { s.SetEnv = append(s.SetEnv, "LONE") }), "environment: LONE has no value"},
		{"our variable", with(fakeSpec("healthy"), func(s *Spec) { s.Env = []string{"PLUGIN_CLIENT_CERT"} }), "environment: PLUGIN_CLIENT_CERT belongs to the handshake"},
		{"exits early", fakeSpec("exits early"), `exited before it was ready (exit status 3): no such model: \u001b[1mx\u001b[0m`},
		{"exits early in JSON", fakeSpec("exits early in JSON"), "exited before it was ready (exit status 3): no such model"},
		{"panics early", fakeSpec("panics early"), "exited before it was ready (exit status 2): panic: no weights"},
		{"closes stdout", fakeSpec("closes stdout"), "closed its standard output without a handshake line"},
		{"garbage", fakeSpec("garbage"), `teacher broke the protocol: printed something else before the handshake line: Hello, I am \u001b[1mready\u001b[0m!`},
		{"version 9", fakeSpec("version 9"), "teacher broke the protocol: speaks version 9, this host speaks 1: one of the two needs an update"},
		{"core 2", fakeSpec("core 2"), "teacher broke the protocol: core version 2, want 1"},
		{"tcp", fakeSpec("tcp"), "teacher broke the protocol: listens on tcp, want unix"},
		{"netrpc", fakeSpec("netrpc"), "teacher broke the protocol: speaks netrpc, want grpc"},
		{"without TLS", fakeSpec("plain"), "teacher broke the protocol: no certificate in the handshake line"},
		{"undescribed", fakeSpec("undescribed"), `describe: cannot go on: there is no model in \u001b[1mthis\u001b[0m folder`},
		{"no dims", fakeSpec("no dims"), "describe: bad description: dims: 0 is outside 1..65536"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := DefaultOptions()
			o.TempDir = shortTempDir(t)
			f, err := Start(t.Context(), c.spec, o)
			if err == nil {
				f.Close()
				t.Fatal("it started")
			}
			if want := "teacher fake: " + strings.ReplaceAll(c.want, "DIR", dir); err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if !errors.Is(err, ErrStart) || errors.Is(err, ErrDied) {
				t.Errorf("kind of %v", err)
			}
			if left, _ := os.ReadDir(o.TempDir); len(left) > 0 {
				t.Errorf("it left %v", left)
			}
		})
	}
}

func TestStartTimeout(t *testing.T) {
	o := DefaultOptions()
	o.StartTimeout = 300 * time.Millisecond
	_, err := Start(t.Context(), fakeSpec("mute"), o)
	if !errors.Is(err, ErrStart) || !strings.HasPrefix(err.Error(), "teacher fake: not ready within 300ms") {
		t.Errorf("got %v", err)
	}
}

func TestStartCancelled(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := Start(ctx, fakeSpec("mute"), DefaultOptions())
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrStart) {
		t.Errorf("got %v", err)
	}
}

func TestStartOptions(t *testing.T) {
	_, err := Start(t.Context(), fakeSpec("healthy"), Options{CallTimeout: -1, BusyTimeout: -1})
	want := "teacher fake: start timeout: 0s is not positive\ncall timeout: -1ns is not positive\nbatch tokens: 0 is not positive\nbusy timeout: -1ns is negative"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	o := DefaultOptions()
	o.TempDir = filepath.Join(t.TempDir(), strings.Repeat("long", 25))
	_, err = Start(t.Context(), fakeSpec("healthy"), o)
	if err == nil || !strings.Contains(err.Error(), "too long a path") {
		t.Errorf("got %v", err)
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("CANARY", "secret")
	t.Setenv("GIVEN", "hello")
	s := fakeSpec("environment")
	s.Env = append([]string{"GIVEN", "CUBESET_NOT_SET"}, testVariables...)
	f := start(t, s, DefaultOptions())
	got := slices.DeleteFunc(strings.Fields(f.Description().Languages), func(name string) bool {
		return slices.Contains(testVariables, name)
	})
	slices.Sort(got)
	want := []string{
		"CUBESET_TEACHER_COOKIE", "FAKE_TEACHER", "GIVEN", "PATH", "PLUGIN_CLIENT_CERT", "PLUGIN_MAX_PORT",
		"PLUGIN_MIN_PORT", "PLUGIN_PROTOCOL_VERSIONS", "PLUGIN_UNIX_SOCKET_DIR", "TMPDIR",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	s = fakeSpec("canary")
	s.Env = []string{"GIVEN"}
	if got := start(t, s, DefaultOptions()).Description().Languages; got != "hello" {
		t.Errorf("the teacher saw %q", got)
	}
}

// The folder of the sockets is private, whatever the umask.
func TestTempDirPrivate(t *testing.T) {
	o := DefaultOptions()
	o.TempDir = shortTempDir(t)
	start(t, fakeSpec("healthy"), o)
	entries, err := os.ReadDir(o.TempDir)
	if err != nil || len(entries) != 1 {
		t.Fatal(entries, err)
	}
	info, err := entries[0].Info()
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Error(info.Mode(), err)
	}
}

func TestBundled(t *testing.T) {
	f := startMode(t, "bundled")
	b, ok := Find(hashing.Name)
	if !ok {
		t.Fatal("no teacher of that name")
	}
	p, ok := FindProgram(b.Program)
	if !ok {
		t.Fatal("it has no program")
	}
	e, err := p.New(b.Config)
	if err != nil {
		t.Fatal(err)
	}
	d, err := e.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, f.Description(), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("the registry and the running teacher differ: %s", diff)
	}
	texts := []string{"Where is the station?", "", "The station is over there."}
	dst := make([]float32, len(texts)*d.Dims)
	rows, err := f.Embed(t.Context(), texts, dst)
	if err != nil {
		t.Fatal(err)
	}
	if rows[0].Tokens != 4 || rows[1].Code != CodeEmpty || rows[2].Tokens != 5 {
		t.Errorf("rows %+v", rows)
	}
	own := make([]float32, d.Dims)
	if err := e.Embed(t.Context(), texts[:1], own); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(own, dst[:d.Dims]) {
		t.Error("vectors differ between process and library")
	}
	if _, ok := Find("nobody"); ok || ServeProgram("nobody") == nil {
		t.Error("found nobody")
	}
	for _, b := range All() {
		d, ok, err := b.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			continue // only its own process can say
		}
		if err := d.Validate(); err != nil || b.Name != d.Name || b.Doc == "" {
			t.Errorf("%s: %v", b.Name, err)
		}
		if m := d.MinSimilarity; math.IsNaN(m) {
			t.Errorf("%s: no threshold", b.Name)
		}
	}
}

// shortTempDir is a folder whose path leaves room for a socket.
func shortTempDir(t testing.TB) string {
	dir, err := os.MkdirTemp("", "cs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
