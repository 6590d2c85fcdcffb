package main

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/cubeset/cubeset/host"
	"github.com/cubeset/cubeset/plugins"
	"github.com/cubeset/cubeset/plugins/http/apitest"
)

// serveAPI NAME API [OPTION=VALUE…] starts a server that stands in for a
// service and puts its address into the variable NAME. Options: key, model,
// revision, dims, space; requests=N/TIME limits the requests; trouble=STATUS@N
// answers from the Nth request on with a status.
func serveAPI(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: serveapi NAME API [OPTION=VALUE…]")
	}
	var o apitest.Options
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		ts.Check(err)
		return n
	}
	for _, arg := range args[2:] {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "key":
			o.Key = value
		case "model":
			o.Model = value
		case "revision":
			o.Revision = value
		case "dims":
			o.Dims = number(value)
		case "space":
			o.Space = number(value)
		case "requests":
			n, window, _ := strings.Cut(value, "/")
			d, err := time.ParseDuration(window)
			ts.Check(err)
			o.Requests, o.Window = number(n), d
		case "trouble":
			status, from, _ := strings.Cut(value, "@")
			code, first := number(status), number(from)
			o.Trouble = func(n int, w http.ResponseWriter, _ *http.Request) bool {
				if n >= first {
					w.WriteHeader(code)
				}
				return n >= first
			}
		default:
			ts.Fatalf("serveapi: no option %s", name)
		}
	}
	api := apitest.New(args[1], o)
	server := httptest.NewServer(api)
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL)
}

// nowhere WORD DIR… searches every file below the folders, and the output of
// the last command, for a word that must not be there.
func nowhere(ts *testscript.TestScript, neg bool, args []string) {
	word := args[0]
	for _, out := range []string{"stdout", "stderr"} {
		if strings.Contains(ts.ReadFile(out), word) {
			ts.Fatalf("%s holds it:\n%s", out, ts.ReadFile(out))
		}
	}
	files := 0
	for _, dir := range args[1:] {
		ts.Check(filepath.WalkDir(ts.MkAbs(dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			files++
			b, err := os.ReadFile(path)
			if err == nil && bytes.Contains(b, []byte(word)) {
				ts.Fatalf("%s holds it", path)
			}
			return err
		}))
	}
	if len(args) > 1 && files == 0 {
		ts.Fatalf("no file in %v", args[1:])
	}
}

// A service that is silent for a while costs a call and no process: the teacher
// says why shortly before the host would kill it, and the next call is answered.
func TestSilentService(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	asCommand(t, dir)
	var silent atomic.Bool
	server := httptest.NewServer(apitest.New("openai", apitest.Options{Trouble: func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		if silent.Load() {
			<-r.Context().Done()
		}
		return silent.Load()
	}}))
	defer server.Close()
	o := plugins.DefaultOptions()
	o.StartTimeout, o.CallTimeout, o.TempDir = time.Minute, 4*time.Second, dir
	far, err := plugins.Start(t.Context(), plugins.Spec{
		Name: "far", Command: []string{filepath.Join(dir, "bin", "cubeset"), host.TeacherCommand, "http"},
		SetEnv: []string{"CUBESET_CHILD=1", plugins.ConfigEnv + `={"api":"openai","url":"` + server.URL + `/v1","model":"test-model","dims":64}`},
	}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	dst := make([]float32, 64)
	for _, quiet := range []bool{true, false} {
		silent.Store(quiet)
		_, err := far.Embed(t.Context(), []string{"where is the parcel"}, dst)
		if quiet && (!errors.Is(err, plugins.ErrBusy) || !strings.Contains(err.Error(), "no answer in time")) || !quiet && err != nil {
			t.Fatalf("silent: %v: %v", quiet, err)
		}
	}
}
