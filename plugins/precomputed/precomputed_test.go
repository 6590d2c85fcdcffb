package precomputed

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cubeset/cubeset/formats/array"
	"github.com/cubeset/cubeset/sdk/teacher"
	parquetgo "github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"
)

// set is texts and their vectors.
type set struct {
	texts   []string
	vectors [][]float32
}

func (s set) values() []byte {
	var b []byte
	for _, v := range s.vectors {
		for _, x := range v {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
	}
	return b
}

func (s set) shape() []int { return []int{len(s.vectors), len(s.vectors[0])} }

func (s set) npy(t testing.TB) []byte {
	var b bytes.Buffer
	check(t, array.WriteNPY(&b, s.shape()...))
	b.Write(s.values())
	return b.Bytes()
}

func (s set) npz(t testing.TB, method uint16, names ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: method})
		check(t, err)
		_, err = w.Write(s.npy(t))
		check(t, err)
	}
	check(t, z.Close())
	return b.Bytes()
}

func (s set) safetensors(t testing.TB, name string) []byte {
	var b bytes.Buffer
	check(t, array.WriteSafetensors(&b, nil, array.Named{Name: name, Shape: s.shape()}))
	b.Write(s.values())
	return b.Bytes()
}

type parquetRow struct {
	Text   string    `parquet:"text"`
	Other  int64     `parquet:"other"`
	Vector []float32 `parquet:"vector,list"`
}

func (s set) parquet(t testing.TB) []byte {
	var b bytes.Buffer
	w := parquetgo.NewGenericWriter[parquetRow](&b)
	for i, text := range s.texts {
		_, err := w.Write([]parquetRow{{text, int64(i), s.vectors[i]}})
		check(t, err)
	}
	check(t, w.Close())
	return b.Bytes()
}

