package httpteacher

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cubeset/cubeset/plugins/http/apitest"
	"github.com/cubeset/cubeset/sdk/teacher"
)

// The tests of time run in a bubble whose clock moves only when all wait.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Setenv("CANARY_KEY", canary)
	synctest.Test(t, f)
}

// answer writes a reply that no API documents better.
func answer(w http.ResponseWriter, status int, body string, headers ...string) bool {
	for i := 0; i < len(headers); i += 2 {
		w.Header().Set(headers[i], headers[i+1])
	}
	w.WriteHeader(status)
	io.WriteString(w, body)
	return true
}

// within is a call as the host makes it.
func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func inBubble(t *testing.T, c Config, net http.RoundTripper) (*embedder, *lines) {
	log := &lines{}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	return newEmbedder(c, net, testLog(log)), log
}

// Every API's own way to say "too many requests" is understood: the call takes
// as long as it was told, and comes to the right end.
func TestRateLimit(t *testing.T) {
	for _, api := range apis() {
		t.Run(api, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := apitest.New(api, apitest.Options{Key: canary, Requests: 3, Window: 20 * time.Second})
				c := settings(api)
				c.MaxRows = 10
				e, _ := inBubble(t, c, direct{"localhost": s})
				begin := time.Now()
				_, rows, err := embed(t, e, within(t, 5*time.Minute), texts(100))
				if err != nil {
					t.Fatal(err)
				}
				for i, r := range rows {
					if r.Err != nil {
						t.Errorf("text %d: %v", i, r.Err)
					}
				}
				// 10 requests, a probe and those about the model: three at
				// least in each window, if every refusal was waited out.
				if took := time.Since(begin); took < 60*time.Second || took > 150*time.Second {
					t.Errorf("took %v", took)
				}
				if s.Requests() > 40 {
					t.Errorf("%d requests", s.Requests())
				}
			})
		})
	}
}

// A service that is down is asked again, ever less often, and the host hears
// the reason shortly before its deadline, not a silence.
func TestDown(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		header []string
		err    error
		want   string
		max    int // requests
	}{
		{"503", 503, `{"error":{"message":"at text number 1"}}`, nil, teacher.ErrBusy, "localhost: 503 Service Unavailable", 10},
		{"500", 500, `oops`, nil, teacher.ErrUnavailable, "localhost: 500 Internal Server Error", 10},
		{"529", 529, `{"error":{"type":"overloaded_error"}}`, nil, teacher.ErrBusy, "529 (overloaded_error)", 10},
		{"date", 429, `{}`, []string{"Retry-After", "Sat, 01 Jan 2000 00:00:30 GMT"}, teacher.ErrBusy, "429 Too Many Requests", 8},
		{"long", 429, `{}`, []string{"Retry-After", "600"}, teacher.ErrBusy, "429 Too Many Requests: asks to wait 10m0s", 1},
		{"RetryInfo", 429, `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"@type":"x"},{"retryDelay":"600s"}]}}`, nil, teacher.ErrBusy, "429 Too Many Requests (RESOURCE_EXHAUSTED): asks to wait 10m0s", 1},
		{"a day", 429, `{}`, []string{"Retry-After", "86400"}, teacher.ErrStop, "asks to wait 24h0m0s", 1},
		{"spent", 429, `{"error":{"code":"insufficient_quota","message":"pay"}}`, nil, teacher.ErrStop, "429 Too Many Requests (insufficient_quota): pay", 1},
		{"no retry", 500, `{}`, []string{"X-Should-Retry", "false"}, teacher.ErrStop, "500 Internal", 1},
		{"unpaid", 402, `{"detail":"top up"}`, nil, teacher.ErrStop, "402 Payment Required: top up", 1},
		{"redirect", 302, ``, []string{"Location", "http://elsewhere/"}, teacher.ErrStop, "302 Found", 1},
		{"no JSON", 200, `<html>`, nil, teacher.ErrStop, "the reply is wrong: not the JSON of vectors: at byte 1", 1},
		{"endless", 200, strings.Repeat(" ", 3<<20), nil, teacher.ErrStop, "a reply of over", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := apitest.New("openai", apitest.Options{Trouble: func(_ int, w http.ResponseWriter, r *http.Request) bool {
					return answer(w, c.status, c.body, c.header...)
				}})
				e, _ := inBubble(t, settings("openai"), direct{"localhost": s})
				begin := time.Now()
				_, _, err := embed(t, e, within(t, time.Minute), texts(3))
				took := time.Since(begin)
				if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want %q", err, c.want)
				}
				if c.err != teacher.ErrStop && took != 58*time.Second || c.err == teacher.ErrStop && took != 0 {
					t.Errorf("took %v", took)
				}
				if s.Requests() > c.max {
					t.Errorf("%d requests", s.Requests())
				}
			})
		})
	}
}

