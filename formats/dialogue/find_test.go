package dialogue

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// entry is a file in an archive: stored if its name ends in "stored".
type entry struct{ name, content string }

// writeZip makes an archive; change, if not nil, changes a header before it is
// written.
func writeZip(t testing.TB, path string, change func(*zip.FileHeader), entries ...entry) {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if strings.Contains(e.name, "stored") {
			h.Method = zip.Store
		}
		if change == nil {
			f, err := w.CreateHeader(h)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(f, e.content); err != nil {
				t.Fatal(err)
			}
			continue
		}
		h.Method = zip.Store
		h.CRC32, h.CompressedSize64, h.UncompressedSize64 = crc32.ChecksumIEEE([]byte(e.content)), uint64(len(e.content)), uint64(len(e.content))
		change(h)
		f, err := w.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// makeTree makes files with nothing in them, and links where a name has an arrow.
func makeTree(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		name, target, link := strings.Cut(name, "→")
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		var err error
		if link {
			err = os.Symlink(strings.ReplaceAll(target, "DIR", dir), path)
		} else {
			err = os.WriteFile(path, nil, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []string
		args  []string
		want  []string
	}{
		{"nothing", nil, nil, nil},
		{"standard input", nil, []string{"-"}, []string{"-"}},
		{"files stay as they are", []string{"b.log", "a.jsonl"}, []string{"b.log", "a.jsonl", "-", "a.jsonl"}, []string{"b.log", "a.jsonl", "-", "a.jsonl"}},
		{"a folder", []string{"d/b.jsonl", "d/a.JSON", "d/c/x.csv.gz", "d/c.tsv.zst", "d/e.txt.bz2", "d/f.yml", "d/g.ndjson.zstd", "d/README.md", "d/h", "d/i.gz", "d/j.parquet"}, []string{"d"},
			[]string{"d/a.JSON", "d/b.jsonl", "d/c.tsv.zst", "d/c/x.csv.gz", "d/e.txt.bz2", "d/f.yml", "d/g.ndjson.zstd", "d/j.parquet"}},
		{"hidden ones are left out", []string{"d/.a.jsonl", "d/.git/b.jsonl", "d/c.jsonl"}, []string{"d/"}, []string{"d/c.jsonl"}},
		{"a hidden folder that is named", []string{".d/a.jsonl"}, []string{".d"}, []string{".d/a.jsonl"}},
		{"a link that is named", []string{"e/a.jsonl", "d→DIR/e"}, []string{"d"}, []string{"d/a.jsonl"}},
		{"links in a folder", []string{"d/a.jsonl", "d/b.jsonl→a.jsonl", "d/.hidden/x", "d/c.jsonl→.hidden/x", "d/e.jsonl→.hidden/x", "d/loop→.", "d/up→../d", "d/note.md→a.jsonl"}, []string{"d"}, []string{"d/a.jsonl", "d/c.jsonl"}},
		{"a pattern", []string{"a1.jsonl", "a2.log", ".a3.jsonl", "b/c.jsonl", "b/.d.jsonl", "b/e.log"}, []string{"*"}, []string{"a1.jsonl", "a2.log", "b/c.jsonl"}},
		{"a pattern for hidden ones", []string{".a3.jsonl", "b.jsonl"}, []string{".a*"}, []string{".a3.jsonl"}},
		{"a pattern in a folder", []string{"x/1/a.csv", "x/2/a.csv", "y/1/a.csv"}, []string{"x/?/*.csv"}, []string{"x/1/a.csv", "x/2/a.csv"}},
		{"a file with the name of a pattern", []string{"a[1].jsonl", "a1.jsonl"}, []string{"a[1].jsonl"}, []string{"a[1].jsonl"}},
		{"a file in an archive stays", nil, []string{"a.zip!/b.jsonl"}, []string{"a.zip!/b.jsonl"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(makeTree(t, c.files...))
			got, err := Find(c.args)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(- want, + got)\n%s", diff)
			}
		})
	}
}

func TestFindErrors(t *testing.T) {
	for _, c := range []struct {
		name, want string
		files      []string
		args       []string
		is         error
	}{
		{"missing", "stat x: no such file or directory\nstat y: no such file or directory", nil, []string{"x", "-", "y"}, fs.ErrNotExist},
		{"nothing matches", "match *.csv: file does not exist", []string{"a.jsonl"}, []string{"*.csv"}, fs.ErrNotExist},
		{"bad pattern", "[a: syntax error in pattern", nil, []string{"[a"}, filepath.ErrBadPattern},
		{"nothing to read", "d: no file in it is one to read: none ends in .jsonl, .ndjson, .json, .csv, .tsv, .txt, .yml, .yaml, .parquet", []string{"d/a.md"}, []string{"d"}, nil},
		{"a link to a file outside", "d/b.jsonl: leads out of where it is: a link", []string{"a.jsonl", "d/b.jsonl→../a.jsonl", "d/c.jsonl"}, []string{"d"}, ErrOutside},
		{"a link to a folder outside", "d/b: leads out of where it is: a link", []string{"e/a.jsonl", "d/b→DIR/e"}, []string{"d"}, ErrOutside},
		{"a link by way of another", "d/b: leads out of where it is: a link", []string{"e/a.jsonl", "f→e", "d/b→../f"}, []string{"d"}, ErrOutside},
		{"a link to a folder whose name begins alike", "d/b: leads out of where it is: a link", []string{"d2/a.jsonl", "d/b→../d2"}, []string{"d"}, ErrOutside},
		{"a link to nothing", "lstat DIR/d/gone: no such file or directory", []string{"d/b.jsonl→DIR/d/gone"}, []string{"d"}, fs.ErrNotExist},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := makeTree(t, c.files...)
			t.Chdir(dir)
			found, err := Find(c.args)
			if err == nil {
				t.Fatalf("found %v, want %q", found, c.want)
			}
			if got := strings.ReplaceAll(err.Error(), dir, "DIR"); got != c.want || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("error %q, want %q", got, c.want)
			}
		})
	}
}

