package teachertest

import (
	"context"
	"encoding/base64"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cubeset/cubeset/plugins"
	"github.com/cubeset/cubeset/sdk/teacher"
	"github.com/cubeset/cubeset/sdk/teacher/teacherpb"
)

func fakeSpec(t testing.TB, fault string) plugins.Spec {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return plugins.Spec{Command: []string{self}, Env: []string{"GORACE"}, SetEnv: []string{childEnv + "=1", fakeFault + "=" + fault}}
}

// of is every check that ended in a Status, in order.
func (r Report) of(s Status) string {
	var names []string
	for _, c := range r.Checks {
		if c.Status == s {
			names = append(names, c.Name)
		}
	}
	return strings.Join(names, " ")
}

func TestHealthy(t *testing.T) {
	for _, fault := range []string{"", "close", "prints", "raw fine"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			var told []string
			o := DefaultOptions()
			o.Each = func(r Result) { told = append(told, r.Name) }
			r, err := Check(t.Context(), fakeSpec(t, fault), o)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range r.Checks {
				if c.Status != Passed {
					t.Logf("%s %s: %s", c.Status, c.Name, c.Detail)
				}
			}
			skipped := ""
			if fault == "raw fine" {
				skipped = "stream"
			}
			if r.of(Failed)+r.of(Warned) != "" || r.of(Skipped) != skipped {
				t.Errorf("failed %q, warned %q, skipped %q", r.of(Failed), r.of(Warned), r.of(Skipped))
			}
			if r.Teacher != "fake" || len(r.EmbedID) != 64 || len(told) != len(checks()) {
				t.Errorf("teacher %q, embed id %q, told %v", r.Teacher, r.EmbedID, told)
			}
		})
	}
}

// Each fault is caught by these checks and by no other.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ fault, failed, detail string }{
		{"runs by hand", "by-hand", "started by hand, it ends with exit status 0, not exit status 1"},
		{"banner", "start", "printed something else before the handshake line: Loading the model ..."},
		{"loads in Describe", "by-hand start", "started by hand, it still runs after 2s"}, // the SDK describes it to a person
		{"needs a variable", "start environment", "CUBESET_FAKE_HOME is not set"},
		{"raw socket elsewhere", "handshake", "which is not in PLUGIN_UNIX_SOCKET_DIR"},
		{"raw serves anyone", "tls", "a client without a certificate is served"},
		{"another each time", "describe", "Describe changed between two calls"},
		{"raw fewer rows", "shape", "returned 1 rows for 2 texts"},
		{"raw fewer values", "shape", "returned vectors of 23 values, described are 24"},
		{"raw doubles", "shape", "returned 192 bytes of vectors for 1 rows of 24 values, want 96"},
		{"raw big-endian", "values", "of 64 has a length beyond float32"},
		{"nan", "values", "the vector of text 63 of 64 has a value that is not finite"},
		{"zero", "values", "has length zero"},
		{"marks all", "values", "is marked as truncated, though 5000 tokens are read"},
		{"not unit", "normalised", "the vector of text 0 has length 1.5000"},
		{"one vector", "different", "texts 0 and 1 have different words and one vector"},
		{"sorted", "order batches unicode empty rows", "in a batch of 64, row 0 has the vector of the text of row"},
		{"padding", "batches unicode", `in batches of 1, text 0 gets another vector than before (cosine 0.`},
		{"salted", "determinism", "in a second process, text 0 gets another vector than before"},
		{"dies of astral", "unicode", "a text of emoji joined by ZWJ: the process died (exit status 3)"},
		{"dies of empty", "empty", "the process died (exit status 3)"},
		{"cuts in silence", "long", "5000 tokens are read of a text, and one of"},
		{"reads all, it says", "long", "a text of 1 MiB has the vector of its first half"},
		{"says 300 takes 200", "rows", `300 texts in one call: answers Internal: "out of memory"`},
		{"raw 4 MiB", "message", "a request of 8 MiB does not get through"},
		{"raw stream", "stream", "in reply 1 of a stream, text 0 gets another vector"},
		{"one buffer", "concurrency", "with 8 calls at once, text "},
		{"keeps the lock", "deadline", "after calls that were given up: no answer in time"},
		{"odd code", "row-errors", `the code "Text of 0 bytes!"`},
		{"logs texts", "secrecy", "a text stands in its log"},
		{"quotes texts", "secrecy", "a text stands in the message of an error"},
		{"dies of SIGINT", "interrupt", "after SIGINT: "},
		{"deaf", "shutdown", "it runs on 2s after Shutdown"},
		{"leaves a child", "children", "it leaves 1 of its child processes running"},
		{"raw orphan", "orphan", "it lives on 2s after its host was killed"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			if c.fault != "keeps the lock" { // a call that comes too late for its deadline takes no lock
				t.Parallel()
			}
			o := DefaultOptions()
			switch c.fault {
			case "deaf", "raw orphan", "leaves a child":
				o.EndTimeout = 2 * time.Second
			case "loads in Describe":
				o.StartTimeout = 2 * time.Second
			case "keeps the lock":
				o.CallTimeout = 4 * time.Second
			}
			r, err := Check(t.Context(), fakeSpec(t, c.fault), o)
			if err != nil {
				t.Fatal(err)
			}
			if r.of(Failed) != c.failed {
				t.Errorf("failed %q, want %q", r.of(Failed), c.failed)
			}
			i := slices.IndexFunc(r.Checks, func(r Result) bool { return r.Status == Failed })
			if i < 0 {
				return
			}
			if first := r.Checks[i]; !strings.Contains(first.Detail, c.detail) || first.Change == "" {
				t.Errorf("%s: %s\n%s", first.Name, first.Detail, first.Change)
			}
			for _, f := range r.Checks {
				if f.Status == Failed && strings.Contains(f.Detail+f.Change, canary) {
					t.Errorf("%s quotes a text", f.Name)
				}
			}
		})
	}
}

