package foreign

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/cubeset/cubeset/formats/internal/footer"
)

// files are small files of many kinds.
func files(t testing.TB) map[string][]byte {
	all := map[string][]byte{}
	for name, codec := range codecs {
		for version := 1; version <= 2; version++ {
			name := fmt.Sprint(name, " ", version)
			all["flat "+name] = write(t, manyPairs(20), parquet.Compression(codec), parquet.DataPageVersion(version))
			all["nested "+name] = write(t, manyNested(12), parquet.Compression(codec), parquet.DataPageVersion(version))
		}
	}
	all["front coded"] = writeFrontCoded(t)
	return all
}

// writeFrontCoded writes texts as DELTA_BYTE_ARRAY, which no struct tag does.
func writeFrontCoded(t testing.TB) []byte {
	t.Helper()
	schema := parquet.NewSchema("r", parquet.Group{"question": parquet.Encoded(parquet.String(), &parquet.DeltaByteArray)})
	var b bytes.Buffer
	w := parquet.NewGenericWriter[map[string]any](&b, schema)
	for i := range 200 {
		if _, err := w.Write([]map[string]any{{"question": fmt.Sprintf("how do I %d%s", i/10, strings.Repeat("?", i%10))}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFrontCoded(t *testing.T) {
	rows, err := readAll(writeFrontCoded(t))
	if err != nil || len(rows) != 200 {
		t.Fatal(len(rows), err)
	}
	for i, row := range rows {
		if want := fmt.Sprintf(`{"question":"how do I %d%s"}`, i/10, strings.Repeat("?", i%10)); row != want {
			t.Fatalf("row %d: %s, want %s", i, row, want)
		}
	}
}

// survive reads what may be damaged: it must give an error that says so, or
// rows of JSON.
func survive(t *testing.T, what string, b []byte) error {
	t.Helper()
	rows, err := readAll(b)
	for i, row := range rows {
		if row != "too long" && !json.Valid([]byte(row)) && utf8.ValidString(row) {
			t.Fatalf("%s: row %d is no JSON: %q", what, i, row)
		}
	}
	if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNotParquet) && !errors.Is(err, ErrUnsupported) {
		t.Fatalf("%s: %v", what, err)
	}
	if err != nil && strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' }) {
		t.Fatalf("%s: a control character in %q", what, err)
	}
	return err
}

func TestMutations(t *testing.T) {
	refused, all := 0, 0
	for name, b := range files(t) {
		random := rand.New(rand.NewPCG(1, uint64(len(b))))
		pages := len(b) - footer.TrailerSize - int(binary.LittleEndian.Uint32(b[len(b)-footer.TrailerSize:]))
		for i := range 300 {
			m := bytes.Clone(b)
			what := fmt.Sprintf("%s, mutation %d", name, i)
			for range 1 + random.IntN(3) {
				at := random.IntN(len(m))
				if i%2 == 0 { // the footer is smaller than the pages
					at = pages + random.IntN(len(m)-pages)
				}
				switch random.IntN(4) {
				case 0:
					m[at] ^= 1 << random.IntN(8)
				case 1:
					m[at] = byte(random.Uint32())
				case 2:
					m[at] = []byte{0, 1, 0x7f, 0x80, 0xff}[random.IntN(5)]
				default:
					copy(m[at:], m[random.IntN(len(m)):])
				}
			}
			all++
			if survive(t, what, m) != nil {
				refused++
			}
		}
	}
	if t.Logf("%d of %d are refused", refused, all); refused < all/3 {
		t.Errorf("only %d of %d are refused", refused, all)
	}
}

// TestMutatedPages changes bytes of pages without a checksum, so that the
// decoders see them.
func TestMutatedPages(t *testing.T) {
	all := files(t)
	for _, name := range []string{"flat none 1", "flat none 2", "nested none 1", "nested none 2", "nested zstd 2", "flat lz4 1", "front coded"} {
		b := withoutChecksums(t, all[name])
		if err := survive(t, name, b); err != nil {
			t.Fatalf("%s without checksums: %v", name, err)
		}
		refused := 0
		for at := range b {
			x := []byte{0x01, 0x80, 0xff}[at%3]
			b[at] ^= x
			if survive(t, fmt.Sprintf("%s: byte %d ^ %#x", name, at, x), b) != nil {
				refused++
			}
			b[at] ^= x
		}
		if refused < len(b)/8 {
			t.Errorf("%s: %d of %d changes are refused", name, refused, len(b))
		}
	}
}

// withoutChecksums writes all page headers anew without one: the pages move.
func withoutChecksums(t *testing.T, b []byte) []byte {
	t.Helper()
	md, end, err := footer.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	out := []byte(footer.Magic)
	for g := range md.RowGroups {
		for i := range md.RowGroups[g].Columns {
			m := &md.RowGroups[g].Columns[i].MetaData
			from := chunkStart(m)
			at, to, dictionary := from, from+m.TotalCompressedSize, from != m.DataPageOffset
			start := int64(len(out))
			for at < to {
				h := new(format.PageHeader)
				n, err := footer.Decode(b[at:end], h)
				if err != nil {
					t.Fatal(err)
				}
				if h.Type != format.DictionaryPage && dictionary {
					m.DataPageOffset, dictionary = int64(len(out)), false
				}
				h.CRC = 0
				head, err := thrift.Marshal(new(thrift.CompactProtocol), h)
				if err != nil {
					t.Fatal(err)
				}
				at += int64(n)
				out = append(append(out, head...), b[at:at+int64(h.CompressedPageSize)]...)
				at += int64(h.CompressedPageSize)
			}
			m.TotalCompressedSize = int64(len(out)) - start
			if from == m.DataPageOffset {
				m.DataPageOffset = start
			} else {
				m.DictionaryPageOffset = start
			}
		}
	}
	return withFooter(t, out, md)
}

func withFooter(t testing.TB, pages []byte, md *format.FileMetaData) []byte {
	t.Helper()
	f, err := thrift.Marshal(new(thrift.CompactProtocol), md)
	if err != nil {
		t.Fatal(err)
	}
	out := append(bytes.Clone(pages), f...)
	return append(binary.LittleEndian.AppendUint32(out, uint32(len(f))), footer.Magic...)
}

func TestTruncations(t *testing.T) {
	for name, b := range files(t) {
		for n := 0; n < len(b); n += 1 + n/60 {
			if err := survive(t, name, b[:n]); err == nil {
				t.Fatalf("%s, cut to %d of %d bytes: no error", name, n, len(b))
			}
		}
	}
}

// TestHostileFooters says, of a file that is as it should be, what is not so.
func TestHostileFooters(t *testing.T) {
	b := write(t, manyNested(30), parquet.DataPageVersion(1))
	for _, c := range []struct {
		name   string
		change func(*format.FileMetaData, *format.ColumnMetaData)
		want   error
	}{
		{"more rows than there are", func(md *format.FileMetaData, _ *format.ColumnMetaData) { md.NumRows++ }, ErrDamaged},
		{"rows without end", func(md *format.FileMetaData, _ *format.ColumnMetaData) {
			md.NumRows, md.RowGroups[0].NumRows = 1<<62, 1<<62
		}, ErrDamaged},
		{"one row more", func(md *format.FileMetaData, _ *format.ColumnMetaData) { md.NumRows++; md.RowGroups[0].NumRows++ }, ErrDamaged},
		{"one row less", func(md *format.FileMetaData, _ *format.ColumnMetaData) { md.NumRows--; md.RowGroups[0].NumRows-- }, ErrDamaged},
		{"negative rows", func(md *format.FileMetaData, _ *format.ColumnMetaData) { md.NumRows, md.RowGroups[0].NumRows = -1, -1 }, ErrDamaged},
		{"a column less", func(md *format.FileMetaData, _ *format.ColumnMetaData) {
			md.RowGroups[0].Columns = md.RowGroups[0].Columns[1:]
		}, ErrDamaged},
		{"no schema", func(md *format.FileMetaData, _ *format.ColumnMetaData) { md.Schema = md.Schema[:1] }, ErrDamaged},
		{"children without end", func(md *format.FileMetaData, _ *format.ColumnMetaData) { md.Schema[0].NumChildren.Set(1<<31 - 1) }, ErrDamaged},
		{"a group of a group", func(md *format.FileMetaData, _ *format.ColumnMetaData) { md.Schema[1].NumChildren.Set(2) }, ErrDamaged},
		{"no children", func(md *format.FileMetaData, _ *format.ColumnMetaData) { md.Schema[1].NumChildren.Set(-1) }, ErrDamaged},
		{"another type", func(_ *format.FileMetaData, m *format.ColumnMetaData) { m.Type = format.Int96 }, ErrDamaged},
		{"an unknown codec", func(_ *format.FileMetaData, m *format.ColumnMetaData) { m.Codec = 99 }, ErrUnsupported},
		{"LZO", func(_ *format.FileMetaData, m *format.ColumnMetaData) { m.Codec = format.LZO }, ErrUnsupported},
		{"another codec", func(_ *format.FileMetaData, m *format.ColumnMetaData) { m.Codec = format.Gzip }, ErrDamaged},
		{"before the file", func(_ *format.FileMetaData, m *format.ColumnMetaData) { m.DataPageOffset = -1 }, ErrDamaged},
		{"behind the file", func(_ *format.FileMetaData, m *format.ColumnMetaData) { m.DataPageOffset = 1 << 62 }, ErrDamaged},
		{"the whole footer", func(_ *format.FileMetaData, m *format.ColumnMetaData) { m.TotalCompressedSize = 1 << 62 }, ErrDamaged},
		{"a page less", func(_ *format.FileMetaData, m *format.ColumnMetaData) { m.TotalCompressedSize -= 5 }, ErrDamaged},
		{"values without end", func(_ *format.FileMetaData, m *format.ColumnMetaData) { m.NumValues = 1 << 62 }, ErrDamaged},
		{"one value more", func(_ *format.FileMetaData, m *format.ColumnMetaData) { m.NumValues++ }, ErrDamaged},
		{"one value less", func(_ *format.FileMetaData, m *format.ColumnMetaData) { m.NumValues-- }, ErrDamaged},
		{"another file", func(md *format.FileMetaData, _ *format.ColumnMetaData) {
			md.RowGroups[0].Columns[0].FilePath = "/etc/passwd"
		}, ErrUnsupported},
		{"encrypted", func(md *format.FileMetaData, _ *format.ColumnMetaData) {
			md.EncryptionAlgorithm.Value = &format.AesGcmV1{}
		}, ErrUnsupported},
		{"a column encrypted", func(md *format.FileMetaData, _ *format.ColumnMetaData) {
			md.RowGroups[0].Columns[0].EncryptedColumnMetadata = []byte{1}
		}, ErrUnsupported},
	} {
		md, end, err := footer.Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		c.change(md, &md.RowGroups[0].Columns[0].MetaData)
		if err := survive(t, c.name, withFooter(t, b[:end], md)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// TestErrorsNameTheirPlace damages one page.
func TestErrorsNameTheirPlace(t *testing.T) {
	b := write(t, manyPairs(1000), parquet.Compression(&parquet.Zstd))
	md, _, err := footer.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	at := md.RowGroups[1].Columns[1].MetaData.DataPageOffset
	n, err := footer.Decode(b[at:], new(format.PageHeader))
	if err != nil {
		t.Fatal(err)
	}
	b[at+int64(n)+10] ^= 0xff
	rows, err := readAll(b)
	want := fmt.Sprintf(`row group 1, column "question": page at byte %d: damaged: checksum `, at)
	if len(rows) != 400 || err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%d rows, %v\nwant %s", len(rows), err, want)
	}
	r, err := open(b)
	if err != nil {
		t.Fatal(err)
	}
	for range 400 {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	_, first := r.Next()
	if _, again := r.Next(); first == nil || again != first || r.Row() != 400 {
		t.Errorf("%v, then %v, at row %d", first, again, r.Row())
	}
}

// single is a file of one row and one column, whose page is made by hand.
func single(t testing.TB, physical format.Type, codec format.CompressionCodec, rows int64, pages ...any) []byte {
	t.Helper()
	out := []byte(footer.Magic)
	for _, p := range pages {
		switch p := p.(type) {
		case format.PageHeader:
			head, err := thrift.Marshal(new(thrift.CompactProtocol), &p)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, head...)
		case []byte:
			out = append(out, p...)
		}
	}
	schema := make([]format.SchemaElement, 2)
	schema[0].Name = "root"
	schema[0].NumChildren.Set(1)
	schema[1].Name = "q"
	schema[1].Type.Set(physical)
	schema[1].RepetitionType.Set(format.Optional)
	return withFooter(t, out, &format.FileMetaData{Schema: schema, NumRows: rows, RowGroups: []format.RowGroup{{NumRows: rows, Columns: []format.ColumnChunk{{
		MetaData: format.ColumnMetaData{Type: physical, Codec: codec, NumValues: rows, DataPageOffset: 4, TotalCompressedSize: int64(len(out) - 4)},
	}}}}})
}

func dataPage(n int32, e format.Encoding, packed, plain int32) (h format.PageHeader) {
	h.CompressedPageSize, h.UncompressedPageSize = packed, plain
	h.DataPageHeader.Set(format.DataPageHeader{NumValues: n, Encoding: e, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE})
	return h
}

// TestBombs reads small files that ask for much.
func TestBombs(t *testing.T) {
	there := []byte{2, 0, 0, 0, 2, 1} // levels: one value that is there
	huge := append(bytes.Clone(there), 0xff, 0xff, 0xff, 0x7f)
	front := func(n byte) []byte { // a delta of n times 1<<30
		return append(bytes.Clone(there), 128, 1, 4, n, 0x80, 0x80, 0x80, 0x80, 8, 0, 0, 0, 0)
	}
	for _, c := range []struct {
		name string
		file []byte
		want error
	}{
		{"a long page", single(t, format.ByteArray, format.Zstd, 1, dataPage(1, format.Plain, 4, 1<<31-1), make([]byte, 4)), ErrUnsupported},
		{"a negative page", single(t, format.ByteArray, format.Zstd, 1, dataPage(1, format.Plain, -4, -4), make([]byte, 4)), ErrDamaged},
		{"a page longer than the file", single(t, format.ByteArray, format.Zstd, 1, dataPage(1, format.Plain, 1<<20, 4), make([]byte, 4)), ErrDamaged},
		{"a zstd frame of 4 GiB", single(t, format.ByteArray, format.Zstd, 1, dataPage(1, format.Plain, 16, 100),
			[]byte{0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0}), ErrDamaged},
		{"a snappy block of 4 GiB", single(t, format.ByteArray, format.Snappy, 1, dataPage(1, format.Plain, 6, 100), []byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0}), ErrDamaged},
		{"a long text", single(t, format.ByteArray, format.Uncompressed, 1, dataPage(1, format.Plain, int32(len(huge)), int32(len(huge))), huge), ErrDamaged},
		{"a run without end", single(t, format.ByteArray, format.Uncompressed, 1<<39, dataPage(1<<31-1, format.Plain, 10, 10), []byte{6, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0}), ErrDamaged},
		{"a delta without end", single(t, format.Int64, format.Uncompressed, 1, dataPage(1, format.DeltaBinaryPacked, 18, 18),
			append(bytes.Clone(there), 128, 1, 4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0)), ErrDamaged},
		{"blocks without end", single(t, format.Int64, format.Uncompressed, 1, dataPage(1, format.DeltaBinaryPacked, 18, 18),
			append(bytes.Clone(there), 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 4, 2, 0, 0)), ErrDamaged},
		{"texts longer than the page", single(t, format.ByteArray, format.Uncompressed, 1, dataPage(1, format.DeltaLengthByteArray, 19, 19), front(1)), ErrDamaged},
		{"more in common than there is", single(t, format.ByteArray, format.Uncompressed, 1, dataPage(1, format.DeltaByteArray, 27, 27),
			append(append(bytes.Clone(there), 128, 1, 4, 1, 0x80, 0x80, 4), 128, 1, 4, 1, 2, 0, 0, 0, 0, 0, 0, 'x', 'x', 'x')), ErrDamaged},
		{"an index without a dictionary", single(t, format.ByteArray, format.Uncompressed, 1, dataPage(1, format.RLEDictionary, 9, 9), append(bytes.Clone(there), 1, 2, 0)), ErrDamaged},
		{"gzip", bomb(t, format.Gzip, 256<<20, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }), ErrDamaged},
		{"brotli", bomb(t, format.Brotli, 64<<20, func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) }), ErrDamaged},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := survive(t, c.name, c.file)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 64<<20 {
			t.Errorf("%s: %d bytes were allocated", c.name, got)
		}
		if !errors.Is(err, c.want) || len(c.file) > 1<<20 {
			t.Errorf("%s, %d bytes: %v, want %v", c.name, len(c.file), err, c.want)
		}
	}
}

// bomb is a page of far more bytes than its header says.
func bomb(t *testing.T, codec format.CompressionCodec, n int, pack func(io.Writer) io.WriteCloser) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pack(&b)
	for range n >> 20 {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return single(t, format.ByteArray, codec, 1, dataPage(1, format.Plain, int32(b.Len()), 1000), b.Bytes())
}

func FuzzReader(f *testing.F) {
	for _, b := range files(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { _ = survive(t, "fuzz", b) })
}