func TestArchive(t *testing.T) {
	const pair = `{"id":"1","q":"q","a":"a"}` + "\n"
	lines := string(manyLines(3000))
	t.Chdir(t.TempDir())
	writeZip(t, "d/a.zip", nil, entry{"z/b.jsonl", lines}, entry{"a.stored.jsonl", lines}, entry{"z/", ""}, entry{".hidden.jsonl", pair}, entry{"x/.y/z.jsonl", pair},
		entry{"__MACOSX/b.jsonl", pair}, entry{"note.md", "x"}, entry{"in.zip", "x"}, entry{"c.jsonl.gz", string(packGzip(t, []byte(lines)))}, entry{"Привет мир.json", lines})
	want := []string{"d/a.zip!/a.stored.jsonl", "d/a.zip!/c.jsonl.gz", "d/a.zip!/z/b.jsonl", "d/a.zip!/Привет мир.json"}
	for _, arg := range []string{"d/a.zip", "d", "d/*.zip"} {
		found, err := Find([]string{arg})
		if diff := cmp.Diff(want, found); diff != "" || err != nil {
			t.Errorf("%s: error %v (- want, + got)\n%s", arg, err, diff)
		}
	}
	for _, path := range want {
		in, err := Open(path, DefaultOptions())
		if err != nil {
			t.Fatal(err)
		}
		ids, err := drain(in)
		if err != nil || len(ids) != 3000 || ids[2999] != "3000" {
			t.Errorf("%s: %d pairs, error %v", path, len(ids), err)
		}
		if in.Name() != filepath.Base(path) || in.Size() <= 0 || in.Bytes() != in.Size() {
			t.Errorf("%s: name %q, size %d, read %d", path, in.Name(), in.Size(), in.Bytes())
		}
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}

	// A file of the very name counts before a member.
	if err := os.MkdirAll("d/b.zip!", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("d/b.zip!/c.jsonl", []byte(pair), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := Open("d/b.zip!/c.jsonl", DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if ids, err := drain(in); err != nil || len(ids) != 1 {
		t.Errorf("%v, %v", ids, err)
	}
}

func TestArchiveErrors(t *testing.T) {
	const pair = `{"id":"1","q":"q","a":"a"}` + "\n"
	t.Chdir(t.TempDir())
	good := entry{"b.jsonl", pair}
	writeZip(t, "good.zip", nil, good)
	raw, err := os.ReadFile("good.zip")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"words.zip": []byte("PK\x03\x04 no archive"), "empty.zip": nil, "cut.zip": raw[:len(raw)-10]} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	flipped := bytes.Clone(raw)
	flipped[bytes.Index(raw, []byte("b.jsonl"))+len("b.jsonl")+3] ^= 0xFF
	if err := os.WriteFile("flipped.zip", flipped, 0o600); err != nil {
		t.Fatal(err)
	}
	writeZip(t, "twice.zip", nil, good, good)
	writeZip(t, "nothing.zip", nil, entry{"a.md", "x"})
	writeZip(t, "secret.zip", func(h *zip.FileHeader) { h.Flags |= 1 }, good)
	writeZip(t, "method.zip", func(h *zip.FileHeader) { h.Method = 93 }, good)
	writeZip(t, "checksum.zip", func(h *zip.FileHeader) { h.CRC32++ }, good)
	writeZip(t, "short.zip", func(h *zip.FileHeader) { h.UncompressedSize64 = 3 }, good)
	writeZip(t, "long.zip", func(h *zip.FileHeader) { h.UncompressedSize64 = 300 }, good)
	writeZip(t, "link.zip", func(h *zip.FileHeader) { h.SetMode(fs.ModeSymlink | 0o777) }, good)
	writeZip(t, "bomb.zip", nil, entry{"b.jsonl", strings.Repeat(pair, 100_000)})
	writeZip(t, "bomb.gz.zip", nil, entry{"b.jsonl", string(packGzip(t, []byte(strings.Repeat(pair, 100_000))))})
	o := DefaultOptions()
	o.PlainBytesMax = 1 << 20
	for _, c := range []struct {
		path string
		want error
	}{
		{"words.zip!/b.jsonl", ErrDamaged}, {"empty.zip!/b.jsonl", ErrDamaged}, {"cut.zip!/b.jsonl", ErrDamaged},
		{"gone.zip!/b.jsonl", fs.ErrNotExist}, {"good.zip!/c.jsonl", fs.ErrNotExist}, {"good.zip!/", fs.ErrNotExist},
		{"flipped.zip!/b.jsonl", ErrDamaged}, {"twice.zip!/b.jsonl", ErrDamaged}, {"secret.zip!/b.jsonl", ErrFormat}, {"method.zip!/b.jsonl", ErrFormat},
		{"checksum.zip!/b.jsonl", ErrDamaged}, {"short.zip!/b.jsonl", ErrDamaged}, {"long.zip!/b.jsonl", ErrDamaged},
		{"bomb.zip!/b.jsonl", ErrTooLarge}, {"bomb.gz.zip!/b.jsonl", ErrTooLarge}, {"good.zip", ErrFormat},
	} {
		in, err := Open(c.path, o)
		if err == nil {
			_, err = drain(in)
			in.Close()
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.path, err, c.want)
		}
	}
	for _, c := range []struct {
		path string
		want error
	}{{"words.zip", ErrDamaged}, {"twice.zip", ErrDamaged}, {"nothing.zip", nil}, {"link.zip", nil}} {
		if found, err := Find([]string{c.path}); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: found %v, error %v, want %v", c.path, found, err, c.want)
		}
	}
}

