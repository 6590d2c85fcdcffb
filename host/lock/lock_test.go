package lock

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden file anew")

func sum(c string) string { return strings.Repeat(c, 64) }

// folderTeacher is the one of the example that has a folder.
const folderTeacher = `my "own" <teacher>.sh`

// example holds one of everything.
func example() *File {
	return &File{
		Filters: map[string]Filter{
			"wordlist": {SHA256: sum("3"), Settings: sum("4"), Files: map[string]string{"words": sum("5"), "more_words": sum("6")}},
			"length":   {SHA256: sum("1")},
		},
		Projection: sum("7"),
		Teachers: map[string]Teacher{
			"onnx":        {EmbedID: sum("a"), Settings: sum("b"), Probes: "v1:" + strings.Repeat("Ab+/", 30)},
			"hash-768":    {EmbedID: sum("c")},
			folderTeacher: {EmbedID: sum("d"), Folders: map[string]string{"linux/arm64": sum("f"), "darwin/arm64": sum("e")}},
		},
	}
}

// changed is the example with a change to one of its teachers.
func changed(name string, change func(*Teacher)) *File {
	f := example()
	t := f.Teachers[name]
	change(&t)
	f.Teachers[name] = t
	return f
}

const golden = "testdata/golden.lock"

func TestGolden(t *testing.T) {
	got, err := example().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
	if f, err := Parse(want); err != nil || !cmp.Equal(f, example()) {
		t.Errorf("%v: %s", err, cmp.Diff(example(), f))
	}
}

