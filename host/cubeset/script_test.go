package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-plugin"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cubeset/cubeset/plugins"
	"github.com/cubeset/cubeset/plugins/hashing"
	"github.com/cubeset/cubeset/sdk/teacher"
	"github.com/cubeset/cubeset/sdk/teacher/teacherpb"
	"github.com/cubeset/cubeset/wasm/vectors"
)

// The test binary plays the command and every teacher of the scripts.
func TestMain(m *testing.M) {
	if os.Getenv("CUBESET_CHILD") != "" { // by whatever name: never the tests again
		main()
	}
	commands := map[string]func(){"cubeset": main}
	for name := range faults {
		commands["teacher-"+name] = func() { teacher.Serve(&fake{Embedder: hashing.New(), fault: name}) }
	}
	for name := range rawFaults {
		commands["teacher-"+name] = func() { serveRaw(name) }
	}
	commands["teacher-narrow"] = func() { teacher.Serve(narrow{}) }
	commands["teacher-mute"] = func() { time.Sleep(time.Hour) }
	commands["teacher-moody"] = func() { teacher.Serve(newMoody()) }
	for _, how := range []string{"dies", "frail", "lethal"} {
		commands["teacher-"+how] = func() { teacher.Serve(newMortal(how)) }
	}
	commands["teacher-lame"] = func() { teacher.Serve(lame{hashing.New()}) }
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))) // they wait for processes, services and the disk
	}
	testscript.Main(m, commands)
}

func TestScripts(t *testing.T) {
	t.Parallel()
	compiled := t.TempDir() // the filters that a script had compiled, for the others
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			bin, _, _ := strings.Cut(env.Getenv("PATH"), string(os.PathListSeparator))
			root, err := filepath.Abs("../..")
			if err != nil {
				return err
			}
			env.Setenv("TEACHER", filepath.Join(bin, "teacher-"))
			env.Setenv("EXAMPLES", filepath.Join(root, "examples"))
			env.Setenv("CUBESET_CACHE", filepath.Join(env.WorkDir, ".cache"))
			env.Setenv("TMPDIR", env.WorkDir)
			env.Setenv("CUBESET_TEACHER", hashing.Name) // whatever the default is
			own := filepath.Join(env.WorkDir, ".cache", "wasm")
			env.Defer(func() {
				if err := link(own, compiled); err != nil {
					t.Error(err)
				}
			})
			return link(compiled, own)
		},
		Condition: func(name string) (bool, error) {
			if name == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"repeat": repeat, "cut": cut, "same": same, "none": none, "serveapi": serveAPI, "nowhere": nowhere, "vector": vector},
	})
}

// link gives every file of one tree the same name in another.
func link(from, to string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		name := filepath.Join(to, strings.TrimPrefix(path, from))
		if err != nil {
			return err
		} else if d.IsDir() {
			return os.MkdirAll(name, 0o700)
		} else if err := os.Link(path, name); !errors.Is(err, os.ErrExist) {
			return err
		}
		return nil
	})
}

// fake is a healthy teacher with one fault.
type fake struct {
	teacher.Embedder
	fault string
}

// faults are the ways in which a teacher goes wrong, at a text that says
// "trouble".
var faults = map[string]func(texts []string, dst []float32, row int) error{
	"fine":  func([]string, []float32, int) error { return nil },
	"hangs": func([]string, []float32, int) error { time.Sleep(time.Hour); return nil },
	"nan": func(_ []string, dst []float32, row int) error {
		dst[row*hashing.Dims+5] = float32(math.NaN())
		return nil
	},
	"zero": func(_ []string, dst []float32, row int) error {
		clear(dst[row*hashing.Dims : (row+1)*hashing.Dims])
		return nil
	},
	"stops": func([]string, []float32, int) error {
		return errors.Join(teacher.ErrStop, errors.New("the key is not valid"))
	},
}

