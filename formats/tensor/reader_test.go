package tensor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	guard "github.com/cubeset/cubeset/formats/internal/footer"
)

// golden is the vector of a profile: goldenRows.
func golden(t testing.TB, p Profile) []byte {
	t.Helper()
	b, err := os.ReadFile(goldenName(p))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func goldenName(p Profile) string {
	return filepath.Join(vectorsDir, "good", map[Profile]string{Compat: "01-", Compact: "02-", Fast: "03-"}[p]+string(p)+".parquet")
}

// readAll reads all there is to read, and returns the rows before the error.
func readAll(b []byte) ([]Row, error) {
	p, err := OpenReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	if s, err := p.Schema(); err != nil || len(p.Columns()) != 12+len(s.Scores) {
		return nil, fmt.Errorf("schema of %v: %w", p.Columns(), err)
	}
	var rows []Row
	for r, err := range p.Rows() {
		if err != nil {
			return rows, err
		}
		rows = append(rows, r)
	}
	if int64(len(rows)) != p.NumRows() {
		return rows, fmt.Errorf("%d rows, %d promised", len(rows), p.NumRows())
	}
	return rows, nil
}

// refooter applies a change to a part's footer.
func refooter(t testing.TB, b []byte, change func(*format.FileMetaData)) []byte {
	t.Helper()
	n := int(binary.LittleEndian.Uint32(b[len(b)-guard.TrailerSize:]))
	start := len(b) - guard.TrailerSize - n
	var md format.FileMetaData
	if err := thrift.Unmarshal(new(thrift.CompactProtocol), b[start:start+n], &md); err != nil {
		t.Fatal(err)
	}
	change(&md)
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), md)
	if err != nil {
		t.Fatal(err)
	}
	out := append(slices.Clone(b[:start]), footer...)
	return append(binary.LittleEndian.AppendUint32(out, uint32(len(footer))), guard.Magic...)
}

func TestReaderRefusesAFooterThatLies(t *testing.T) {
	chunk := func(do func(*format.ColumnChunk)) func(*format.FileMetaData) {
		return func(md *format.FileMetaData) { do(&md.RowGroups[1].Columns[11]) }
	}
	for _, c := range []struct {
		name string
		do   func(*format.FileMetaData)
		want error
		say  string
	}{
		{"rows", func(md *format.FileMetaData) { md.NumRows++ }, ErrDamaged, "footer: damaged: it counts 7 rows, its row groups 6"},
		{"codec", chunk(func(c *format.ColumnChunk) { c.MetaData.Codec = format.Lz4Raw }), ErrDamaged, "codec 7 is not one of"},
		{"offset", chunk(func(c *format.ColumnChunk) { c.MetaData.DataPageOffset = 1 << 60 }), ErrDamaged, "outside of the file"},
		{"size", chunk(func(c *format.ColumnChunk) { c.MetaData.TotalCompressedSize = -1 }), ErrDamaged, "outside of the file"},
		{"values", chunk(func(c *format.ColumnChunk) { c.MetaData.NumValues = 25 }), ErrDamaged, "25 values in 2 rows"},
		{"shape", chunk(func(c *format.ColumnChunk) { c.MetaData.NumValues = 26 }), ErrShape, "13 values a row, elsewhere 12"},
		{"dictionary", chunk(func(c *format.ColumnChunk) { c.MetaData.DictionaryPageOffset = 4 }), ErrNotDataset, "pages of another program"},
		{"other file", chunk(func(c *format.ColumnChunk) { c.FilePath = "/etc/passwd" }), ErrNotDataset, "pages of another program"},
		{"path", chunk(func(c *format.ColumnChunk) { c.MetaData.PathInSchema[0] = "x" }), ErrDamaged, "another column than the schema's"},
		{"column", func(md *format.FileMetaData) { md.RowGroups[0].Columns = md.RowGroups[0].Columns[1:] }, ErrDamaged, "row group 0: damaged: 12 columns, the schema has 13"},
		{"empty group", func(md *format.FileMetaData) { md.RowGroups[0].NumRows = 0 }, ErrDamaged, "0 rows are outside"},
		{"name", func(md *format.FileMetaData) { md.Schema[1].Name = "ID" }, ErrNotDataset, "column 0 is not the text id"},
		{"type", func(md *format.FileMetaData) { md.Schema[1].Type.Set(format.Double) }, ErrNotDataset, `column "id" has a type of another program`},
		{"required element", func(md *format.FileMetaData) { md.Schema[len(md.Schema)-1].RepetitionType.Set(format.Required) }, ErrNotDataset, `column "answer_embedding" has a type of another program`},
		{"no schema", func(md *format.FileMetaData) { md.Schema = nil }, ErrDamaged, "no schema"},
		{"version", meta(`{"format_version":"9.1","shape":[2,2,3]}`), ErrVersion, `"9.1", this program reads "0.1"`},
		{"shape in meta", meta(`{"format_version":"0.1","shape":[2,2,4]}`), ErrShape, "rows hold 12 values, the shape is 2x2x4"},
		{"no shape in meta", meta(`{"format_version":"0.1"}`), ErrDamaged, "0 directions"},
		{"meta", meta(`[`), ErrDamaged, "is no JSON object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readAll(refooter(t, golden(t, Compat), c.do))
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.say) {
				t.Errorf("got %v, want %v with %q", err, c.want, c.say)
			}
		})
	}
}

