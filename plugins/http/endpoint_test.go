package httpteacher

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cubeset/cubeset/plugins/http/apitest"
	"github.com/cubeset/cubeset/sdk/teacher"
)

// three are a teacher of three endpoints, each down when told so.
type three struct {
	servers [3]*apitest.Server
	down    [3]atomic.Bool
	net     direct
	config  Config
}

func newThree(space [3]int) *three {
	s := &three{net: direct{}, config: settings("openai")}
	s.config.URL, s.config.Endpoints, s.config.MaxRows = "http://a/v1", []string{"http://b/v1", "http://c/v1"}, 10
	s.config.KeyEnv = ""
	for i, host := range []string{"a", "b", "c"} {
		s.servers[i] = apitest.New("openai", apitest.Options{Space: space[i], Trouble: func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			return s.down[i].Load() && answer(w, 502, "")
		}})
		s.net[host] = s.servers[i]
	}
	return s
}

// The first endpoint does the work; when it fails, the next one that is the
// same model; when it is back, it again.
func TestEndpoints(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newThree([3]int{})
		e, log := inBubble(t, s.config, s.net)
		do := func() {
			t.Helper()
			if _, _, err := embed(t, e, within(t, time.Minute), texts(50)); err != nil {
				t.Fatal(err)
			}
		}
		count := func(want ...int) {
			t.Helper()
			for i, n := range want {
				if got := s.servers[i].Texts(); got != n {
					t.Errorf("endpoint %d embedded %d texts, want %d", i, got, n)
				}
			}
		}
		do()
		count(54, 0, 0) // the others are not even asked
		s.down[0].Store(true)
		do()
		count(54, 54, 0)
		s.down[1].Store(true)
		do()
		count(54, 54, 54)
		s.down[0].Store(false)
		time.Sleep(time.Minute) // the bubble's clock: it has rested
		do()
		count(104, 54, 54)
		for _, want := range []string{"texts now go to endpoint http://b/v1", "texts now go to endpoint http://c/v1", "texts now go to endpoint http://a/v1"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("not said: %s\n%s", want, log)
			}
		}
	})
}

// An endpoint that is another model is never used, and all others being down
// is no reason to.
func TestOtherSpace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newThree([3]int{0, 1, 0})
		e, log := inBubble(t, s.config, s.net)
		if _, _, err := embed(t, e, within(t, time.Minute), texts(5)); err != nil {
			t.Fatal(err)
		}
		s.down[0].Store(true)
		s.down[2].Store(true)
		_, _, err := embed(t, e, within(t, time.Minute), texts(50)) // five requests at a time
		if err == nil || errors.Is(err, teacher.ErrStop) {          // they may come back
			t.Error(err)
		}
		if s.servers[1].Texts() != 4 {
			t.Errorf("the other model embedded %d texts", s.servers[1].Texts())
		}
		if !strings.Contains(log.String(), "endpoint http://b/v1 is not used any more: b is not the same model: the least cosine of 4 probe texts is") {
			t.Error(log)
		}
		if strings.Count(log.String(), "not used any more") != 1 {
			t.Errorf("said more than once:\n%s", log)
		}
		s.down[2].Store(false)
		if _, _, err := embed(t, e, within(t, time.Minute), texts(5)); err != nil || s.servers[2].Texts() != 9 {
			t.Error(err, s.servers[2].Texts())
		}
	})
}

// An endpoint that hangs does not take the whole call.
func TestHangingEndpoint(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newThree([3]int{})
		s.net["a"] = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		e, _ := inBubble(t, s.config, s.net)
		begin := time.Now()
		if _, _, err := embed(t, e, within(t, time.Minute), texts(5)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took != timeoutSeveral {
			t.Errorf("took %v", took)
		}
	})
}

// If the first is away at the start, the next is what the others are held
// against; if none can be used, it is said why.
func TestNoEndpoint(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newThree([3]int{})
		delete(s.net, "a")
		e, _ := inBubble(t, s.config, s.net)
		if _, _, err := embed(t, e, within(t, time.Minute), texts(5)); err != nil || s.servers[1].Texts() != 9 {
			t.Error(err, s.servers[1].Texts())
		}
		s.config.Model = "else"
		s.net["a"] = s.servers[0]
		e, _ = inBubble(t, s.config, s.net)
		_, _, err := embed(t, e, within(t, time.Minute), texts(5))
		if !errors.Is(err, teacher.ErrStop) || !strings.Contains(err.Error(), "404 Not Found (model_not_found): The model `else` does not exist") {
			t.Error(err)
		}
	})
}