// A server that never answers, and a host that gives up.
func TestSilence(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := apitest.New("openai", apitest.Options{Trouble: func(_ int, _ http.ResponseWriter, r *http.Request) bool {
			<-r.Context().Done()
			return true
		}})
		e, _ := inBubble(t, settings("openai"), direct{"localhost": s})
		_, _, err := embed(t, e, within(t, time.Minute), texts(3))
		if !errors.Is(err, teacher.ErrUnavailable) || !strings.Contains(err.Error(), "localhost: no answer in time") {
			t.Error(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { time.Sleep(time.Second); cancel() }() // the bubble's clock
		if _, _, err = embed(t, e, ctx, texts(3)); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// What a failed call has got is not asked and paid for again.
func TestKept(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var down atomic.Bool
		s := apitest.New("openai", apitest.Options{Trouble: func(n int, w http.ResponseWriter, _ *http.Request) bool {
			return n > 4 && down.Load() && answer(w, 503, "")
		}})
		c := settings("openai")
		c.MaxRows = 10
		e, _ := inBubble(t, c, direct{"localhost": s})
		down.Store(true)
		if _, _, err := embed(t, e, within(t, time.Minute), texts(100)); !errors.Is(err, teacher.ErrBusy) {
			t.Fatal(err)
		}
		if s.Texts() != 44 { // four probes
			t.Fatalf("%d texts", s.Texts())
		}
		down.Store(false)
		dst, rows, err := embed(t, e, within(t, time.Minute), texts(100))
		if err != nil || s.Texts() != 104 {
			t.Fatalf("%v, %d texts", err, s.Texts())
		}
		for i := range rows {
			one, _, err := embed(t, e, t.Context(), texts(100)[i:i+1])
			if err != nil || cosine(one, dst[i*64:(i+1)*64]) < 0.999999 {
				t.Errorf("text %d: %v", i, err)
			}
		}
	})
}

// The limits a user names are kept without the service having to say so.
func TestPace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := apitest.New("openai", apitest.Options{})
		c := settings("openai")
		c.MaxRows, c.RequestsPerMinute = 10, 60
		e, _ := inBubble(t, c, direct{"localhost": s})
		begin := time.Now()
		if _, _, err := embed(t, e, within(t, time.Minute), texts(300)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took != 30*time.Second { // 30 and a probe, the first at once
			t.Errorf("took %v", took)
		}

		c.RequestsPerMinute, c.TokensPerMinute = 0, 6000
		e, _ = inBubble(t, c, direct{"localhost": s})
		begin = time.Now()
		dense := make([]string, 5000) // two tokens to four bytes, more than is reckoned with at first
		for i := range dense {
			dense[i] = fmt.Sprintf("%04d", i)
		}
		_, rows, err := embed(t, e, within(t, time.Hour), dense)
		if err != nil {
			t.Fatal(err)
		}
		tokens := 0
		for _, r := range rows {
			tokens += r.Tokens
		}
		a, b := time.Duration(float64(tokens)*0.8)*time.Second/100, time.Duration(float64(tokens)*1.3)*time.Second/100
		if took := time.Since(begin); took < a || took > b {
			t.Errorf("%d tokens at 100 a second took %v", tokens, took)
		}

		c.RequestsPerMinute, c.TokensPerMinute = 1, 0 // less than one call
		e, _ = inBubble(t, c, direct{"localhost": s})
		before := s.Requests()
		_, _, err = embed(t, e, within(t, 30*time.Second), texts(20))
		if !errors.Is(err, teacher.ErrBusy) || !strings.Contains(err.Error(), "the limit a minute is used up") || s.Requests() > before+1 {
			t.Errorf("%v, %d requests", err, s.Requests()-before)
		}
		client, _ := e.client()
		if _, rest, _ := client.endpoints[0].state(time.Now()); rest > 0 { // which was not at fault
			t.Errorf("the endpoint rests for %v", rest)
		}
	})
}

// A service that says with an answer that it was the last is not asked for more.
func TestExhausted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := apitest.New("openai", apitest.Options{Requests: 3, Window: 20 * time.Second, Trouble: func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("X-Ratelimit-Remaining-Requests", "0")
			w.Header().Set("X-Ratelimit-Reset-Requests", "20s")
			return false
		}})
		c := settings("openai")
		c.MaxRows, c.Concurrency = 10, 1
		e, log := inBubble(t, c, direct{"localhost": s})
		begin := time.Now()
		if _, _, err := embed(t, e, within(t, time.Hour), texts(20)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took != 40*time.Second || strings.Contains(log.String(), "429") {
			t.Errorf("took %v\n%s", took, log)
		}
	})
}

// What the server says of itself spares requests that it would refuse.
func TestServersOwnLimit(t *testing.T) {
	s := apitest.New("tei", apitest.Options{MaxRows: 20})
	c := settings("tei")
	c.MaxRows = 32
	e, _ := start(t, c, direct{"localhost": s})
	if _, _, err := embed(t, e, t.Context(), texts(100)); err != nil || s.Requests() != 7 { // /info, the probes, 5 × 20
		t.Errorf("%v, %d requests", err, s.Requests())
	}
}

