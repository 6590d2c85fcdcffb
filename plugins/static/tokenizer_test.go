package static

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTokenizerRefuses(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{`[]`, "cannot unmarshal"},
		{`{"normalizer":{"type":"Nmt"}}`, `normalizer: type "Nmt" is not supported`},
		{`{"normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace","pattern":{"Regex":"a|b"}}]}}`, `normalizer: 2: replace: the expression "a|b" is not supported`},
		{`{"normalizer":{"type":"Precompiled","precompiled_charsmap":"AAE="}}`, "cut short"},
		{`{"normalizer":{"type":"Precompiled","precompiled_charsmap":"/////w=="}}`, "the trie is longer than the table"},
		{`{"pre_tokenizer":{"type":"Split"}}`, `pre_tokenizer: type "Split" is not supported`},
		{`{"pre_tokenizer":{"type":"Punctuation","behavior":"Removed"}}`, `behavior "Removed" is not supported`},
		{`{"model":{"type":"WordLevel"}}`, "model: vocab"},
		{`{"model":{"type":"WordPiece","vocab":{"a":-1}}}`, "token id -1 is outside"},
		{`{"model":{"type":"WordPiece","vocab":{"a":1000000}}}`, "1 tokens with ids up to 1000000"},
		{`{"model":{"type":"Unigram","vocab":[["a",0]],"unk_id":1}}`, "unk_id: 1 of 1 pieces"},
		{`{"model":{"type":"Unigram","vocab":[["a"]]}}`, "vocab: 0"},
		{`{"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}`, "merges: 0: of or to a token that is not in the vocabulary"},
		{`{"model":{"type":"BPE","vocab":{"a":0},"merges":["a"]}}`, "merges: 0: want two tokens"},
		{`{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}}`, "dropout"},
		{`{"model":{"type":"WordLevel","vocab":{}}}`, "no tokens"},
		{`{"model":{"type":"Magic","vocab":{"a":0}}}`, `type "Magic" is not supported`},
		{`{"model":{"type":"WordLevel","vocab":{"a":0}},"added_tokens":[{"id":0,"content":""}]}`, "added_tokens: an empty one"},
	} {
		_, err := parseTokenizer([]byte(c.file))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.file, err, c.want)
		}
	}
}

func TestSplitters(t *testing.T) {
	for _, c := range []struct {
		splitter, text string
		want           []string
	}{
		{`{"type":"Metaspace"}`, "a  b", []string{"▁a", "▁", "▁b"}},
		{`{"type":"Metaspace","prepend_scheme":"never"}`, "a b", []string{"a", "▁b"}},
		{`{"type":"Metaspace","add_prefix_space":false,"replacement":"_"}`, " a b", []string{"_a", "_b"}},
		{`{"type":"Metaspace","prepend_scheme":"first","split":false}`, "a b", []string{"▁a▁b"}},
		{`{"type":"ByteLevel","add_prefix_space":false}`, "a  b12's é\n\n", []string{"a", "Ġ", "Ġb", "12", "'s", "ĠÃ©", "ĊĊ"}},
		{`{"type":"ByteLevel","use_regex":false}`, "a b", []string{"ĠaĠb"}},
		{`{"type":"Whitespace"}`, "a_1?! b", []string{"a_1", "?!", "b"}},
		{`{"type":"Digits"}`, "a12b3", []string{"a", "12", "b", "3"}},
		{`{"type":"Digits","individual_digits":true}`, "a12b", []string{"a", "1", "2", "b"}},
		{`{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Metaspace","prepend_scheme":"first"}]}`, "a b", []string{"▁a", "b"}},
		{`null`, "a b", []string{"a b"}},
	} {
		s, err := parseSplitter(json.RawMessage(c.splitter))
		if err != nil {
			t.Fatal(c.splitter, err)
		}
		var got []string
		for _, w := range s.split(nil, []byte(c.text), true) {
			got = append(got, string(w))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.splitter, got, c.want)
		}
	}
}

// Each byte has a character of its own.
func TestVisible(t *testing.T) {
	seen := map[rune]bool{}
	for c := range 256 {
		r := visibleByte(byte(c))
		if seen[r] || r <= ' ' || r > 0x143 {
			t.Errorf("%#x is %q", c, r)
		}
		seen[r] = true
	}
}

func TestAdded(t *testing.T) {
	a := added{{ID: 1, Content: "<a>"}, {ID: 2, Content: "<a>b"}, {ID: 3, Content: "|", LStrip: true, RStrip: true}, {ID: 4, Content: "word", SingleWord: true}}
	a.sort()
	for _, c := range []struct {
		text string
		want []string
	}{
		{"x<a>y", []string{"x", "#1", "y"}},
		{"<a>b<a>", []string{"#2", "#1"}},
		{"x  |  y", []string{"x", "#3", "y"}},
		{"a word, words", []string{"a ", "#4", ", words"}},
		{"", nil},
	} {
		var got []string
		a.each([]byte(c.text), func(part []byte, id int32, _ bool) {
			if part == nil {
				part = []byte{'#', '0' + byte(id)}
			}
			got = append(got, string(part))
		})
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

// A trie that leads out of its table finds nothing.
func TestCharsmapDamaged(t *testing.T) {
	unit := func(u uint32) []byte { return binary.LittleEndian.AppendUint32(nil, u) }
	for _, trie := range [][]byte{unit(1000 << 10), slices.Concat(unit(0), slices.Repeat(unit('a'|1<<8|1<<30), 200)), nil} {
		n, err := parseCharsmap(slices.Concat(unit(uint32(len(trie))), trie, []byte("x")))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(n.normalize(nil, []byte("abc"))); got != "abc" {
			t.Errorf("%q", got)
		}
	}
}

// Whatever the file says, it is refused or gives tokens of its vocabulary.
func FuzzTokenizer(f *testing.F) {
	files, err := filepath.Glob("testdata/*/tokenizer.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, "The cat's 12 <mask> ticket\u0301 東京 \xff")
	}
	f.Fuzz(func(t *testing.T, file []byte, text string) {
		p, err := parseTokenizer(file)
		if err != nil || len(text) > 1000 {
			return
		}
		var s scratch
		p.tokens(&s, []byte(text))
		for _, id := range s.ids {
			if id != p.unknown && (id < 0 || int(id) >= len(p.vocabulary)) {
				t.Fatalf("token %d of %d", id, len(p.vocabulary))
			}
		}
	})
}
