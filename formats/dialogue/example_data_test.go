package dialogue

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// TestExampleData reads the data of the first example and checks what its
// README says of it.
func TestExampleData(t *testing.T) {
	in, err := Open(filepath.Join("..", "..", "examples", "01-first-dataset", "dialogues.jsonl"), DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var (
		p                         = in.Parser()
		records, good             int
		short, long, echo, double []int64
		skips                     []string
		seen                      = map[string]int64{}
		langs                     = map[string]int{}
	)
	for r, err := range in.Records() {
		if err != nil {
			t.Fatal(err)
		}
		records++
		p.Pairs(r, func(p *Pair) {
			key := Fold(p.Question) + "\x00" + Fold(p.Answer)
			n := utf8.RuneCountInString(p.Answer)
			switch {
			case n < 10:
				short = append(short, p.Line)
			case n > 1024:
				long = append(long, p.Line)
			case strings.HasPrefix(Fold(p.Question), Fold(p.Answer)):
				echo = append(echo, p.Line)
			case seen[key] > 0:
				double = append(double, seen[key], p.Line)
			case strings.HasPrefix(p.ID, "bad-topic"):
			default:
				good++
				langs[p.Lang]++
			}
			seen[key] = p.Line
		}, func(s Skip) { skips = append(skips, fmt.Sprintf("%d %s", s.Line, s.Reason)) })
	}
	got := fmt.Sprint(records, " records ", good, " good short ", short, " long ", long, " echo ", echo, " double ", double, " skips ", skips)
	want := "234 records 263 good short [41 159] long [107] echo [61 195] double [9 138 133 234] skips [92 json 186 empty 218 no_pair]"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, lang := range []string{"ru", "es", "de", "zh", "ar"} {
		if langs[lang] == 0 {
			t.Errorf("nothing in %s", lang)
		}
	}
}
