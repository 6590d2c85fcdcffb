package httpteacher

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cubeset/cubeset/sdk/teacher"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, value string
		want        time.Duration
	}{
		{"Retry-After", "7", 7 * time.Second},
		{"Retry-After", "0.25", 250 * time.Millisecond},
		{"Retry-After", "Wed, 01 May 2024 12:01:00 GMT", time.Minute},
		{"Retry-After", "Wed, 01 May 2024 11:00:00 GMT", 0},
		{"Retry-After", "-3", 0},
		{"Retry-After", "soon", 0},
		{"Retry-After", "1e300", 1000 * time.Hour},
		{"Retry-After", "NaN", 0},
		{"Retry-After-Ms", "120", 120 * time.Millisecond},
		{"X-Ratelimit-Reset-Requests", "6m0s", 6 * time.Minute},
		{"X-Ratelimit-Reset-Tokens", "120ms", 120 * time.Millisecond},
		{"X-Ratelimit-Reset-Tokens", "2.5", 2500 * time.Millisecond},
		{"X-Ratelimit-Reset-Tokens", "-1s", 0},
		{"X-Ratelimit-Reset-Tokens", "never", 0},
	} {
		h := http.Header{c.name: {c.value}, "X-Ratelimit-Remaining-Requests": {"0"}, "X-Ratelimit-Remaining-Tokens": {"0"}}
		if got := retryAfter(h, now); got != c.want {
			t.Errorf("%s: %s: %v, want %v", c.name, c.value, got, c.want)
		}
	}
	if got := retryAfter(http.Header{"X-Ratelimit-Remaining-Requests": {"3"}, "X-Ratelimit-Reset-Requests": {"1s"}}, now); got != 0 {
		t.Errorf("%v though there is something left", got)
	}
}

func TestBackoff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 1000).Draw(t, "failures")
		asked := time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "asked"))
		got := backoff(n, asked)
		if asked > 0 && (got < asked || got > asked+asked/10) || asked == 0 && (got < waitMin/2 || got > waitTop*3/2) {
			t.Fatalf("%v", got)
		}
	})
}

// The shares add up, and none is less than nothing.
func TestShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.String(), 1, 50).Draw(t, "texts")
		tokens := rapid.IntRange(0, countMax).Draw(t, "tokens")
		sum := 0
		for _, n := range share(tokens, texts) {
			if n < 0 {
				t.Fatal("negative")
			}
			sum += n
		}
		if sum != tokens && strings.Join(texts, "") != "" {
			t.Fatalf("%d, want %d", sum, tokens)
		}
	})
}

// No text is lost or doubled, the order within an input type is kept, and every
// request is within the limits, unless one text alone is beyond them.
func TestRequests(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config := Config{QuestionInputType: "q", AnswerInputType: "a"}
		texts := rapid.SliceOf(rapid.Custom(func(t *rapid.T) string {
			return rapid.SampledFrom([]string{"", "[q] ", "[a] "}).Draw(t, "mark") + rapid.StringN(0, 40, 80).Draw(t, "text")
		})).Draw(t, "texts")
		done := rapid.SliceOfN(rapid.Bool(), len(texts), len(texts)).Draw(t, "done")
		c := &call{client: &client{config: config, dims: 1}, texts: texts, rows: make([]teacher.RowResult, len(texts)), done: slices.Clone(done)}
		l := limits{rows: rapid.IntRange(1, 9).Draw(t, "rows"), tokens: rapid.IntRange(0, 60).Draw(t, "tokens"), textBytes: 70, estimate: func(n int) int { return n }}
		seen := slices.Clone(done)
		all := c.requests(l)
		for _, r := range all {
			bytes := 0
			for i, at := range r.at {
				if seen[at] || i > 0 && at <= r.at[i-1] {
					t.Fatalf("text %d is there twice, or too late", at)
				}
				seen[at] = true
				inputType, rest := config.typed(texts[at])
				if inputType != r.inputType || rest != r.texts[i] {
					t.Fatalf("text %d is in the wrong request", at)
				}
				bytes += len(rest)
			}
			if len(r.at) > l.rows || l.tokens > 0 && bytes > l.tokens && len(r.at) > 1 {
				t.Fatalf("a request of %d texts, %d bytes", len(r.at), bytes)
			}
		}
		for at, ok := range seen {
			if _, rest := config.typed(texts[at]); !ok && (c.rows[at].Err == nil || rest != "" && len(rest) <= 70) {
				t.Fatalf("text %d is lost", at)
			}
		}
	})
}

