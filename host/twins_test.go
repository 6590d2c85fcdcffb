package host

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

func TestNearTwinsAreDroppedOnlyWhenAskedFor(t *testing.T) {
	long := "the parcel went by train from the harbour to the depot behind the old town hall and waits there for the courier of parcel number"
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, "{\"id\": \"a%d\", \"question\": \"Where is parcel %d, which was sent on day %d of the year?\", \"answer\": \"Today %s %d\"}\n", i, i, i*7, long, i)
		fmt.Fprintf(&b, "{\"id\": \"b%d\", \"question\": \"Where is parcel %d, which was sent on day %d of the year?\", \"answer\": \"Today %s %d, sir\"}\n", i, i, i*7, long, i)
	}
	c := testConfig(t, b.String())
	c.Preset = "none"
	if s := mustBuild(t, c); s.Kept != 80 {
		t.Errorf("kept %d of 80 different pairs", s.Kept)
	}
	c.Dedup, c.Out = "near", filepath.Join(t.TempDir(), "near")
	s := mustBuild(t, c)
	if n := s.Dropped["dedup/near"]; n < 36 || s.Kept+n != 80 {
		t.Errorf("dropped %d near twins, kept %d, want about 40 of 80 each", n, s.Kept)
	}
	again := c
	again.Workers, again.Out = 1, filepath.Join(t.TempDir(), "again")
	mustBuild(t, again)
	requireSame(t, promised(t, again.Out), promised(t, c.Out))

	for i := range 40 {
		found, err := Explain(c.Out, fmt.Sprintf("b%d", i))
		if err != nil {
			t.Fatal(err)
		}
		if x := found[0]; !x.Kept {
			if no := x.Verdicts[len(x.Verdicts)-1]; x.Twin != fmt.Sprintf("a%d", i) || no.By != "dedup" || no.Reason != "near" || *no.Score < 0.8 {
				t.Fatalf("b%d is said to repeat %q: %+v", i, x.Twin, no)
			}
			return
		}
	}
	t.Error("no near twin to explain")
}