// A lock is taken only as it is written.
func TestParseRefusesAnyOtherForm(t *testing.T) {
	doc, err := example().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"a comment", "{\n", "{ // mine\n", "invalid character '/' looking for beginning of object key string"},
		{"merge conflict", "  \"projection\"", "<<<<<<< HEAD\n  \"projection\"", "invalid character '<' looking for beginning of object key string"},
		{"two documents", "}\n}\n", "}\n}\n{}\n", "invalid character '{' after top-level value"},
		{"another type", `"projection": "`, `"projection": 1, "x": "`, "json: cannot unmarshal number into Go struct field document.projection of type string"},
		{"version", `"version": 1`, `"version": 2`, "version is 2, want 1"},
		{"no version", `"version": 1,`, ``, "version is 0, want 1"},
		{"another indent", `  "filters"`, `   "filters"`, "line 4 is not as cubeset lock writes it"},
		{"a line break less", "}\n}\n", "}\n}", "line 35 is not as cubeset lock writes it"},
		{"an unknown key", `"about"`, `"url": "x", "about"`, "line 3 is not as cubeset lock writes it"},
		{"other words", `Commit it.`, `Do not look.`, "line 3 is not as cubeset lock writes it"},
		{"a key twice", `"sha256": "` + sum("1"), `"sha256": "` + sum("2") + `", "sha256": "` + sum("1"), "line 6 is not as cubeset lock writes it"},
		{"a key in capitals", `"projection"`, `"Projection"`, "line 17 is not as cubeset lock writes it"},
		{"another order", `"files": {
        "more_words": "` + sum("6") + `",
        "words": "` + sum("5") + `"`, `"files": {
        "words": "` + sum("5") + `",
        "more_words": "` + sum("6") + `"`, "line 12 is not as cubeset lock writes it"},
		{"a filter's name", `"length"`, `"le\u001bngth"`, `filters: "le ngth" is no name`},
		{"a file's name", `"words"`, `"../words"`, `filters: wordlist: files: "../words" is no name`},
		{"a file's digest", sum("5"), "z", `filters: wordlist: files: words: "z" is not 64 hex digits`},
		{"a short digest", sum("1"), "12ab", `filters: length: sha256: "12ab" is not 64 hex digits`},
		{"no digest", sum("1"), "", `filters: length: sha256: "" is not 64 hex digits`},
		{"capitals", sum("a"), sum("A"), `teachers: onnx: embed_id: "` + sum("A") + `" is not 64 hex digits`},
		{"settings", sum("4"), sum("g"), `filters: wordlist: settings: "` + sum("g") + `" is not 64 hex digits`},
		{"a teacher's settings", sum("b"), "b", `teachers: onnx: settings: "b" is not 64 hex digits`},
		{"a projection", sum("7"), "x.safetensors", `projection: "x.safetensors" is not 64 hex digits`},
		{"a teacher's name", `"hash-768"`, `" hash"`, `teachers: " hash" is no name`},
		{"a platform", `"linux/arm64"`, `"linux"`, `teachers: ` + folderTeacher + `: folders: "linux" is not a platform such as linux/amd64`},
		{"probes", `"v1:`, `"v1: `, "teachers: onnx: probes: they are damaged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := strings.Replace(string(doc), c.old, c.new, 1)
			if bad == string(doc) {
				t.Fatalf("%q is not in it", c.old)
			}
			want := ErrFile.Error() + ": " + strings.Replace(c.want, `" hash" is`, `"hash" is`, 1)
			if _, err := Parse([]byte(bad)); !errors.Is(err, ErrFile) || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
	for name, doc := range map[string]string{"nothing": "", "null": "null", "a list": "[]", "deep": strings.Repeat("[", BytesMax), "long": strings.Repeat(" ", BytesMax+1)} {
		if _, err := Parse([]byte(doc)); !errors.Is(err, ErrFile) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// anyLock draws one that is valid.
func anyLock(t *rapid.T) *File {
	digest := rapid.Custom(func(t *rapid.T) string {
		return sum(rapid.SampledFrom(strings.Split("0123456789abcdef", "")).Draw(t, "digit"))
	})
	maybe := rapid.OneOf(rapid.Just(""), digest)
	name := rapid.StringMatching(`[a-z][a-z0-9_]{0,2}`)
	label := rapid.Custom(func(t *rapid.T) string { return rapid.StringN(1, 8, 255).Filter(isLabel).Draw(t, "label") })
	platform := rapid.SampledFrom([]string{"linux/amd64", "linux/arm64", "darwin/arm64"})
	return &File{
		Projection: maybe.Draw(t, "projection"),
		Filters: rapid.MapOfN(name, rapid.Custom(func(t *rapid.T) Filter {
			return Filter{digest.Draw(t, "sha256"), maybe.Draw(t, "settings"), rapid.MapOfN(name, digest, 0, 2).Draw(t, "files")}
		}), 0, 4).Draw(t, "filters"),
		Teachers: rapid.MapOfN(label, rapid.Custom(func(t *rapid.T) Teacher {
			probes := rapid.SampledFrom([]string{"", "v1:Ab+/"}).Draw(t, "probes")
			return Teacher{digest.Draw(t, "embed_id"), maybe.Draw(t, "settings"), probes, rapid.MapOfN(platform, digest, 0, 3).Draw(t, "folders")}
		}), 0, 4).Draw(t, "teachers"),
	}
}

func TestParseTakesWhatBytesWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyLock(t)
		doc, err := f.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(doc)
		if err != nil {
			t.Fatalf("%v of\n%s", err, doc)
		}
		if diff := cmp.Diff(f, got, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestBytesRefuses(t *testing.T) {
	for name, f := range map[string]*File{
		"a control character": {Teachers: map[string]Teacher{"a\x1bb": {EmbedID: sum("1")}}},
		"bytes":               {Teachers: map[string]Teacher{"a\xff": {EmbedID: sum("1")}}},
		"no embed_id":         {Teachers: map[string]Teacher{"a": {}}},
		"no digest":           {Filters: map[string]Filter{"a": {}}},
	} {
		if doc, err := f.Bytes(); err == nil {
			t.Errorf("%s: written as\n%s", name, doc)
		}
	}
}

func FuzzParse(f *testing.F) {
	doc, err := os.ReadFile(golden)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(doc)
	f.Add([]byte(`{"version": 1, "filters": {"a": {"sha256": null, "files": {"b": "\ud800"}}}, "teachers": {"\u202e": {}}}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		file, err := Parse(doc)
		if err != nil {
			if !errors.Is(err, ErrFile) || strings.ContainsAny(err.Error(), "\x1b\x00\n\r\u202e") {
				t.Errorf("error %q", err)
			}
			return
		}
		if b, err := file.Bytes(); err != nil || !bytes.Equal(b, doc) {
			t.Errorf("%v\n%s", err, b)
		}
	})
}

func TestChecks(t *testing.T) {
	f := example()
	filter := func(change func(*Filter)) error {
		x := example().Filters["wordlist"]
		change(&x)
		return f.CheckFilter("wordlist", x)
	}
	of := "teacher " + folderTeacher
	for _, c := range []struct {
		name string
		got  error
		want string
	}{
		{"filter as it was", filter(func(*Filter) {}), ""},
		{"filter without files", f.CheckFilter("length", Filter{SHA256: sum("1")}), ""},
		{"filter's byte", filter(func(x *Filter) { x.SHA256 = sum("9") }), "filter wordlist: sha256 9999999999999999 is in use, the lock has 3333333333333333"},
		{"filter's settings", filter(func(x *Filter) { x.Settings = sum("9") }), "filter wordlist: settings 9999999999999999 is in use, the lock has 4444444444444444"},
		{"filter without settings", filter(func(x *Filter) { x.Settings = "" }), "filter wordlist has no settings, the lock has 4444444444444444"},
		{"filter's file", filter(func(x *Filter) { x.Files["words"] = sum("9") }), "filter wordlist: file words 9999999999999999 is in use, the lock has 5555555555555555"},
		{"filter's file gone", filter(func(x *Filter) { x.Files = nil }), "filter wordlist has no file more_words, the lock has 6666666666666666"},
		{"filter's file new", filter(func(x *Filter) { x.Files["third"] = sum("9") }), "filter wordlist: file third 9999999999999999 is not in the lock"},
		{"new filter", f.CheckFilter("pii", Filter{SHA256: sum("9")}), "filter pii: sha256 9999999999999999 is not in the lock"},
		{"module as it was", f.CheckModule("x.wasm", sum("1")), ""},
		{"new module", f.CheckModule("x.wasm", sum("9")), "filter x.wasm: sha256 9999999999999999 is not in the lock"},
		{"projection as it was", f.CheckProjection(sum("7")), ""},
		{"projection", f.CheckProjection(sum("9")), "projection: sha256 9999999999999999 is in use, the lock has 7777777777777777"},
		{"new projection", new(File).CheckProjection(sum("9")), "projection: sha256 9999999999999999 is not in the lock"},
		{"teacher as it was", f.CheckTeacher(folderTeacher), ""},
		{"new teacher", f.CheckTeacher("gone"), "teacher gone is not in the lock"},
		{"teacher's embed_id", f.CheckEmbedID(folderTeacher, sum("9")), of + ": embed_id 9999999999999999 is in use, the lock has dddddddddddddddd"},
		{"teacher's settings", f.CheckSettings(folderTeacher, sum("9")), of + ": settings 9999999999999999 is not in the lock"},
		{"teacher's folder as it was", f.CheckFolder(folderTeacher, "darwin/arm64", sum("e")), ""},
		{"teacher's folder", f.CheckFolder(folderTeacher, "darwin/arm64", sum("9")), of + ": folder for darwin/arm64 9999999999999999 is in use, the lock has eeeeeeeeeeeeeeee"},
		{"another platform", f.CheckFolder(folderTeacher, "linux/amd64", sum("e")), of + ": folder for linux/amd64 eeeeeeeeeeeeeeee is not in the lock"},
	} {
		if c.want == "" && c.got != nil || c.want != "" && (!errors.Is(c.got, ErrMismatch) || c.got.Error() != c.want) {
			t.Errorf("%s:\ngot  %v\nwant %s", c.name, c.got, c.want)
		}
	}
}

func TestNextAndChanges(t *testing.T) {
	of := " teacher " + folderTeacher + ": "
	folders := func(platform, digest string) func(*Teacher) {
		return func(t *Teacher) { t.Folders = map[string]string{platform: digest} }
	}
	for _, c := range []struct {
		name, platform string
		used           *File
		want           []string
	}{
		{"the same", "linux/arm64", changed(folderTeacher, folders("linux/arm64", sum("f"))), nil},
		{"a platform more", "linux/amd64", changed(folderTeacher, folders("linux/amd64", sum("9"))), []string{"+" + of + "folder for linux/amd64 9999999999999999"}},
		{"its files", "linux/arm64", changed(folderTeacher, folders("linux/arm64", sum("9"))), []string{"~" + of + "folder for linux/arm64 9999999999999999, was ffffffffffffffff"}},
		{"another model", "linux/amd64", changed(folderTeacher, func(t *Teacher) { *t = Teacher{EmbedID: sum("8"), Folders: map[string]string{"linux/amd64": sum("9")}} }), []string{
			"~" + of + "embed_id 8888888888888888, was dddddddddddddddd", "-" + of + "folder for darwin/arm64 eeeeeeeeeeeeeeee",
			"+" + of + "folder for linux/amd64 9999999999999999", "-" + of + "folder for linux/arm64 ffffffffffffffff"}},
		{"a command no more", "linux/amd64", changed(folderTeacher, func(t *Teacher) { t.Folders = nil }), []string{
			"-" + of + "folder for darwin/arm64 eeeeeeeeeeeeeeee", "-" + of + "folder for linux/arm64 ffffffffffffffff"}},
		{"nothing", "linux/amd64", &File{}, []string{
			"- filter length: sha256 1111111111111111", "- filter wordlist: file more_words 6666666666666666", "- filter wordlist: file words 5555555555555555",
			"- filter wordlist: settings 4444444444444444", "- filter wordlist: sha256 3333333333333333", "- projection: sha256 7777777777777777",
			"- teacher hash-768: embed_id cccccccccccccccc", "-" + of + "embed_id dddddddddddddddd", "-" + of + "folder for darwin/arm64 eeeeeeeeeeeeeeee",
			"-" + of + "folder for linux/arm64 ffffffffffffffff", "- teacher onnx: embed_id aaaaaaaaaaaaaaaa", "- teacher onnx: probes v1:Ab+/Ab+/Ab+/A", "- teacher onnx: settings bbbbbbbbbbbbbbbb"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			was := example()
			var got []string
			for _, x := range was.Changes(was.Next(c.used, c.platform)) {
				got = append(got, x.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if !cmp.Equal(was, example()) {
				t.Error("the lock itself changed")
			}
		})
	}
}

// What Next makes holds what is used, and making it again changes nothing.
func TestNextIsSettled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		was, used := anyLock(t), anyLock(t)
		if rapid.Bool().Draw(t, "the same teachers") {
			used.Teachers = was.Teachers
		}
		next := was.Next(used, "linux/amd64")
		if got := next.Changes(next.Next(used, "linux/amd64")); len(got) > 0 {
			t.Errorf("again: %v", got)
		}
		var errs []error
		for name, x := range used.Filters {
			errs = append(errs, next.CheckFilter(name, x))
		}
		for name, x := range used.Teachers {
			errs = append(errs, next.CheckTeacher(name), next.CheckEmbedID(name, x.EmbedID), next.CheckSettings(name, x.Settings))
			for p, sum := range x.Folders {
				errs = append(errs, next.CheckFolder(name, p, sum))
			}
		}
		if err := errors.Join(errs...); err != nil {
			t.Error(err)
		}
	})
}