// Whatever comes back, an API's reader gives a vector a text or an error.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"data":[{"index":1,"embedding":[1,2]},{"index":0,"embedding":"AACAPwAAAEA="}],"usage":{"total_tokens":3}}`), "7")
	f.Add([]byte(`{"embeddings":[[1,2],[3,4]],"prompt_eval_count":-5}`), "x")
	f.Add([]byte(`{"embeddings":[{"values":[1]},{"values":null}]}`), "")
	f.Add([]byte(`{"embeddings":{"float":[[1],[2]]},"meta":{"billed_units":{"input_tokens":1e99}}}`), "")
	f.Add([]byte(`[[1,2],[3,4]]`), "99999999999999999999")
	f.Add([]byte(`{"data":[{"index":-1,"embedding":[]},{"index":9,"embedding":"A"}]}`), "")
	f.Add([]byte(`{"error":{"message":"m","code":"c","details":[{"retryDelay":"37s"}]}}`), "")
	f.Add([]byte(`{"detail":[{"loc":["body"],"msg":"m"}]}`), "")
	f.Fuzz(func(t *testing.T, body []byte, header string) {
		for _, d := range dialects() {
			r, err := d.api.read(body, http.Header{"X-Compute-Tokens": {header}}, 2)
			if err == nil && (len(r.vectors) != 2 || r.vectors[0] == nil || r.vectors[1] == nil || r.tokens < 0 || r.tokens > countMax) {
				t.Errorf("%s: %+v", d.name, r)
			}
			if i, ok := d.api.(identified); ok {
				if rows, err := i.who(Config{Model: "m"}, body); err == nil && rows < 0 {
					t.Errorf("%s: %d rows", d.name, rows)
				}
			}
		}
		if p := readProblem(body); len(p.code) > 48 || p.wait < 0 {
			t.Errorf("%+v", p)
		}
	})
}

func TestVector(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`[1,2.5]`, "[1 2.5]"}, {`"AACAPwAAIEA="`, "[1 2.5]"}, {`null`, "[]"}, {`""`, "[]"},
		{`"A"`, "a vector is not base64"}, {`"AAAA"`, "a vector of 3 bytes, not of whole float32 values"},
		{`"\u0041"`, "a vector is not base64"}, {`{}`, "at byte 1: want a []float32"}, {`[1e99]`, "at byte 5: want a float32"},
	} {
		var v vector
		got := ""
		if err := json.Unmarshal([]byte(c.in), &v); err != nil {
			got = withoutValue(err).Error()
		} else {
			got = fmt.Sprint(v)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.in, got, c.want)
		}
	}
	if err := json.Unmarshal([]byte(`[1,"a secret"]`), new(vector)); strings.Contains(withoutValue(err).Error(), "secret") {
		t.Error(err)
	}
	rapid.Check(t, func(t *rapid.T) { // the form decides nothing
		want := rapid.SliceOf(rapid.Float32()).Draw(t, "vector")
		raw := []byte{}
		for _, x := range want {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
		}
		doc, err := json.Marshal([]any{want, raw}) // bytes are base64
		if err != nil {
			t.Fatal(err)
		}
		var got []vector
		if err := json.Unmarshal(doc, &got); err != nil || !slices.Equal(got[0], want) || !slices.Equal(got[1], want) {
			t.Fatalf("%v, %v", got, err)
		}
	})
	inf := float32(math.Inf(1))
	for _, v := range [][]float32{{0, 0}, {inf, 1}, {float32(math.NaN())}, {}} {
		if normalise(make([]float32, len(v)), v) {
			t.Errorf("%v is a vector", v)
		}
	}
}

