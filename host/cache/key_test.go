package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The vectors can be recomputed with any sha256; every key on every disk
// depends on them.
func TestKeyVectors(t *testing.T) {
	r := NewRecipe("hash-768", "query: ")
	field := func(s string) string { return string([]byte{0, 0, 0, 0, 0, 0, 0, byte(len(s))}) + s }
	if want := sha256.Sum256([]byte(field("cubeset.emb.v1") + field("hash-768") + field("query: "))); r != want {
		t.Errorf("recipe %x, want %x", r, want)
	}
	if want := sha256.Sum256([]byte(string(r[:]) + field("héllo"))); r.Key("héllo") != want {
		t.Errorf("key %x, want %x", r.Key("héllo"), want)
	}
	for _, c := range []struct{ embedID, prefix, text, recipe, key string }{
		{"", "", "", "4e376fd9a08dcb2688040d6ae40f2ad3f7e426cd6308c30d162355d146754fa1", "6a7e2695eedd36a27218789daa826fdad0b59288f7ef018048b8b532e8c14d66"},
		{"hash-768", "query: ", "hello", "0e651fb205d91e3fc6000752ba2a73d5a75dfd3924b599a709418ecff62d07b8", "452f99b97b29c8f7ed34e62ad30839ac782d6ee01ff049fa551609350f00adf8"},
	} {
		r := NewRecipe(c.embedID, c.prefix)
		k := r.Key(c.text)
		if got := hex.EncodeToString(r[:]); got != c.recipe {
			t.Errorf("recipe of %q, %q is %s, want %s", c.embedID, c.prefix, got, c.recipe)
		}
		if got := hex.EncodeToString(k[:]); got != c.key {
			t.Errorf("key of %q is %s, want %s", c.text, got, c.key)
		}
	}
}

func TestFieldsDoNotRunTogether(t *testing.T) {
	if NewRecipe("ab", "c") == NewRecipe("a", "bc") || NewRecipe("a", "") == NewRecipe("", "a") {
		t.Error("two recipes are one")
	}
	long := strings.Repeat("x", 10_000)
	b := append(slices.Clone(recipe[:]), 0, 0, 0, 0, 0, 0, 0x27, 0x10)
	if recipe.Key(long) != sha256.Sum256(append(b, long...)) {
		t.Error("a long text is hashed another way")
	}
	if n := testing.AllocsPerRun(100, func() { recipe.Key("a text of ordinary length") }); n != 0 {
		t.Errorf("a key costs %v allocations", n)
	}
}

func TestFloats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.SliceOf(rapid.Uint32()).Draw(t, "bits")
		shift := rapid.IntRange(0, 7).Draw(t, "shift")
		v := make([]float32, len(bits))
		for i, b := range bits {
			v[i] = math.Float32frombits(b)
		}
		same := func(got []float32) bool {
			return slices.EqualFunc(got, v, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })
		}
		b := Bytes(v)
		if !slices.Equal(b, appendFloats(nil, v)) {
			t.Fatal("the view and the portable bytes differ")
		}
		if !same(Floats(b)) {
			t.Fatal("floats do not come back")
		}
		// Misaligned, and with a byte too many, it is a copy of the same numbers.
		if !same(Floats(append(make([]byte, shift), append(b, make([]byte, shift%4)...)...)[shift:])) {
			t.Fatal("misaligned floats do not come back")
		}
	})
	v := []float32{1, 2, 3}
	if Bytes(v)[0] = 7; littleEndian && v[0] == 1 {
		t.Error("Bytes copies")
	}
}

// The portable decoders must agree with the views that this machine uses.
func TestPortableDecoding(t *testing.T) {
	b := payload(1, 160)
	if !slices.Equal(decodeEntries(b, false), decodeEntries(b, littleEndian)) {
		t.Error("entries differ")
	}
	if !slices.Equal(decodeBuckets(b, false), decodeBuckets(b, littleEndian)) {
		t.Error("buckets differ")
	}
}

func TestLocate(t *testing.T) {
	for _, c := range []struct {
		name string
		env  map[string]string
		want string
	}{
		{"own", map[string]string{"CUBESET_CACHE": "c", "XDG_CACHE_HOME": "/x", "HOME": "/h"}, "c"},
		{"xdg", map[string]string{"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/cubeset"},
		{"relative xdg", map[string]string{"XDG_CACHE_HOME": "x", "HOME": "/h"}, "/h/.cache/cubeset"},
		{"home", map[string]string{"HOME": "/h"}, "/h/.cache/cubeset"},
		{"nothing", nil, ""},
	} {
		got, err := Locate(func(k string) string { return c.env[k] })
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}