func (f *fake) Describe(ctx context.Context) (teacher.Description, error) {
	d, err := f.Embedder.Describe(ctx)
	d.Name, d.Model = "teacher-"+f.fault, "test/"+f.fault
	return d, err
}

func (f *fake) Embed(ctx context.Context, texts []string, dst []float32) error {
	if err := f.Embedder.Embed(ctx, texts, dst); err != nil {
		return err
	}
	if row := slices.IndexFunc(texts, func(s string) bool { return strings.Contains(s, "trouble") }); row >= 0 {
		return faults[f.fault](texts, dst, row)
	}
	return nil
}

// narrow is a teacher of one dimension: to it all texts are the same.
type narrow struct{}

func (narrow) Describe(context.Context) (teacher.Description, error) {
	return teacher.Description{Name: "teacher-narrow", Model: "test/narrow", Dims: 1, Determinism: teacher.Exact, MinSimilarity: math.NaN()}, nil
}

func (narrow) Embed(_ context.Context, texts []string, dst []float32) error {
	for i := range texts {
		dst[i] = 1
	}
	return nil
}

// moody always says that it is the same model, and turns its vectors by as much
// as its settings say.
type moody struct {
	teacher.Embedder
	Turn  float32 `json:"turn"`
	Close bool    `json:"close"`
}

func newMoody() *moody {
	m := &moody{Embedder: hashing.New()}
	if config := os.Getenv(plugins.ConfigEnv); config != "" {
		if err := json.Unmarshal([]byte(config), m); err != nil {
			panic(err)
		}
	}
	return m
}

func (m *moody) Describe(ctx context.Context) (teacher.Description, error) {
	d, err := m.Embedder.Describe(ctx)
	d.Name, d.Model = "teacher-moody", "test/moody"
	if m.Close {
		d.Determinism = teacher.Close
	}
	return d, err
}

func (m *moody) Embed(ctx context.Context, texts []string, dst []float32) error {
	err := m.Embedder.Embed(ctx, texts, dst)
	for i := range texts {
		dst[i*hashing.Dims] += m.Turn
	}
	return err
}

// mortal dies at a text that says "trouble": each time if it is lethal to it,
// once if it is frail, and else it dies again, of whatever it is asked, until
// another command starts it. Sick is a file without which it is in good health.
type mortal struct {
	teacher.Embedder
	how  string
	Sick string `json:"sick"`
	// Price is the host's to read; a teacher of one's own takes it or leaves it.
	Price float64 `json:"price_per_million_tokens"`
}

func newMortal(how string) *mortal {
	m := &mortal{Embedder: hashing.New(), how: how}
	if config := os.Getenv(plugins.ConfigEnv); config != "" {
		if err := json.Unmarshal([]byte(config), m); err != nil {
			panic(err)
		}
	}
	return m
}

func (m *mortal) Describe(ctx context.Context) (teacher.Description, error) {
	d, err := m.Embedder.Describe(ctx)
	d.Name, d.Model, d.MaxRows = "teacher-"+m.how, "test/"+m.how, 8
	return d, err
}

func (m *mortal) EmbedRows(ctx context.Context, texts []string, dst []float32) ([]teacher.RowResult, error) {
	died := fmt.Sprintf("%s.%d", os.Args[0], os.Getppid()) // to be found by the next process
	_, err := os.Stat(died)
	again := err == nil
	_, err = os.Stat(m.Sick)
	if m.Sick == "" || err == nil {
		trouble := slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, "trouble") })
		switch {
		case m.how == "frail" && trouble && !again, m.how == "lethal" && trouble, m.how == "dies" && (trouble || again):
			if err := os.WriteFile(died, nil, 0o600); err != nil {
				panic(err)
			}
			if m.how == "frail" {
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
			os.Exit(3)
		}
	}
	rows := make([]teacher.RowResult, len(texts))
	for i, text := range texts {
		rows[i].Tokens = len(strings.Fields(text))
	}
	return rows, m.Embed(ctx, texts, dst)
}