func meta(value string) func(*format.FileMetaData) {
	return func(md *format.FileMetaData) {
		for i := range md.KeyValueMetadata {
			if md.KeyValueMetadata[i].Key == metaKey {
				md.KeyValueMetadata[i].Value = value
			}
		}
	}
}

func TestPartWithoutMetadataHasAFlatShape(t *testing.T) {
	b := refooter(t, golden(t, Fast), func(md *format.FileMetaData) { md.KeyValueMetadata = nil })
	p, err := OpenReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Schema()
	if _, ok := p.Meta(); ok || err != nil || !s.Shape.Equal(Shape{12}) || s.Profile != Fast {
		t.Errorf("meta %v, schema %+v, %v", ok, s, err)
	}
	if rows, err := readAll(b); err != nil || !reflect.DeepEqual(rows, goldenRows()) {
		t.Errorf("%v, rows %+v", err, rows)
	}
}

func TestSchemaComesBack(t *testing.T) {
	for _, rows := range []int{0, 3} {
		s := testSchema(Compat, Shape{2, 2, 3}, "length", "toxic")
		b, _ := write(t, s, testRows(rows, s))
		p, err := OpenReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Schema()
		s.Meta.FormatVersion, s.Meta.Shape = FormatVersion, s.Shape
		if err != nil || !reflect.DeepEqual(got, s) {
			t.Errorf("got  %+v, %v\nwant %+v", got, err, s)
		}
		if m, ok := p.Meta(); !ok || !reflect.DeepEqual(m, s.Meta) {
			t.Errorf("meta is %+v, %v", m, ok)
		}
	}
}

func TestForeignFilesAreNotDatasets(t *testing.T) {
	type stranger struct {
		Text  string    `parquet:"text"`
		Embed []float32 `parquet:"question_embedding,list"`
	}
	var b bytes.Buffer
	if err := parquet.Write(&b, []stranger{{"x", []float32{1}}}); err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string][]byte{
		"parquet": b.Bytes(), "nothing": nil, "text": []byte("question,answer\nwhy,because\n"),
	} {
		if _, err := readAll(in); !errors.Is(err, ErrNotDataset) {
			t.Errorf("%s: %v", name, err)
		}
	}
	name := filepath.Join(t.TempDir(), "x.parquet")
	if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(name); !errors.Is(err, ErrNotDataset) || !strings.HasPrefix(err.Error(), "x.parquet: ") {
		t.Errorf("open: %v", err)
	}
	if _, err := Open(name + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("open of nothing: %v", err)
	}
}

func TestOpenReadsAFile(t *testing.T) {
	p, err := Open(goldenName(Compat))
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range p.Rows() { // and may stop early
		if err != nil || r.ID != "d1#0" {
			t.Fatalf("row %q, %v", r.ID, err)
		}
		break
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for _, err := range p.Rows() {
		if err == nil {
			t.Fatal("rows of a closed part")
		}
	}
}

func TestEveryAllowedCodecIsRead(t *testing.T) {
	s := testSchema(Compat, Shape{2, 2, 3}, "length")
	want := testRows(50, s)
	codecs := []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Zstd}
	for i := range 4 * len(codecs) { // in pages of both versions, split and not
		codec, l := codecs[i/4], layout{pages: 1 + i%2, split: i/2%2 == 1}
		var b bytes.Buffer
		w, err := NewWriter(&b, s)
		if err != nil {
			t.Fatal(err)
		}
		l.tensors = codec
		w.table = newTable(&b, columns(s.Scores), l, s.Shape.Size(), nil)
		if err := w.Write(want); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got, err := readAll(b.Bytes()); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v, %+v: %v", codec, l, err)
		}
	}
}

// Whatever byte is changed, the reader neither panics nor hands out rows it
// should not: page checksums guard the values, the checks the rest.
func TestEveryChangedByteIsSurvived(t *testing.T) {
	want := goldenRows()
	for k, p := range Profiles() { // a third of the bytes each
		b := golden(t, p)
		n := int(binary.LittleEndian.Uint32(b[len(b)-guard.TrailerSize:]))
		pages := len(b) - guard.TrailerSize - n
		for i := k; i < len(b); i += 3 {
			x := []byte{0x01, 0x80, 0xff}[i/3%3]
			b[i] ^= x
			rows, err := readAll(b)
			b[i] ^= x
			switch {
			case err == nil && i < pages && !reflect.DeepEqual(rows, want):
				t.Fatalf("%s: byte %d ^ %#x: other rows, no error", p, i, x)
			case err == nil && len(rows) != len(want):
				t.Fatalf("%s: byte %d ^ %#x: %d rows", p, i, x, len(rows))
			case err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNotDataset) && !errors.Is(err, ErrVersion):
				t.Fatalf("%s: byte %d ^ %#x: %v", p, i, x, err)
			}
		}
	}
}