func (s set) jsonl(t testing.TB) []byte {
	var b []byte
	for i, text := range s.texts {
		var line any = text
		if i%2 == 1 {
			line = map[string]any{"id": i, "text": text}
		}
		one, err := json.Marshal(line)
		check(t, err)
		b = append(append(b, one...), '\n')
	}
	return b
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// folder is a place for the files of a test.
type folder string

func (f folder) write(t testing.TB, name string, b []byte) string {
	path := filepath.Join(string(f), name)
	check(t, os.WriteFile(path, b, 0o600))
	return path
}

func newTeacher(t testing.TB, c Config) *Embedder {
	t.Helper()
	b, err := json.Marshal(c)
	check(t, err)
	e, err := New(b)
	check(t, err)
	return e.(*Embedder)
}

var small = set{
	[]string{"one", "two\nlines", "  Три ", "e\u0301"},
	[][]float32{{1, 2, 3}, {4, 5, 6}, {-7, 8, 9.5}, {0, 0, 1e-30}},
}

// each calls do with a teacher for each kind of file.
func each(t testing.TB, dir folder, s set, do func(name string, e *Embedder)) {
	texts := dir.write(t, "texts.jsonl", s.jsonl(t))
	for _, c := range []Config{
		{Vectors: dir.write(t, "a.npy", s.npy(t)), Texts: texts},
		{Vectors: dir.write(t, "a.npz", s.npz(t, zip.Store, "arr_0")), Texts: texts},
		{Vectors: dir.write(t, "b.npz", s.npz(t, zip.Store, "other", "vectors")), Texts: texts},
		{Vectors: dir.write(t, "a.safetensors", s.safetensors(t, "x")), Texts: texts, Array: "x"},
		{Vectors: dir.write(t, "a.parquet", s.parquet(t))},
	} {
		do(filepath.Base(c.Vectors), newTeacher(t, c))
	}
}

func TestEveryKind(t *testing.T) {
	each(t, folder(t.TempDir()), small, func(name string, e *Embedder) {
		d, err := e.Describe(context.Background())
		if err != nil || d.Validate() != nil || d.Dims != 3 || !strings.HasPrefix(d.WeightsDigest, "sha256:") {
			t.Fatal(name, d, err, d.Validate())
		}
		got := make([]float32, 6*3)
		rows, err := e.EmbedRows(context.Background(), []string{"Три", "one", "three", "é", "two\nlines", ""}, got)
		check(t, err)
		want := []float32{-7, 8, 9.5, 1, 2, 3, 0, 0, 0, 0, 0, 1e-30, 4, 5, 6, 0, 0, 0}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
		for i, code := range []string{"", "", "not_found", "", "", "empty"} {
			if rows[i].Code != code || (rows[i].Err != nil) != (code != "") {
				t.Errorf("%s: %d: %+v, want %q", name, i, rows[i], code)
			}
		}
	})
}

// Every text gets the bits that stand beside it, whatever its row.
func TestProperties(t *testing.T) {
	dir := folder(t.TempDir())
	rapid.Check(t, func(rt *rapid.T) {
		dims := rapid.IntRange(1, 9).Draw(rt, "dims")
		s := set{texts: rapid.SliceOfNDistinct(rapid.StringN(1, 20, -1), 1, 20, canonical).Draw(rt, "texts")}
		for range s.texts {
			s.vectors = append(s.vectors, rapid.SliceOfN(rapid.Float32Range(-9, 9), dims, dims).Draw(rt, "vector"))
		}
		each(t, dir, s, func(name string, e *Embedder) {
			for i, text := range s.texts {
				text = canonical(text)
				got := make([]float32, dims)
				rows, err := e.EmbedRows(context.Background(), []string{text}, got)
				check(t, err)
				if text == "" {
					continue
				}
				if usable(s.vectors[i]) != (rows[0].Err == nil) || rows[0].Err == nil && !slices.Equal(got, s.vectors[i]) {
					rt.Fatalf("%s: %+q: %v, want %v (%v)", name, text, got, s.vectors[i], rows[0].Err)
				}
			}
		})
	})
}

func TestTextFile(t *testing.T) {
	dir := folder(t.TempDir())
	s := set{nil, [][]float32{{1}, {2}, {3}}}
	e := newTeacher(t, Config{Vectors: dir.write(t, "v.npy", s.npy(t)), Texts: dir.write(t, "t.txt", []byte("one\r\n two\t\nthree")), Model: "org/model"})
	got := make([]float32, 3)
	check(t, e.Embed(context.Background(), []string{"three", "one", "two"}, got))
	if !slices.Equal(got, []float32{3, 1, 2}) {
		t.Error(got)
	}
	if d, err := e.Describe(context.Background()); err != nil || d.Model != "org/model" || d.TokenizerDigest == "" {
		t.Error(d, err)
	}
	if err := e.Embed(context.Background(), []string{"four"}, got[:1]); !errors.Is(err, errNotFound) {
		t.Error(err)
	}
}

// One text may be there twice, but only with one vector.
func TestTwice(t *testing.T) {
	dir := folder(t.TempDir())
	same := set{[]string{"a", "b", " a"}, [][]float32{{1, 2}, {3, 4}, {1, 2}}}
	each(t, dir, same, func(name string, e *Embedder) {
		got := make([]float32, 2)
		if err := e.Embed(context.Background(), []string{"a"}, got); err != nil || !slices.Equal(got, []float32{1, 2}) {
			t.Error(name, got, err)
		}
	})
	other := set{same.texts, [][]float32{{1, 2}, {3, 4}, {1, 2.5}}}
	each(t, dir, other, func(name string, e *Embedder) {
		want := "texts.jsonl:1 and " + string(dir) + "/texts.jsonl:3 have the same text"
		if strings.HasSuffix(name, parquet) {
			want = "a.parquet: row 1 and " + string(dir) + "/a.parquet: row 3 have the same text"
		}
		err := e.Embed(context.Background(), []string{"b"}, make([]float32, 2))
		if !errors.Is(err, teacher.ErrStop) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	})
}

func TestBadVector(t *testing.T) {
	dir := folder(t.TempDir())
	s := set{[]string{"nan", "inf", "zero", "good"}, [][]float32{{float32(math.NaN()), 1}, {1, float32(math.Inf(-1))}, {0, 0}, {0, 1}}}
	e := newTeacher(t, Config{Vectors: dir.write(t, "v.npy", s.npy(t)), Texts: dir.write(t, "t.jsonl", s.jsonl(t))})
	rows, err := e.EmbedRows(context.Background(), s.texts, make([]float32, 8))
	check(t, err)
	for i, r := range rows {
		if (r.Code == "bad_vector") != (i < 3) {
			t.Errorf("%s: %+v", s.texts[i], r)
		}
	}
}

func TestChanged(t *testing.T) {
	dir := folder(t.TempDir())
	c := Config{Vectors: dir.write(t, "v.npy", small.npy(t)), Texts: dir.write(t, "t.jsonl", small.jsonl(t))}
	e := newTeacher(t, c)
	got := make([]float32, 3)
	check(t, e.Embed(context.Background(), []string{"one"}, got))
	dir.write(t, "t.jsonl", append(small.jsonl(t), "\"more\"\n"...))
	err := e.Embed(context.Background(), []string{"one"}, got)
	if !errors.Is(err, teacher.ErrStop) || !strings.Contains(err.Error(), "t.jsonl: changed since") {
		t.Error(err)
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []struct{ config, want string }{
		{``, "config"},
		{`{"vectors":"a.npy","texts":"b.txt"}`, ""},
		{`{"vectors":"a.NPZ","texts":"b.jsonl","array":"x"}`, ""},
		{`{"vectors":"a.parquet","model":"m"}`, ""},
		{`{}`, "vectors: \"\" ends neither"},
		{`{"vectors":"a.npy"}`, "texts: \"\" ends neither"},
		{`{"vectors":"a.bin","texts":"b.csv"}`, "texts: \"b.csv\" ends neither"},
		{`{"vectors":"a.parquet","texts":"b.txt"}`, "a Parquet file has its texts"},
		{`{"vectors":"a.npy","texts":"b.txt","array":"x"}`, "array: a file .npy has no names"},
		{`{"vektoren":"a"}`, "unknown field"},
		{`{"vectors":"a.npy","texts":"b.txt"} 1`, "something follows"},
	} {
		_, err := New(json.RawMessage(c.config))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.config, err, c.want)
		}
	}
}