// A rule with SHOULD is told and does not fail.
func TestWarned(t *testing.T) {
	r, err := Check(t.Context(), fakeSpec(t, "raw prints"), DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	if r.of(Warned) != "stdout" || r.Failures() != 0 {
		t.Errorf("failed %q, warned %q", r.of(Failed), r.of(Warned))
	}
}

func TestRun(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	Run(t, []string{self}, childEnv+"=1", fakeFault+"=")
}

func TestCheckRefuses(t *testing.T) {
	if _, err := Check(t.Context(), plugins.Spec{}, DefaultOptions()); err == nil {
		t.Error("no command: no error")
	}
	if _, err := Check(t.Context(), fakeSpec(t, ""), Options{}); err == nil || strings.Count(err.Error(), "not positive") != 3 {
		t.Errorf("zero options: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r, err := Check(ctx, fakeSpec(t, ""), DefaultOptions()); err == nil || len(r.Checks) != 0 {
		t.Errorf("cancelled: %v, %d checks", err, len(r.Checks))
	}
}

func TestSame(t *testing.T) {
	a, b := vector{1, 0, 1e-4}, vector{1, 1e-3, 0}
	for _, c := range []struct {
		name string
		a, b vector
		d    teacher.Determinism
		want bool
	}{
		{"itself", a, a, teacher.Exact, true},
		{"near", a, b, teacher.Exact, false},
		{"near, close", a, b, teacher.Close, true},
		{"far, close", vector{1, 0, 0}, vector{1, 0.02, 0}, teacher.Close, false},
		{"longer, close", vector{1, 0, 0}, vector{1.01, 0, 0}, teacher.Close, false},
		{"nan, close", vector{nan()}, vector{nan()}, teacher.Close, false},
	} {
		if got := same(c.a, c.b, c.d); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}

func nan() float32 { var zero float32; return zero / zero }

// The texts are what the checks take them for.
func TestTexts(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range sentences() {
		seen[s] = true
	}
	if len(seen) != sentencesMax {
		t.Errorf("%d different sentences, want %d", len(seen), sentencesMax)
	}
	all, first := longText()
	if len(all) < 2*half || len(first) != half || !strings.HasPrefix(all, first) {
		t.Errorf("%d bytes, the first half %d", len(all), len(first))
	}
	q := &teacherpb.EmbedRequest{Texts: []string{messageText(teacher.RequestBytesMax - messageOverhead)}}
	if n := proto.Size(q); n > teacher.RequestBytesMax || n < teacher.RequestBytesMax-2*messageOverhead {
		t.Errorf("a request of %d bytes", n)
	}
}

func FuzzReadHandshake(f *testing.F) {
	own, err := newIdentity()
	if err != nil {
		f.Fatal(err)
	}
	good := "1|1|unix|/tmp/x/s|grpc|" + base64.RawStdEncoding.EncodeToString(own.Certificate.Certificate[0])
	if h, err := readHandshake(good, "/tmp/x"); err != nil || h.socket != "/tmp/x/s" {
		f.Fatal(h, err)
	}
	f.Add(good)
	f.Add(good + "=")
	f.Add("1|1|unix|/tmp/x/../y|grpc|")
	f.Add("|||||")
	f.Fuzz(func(t *testing.T, line string) {
		h, err := readHandshake(line, "/tmp/x")
		if err == nil && (h.certificate == nil || !strings.HasPrefix(line, "1|1|unix|/tmp/x/")) {
			t.Errorf("accepted %q", line)
		}
	})
}

func FuzzReadReply(f *testing.F) {
	good, err := proto.Marshal(&teacherpb.EmbedResponse{Rows: 2, Dims: 3, Vectors: make([]byte, 24), Truncated: []bool{true, false}, Errors: []*teacherpb.RowError{{Row: 1, Code: "x"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte{8, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		var m teacherpb.EmbedResponse
		if proto.Unmarshal(b, &m) != nil {
			return
		}
		r, err := readReply(&m, 2, 3)
		if err == nil && (len(r.vectors) != 2 || len(r.vectors[1]) != 3 || len(r.truncated) != 2) {
			t.Errorf("%+v", r)
		}
	})
}
