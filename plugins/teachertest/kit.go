package teachertest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cubeset/cubeset/plugins"
	"github.com/cubeset/cubeset/sdk/teacher"
)

// few is how many sentences show that a teacher still works.
const few = 3

// kit is one teacher under test.
type kit struct {
	spec    plugins.Spec
	options Options
	dir     string // of all sockets

	shared  *session // the process that most checks share; nil = the next one starts it
	d       teacher.Description
	refer   []vector // of sentences, what every other answer is held against
	witness witness  // hears what all processes say
	spoke   int64    // bytes on standard output after the handshake lines

	mu    sync.Mutex
	codes []string // of the rows that were refused
}

// check is one line of the report.
type check struct {
	name  string
	rules []string
	level int  // gates before it that must have been passed
	gate  bool // the checks of higher levels make no sense without it
	run   func(context.Context, *kit) (detail string, err error)
}

// checks is every check, in order.
func checks() []check {
	return []check{
		{"by-hand", []string{"1.2"}, 0, false, byHand},
		{"start", []string{"1.3", "1.4", "1.5", "1.6"}, 0, true, start},
		{"environment", []string{"1.1"}, 0, false, environment},
		{"handshake", []string{"1.3", "1.4"}, 1, true, handshakes},
		{"tls", []string{"1.4"}, 2, false, strangers},
		{"describe", []string{"1.6", "2.1"}, 2, true, describe},
		{"shape", []string{"2.2"}, 3, true, shape},
		{"values", []string{"2.2"}, 4, true, values},
		{"normalised", []string{"2.1"}, 5, false, normalised},
		{"different", []string{"2.2"}, 5, false, different},
		{"order", []string{"2.2"}, 5, false, order},
		{"batches", []string{"2.6"}, 5, false, batches},
		{"determinism", []string{"2.1"}, 5, false, determinism},
		{"unicode", []string{"2.2", "3.2"}, 5, false, unicodes},
		{"empty", []string{"2.6", "3.2"}, 5, false, empty},
		{"long", []string{"2.2"}, 5, false, long},
		{"rows", []string{"2.1", "2.4"}, 5, false, rows},
		{"message", []string{"2.4"}, 5, false, message},
		{"unknown-fields", []string{"2"}, 5, false, unknownFields},
		{"stream", []string{"2.7"}, 5, false, stream},
		{"concurrency", []string{"2.5"}, 5, false, concurrency},
		{"deadline", []string{"3.3"}, 5, false, deadline},
		{"row-errors", []string{"2.3"}, 5, false, rowErrors},
		{"secrecy", []string{"3.1", "4.1"}, 5, false, secrecy},
		{"interrupt", []string{"5.1"}, 2, false, interrupt},
		{"shutdown", []string{"5.1"}, 2, false, shutdown},
		{"children", []string{"5.3"}, 2, false, children},
		{"orphan", []string{"5.2"}, 2, false, orphan},
		{"stdout", []string{"1.3"}, 2, false, stdout},
	}
}

// run does every check that makes sense. A check that fails costs the shared
// process, so that the next one finds a healthy teacher.
func (k *kit) run(ctx context.Context) Report {
	var r Report
	passed := 0
	for _, c := range checks() {
		began := time.Now()
		result := Result{Name: c.name, Rules: c.rules, Status: Skipped, Detail: "an earlier check failed"}
		if ctx.Err() != nil {
			break
		}
		if c.level <= passed {
			detail, err := c.run(ctx, k)
			result.tell(detail, err)
			if result.Status == Failed {
				k.drop()
			} else if c.gate {
				passed++
			}
		}
		result.Seconds = time.Since(began).Seconds()
		r.Checks = append(r.Checks, result)
		if k.options.Each != nil {
			k.options.Each(result)
		}
	}
	k.drop()
	if k.d.Name != "" {
		r.Teacher, r.EmbedID = k.d.Name, plugins.EmbedID(k.d)
	}
	return r
}

// errSkip is a check that has nothing to look at.
type errSkip string

func (e errSkip) Error() string { return string(e) }

func (r *Result) tell(detail string, err error) {
	r.Status, r.Detail = Passed, detail
	if err == nil {
		return
	}
	r.Status, r.Detail = Failed, err.Error()
	r.Change = "find out why; its standard error may say more"
	var skip errSkip
	var f *fault
	var no refusal
	switch {
	case errors.As(err, &no):
		r.Change = "embed such texts, or refuse single ones with a RowError: the host stops at most codes"
	case errors.As(err, &skip):
		r.Status, r.Change = Skipped, ""
	case errors.As(err, &f):
		if r.Change = f.change; f.should {
			r.Status = Warned
		}
	}
}

// session returns the process that most checks share.
func (k *kit) session(ctx context.Context) (*session, error) {
	if k.shared == nil {
		s, err := k.open(ctx, opening{})
		if err != nil {
			return nil, err
		}
		k.shared = s
	}
	if k.refer != nil && k.shared.first == nil {
		r, err := k.shared.embed(ctx, sentences()[:few], few)
		if err != nil {
			return nil, err
		}
		k.shared.first = r.vectors
	}
	return k.shared, nil
}

// goesOn says whether s still embeds as it did at first.
func (k *kit) goesOn(ctx context.Context, s *session, when string) error {
	r, err := s.embed(ctx, sentences()[:few], few)
	if err != nil {
		return fmt.Errorf("%s: %w", when, err)
	}
	return k.equal(r.vectors, s.first, when, "let no call change what later calls get")
}

// equal holds vectors against those of the same texts.
func (k *kit) equal(got, want []vector, when, change string) error {
	for i, v := range got {
		if !same(v, want[i], k.d.Determinism) {
			return broke(change, "%s, text %d gets another vector than before (cosine %.7f; determinism is %q)", when, i, cosine(v, want[i]), k.d.Determinism)
		}
	}
	return nil
}

func (k *kit) drop() {
	if k.shared != nil {
		k.shared.end()
		k.shared = nil
	}
}