// lame starts, and embeds nothing.
type lame struct{ teacher.Embedder }

func (l lame) Describe(ctx context.Context) (teacher.Description, error) {
	d, err := l.Embedder.Describe(ctx)
	d.Name, d.Model = "teacher-lame", "test/lame"
	return d, err
}

func (lame) Embed(context.Context, []string, []float32) error {
	return errors.Join(teacher.ErrStop, errors.New("the key is not valid"))
}

// raw answers in ways the SDK would not let a teacher answer.
type raw struct {
	teacherpb.UnimplementedTeacherServer
	fault string
}

var rawFaults = map[string]func(*teacherpb.EmbedResponse){
	"short": func(r *teacherpb.EmbedResponse) { r.Dims = 767; r.Vectors = r.Vectors[:r.Rows*767*4] },
	"few":   func(r *teacherpb.EmbedResponse) { r.Rows--; r.Vectors = r.Vectors[:r.Rows*768*4] },
}

func serveRaw(fault string) {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  teacher.Handshake,
		VersionedPlugins: teacher.Protocols(&raw{fault: fault}),
		GRPCServer:       plugin.DefaultGRPCServer,
	})
}

func (r *raw) Describe(ctx context.Context, _ *teacherpb.DescribeRequest) (*teacherpb.DescribeResponse, error) {
	d := hashing.Describe()
	d.Name, d.Model = "teacher-"+r.fault, "test/"+r.fault
	return d.Proto(), nil
}

func (r *raw) Embed(_ context.Context, q *teacherpb.EmbedRequest) (*teacherpb.EmbedResponse, error) {
	a := &teacherpb.EmbedResponse{Rows: uint32(len(q.Texts)), Dims: 768, Vectors: bytes.Repeat([]byte{0, 0, 0x80, 0x3f}, len(q.Texts)*768)}
	rawFaults[r.fault](a)
	return a, nil
}

// repeat FILE N TEXT writes TEXT N times to FILE.
func repeat(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Repeat(args[2], n)), 0o644))
}

// cut FILE N leaves out the last N bytes of FILE.
func cut(ts *testscript.TestScript, neg bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b[:len(b)-n], 0o644))
}

// promised is what equal builds have equal, to the byte.
var promised = []string{"data", "rejects", "README.md", "manifest.json", "stats.json"}

// same DIR1 DIR2 compares what is promised of two datasets.
func same(ts *testscript.TestScript, neg bool, args []string) {
	a, b := tree(ts, args[0]), tree(ts, args[1])
	for name, content := range a {
		if b[name] != content {
			ts.Fatalf("%s differs between %s and %s", name, args[0], args[1])
		}
	}
	if len(a) != len(b) {
		ts.Fatalf("%s has %d files, %s %d", args[0], len(a), args[1], len(b))
	}
}

func tree(ts *testscript.TestScript, dir string) map[string]string {
	files := map[string]string{}
	for _, name := range promised {
		root := filepath.Join(ts.MkAbs(dir), name)
		if _, err := os.Stat(root); err != nil {
			continue
		}
		ts.Check(filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			rel, _ := filepath.Rel(ts.MkAbs(dir), path)
			files[rel] = string(b)
			return err
		}))
	}
	return files
}

// vector NAME FILE writes the module of a vector of the filter ABI to FILE.
func vector(ts *testscript.TestScript, neg bool, args []string) {
	for _, v := range vectors.All() {
		if v.Name == args[0] {
			ts.Check(os.WriteFile(ts.MkAbs(args[1]), v.Wasm(), 0o644))
			return
		}
	}
	ts.Fatalf("no vector %q", args[0])
}

// none PATTERN says that no file matches.
func none(ts *testscript.TestScript, neg bool, args []string) {
	found, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(found) > 0 {
		ts.Fatalf("found %v", found)
	}
}