// TestArchiveNames has names that lead out of an archive: it is refused whole,
// with all of them named.
func TestArchiveNames(t *testing.T) {
	for _, name := range []string{"../b.jsonl", "/b.jsonl", "a/../../b.jsonl", "a/../b.jsonl", `..\b.jsonl`, `a\..\..\b.jsonl`, `\b.jsonl`, "C:/b.jsonl", "./b.jsonl", "a//b.jsonl", "..", "../", "a\x00b.jsonl", "a\nb.jsonl", "\xff.jsonl"} {
		path := filepath.Join(t.TempDir(), "a.zip")
		writeZip(t, path, nil, entry{"good.jsonl", "{}"}, entry{name, ""})
		if found, err := Find([]string{path}); !errors.Is(err, ErrOutside) || !strings.HasSuffix(err.Error(), fmt.Sprintf("a.zip: leads out of where it is: a file named %q", name)) {
			t.Errorf("%q: found %v, error %v", name, found, err)
		}
		if in, err := Open(path+memberMark+name, DefaultOptions()); err == nil {
			in.Close()
			t.Errorf("%q: opened", name)
		}
	}
	path := filepath.Join(t.TempDir(), "a.zip")
	writeZip(t, path, nil, entry{"../b.jsonl", ""}, entry{"../c.jsonl", ""})
	if _, err := Find([]string{path}); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("error %v", err)
	}
}

