package dialogue

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// TestMemory reads a line of 100 MB, or less if time is short, with a limit of
// 1 MiB.
func TestMemory(t *testing.T) {
	size := int64(100 << 20)
	if testing.Short() {
		size = 20 << 20
	}
	for _, c := range []struct{ format, before, after string }{
		{"jsonl", `{"id":"1","q":"q","a":"a"}` + "\n" + `{"id":"2","q":"`, `"}` + "\n" + `{"id":"3","q":"q","a":"a"}`},
		{"json", `[{"id":"1","q":"q","a":"a"},{"id":"2","q":"`, `"},{"id":"3","q":"q","a":"a"}]`},
		{"csv", "id,q,a\n1,q,a\n2,\"", "\",a\n3,q,a"},
		{"qa", "Q: q\nA: 1\nQ: ", "\nA: a\nQ: q\nA: 3"},
		{"flat", flatLine("q", "", "user", "q") + "\n" + flatLine("1", "q", "assistant", "a") + "\n" + `{"message_id":"`, "\"}\n" + flatLine("r", "", "user", "q") + "\n" + flatLine("3", "r", "assistant", "a")},
		{"transcript", "User: q\nBot: 1\n---\nUser: ", "\n---\nUser: q\nBot: 3"},
		{"eou", "q __eou__ 1\n", "\nq __eou__ 3"},
		{"yaml", "conversations:\n- - q\n  - '1'\n- - ", "\n- - q\n  - '3'"},
	} {
		o := DefaultOptions()
		o.Format, o.RecordBytesMax = c.format, 1<<20
		in := &Input{path: "x", options: o}
		src := io.MultiReader(strings.NewReader(c.before), io.LimitReader(letters{}, size), strings.NewReader(c.after))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := in.start(src); err != nil {
			t.Fatal(err)
		}
		ids, err := drain(in)
		runtime.ReadMemStats(&after)
		if want := []string{"1", "too_long", "3"}; err != nil || !cmp.Equal(ids, want) {
			t.Errorf("%s: %v, %v", c.format, ids, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
			t.Errorf("%s: %d bytes allocated", c.format, used)
		}
	}
}

// letters is a file of the letter a without end.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

// TestNoProgress has a reader that returns nothing for ever.
func TestNoProgress(t *testing.T) {
	in := &Input{path: "x", options: DefaultOptions()}
	in.options.Format = "jsonl"
	if err := in.start(iotest.ErrReader(nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := drain(in); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("error %v", err)
	}
}
