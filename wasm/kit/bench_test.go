package kit_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/wasm"
	"github.com/cubeset/cubeset/wasm/filters"
	"github.com/cubeset/cubeset/wasm/kit"
	"github.com/cubeset/cubeset/wasm/vectors"
)

func TestBench(t *testing.T) {
	length, _ := filters.Find("length")
	w := kit.Work{Rows: 300, Turns: 1, Batches: []int{1, 64, 1024}}
	speeds, err := kit.Bench(t.Context(), length.Module, kit.DefaultOptions(), w)
	if err != nil || len(speeds) != 3 {
		t.Fatalf("%v, %v", speeds, err)
	}
	for i, s := range speeds {
		if s.Batch != w.Batches[i] || s.RowNS <= 0 || s.RowPlainNS <= 0 || s.RowTicks < 1 || s.RowTicks > 100_000 || s.CallNS < s.RowNS || s.Metering != s.RowNS/s.RowPlainNS {
			t.Errorf("%+v", s)
		}
	}
	for _, c := range []struct {
		w    kit.Work
		want string
	}{
		{kit.Work{}, "rows: 0 is outside"}, {kit.Work{Rows: 1, Turns: 1}, "batches: none"},
		{kit.Work{Rows: 1, Turns: 1, Batches: []int{1 << 20}}, "batch: 1048576 is outside"},
	} {
		if _, err := kit.Bench(t.Context(), length.Module, kit.DefaultOptions(), c.w); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	o := kit.DefaultOptions()
	o.Config = []byte(`{"x":1}`)
	if _, err := kit.Bench(t.Context(), length.Module, o, w); !errors.Is(err, kit.ErrOptions) {
		t.Error(err)
	}
	var g *wasm.GuestError
	if _, err := kit.Bench(t.Context(), []byte("x"), kit.DefaultOptions(), w); !errors.As(err, &g) || g.Code != wasm.CodeCompile {
		t.Error(err)
	}
	if _, err := kit.Bench(t.Context(), vectors.Filtering(vectors.Trap()).Bytes(), kit.DefaultOptions(), w); !errors.As(err, &g) || g.Code != wasm.CodeTrap {
		t.Error(err)
	}
}