// A key is read from a file without what editors put around it, and never
// printed.
func TestSecret(t *testing.T) {
	write := func(content string) string {
		name := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	key, err := Config{KeyFile: write(" " + canary + "\r\n")}.readKey()
	if err != nil || key.value != canary {
		t.Fatal(err)
	}
	doc, _ := json.Marshal(map[string]any{"key": key})
	if said := fmt.Sprintf("%v %+v %#v %s %q %s", key, key, key, key, &key, doc); strings.Contains(said, canary) {
		t.Error(said)
	}
	if got := key.hide("the key " + canary + " is wrong"); got != "the key [key] is wrong" {
		t.Error(got)
	}
	for content, want := range map[string]string{
		"":                                 "empty",
		" \n":                              "empty",
		"two words":                        "white space",
		"über":                             "a character that no key has",
		"a\nb":                             "white space",
		strings.Repeat("k", keyBytesMax+1): "that is no key",
	} {
		if _, err := (Config{KeyFile: write(content)}).readKey(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", content, err, want)
		}
	}
}

// However it goes, no more are inside than the gate allows, and nobody who may
// enter is left outside.
func TestGate(t *testing.T) {
	g := newGate(8)
	var wait sync.WaitGroup
	began := time.Now()
	for i := range 200 {
		wait.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			if i%5 == 0 {
				cancel()
			}
			defer cancel()
			if err := g.enter(ctx); err != nil {
				return
			}
			g.mu.Lock()
			if g.inside > 8 {
				t.Errorf("%d inside", g.inside)
			}
			g.mu.Unlock()
			g.leave([]verdict{fine, fine, fine, tooFast, nothing}[i%5], began.Add(time.Duration(i)), began.Add(time.Duration(i+1)))
		})
	}
	wait.Wait()
	if g.inside != 0 || len(g.queue) != 0 || g.limit < 1 || g.limit > 8 {
		t.Errorf("%d inside, %d waiting, limit %v", g.inside, len(g.queue), g.limit)
	}
}

func TestGateLearns(t *testing.T) {
	g, now := newGate(64), time.Unix(100, 0)
	pass := func(v verdict, began time.Time) {
		if err := g.enter(context.Background()); err != nil {
			t.Fatal(err)
		}
		g.leave(v, began, now)
	}
	for range 14 {
		pass(fine, now)
	}
	if g.limit != 16 {
		t.Fatalf("%v after 14 good ones, want 16", g.limit)
	}
	pass(tooFast, now.Add(-time.Second))
	pass(tooFast, now.Add(-time.Second)) // was on its way already
	if g.limit != 8 {
		t.Fatalf("%v after one refusal, want 8", g.limit)
	}
	for range 8 {
		pass(fine, now)
	}
	if g.limit < 8.9 || g.limit > 9.1 {
		t.Errorf("%v after a round of good ones, want 9", g.limit)
	}
}

// The estimate follows what is counted.
func TestPaceLearns(t *testing.T) {
	p := newPace(Config{})
	if got := p.estimate(1000); got != 301 {
		t.Errorf("%d tokens at first", got)
	}
	for range 50 {
		p.used(1000, p.estimate(1000), 900)
	}
	if got := p.estimate(1000); got < 880 || got > 901 {
		t.Errorf("%d tokens, want about 900", got)
	}
	p.used(0, 0, 5)
	p.used(5, 5, 0)
	if got := p.estimate(1000); got < 880 {
		t.Errorf("%d tokens after counts that say nothing", got)
	}
}

// Requests that fail together are one failure; the longest wait counts.
func TestFailedTogether(t *testing.T) {
	e, now := newEndpoint(Config{}, "http://x"), time.Unix(100, 0)
	f := &fault{class: busy, what: "busy"}
	for range 5 {
		e.failed(f, now, now.Add(time.Second))
	}
	if e.failures != 1 {
		t.Errorf("%d failures", e.failures)
	}
	if rest := e.failed(&fault{class: busy, wait: time.Minute}, now, now.Add(time.Second)); rest != time.Minute {
		t.Errorf("rests %v", rest)
	}
	e.failed(f, now.Add(2*time.Second), now.Add(3*time.Second))
	if e.failures != 2 {
		t.Errorf("%d failures after another", e.failures)
	}
}

func TestTheMostTellingFault(t *testing.T) {
	unheard, slow, refused := &fault{class: again, unheard: true}, &fault{class: busy}, &fault{class: stop}
	for _, c := range []struct {
		faults []*fault
		want   *fault
	}{
		{nil, nil}, {[]*fault{nil, nil}, nil}, {[]*fault{nil, unheard}, unheard}, {[]*fault{unheard, slow}, slow},
		{[]*fault{slow, unheard, {class: again}}, slow}, {[]*fault{unheard, slow, nil, refused}, refused},
	} {
		if got := telling(c.faults); got != c.want {
			t.Errorf("of %v: %v", c.faults, got)
		}
	}
}
