package vectors

import (
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const partBytesMax = 64 << 10 // a vector is to be read by people too

func TestIndexNamesEveryFile(t *testing.T) {
	x, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, v := range x.Vectors {
		if named[v.File] || len(v.Rules) == 0 || v.About == "" {
			t.Errorf("%s is there twice, or says nothing of itself", v.File)
		}
		named[v.File] = true
		if good := strings.HasPrefix(v.File, "good/"); good != (v.Verdict == Good) || !good && len(v.Rules) != 1 {
			t.Errorf("%s: verdict %s, rules %v", v.File, v.Verdict, v.Rules)
		}
		b, err := Files.ReadFile(v.File)
		if err != nil || len(b) > partBytesMax {
			t.Errorf("%s: %d bytes, %v", v.File, len(b), err)
		}
	}
	for _, dir := range []string{"good", "bad"} {
		es, err := fs.ReadDir(Files, dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			if !named[dir+"/"+e.Name()] {
				t.Errorf("%s/%s is not in the index", dir, e.Name())
			}
		}
	}
}

// Each rule of the specification points to its vectors, and only to those.
func TestSpecificationPointsToEveryVector(t *testing.T) {
	spec, err := os.ReadFile("../SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	x, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	for _, v := range x.Vectors {
		for _, r := range v.Rules {
			name, _, _ := strings.Cut(v.File, "-")
			want[r] = append(want[r], name)
		}
	}
	got := pointers(string(spec))
	for _, r := range slices.Sorted(maps.Keys(want)) {
		if g, ok := got[r]; !ok {
			t.Errorf("rule %s is not in SPEC.md, %v are", r, want[r])
		} else if slices.Sort(want[r]); !slices.Equal(g, want[r]) {
			t.Errorf("rule %s points to %v, want %v", r, g, want[r])
		}
	}
	for r, g := range got {
		if want[r] == nil && g != nil {
			t.Errorf("rule %s points to %v, which are not its own", r, g)
		}
	}
}

var (
	heading = regexp.MustCompile(`^#+ ([0-9]+(?:\.[0-9]+)*)\.? `)
	item    = regexp.MustCompile(`^([0-9]+)\. `)
	pointer = regexp.MustCompile(`\b(good|bad)/[0-9]+`)
)

// pointers are the vectors named by each rule: item 3 under the heading 2.2 is
// the rule 2.2.3.
func pointers(spec string) map[string][]string {
	rules := map[string][]string{}
	section, rule := "", ""
	for line := range strings.Lines(spec) {
		if m := heading.FindStringSubmatch(line); m != nil {
			section, rule = m[1], ""
		} else if m := item.FindStringSubmatch(line); m != nil && section != "" {
			rule = section + "." + m[1]
			rules[rule] = nil
		}
		if rule != "" {
			rules[rule] = append(rules[rule], pointer.FindAllString(line, -1)...)
			slices.Sort(rules[rule])
		}
	}
	return rules
}