func TestEveryTruncationIsAnError(t *testing.T) {
	b := golden(t, Compat)
	for n := range b {
		if _, err := readAll(b[:n]); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNotDataset) {
			t.Fatalf("cut to %d of %d bytes: %v", n, len(b), err)
		}
	}
}

// Small files that ask for much memory get none.
func TestBombs(t *testing.T) {
	list := []byte{0x19 + 0x10, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07} // field 2: a list of 2^31 structures
	empty := append([]byte{0x29, 0xfc, 0x80, 0x80, 0x80, 0x01}, make([]byte, 4<<20)...)
	deep := bytes.Repeat([]byte{0x1c}, 1<<20)
	for name, footer := range map[string][]byte{"list": list, "empty structures": empty, "depth": deep} {
		b := append([]byte(guard.Magic), footer...)
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(footer))), guard.Magic...)
		if _, err := allocated(t, 64<<20, func() error { _, err := readAll(b); return err }); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	page := func(h format.PageHeader) error {
		h.DataPageHeader.Set(h.DataPageHeader.V)
		h.DataPageHeader.V.DefinitionLevelEncoding, h.DataPageHeader.V.RepetitionLevelEncoding = format.RLE, format.RLE
		b, err := thrift.Marshal(new(thrift.CompactProtocol), h)
		if err != nil {
			t.Fatal(err)
		}
		b = append(b, 0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0) // a zstd frame that claims 4 GiB
		d, err := newDecoder()
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		budget := bufferBytesMax
		p := pages{r: bytes.NewReader(b), column: column{name: "id"}, decoder: d, budget: &budget,
			codec: format.Zstd, end: int64(len(b)), left: 1, size: 1}
		return p.load()
	}
	for name, h := range map[string]format.PageHeader{
		"expands":  {CompressedPageSize: 16, UncompressedPageSize: 100},
		"huge":     {CompressedPageSize: 16, UncompressedPageSize: 1<<31 - 1},
		"overlong": {CompressedPageSize: 1 << 30, UncompressedPageSize: 100},
		"negative": {CompressedPageSize: -16, UncompressedPageSize: -100},
	} {
		h.DataPageHeader.V.NumValues = 1
		if _, err := allocated(t, 16<<20, func() error { return page(h) }); !errors.Is(err, ErrDamaged) {
			t.Errorf("page %s: %v", name, err)
		}
	}
}

func allocated(t *testing.T, limit uint64, do func() error) (uint64, error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := do()
	runtime.ReadMemStats(&after)
	n := after.TotalAlloc - before.TotalAlloc
	if n > limit {
		t.Errorf("%d MB were asked for, want at most %d", n>>20, limit>>20)
	}
	return n, err
}

func TestLevels(t *testing.T) {
	page := func(b ...byte) []byte {
		return append(binary.LittleEndian.AppendUint32(nil, uint32(len(b))), b...)
	}
	for _, c := range []struct {
		name  string
		in    []byte
		width uint
		n     int
		want  []byte // nil: an error
	}{
		{"run", page(6, 2), 2, 3, []byte{2, 2, 2}},
		{"packed", page(3, 0b10110001), 1, 8, []byte{1, 0, 0, 0, 1, 1, 0, 1}},
		{"packed in two bits", page(3, 0b11100100, 0b00000010), 2, 5, []byte{0, 1, 2, 3, 2}},
		{"run and packed", page(4, 1, 3, 1), 1, 4, []byte{1, 1, 1, 0}},
		{"run beyond the end", page(200, 1), 1, 3, nil},
		{"run without value", page(6), 1, 3, nil},
		{"too few", page(4, 1), 1, 3, nil},
		{"packed beyond the end", page(9, 1), 1, 20, nil},
		{"longer than the page", []byte{9, 0, 0, 0, 1}, 1, 1, nil},
		{"no length", []byte{1, 0}, 1, 1, nil},
		{"endless number", page(bytes.Repeat([]byte{0xff}, 12)...), 1, 1, nil},
	} {
		var got []byte
		src, rest, err := cutLevels(append(c.in, 7)[:len(c.in)])
		if err == nil {
			got, err = expandLevels(nil, src, c.width, c.n)
		}
		if (err == nil) != (c.want != nil) || err != nil && !errors.Is(err, ErrDamaged) || err == nil && (!bytes.Equal(got, c.want) || len(rest) != 0) {
			t.Errorf("%s: %v, rest %v, %v", c.name, got, rest, err)
		}
	}
}

func FuzzOpenReader(f *testing.F) {
	for _, v := range allVectors() {
		if v.kind() != "manifest" {
			f.Add(v.make(f))
		}
	}
	for _, b := range beds(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := readAll(b); err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNotDataset) && !errors.Is(err, ErrVersion) {
			t.Errorf("an error without a kind: %v", err)
		}
		for _, err := range ReadRejects(bytes.NewReader(b), int64(len(b))) {
			if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNotDataset) {
				t.Errorf("an error without a kind: %v", err)
			}
		}
	})
}
