package dialogue

import (
	"bytes"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestYAMLText compares texts with those that a reader of all of YAML finds.
func TestYAMLText(t *testing.T) {
	for _, c := range []struct{ name, entry, want string }{
		{"plain", ` a b `, "a b"},
		{"plain with marks inside", ` a-b, {c} [d] & e* #f 'g' "h"`, `a-b, {c} [d] & e*`},
		{"plain with a colon inside", ` 10:30 a:b`, "10:30 a:b"},
		{"plain on lines", " a\n    b\n\n    c\n\n\n    d", "a b\nc\n\nd"},
		{"plain with a comment", " a # b", "a"},
		{"plain with a comment below", " a\n    # b", "a"},
		{"plain that looks like a number", " 1963", "1963"},
		{"dash before a word", " -a", "-a"},
		{"nothing", "", ""},
		{"null", " ~", ""},
		{"the word null", " null", ""},
		{"single quotes", ` 'it''s "so": # [x]'`, `it's "so": # [x]`},
		{"single quotes on lines", " 'a\n    b\n\n    c'", "a b\nc"},
		{"double quotes", ` "a\tb \"c\" \\ \/ \x41 \u0416 \U0001F642 \_ \N."`, "a\tb \"c\" \\ / A Ж 🙂 \u00a0 \u0085."},
		{"double quotes on lines", " \"a\n    b\\\n    c\n\n    d\"", "a bc\nd"},
		{"a comment behind quotes", ` "a" # b`, "a"},
		{"literal", " |\n    a\n      b\n\n    c\n", "a\n  b\n\nc"},
		{"literal with marks", " |\n    - a: 'b'\n    # c\n    [d\n", "- a: 'b'\n# c\n[d"},
		{"literal, strip", " |-\n    a\n    b\n\n", "a\nb"},
		{"folded", " >\n    a\n    b\n\n    c\n", "a b\nc"},
		{"folded with an indented part", " >-\n    a\n    b\n      c\n      d\n    e\n    f\n", "a b\n  c\n  d\ne f"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, fault := yamlText(nil, []byte(c.entry), 2)
			clean, _ := Text(string(got))
			if clean != c.want || fault != "" {
				t.Errorf("got %q, fault %q, want %q", clean, fault, c.want)
			}
			var all [][]any
			if err := yaml.Unmarshal([]byte("- - x\n  -"+c.entry+"\n"), &all); err != nil {
				t.Fatal(err)
			}
			if theirs, ok := all[0][1].(string); ok {
				if theirs, _ = Text(theirs); theirs != c.want {
					t.Errorf("YAML has it as %q, want %q", theirs, c.want)
				}
			}
		})
	}
	// The reader above refuses this, which PyYAML and YAML 1.2 do not.
	if out, fault := yamlText(nil, []byte(" |2+\n      a\n    b\n"), 2); string(out) != "  a\nb\n" || fault != "" {
		t.Errorf("%q, %q", out, fault)
	}
	if out := yamlFold(bytes.Repeat([]byte("a \\\n"), 10), '"'); len(out) != 10*2 {
		t.Errorf("%q", out)
	}
}

// TestYAMLTime has what makes readers of all of YAML slow.
func TestYAMLTime(t *testing.T) {
	const n = 1 << 20
	for _, s := range []string{"- ", "[", "{", "&a ", "!!x ", "' '", `"\"`, "# ", "\\", "  - x\n", "  - |\n"} {
		in, err := openBytes([]byte("conversations:\n- "+strings.Repeat(s, n/len(s))+"\n- - q\n  - a\n"), "yaml")
		if err != nil {
			t.Fatal(err)
		}
		if ids, err := drain(in); err != nil || len(ids) == 0 || ids[len(ids)-1] != "a" {
			t.Errorf("%q: %d, error %v", s, len(ids), err)
		}
	}
}