func TestMembersMax(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.zip")
	entries := make([]entry, membersMax+1)
	for i := range entries {
		entries[i].name = fmt.Sprintf("%d.stored", i)
	}
	writeZip(t, path, nil, entries...)
	if _, err := Find([]string{path}); err == nil || !strings.HasSuffix(err.Error(), "a.zip: 100001 files in an archive, at most 100000 are read") {
		t.Errorf("error %v", err)
	}
}

func TestBzip2(t *testing.T) {
	content, err := os.ReadFile("testdata/lines.jsonl.bz2")
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string, content []byte, o Options) (int, error) {
		in, err := Open(write(t, name, content), o)
		if err != nil {
			return 0, err
		}
		defer in.Close()
		ids, err := drain(in)
		if err == nil && (in.Bytes() != in.Size() || in.Format() != "jsonl") {
			t.Errorf("%s: read %d of %d, format %s", name, in.Bytes(), in.Size(), in.Format())
		}
		return len(ids), err
	}
	for name, c := range map[string]struct {
		content []byte
		pairs   int
		want    error
	}{
		"lines.jsonl.bz2": {content, 300, nil},
		"by-its-bytes":    {content, 300, nil},
		"two-streams.bz2": {append(bytes.Clone(content), content...), 600, nil},
		"cut.bz2":         {content[:len(content)-20], 0, ErrTruncated},
		"trailing.bz2":    {append(bytes.Clone(content), "garbage"...), 0, ErrDamaged},
		"flipped.bz2":     {append(append(bytes.Clone(content[:100]), content[100]^1), content[101:]...), 0, ErrDamaged},
	} {
		n, err := read(name, c.content, DefaultOptions())
		if !errors.Is(err, c.want) || err == nil && n != c.pairs {
			t.Errorf("%s: %d pairs, error %v", name, n, err)
		}
	}
	o := DefaultOptions()
	o.PlainBytesMax, o.RecordBytesMax, o.Format = 1<<20, 1<<16, "jsonl"
	bomb, err := os.ReadFile("testdata/letters.bz2") // 32 MiB of one letter
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read("letters.bz2", bomb, o); !errors.Is(err, ErrTooLarge) {
		t.Errorf("bomb: error %v", err)
	}
	empty, err := os.ReadFile("testdata/empty.jsonl.bz2")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := read("empty.bz2", empty, DefaultOptions()); n != 0 || err != nil {
		t.Errorf("empty: %d pairs, error %v", n, err)
	}
}