// Concurrency grows to what the service bears and no further.
func TestConcurrency(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const bears = 6
		var inside atomic.Int32
		refused := 0
		slow := func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			defer inside.Add(-1)
			if inside.Add(1) > bears {
				refused++
				return answer(w, 429, "{}", "Retry-After-Ms", "100")
			}
			time.Sleep(100 * time.Millisecond) // the bubble's clock
			return false
		}
		s := apitest.New("openai", apitest.Options{Trouble: slow})
		c := settings("openai")
		c.MaxRows, c.Concurrency = 1, 32
		e, _ := inBubble(t, c, direct{"localhost": s})
		if _, _, err := embed(t, e, within(t, time.Hour), texts(1000)); err != nil {
			t.Fatal(err)
		}
		if s.Peak() < bears {
			t.Errorf("never more than %d at a time", s.Peak())
		}
		if refused > 150 {
			t.Errorf("%d of %d requests refused", refused, s.Requests())
		}
	})
}

// Where there is one text a service does not accept, in any place of any
// number, that one is refused and no other.
func TestBisect(t *testing.T) {
	s := apitest.New("openai", apitest.Options{})
	e, _ := start(t, settings("openai"), direct{"localhost": s})
	for n := 1; n <= 9; n++ {
		for bad := range n {
			all := texts(n)
			all[bad] = apitest.Unwanted
			_, rows, err := embed(t, e, t.Context(), all)
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range rows {
				if (i == bad) != (r.Code == "refused") {
					t.Errorf("%d of %d: text %d: %+v", bad, n, i, r)
				}
			}
		}
	}
	if err := e.Embed(t.Context(), []string{apitest.Unwanted}, make([]float32, 64)); !errors.Is(err, errInput) {
		t.Error(err)
	}
	_, rows, err := embed(t, e, t.Context(), []string{"", "x"})
	if err != nil || rows[0].Code != "empty" || rows[1].Err != nil {
		t.Error(rows, err)
	}
}

// A service that suddenly refuses everything is not taken for many bad texts.
func TestRefusesAll(t *testing.T) {
	s := apitest.New("openai", apitest.Options{Trouble: func(n int, w http.ResponseWriter, _ *http.Request) bool {
		return n > 1 && answer(w, 400, `{"error":{"code":"unsupported_value"}}`)
	}})
	c := settings("openai")
	c.MaxRows, c.Concurrency = 10, 1
	e, _ := start(t, c, direct{"localhost": s})
	_, _, err := embed(t, e, t.Context(), texts(100))
	if !errors.Is(err, teacher.ErrStop) || !strings.Contains(err.Error(), "400 Bad Request (unsupported_value); nor does it accept a probe text, as it did before") {
		t.Error(err)
	}
	if s.Requests() > 60 {
		t.Errorf("%d requests", s.Requests())
	}
}

// A vector that is none is its text's fault, not the batch's.
func TestBadVectors(t *testing.T) {
	reply := `{"data":[{"index":1,"embedding":[0,0]},{"index":0,"embedding":[3,4]},{"index":2,"embedding":"AADAfwAAgD8="}],"usage":{"total_tokens":9}}`
	probes := `{"data":[{"embedding":[1,0]},{"embedding":[1,1]},{"embedding":[0,1]},{"embedding":[2,1]}]}`
	s := apitest.New("openai", apitest.Options{Trouble: func(n int, w http.ResponseWriter, _ *http.Request) bool {
		return answer(w, 200, []string{probes, reply}[min(n, 1)])
	}})
	c := settings("openai")
	c.Dims = 2
	e, _ := start(t, c, direct{"localhost": s})
	dst, rows, err := embed(t, e, t.Context(), []string{"a", "b", "c"})
	if err != nil || fmt.Sprint(dst[:2]) != "[0.6 0.8]" || rows[0].Err != nil || rows[1].Code != "bad_vector" || rows[2].Code != "bad_vector" {
		t.Errorf("%v %+v %v", dst, rows, err)
	}
}

// Later in the run the service's own words are not shown: they may quote a text.
func TestWords(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := apitest.New("openai", apitest.Options{Trouble: func(n int, w http.ResponseWriter, _ *http.Request) bool {
			return n > 0 && answer(w, 404, `{"error":{"message":"secret dialogue and `+canary+`","code":"model_not_found"}}`)
		}})
		e, log := inBubble(t, settings("openai"), direct{"localhost": s})
		_, _, err := embed(t, e, within(t, time.Minute), []string{"secret dialogue"})
		if !errors.Is(err, teacher.ErrStop) || !strings.HasSuffix(err.Error(), "localhost: 404 Not Found (model_not_found): no such address or no such model") {
			t.Error(err)
		}
		if strings.Contains(log.String(), "dialogue") || strings.Contains(log.String(), canary) {
			t.Error(log.String())
		}
	})
}
