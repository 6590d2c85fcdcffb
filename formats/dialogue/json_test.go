package dialogue

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestCheckJSON(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"a":[1,-0.5e+3,true,false,null,"x\u00e9\n"],"b":{}}`, ""},
		{" [ ] ", ""},
		{`0`, ""},
		{``, "unexpected end at byte 1"},
		{`{`, "unexpected end at byte 2"},
		{`{"a"`, "unexpected end at byte 5"},
		{`{"a":`, "unexpected end at byte 6"},
		{`{"a":1,`, "unexpected end at byte 8"},
		{`{"a" 1}`, "unexpected character at byte 6"},
		{`{"a":1 "b":2}`, "unexpected character at byte 8"},
		{`{a:1}`, "unexpected character at byte 2"},
		{`{"a":1,}`, "unexpected character at byte 8"},
		{`[1,]`, "unexpected character at byte 4"},
		{`[1}`, "unexpected character at byte 3"},
		{`[1] 2`, "unexpected character at byte 5"},
		{`NaN`, "unexpected character at byte 1"},
		{`-Infinity`, "unexpected character at byte 2"},
		{`tru`, "unexpected character at byte 1"},
		{`01`, "unexpected character at byte 2"},
		{`1.`, "unexpected end at byte 3"},
		{`+1`, "unexpected character at byte 1"},
		{`'a'`, "unexpected character at byte 1"},
		{`"a`, "unexpected end at byte 3"},
		{`"\x"`, "bad escape at byte 2"},
		{`"\u12g4"`, "bad escape at byte 2"},
		{`"\u12`, "bad escape at byte 2"},
		{`"\`, "unexpected end at byte 3"},
		{"\"a\nb\"", "control character in a string at byte 3"},
		{strings.Repeat("[", jsonDepthMax) + strings.Repeat("]", jsonDepthMax), ""},
		{strings.Repeat("[", jsonDepthMax+1), "nested deeper than 512 at byte 513"},
	} {
		var found members
		got := ""
		if f := checkJSON([]byte(c.in), &found); f != nil {
			got = f.String()
		}
		if got != c.want {
			t.Errorf("%.40q: got %q, want %q", c.in, got, c.want)
		}
	}
}

// FuzzCheckJSON compares checkJSON with encoding/json, and what the scanners
// then find with what encoding/json finds.
func FuzzCheckJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2,{"b":"\ud83d\ude00"}],"c":-1e5}`, ` [[],{}, "x" ,null]`, `{"\u0061":"\\"}`, `"\ud800"`, `[1,]`, "{\"a\":\"\\\"\"}\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var found members
		fault := checkJSON(b, &found)
		if fault != nil && strings.HasPrefix(fault.what, "nested") {
			return
		}
		if got, want := fault == nil, json.Valid(b); got != want {
			t.Fatalf("checkJSON(%q): %v, encoding/json says %v", b, got, want)
		}
		if fault != nil || !utf8.Valid(b) {
			return
		}
		i := skipSpace(b, 0)
		whole := valueOf(b, span{int32(i), int32(len(b) - trailing(b))})
		if end := valueEnd(b, i); end != len(b)-trailing(b) {
			t.Fatalf("valueEnd(%q) = %d", b, end)
		}
		sameValue(t, b, whole)
		if whole.kind == kindObject {
			s, n := newFieldScan(b, whole), 0
			for ; s.next(); n++ {
				key, value := valueOf(b, found.list[n].key), valueOf(b, found.list[n].value)
				key.plain, value.plain = s.key.plain, found.list[n].plain
				if key != s.key || value != s.value {
					t.Fatalf("%q: member %d differs: %v, %v", b, n, value, s.value)
				}
			}
			if n != len(found.list) {
				t.Fatalf("%q: %d fields, %d members", b, n, len(found.list))
			}
		}
	})
}

// sameValue compares what the scanners find in v with encoding/json.
func sameValue(t *testing.T, b []byte, v value) {
	switch v.kind {
	case kindString:
		text, ok := unescape(nil, v.of(b))
		var want string
		if err := json.Unmarshal(b[v.from-1:v.to+1], &want); err != nil {
			t.Fatal(err)
		}
		if plain := string(v.of(b)) == want && !strings.ContainsFunc(want, func(r rune) bool { return r >= 0x80 }); v.plain && !plain {
			t.Fatalf("%q is taken for plain", v.of(b))
		}
		if ok && string(text) != want || !ok && !strings.Contains(want, "\ufffd") {
			t.Fatalf("unescape(%q) = %q, %v, want %q", v.of(b), text, ok, want)
		}
	case kindArray:
		var want []json.RawMessage
		if err := json.Unmarshal(v.of(b), &want); err != nil {
			t.Fatal(err)
		}
		n := 0
		for s := newListScan(b, v); s.next(); n++ {
			sameValue(t, b, s.value)
		}
		if n != len(want) {
			t.Fatalf("%q: %d elements, want %d", v.of(b), n, len(want))
		}
	case kindObject:
		last := map[string]value{}
		for s := newFieldScan(b, v); s.next(); {
			sameValue(t, b, s.value)
			if key, ok := unescape(nil, s.key.of(b)); ok {
				last[string(key)] = s.value
			}
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(v.of(b), &want); err != nil {
			t.Fatal(err)
		}
		for key, value := range last {
			if raw := bytes.Trim(want[key], "\""); value.kind != kindString && !bytes.Equal(raw, value.of(b)) {
				t.Fatalf("%q: field %q is %q, want %q", v.of(b), key, value.of(b), raw)
			}
		}
	}
}

func TestUnescape(t *testing.T) {
	for _, c := range []struct {
		in, want string
		ok       bool
	}{
		{`plain`, "plain", true},
		{`\"\\\/\b\f\n\r\t`, "\"\\/\b\f\n\r\t", true},
		{`\u00e9\u4f60`, "é你", true},
		{`\ud83d\ude00!`, "😀!", true},
		{`\uFFFD`, "\ufffd", true},
		{`\ud800`, "", false},
		{`\udc00\ud800`, "", false},
		{`\ud800\ud800`, "", false},
		{`\ud800 \udc00`, "", false},
		{`a\ud83d\n`, "", false},
	} {
		got, ok := unescape(nil, []byte(c.in))
		if ok != c.ok || ok && string(got) != c.want {
			t.Errorf("unescape(%s) = %q, %v", c.in, got, ok)
		}
	}
}

// TestPlainEnd compares the search of eight bytes at once with the plain one.
func TestPlainEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte(`"\ a[]{}`+"\x1f\x20\x21\x23\x80\xa2\xdc"))), 0, 40).Draw(t, "bytes")
		want := bytes.IndexFunc(b, func(r rune) bool { return r == '"' || r == '\\' || r < 0x20 })
		if want < 0 {
			want = len(b)
		}
		ascii := !bytes.ContainsFunc(b[:want], func(r rune) bool { return r >= 0x80 })
		if got, plain := plainEnd(b, 0); got != want || plain != ascii {
			t.Fatalf("plainEnd(%q) = %d, %v, want %d, %v", b, got, plain, want, ascii)
		}
		want = bytes.IndexAny(b, "\"[]{}")
		if want < 0 {
			want = len(b)
		}
		if got := bracketEnd(b, 0); got != want {
			t.Fatalf("bracketEnd(%q) = %d, want %d", b, got, want)
		}
		l, slow := lookAt(b), look{}
		for _, c := range b {
			slow.wide = slow.wide || c >= 0x80
			slow.controls = slow.controls || c < 0x20 && c != '\n' && c != '\t'
		}
		if l != slow {
			t.Fatalf("lookAt(%q) = %v, want %v", b, l, slow)
		}
	})
}
