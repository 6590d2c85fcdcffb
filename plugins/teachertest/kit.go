package teachertest

import (
	"context"
	"fmt"
	"sync"

	"github.com/cubeset/cubeset/plugins"
	"github.com/cubeset/cubeset/sdk/checklist"
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

// checks is every check, in order.
func checks() []checklist.Check[*kit] {
	return []checklist.Check[*kit]{
		{Name: "by-hand", Rules: []string{"1.2"}, Run: byHand},
		{Name: "start", Rules: []string{"1.3", "1.4", "1.5", "1.6"}, Gate: true, Run: start},
		{Name: "environment", Rules: []string{"1.1"}, Run: environment},
		{Name: "handshake", Rules: []string{"1.3", "1.4"}, Level: 1, Gate: true, Run: handshakes},
		{Name: "tls", Rules: []string{"1.4"}, Level: 2, Run: strangers},
		{Name: "describe", Rules: []string{"1.6", "2.1"}, Level: 2, Gate: true, Run: describe},
		{Name: "shape", Rules: []string{"2.2"}, Level: 3, Gate: true, Run: shape},
		{Name: "values", Rules: []string{"2.2"}, Level: 4, Gate: true, Run: values},
		{Name: "normalised", Rules: []string{"2.1"}, Level: 5, Run: normalised},
		{Name: "different", Rules: []string{"2.2"}, Level: 5, Run: different},
		{Name: "order", Rules: []string{"2.2"}, Level: 5, Run: order},
		{Name: "batches", Rules: []string{"2.6"}, Level: 5, Run: batches},
		{Name: "determinism", Rules: []string{"2.1"}, Level: 5, Run: determinism},
		{Name: "unicode", Rules: []string{"2.2", "3.2"}, Level: 5, Run: unicodes},
		{Name: "empty", Rules: []string{"2.6", "3.2"}, Level: 5, Run: empty},
		{Name: "long", Rules: []string{"2.2"}, Level: 5, Run: long},
		{Name: "rows", Rules: []string{"2.1", "2.4"}, Level: 5, Run: rows},
		{Name: "message", Rules: []string{"2.4"}, Level: 5, Run: message},
		{Name: "unknown-fields", Rules: []string{"2"}, Level: 5, Run: unknownFields},
		{Name: "stream", Rules: []string{"2.7"}, Level: 5, Run: stream},
		{Name: "concurrency", Rules: []string{"2.5"}, Level: 5, Run: concurrency},
		{Name: "deadline", Rules: []string{"3.3"}, Level: 5, Run: deadline},
		{Name: "row-errors", Rules: []string{"2.3"}, Level: 5, Run: rowErrors},
		{Name: "secrecy", Rules: []string{"3.1", "4.1"}, Level: 5, Run: secrecy},
		{Name: "interrupt", Rules: []string{"5.1"}, Level: 2, Run: interrupt},
		{Name: "shutdown", Rules: []string{"5.1"}, Level: 2, Run: shutdown},
		{Name: "children", Rules: []string{"5.3"}, Level: 2, Run: children},
		{Name: "orphan", Rules: []string{"5.2"}, Level: 2, Run: orphan},
		{Name: "stdout", Rules: []string{"1.3"}, Level: 2, Run: stdout},
	}
}

// run does every check that makes sense. A check that fails costs the shared
// process, so that the next one finds a healthy teacher.
func (k *kit) run(ctx context.Context) Report {
	l := checklist.List[*kit]{
		Checks: checks(), Change: "find out why; its standard error may say more", Each: k.options.Each, Failed: k.drop,
	}
	r := Report{Checks: l.Run(ctx, k)}
	k.drop()
	if k.d.Name != "" {
		r.Teacher, r.EmbedID = k.d.Name, plugins.EmbedID(k.d)
	}
	return r
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
			return checklist.Broke(change, "%s, text %d gets another vector than before (cosine %.7f; determinism is %q)", when, i, cosine(v, want[i]), k.d.Determinism)
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
