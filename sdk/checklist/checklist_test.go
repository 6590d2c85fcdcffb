package checklist

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	say := func(detail string, err error) func(context.Context, *int) (string, error) {
		return func(_ context.Context, calls *int) (string, error) { *calls++; return detail, err }
	}
	calls, cleared := 0, 0
	var each []string
	l := List[*int]{
		Change: "look", Failed: func() { cleared++ },
		Each: func(r Result) { each = append(each, r.Name) },
		Checks: []Check[*int]{
			{Name: "open", Gate: true, Run: say("fine", nil)},
			{Name: "should", Level: 1, Gate: true, Run: say("", FellShort("improve", "%d of %d", 1, 2))},
			{Name: "skips", Level: 2, Run: say("", Skip("nothing there"))},
			{Name: "wrapped", Level: 2, Gate: true, Run: say("", fmt.Errorf("with one: %w", &Fault{What: "bad", Change: "mend", Trace: []string{"f"}}))},
			{Name: "advised", Level: 2, Run: say("", advised{})},
			{Name: "plain", Run: say("", errors.New("broken"))},
			{Name: "behind", Level: 3, Run: say("", nil)},
		},
	}
	results := l.Run(t.Context(), &calls)
	var got []string
	for _, r := range results {
		got = append(got, fmt.Sprintf("%s %s %s/%s%v", r.Name, r.Status, r.Detail, r.Change, r.Trace))
	}
	want := []string{
		"open passed fine/[]", "should warned 1 of 2/improve[]", "skips skipped nothing there/[]", "wrapped failed with one: bad/mend[f]",
		"advised failed odd/ask[]", "plain failed broken/look[]", "behind skipped an earlier check failed/[]",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if calls != 6 || cleared != 3 || len(each) != 7 || Failures(results) != 3 {
		t.Errorf("%d calls, %d cleared, %d told, %d failures", calls, cleared, len(each), Failures(results))
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if r := l.Run(ended, &calls); len(r) != 0 {
		t.Errorf("cancelled: %v", r)
	}
}

type advised struct{}

func (advised) Error() string  { return "odd" }
func (advised) Advice() string { return "ask" }

func TestJUnit(t *testing.T) {
	var b strings.Builder
	if err := JUnit(&b, "a<b", "class", "PROTOCOL.md", []Result{
		{Name: "one", Status: Passed, Seconds: 0.5},
		{Name: "two", Rules: []string{"2.2", "2.6"}, Status: Failed, Detail: "seen & told", Change: "do", Trace: []string{"f<T>"}},
		{Name: "three", Status: Skipped, Detail: "no"},
		{Name: "four", Rules: []string{"1.3"}, Status: Warned, Detail: "odd", Change: "better"},
	}); err != nil {
		t.Fatal(err)
	}
	var s junitSuite
	if err := xml.Unmarshal([]byte(b.String()), &s); err != nil {
		t.Fatal(err)
	}
	if s.Name != "a<b" || s.Tests != 4 || s.Failures != 1 || s.Skipped != 1 || s.Time != "0.500" || s.Cases[0].Class != "class" ||
		s.Cases[1].Failure.Message != "seen & told" || s.Cases[1].Failure.Text != "do (PROTOCOL.md, 2.2, 2.6)\nin f<T>" || s.Cases[3].Out != "odd: better (PROTOCOL.md, 1.3)" {
		t.Errorf("%+v", s)
	}
}
