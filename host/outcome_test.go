package host

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/cubeset/cubeset/host/internal/fsx"
)

func TestTheJournalGivesBackWhatItWasTold(t *testing.T) {
	o := &outdir{fs: fsx.Quick{}, dir: t.TempDir()}
	if err := o.fs.MkdirAll(o.journalDir(), 0o755); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		score := rapid.OneOf(rapid.Float32(), rapid.Just(float32(math.NaN())))
		text := rapid.String()
		want := outcome{
			Key: "k", Read: rapid.Int64().Draw(rt, "read"),
			Lines: rapid.SliceOfN(rapid.SliceOf(rapid.Int64()), 0, 3).Draw(rt, "lines"),
			Rejects: rapid.SliceOf(rapid.Custom(func(rt *rapid.T) reject {
				return reject{text.Draw(rt, "id"), text.Draw(rt, "q"), text.Draw(rt, "a"), text.Draw(rt, "source"), rapid.Int64().Draw(rt, "line"),
					text.Draw(rt, "filter"), text.Draw(rt, "reason"), score.Draw(rt, "score"), rapid.SliceOf(score).Draw(rt, "scores")}
			})).Draw(rt, "rejects"),
		}
		want.Rejected = len(want.Rejects)
		if err := o.save(&want); err != nil {
			rt.Fatal(err)
		}
		got, err := o.read("k", true)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func FuzzRecordBody(f *testing.F) {
	c := outcome{Lines: [][]int64{{1, 2, 5}, {}}, Rejects: []reject{{ID: "a", Question: "q", Line: 3, Score: 1, Scores: []float32{1, 2}}}}
	f.Add(c.appendBody(nil), 1)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, 0)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		c := outcome{Rejected: n}
		err := c.readBody(b)
		if err != nil && !errors.Is(err, errRecord) {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		var again outcome
		again.Rejected = n
		if err := again.readBody(c.appendBody(nil)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, again, cmpopts.EquateEmpty(), cmpopts.EquateNaNs(), cmp.AllowUnexported(outcome{})); diff != "" {
			t.Fatal(diff)
		}
	})
}
