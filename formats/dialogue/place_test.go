package dialogue

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// From any place between two records, whatever stands behind it by then, the
// same records come as in a read of the whole.
func TestReadingGoesOnFromAnyPlace(t *testing.T) {
	path := write(t, "talk", nil)
	type at struct {
		Raw   string
		Line  int64
		Skip  string
		Place Place
	}
	options := DefaultOptions()
	options.RecordBytesMax = 400
	open := func(t *rapid.T, content string) *Input {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		in, err := Open(path, options)
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	rest := func(t *rapid.T, in *Input) (all []at) {
		for r, err := range in.Records() {
			if err != nil {
				t.Fatal(err)
			}
			p, ok := in.Here()
			if !ok {
				t.Fatalf("no place in a file of format %s", in.Format())
			}
			all = append(all, at{string(r.Raw), r.Line, r.Skip, p})
		}
		return all
	}
	rapid.Check(t, func(t *rapid.T) {
		options.Format = rapid.SampledFrom([]string{"jsonl", "csv", "tsv"}).Draw(t, "format")
		lines := rapid.SliceOfN(rapid.OneOf(
			rapid.StringMatching(`[a-z",\t \r]{0,20}`),
			rapid.SampledFrom([]string{"", "a,b", "a\tb", `"open, and`, `"a ""quoted"" one",b`, strings.Repeat("long ", 200), "\x1f\x8b and so on", "(\xb5/\xfd"}),
		), 1, 30).Draw(t, "lines")
		content := "\xEF\xBB\xBFquestion,answer\n" + strings.Join(lines, "\n")
		if options.Format == "tsv" {
			content = strings.Replace(content, ",", "\t", 1)
		}
		in := open(t, content)
		whole := rest(t, in)
		in.Close()
		if len(whole) < 2 {
			return
		}
		i := rapid.IntRange(0, len(whole)-2).Draw(t, "record")

		in = open(t, content+rapid.SampledFrom([]string{"", "\n", "more\nand more"}).Draw(t, "appended"))
		defer in.Close()
		want := rest(t, in)[i+1:]
		if err := in.GoTo(whole[i].Place); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, rest(t, in)); diff != "" {
			t.Fatalf("from %+v on: %s", whole[i].Place, diff)
		}
		if in.Bytes() != in.Size() {
			t.Fatalf("it says %d bytes were read of %d", in.Bytes(), in.Size())
		}
	})
}

func TestNoPlaceWhereReadingCannotBegin(t *testing.T) {
	jsonl := []byte(`{"question":"a","answer":"b"}` + "\n")
	for name, content := range map[string][]byte{
		"packed.jsonl.gz": packGzip(t, jsonl),
		"array.json":      append(append([]byte{'['}, bytes.TrimSpace(jsonl)...), ']'),
		"blocks.txt":      []byte("Q: a\nA: b\n"),
	} {
		in, err := Open(write(t, name, content), DefaultOptions())
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := in.Here(); ok {
			t.Errorf("%s: it has a place", name)
		}
		var e *Error
		if err := in.GoTo(Place{4, 1}); !errors.As(err, &e) {
			t.Errorf("%s: GoTo: %v", name, err)
		}
		in.Close()
	}
}