func TestDamaged(t *testing.T) {
	dir := folder(t.TempDir())
	good := dir.write(t, "good.jsonl", small.jsonl(t))
	vectors := dir.write(t, "good.npy", small.npy(t))
	var flat bytes.Buffer
	check(t, array.WriteNPY(&flat, 4))
	flat.Write(make([]byte, 16))
	short := set{[]string{"a", "b"}, [][]float32{{1, 2}, {3}}}
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{Vectors: filepath.Join(string(dir), "none.npy"), Texts: good}, "no such file"},
		{Config{Vectors: vectors, Texts: filepath.Join(string(dir), "none.txt")}, "no such file"},
		{Config{Vectors: dir.write(t, "x.npy", []byte("no")), Texts: good}, "npy"},
		{Config{Vectors: dir.write(t, "flat.npy", flat.Bytes()), Texts: good}, "an array of shape [4], want [rows, 1..65536]"},
		{Config{Vectors: dir.write(t, "zip.npz", small.npz(t, zip.Deflate, "v")), Texts: good}, `array "v" is compressed`},
		{Config{Vectors: dir.write(t, "two.npz", small.npz(t, zip.Store, "a", "b")), Texts: good}, `no array "vectors"; there are ["a" "b"]`},
		{Config{Vectors: dir.write(t, "s.safetensors", small.safetensors(t, "a")), Texts: good, Array: "b"}, `no array "b"; there are ["a"]`},
		{Config{Vectors: vectors, Texts: dir.write(t, "few.txt", []byte("a\nb\n"))}, "2 texts in " + string(dir) + "/few.txt, 4 vectors in"},
		{Config{Vectors: vectors, Texts: dir.write(t, "bad.jsonl", []byte("\"a\"\n{\"txt\":\"secret\"}\n"))}, `bad.jsonl:2: neither a JSON string`},
		{Config{Vectors: vectors, Texts: dir.write(t, "null.jsonl", []byte("null\n"))}, `null.jsonl:1: neither a JSON string`},
		{Config{Vectors: vectors, Texts: dir.write(t, "utf.txt", []byte("a\n\xff\n"))}, `utf.txt:2: not UTF-8`},
		{Config{Vectors: dir.write(t, "x.parquet", []byte("PAR1"))}, "parquet"},
		{Config{Vectors: dir.write(t, "short.parquet", short.parquet(t))}, "row 2: a vector of 1 values, the first has 2"},
		{Config{Vectors: dir.write(t, "none.parquet", set{}.parquet(t))}, "no rows"},
	} {
		err := newTeacher(t, c.config).Embed(context.Background(), []string{"one"}, make([]float32, 3))
		if !errors.Is(err, teacher.ErrStop) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v: %v, want %s", c.config, err, c.want)
		}
	}
}

// What was not a number for JSON is none here either.
func TestParquetNaN(t *testing.T) {
	s := set{[]string{"a"}, [][]float32{{1, float32(math.NaN())}}}
	c := Config{Vectors: folder(t.TempDir()).write(t, "x.parquet", s.parquet(t))}
	if _, err := newTeacher(t, c).Describe(context.Background()); err == nil || !strings.Contains(err.Error(), "row 1: the column vector holds no list of numbers") {
		t.Error(err)
	}
}

func TestCancelled(t *testing.T) {
	dir := folder(t.TempDir())
	e := newTeacher(t, Config{Vectors: dir.write(t, "v.npy", small.npy(t)), Texts: dir.write(t, "t.jsonl", small.jsonl(t))})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := e.Embed(ctx, []string{"one"}, make([]float32, 3)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A read that fails ends the build; it does not pass for a vector.
func TestReadFails(t *testing.T) {
	var x index
	check(t, x.add("a"))
	check(t, x.add("a"))
	broken := errors.New("disk")
	if err := x.sort(func(int64, []float32) error { return broken }, 1, func(uint32) string { return "" }); !errors.Is(err, broken) {
		t.Error(err)
	}
	v := vectors{array.Header{Shape: []int{1, 1}, Type: array.F32}, failing{}}
	if err := v.read(0, make([]float32, 1)); !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, io.ErrClosedPipe }

// Whatever the file says, it is refused or each of its lines is found again.
func FuzzTexts(f *testing.F) {
	f.Add([]byte("\"a\"\n{\"text\":\"b\"}\n"))
	f.Add([]byte("a\r\n\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, decode := range []func([]byte) (string, error){plainText, jsonText} {
			x, err := scanTexts(bytes.NewReader(b), decode)
			if err != nil {
				continue
			}
			check(t, x.sort(func(_ int64, dst []float32) error { clear(dst); return nil }, 1, func(uint32) string { return "" }))
			for line := range strings.Lines(string(b)) {
				text, err := decode([]byte(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")))
				if _, ok := x.find(canonical(text)); err != nil || !ok {
					t.Fatalf("a line is not found (%v)", err)
				}
			}
		}
	})
}

func BenchmarkEmbed(b *testing.B) {
	dir, s := folder(b.TempDir()), set{}
	for i := range 20_000 {
		s.texts = append(s.texts, fmt.Sprintf("text number %d", i))
		v := make([]float32, 384)
		v[i%384] = 1
		s.vectors = append(s.vectors, v)
	}
	e := newTeacher(b, Config{Vectors: dir.write(b, "v.npy", s.npy(b)), Texts: dir.write(b, "t.jsonl", s.jsonl(b))})
	dst := make([]float32, 256*384)
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Embed(context.Background(), s.texts[:256], dst); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*256)/b.Elapsed().Seconds(), "texts/s")
}
