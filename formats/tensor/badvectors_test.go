package tensor

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	guard "github.com/cubeset/cubeset/formats/internal/footer"
	"github.com/cubeset/cubeset/formats/vectors"
)

// badParts have one fault each.
func badParts() []vector {
	const damaged, alien = vectors.Damaged, vectors.Foreign
	compat := func(t testing.TB) []byte { return goldenPart(t, Compat) }
	foot := func(do func(*format.FileMetaData)) func(testing.TB) []byte {
		return func(t testing.TB) []byte { return refooter(t, compat(t), do) }
	}
	chunk := func(do func(*format.ColumnChunk)) func(testing.TB) []byte {
		return foot(func(md *format.FileMetaData) { do(&md.RowGroups[1].Columns[11]) })
	}
	rows := func(do func([]Row)) func(testing.TB) []byte {
		return func(t testing.TB) []byte { return forge(t, Compat.layout(), do) }
	}
	others := func(do func([]nullable), tags ...parquet.WriterOption) func(testing.TB) []byte {
		return func(t testing.TB) []byte { return refooter(t, foreign(t, do, tags...), dropBounds) }
	}
	heads := func(p Profile, do func(*format.PageHeader)) func(testing.TB) []byte {
		return func(t testing.TB) []byte { return repage(t, goldenPart(t, p), do) }
	}
	element := func(fromEnd int, r format.FieldRepetitionType) func(testing.TB) []byte {
		return foot(func(md *format.FileMetaData) { md.Schema[len(md.Schema)-fromEnd].RepetitionType.Set(r) })
	}
	said := func(do func(*Meta)) func(testing.TB) []byte {
		s := testSchema(Compat, Shape{2, 2, 3})
		s.Meta.FormatVersion, s.Meta.Shape = FormatVersion, s.Shape
		do(&s.Meta)
		b, _ := json.Marshal(s.Meta)
		return foot(meta(string(b)))
	}
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	return []vector{
		{"01-no-end.parquet", "7.1", "the last byte is missing", damaged, func(t testing.TB) []byte { b := compat(t); return b[:len(b)-1] }},
		{"02-half.parquet", "7.1", "the second half is missing", damaged, func(t testing.TB) []byte { b := compat(t); return b[:len(b)/2] }},
		{"03-empty.parquet", "7.1", "no bytes at all", alien, func(testing.TB) []byte { return nil }},
		{"04-text.parquet", "7.1", "CSV under the name of a part", alien, func(testing.TB) []byte { return []byte("question,answer\nwhy?,because\n") }},
		{"05-changed-byte.parquet", "2.3.3", "one bit of a tensor differs, the checksum is the old one", damaged, func(t testing.TB) []byte {
			b := goldenPart(t, Fast)
			b[bytes.Index(b, []byte{0, 0, 0x80, 0xbf})] ^= 4 // a -1, which only tensors hold
			return b
		}},
		{"06-footer-length.parquet", "7.2", "the footer is longer than the file", damaged, func(t testing.TB) []byte {
			b := compat(t)
			binary.LittleEndian.PutUint32(b[len(b)-guard.TrailerSize:], uint32(len(b)))
			return b
		}},
		{"07-footer-bomb.parquet", "7.3", "a footer of 6 bytes announces a list of two thousand million structures", damaged, func(testing.TB) []byte {
			return framed([]byte{0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07})
		}},
		{"08-deep.parquet", "7.3", "a footer of structures, one in another, 4,000 deep", damaged, func(testing.TB) []byte {
			return framed(bytes.Repeat([]byte{0x1c}, 4000))
		}},
		{"09-page-bomb.parquet", "7.3", "a page's zstd frame announces 4 GiB", damaged, func(t testing.TB) []byte {
			return forge(t, layout{1, false, new(bomb)}, nil)
		}},
		{"10-rows.parquet", "7.2", "the footer counts 7 rows, its row groups 6", damaged, foot(func(md *format.FileMetaData) { md.NumRows++ })},
		{"11-empty-group.parquet", "2.3.4", "a row group of no rows", damaged, foot(func(md *format.FileMetaData) { md.RowGroups[0].NumRows = 0; md.NumRows = 2 })},
		{"12-offset.parquet", "7.2", "a column chunk lies behind the end of the file", damaged, chunk(func(c *format.ColumnChunk) { c.MetaData.DataPageOffset = 1 << 60 })},
		{"13-size.parquet", "7.2", "a column chunk of negative size", damaged, chunk(func(c *format.ColumnChunk) { c.MetaData.TotalCompressedSize = -1 })},
		{"14-other-file.parquet", "7.2", "a column chunk that is in another file", alien, chunk(func(c *format.ColumnChunk) { c.FilePath = "../secrets" })},
		{"15-dictionary.parquet", "2.3.1", "a column chunk with a dictionary", alien, chunk(func(c *format.ColumnChunk) { c.MetaData.DictionaryPageOffset = 4 })},
		{"16-codec.parquet", "2.3.2", "a column chunk in LZ4_RAW", damaged, chunk(func(c *format.ColumnChunk) { c.MetaData.Codec = format.Lz4Raw })},
		{"17-delta.parquet", "2.3.1", "a text column in DELTA_LENGTH_BYTE_ARRAY", damaged, others(nil, tag{`parquet:"question,delta,zstd"`, "Question"})},
		{"18-split-scalar.parquet", "2.3.1", "a scalar column in BYTE_STREAM_SPLIT", damaged, others(nil, tag{`parquet:"similarity,split,zstd"`, "Similarity"})},
		{"19-page-size.parquet", "2.3.3", "pages that say they expand to 2 GiB", damaged, heads(Compat, func(h *format.PageHeader) { h.UncompressedPageSize = math.MaxInt32 })},
		{"20-page-values.parquet", "2.3.3", "a page that ends within a row", damaged, heads(Compat, func(h *format.PageHeader) {
			if d := &h.DataPageHeader.V; d.NumValues == 48 {
				d.NumValues = 47
			}
		})},
		{"21-page-levels.parquet", "7.2", "version 2 pages whose levels are longer than they", damaged, heads(Compact, func(h *format.PageHeader) { h.DataPageHeaderV2.V.RepetitionLevelsByteLength = 1 << 20 })},
		{"22-page-type.parquet", "2.3.1", "pages that are no data pages", damaged, heads(Compat, func(h *format.PageHeader) { h.Type = format.DictionaryPage })},
		{"23-required-element.parquet", "2.2.1", "the element of a tensor is required", alien, element(1, format.Required)},
		{"24-optional-list.parquet", "2.2.1", "a tensor may be null", alien, element(3, format.Optional)},
		{"25-null-value.parquet", "2.2.1", "a value of a tensor is null", damaged, others(func(r []nullable) { r[1].A[7] = nil })},
		{"26-short-row.parquet", "2.2.2", "a row of 11 values, and one of 13", damaged, others(func(r []nullable) { r[1].Q, r[2].Q = values(13), values(11) })},
		{"27-empty-row.parquet", "2.2.2", "a tensor without values", damaged, others(func(r []nullable) { r[1].A = nil })},
		{"28-two-sizes.parquet", "2.2.2", "13 values a row in one row group, 12 in the other", damaged, chunk(func(c *format.ColumnChunk) { c.MetaData.NumValues = 26 })},
		{"29-shape.parquet", "2.2.2", "12 values a row, the shape has 16", damaged, said(func(m *Meta) { m.Shape = Shape{2, 2, 4} })},
		{"30-nine.parquet", "2.2.3", "a shape of nine directions", damaged, said(func(m *Meta) { m.Shape = Shape{1, 1, 1, 1, 1, 1, 2, 2, 3} })},
		{"31-zero.parquet", "2.2.3", "a shape with a direction of no size", damaged, said(func(m *Meta) { m.Shape = Shape{12, 0} })},
		{"32-norm.parquet", "2.2.4", "the metadata says normalised, a tensor has the length 2", vectors.Norm, rows(func(r []Row) { r[2].QuestionEmbedding[2] = 2 })},
		{"33-version.parquet", "2.4.2", "of the format's version 9.1", vectors.Version, said(func(m *Meta) { m.FormatVersion = "9.1" })},
		{"34-metadata.parquet", "2.4.2", "the key cubeset holds no JSON object", damaged, foot(meta(`[`))},
		{"35-missing-column.parquet", "2.1.1", "the column lang is missing", alien, foot(func(md *format.FileMetaData) { dropColumn(md, 6) })},
		{"36-order.parquet", "2.1.1", "the columns id and question are in each other's place", alien, foot(func(md *format.FileMetaData) {
			md.Schema[1].Name, md.Schema[2].Name = "question", "id"
			for _, g := range md.RowGroups {
				g.Columns[0].MetaData.PathInSchema, g.Columns[1].MetaData.PathInSchema = []string{"question"}, []string{"id"}
			}
		})},
		{"37-type.parquet", "2.1.1", "the column similarity is declared as double", alien, foot(func(md *format.FileMetaData) { md.Schema[10].Type.Set(format.Double) })},
		{"38-filter-name.parquet", "2.1.6", "a score column with a name no filter may have", alien, foot(func(md *format.FileMetaData) { md.Schema[11].Name = "score_Länge" })},
		{"39-nan.parquet", "2.1.7", "a tensor with NaN", vectors.Finite, rows(func(r []Row) { r[3].AnswerEmbedding[0] = nan })},
		{"40-infinite.parquet", "2.1.7", "a similarity of minus infinity", vectors.Finite, rows(func(r []Row) { r[3].Similarity = inf })},
		{"41-utf8.parquet", "2.1.2", "a question that is not UTF-8", vectors.Text, rows(func(r []Row) { r[3].Question = "Gr\xfc\xdfe" })},
		{"42-split.parquet", "2.1.4", "a row of validation in a part of train", vectors.Split, rows(func(r []Row) { r[3].Split = "validation" })},
		{"43-rejects.parquet", "3.1", "rejects without their last column", alien, func(t testing.TB) []byte {
			return refooter(t, goodRejects(t), func(md *format.FileMetaData) { dropColumn(md, 8) })
		}},
		{"44-no-metadata.parquet", "2.4.2", "the key cubeset is missing", vectors.Meta, foot(func(md *format.FileMetaData) { md.KeyValueMetadata = md.KeyValueMetadata[:1] })},
	}
}

// badManifests have one fault each.
func badManifests() []vector {
	of := func(name, rule, about string, verdict vectors.Verdict, do func(*Manifest)) vector {
		return vector{name, rule, about, verdict, func(t testing.TB) []byte {
			m := vectorManifest()
			do(&m)
			return encoded(t, m)
		}}
	}
	bytesOf := func(name, rule, about string, verdict vectors.Verdict, do func(string) string) vector {
		return vector{name, rule, about, verdict, func(t testing.TB) []byte { return []byte(do(string(encoded(t, vectorManifest())))) }}
	}
	const damaged = vectors.Damaged
	return []vector{
		bytesOf("50-cut.json", "4.1", "the second half is missing", damaged, func(s string) string { return s[:len(s)/2] }),
		bytesOf("51-more.json", "4.1", "something follows the object", damaged, func(s string) string { return s + "{}" }),
		bytesOf("52-unknown-key.json", "4.1", "a key that the format does not have", damaged, func(s string) string { return strings.Replace(s, "{", `{"made_at": "2026-01-01",`, 1) }),
		of("53-version.json", "4.2", "of the format's version 9.1", vectors.Version, func(m *Manifest) { m.FormatVersion = "9.1" }),
		bytesOf("54-type.json", "4.3", "a number of rows in quotes", damaged, func(s string) string { return strings.Replace(s, `"kept": 6`, `"kept": "6"`, 1) }),
		of("55-profile.json", "4.3", "a profile that there is not", damaged, func(m *Manifest) { m.Profile = "tiny" }),
		of("56-shape.json", "4.3", "a shape without a direction", damaged, func(m *Manifest) { m.Shape = Shape{} }),
		of("57-stage.json", "4.3", "a filter of a stage that there is not", damaged, func(m *Manifest) { m.Filters[0].Stage = "late" }),
		of("58-scores.json", "4.3", "one filter gives two columns of scores", damaged, func(m *Manifest) { m.Scores = []string{"length", "length"} }),
		of("59-sum.json", "4.3", "a sum that is not SHA-256", damaged, func(m *Manifest) { m.Parts[0].SHA256 = "00" }),
		of("60-read.json", "4.4", "one record read has become nothing", damaged, func(m *Manifest) { m.Read++ }),
		of("61-kept.json", "4.4", "the parts hold fewer rows than were kept", damaged, func(m *Manifest) { m.Parts[0].Rows-- }),
		of("62-splits.json", "4.4", "the splits are counted in each other's place", damaged, func(m *Manifest) { m.Splits = map[string]int64{"train": 2, "validation": 4} }),
		of("63-negative.json", "4.4", "a negative count, made good by another", damaged, func(m *Manifest) { m.Dropped = map[string]int64{"a": 3, "b": -1} }),
		of("64-up.json", "4.5", "the path of a part leads out of the dataset", damaged, func(m *Manifest) { m.Parts[0].Path = "data/../../train-0011.parquet" }),
		of("65-absolute.json", "4.5", "the path of a part is absolute", damaged, func(m *Manifest) { m.Parts[0].Path = "/data/train-0011.parquet" }),
		of("66-folder.json", "4.5", "the path of a part has a folder too many", damaged, func(m *Manifest) { m.Parts[0].Path = "data/a/train-0011.parquet" }),
		of("67-rejects.json", "4.5", "the rejects are among the parts", damaged, func(m *Manifest) { m.Rejects[0].Path = "data/rejects.parquet" }),
		of("68-part-name.json", "1.2", "the name of a part does not begin with its split", damaged, func(m *Manifest) { m.Parts[0].Path = "data/part-0011.parquet" }),
		of("69-split-name.json", "1.2", "a split with a capital", damaged, func(m *Manifest) {
			m.Parts[0].Path, m.Parts[0].Split, m.Splits = "data/Train-0011.parquet", "Train", map[string]int64{"Train": 4, "validation": 2}
		}),
		of("70-name.json", "1.3", "a space in the name of a part", damaged, func(m *Manifest) { m.Parts[0].Path = "data/train-00 11.parquet" }),
		of("71-twice.json", "1.1", "a part is listed twice", damaged, func(m *Manifest) {
			m.Parts[0].Rows = 2
			m.Parts = slices.Insert(m.Parts, 0, m.Parts[0])
		}),
		of("72-rejects-twice.json", "4.5", "a file of rejects is listed twice", damaged, func(m *Manifest) { m.Rejects = append(m.Rejects, m.Rejects[0]) }),
	}
}

// bomb is a codec whose every page is one zstd frame that announces 4 GiB.
type bomb struct{ zstd.Codec }

func (b *bomb) Encode(dst, _ []byte) ([]byte, error) {
	return append(dst[:0], 0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0), nil
}

// framed is a file that is nothing but a footer.
func framed(footer []byte) []byte {
	b := append([]byte(guard.Magic), footer...)
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(footer))), guard.Magic...)
}

// dropColumn takes a scalar column out of a footer.
// dropBounds leaves out minima and maxima, of which others write more than 2.3.5
// allows.
func dropBounds(md *format.FileMetaData) {
	for _, g := range md.RowGroups {
		for i := range g.Columns {
			c := &g.Columns[i]
			c.ColumnIndexOffset, c.ColumnIndexLength, c.MetaData.Statistics = 0, 0, format.Statistics{}
		}
	}
}

func dropColumn(md *format.FileMetaData, i int) {
	md.Schema = slices.Delete(md.Schema, 1+i, 2+i)
	md.Schema[0].NumChildren.V--
	for g := range md.RowGroups {
		md.RowGroups[g].Columns = slices.Delete(md.RowGroups[g].Columns, i, i+1)
	}
}

// repage writes a file's pages anew under changed headers, without page index.
func repage(t testing.TB, b []byte, change func(*format.PageHeader)) []byte {
	t.Helper()
	md, _, err := guard.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	out := []byte(guard.Magic)
	for g := range md.RowGroups {
		for i := range md.RowGroups[g].Columns {
			c := &md.RowGroups[g].Columns[i]
			c.ColumnIndexOffset, c.ColumnIndexLength, c.OffsetIndexOffset, c.OffsetIndexLength = 0, 0, 0, 0
			m := &c.MetaData
			pages := b[m.DataPageOffset:][:m.TotalCompressedSize]
			m.DataPageOffset = int64(len(out))
			for len(pages) > 0 {
				var h format.PageHeader
				n, err := guard.Decode(pages, &h)
				if err != nil {
					t.Fatal(err)
				}
				body := pages[n:][:h.CompressedPageSize]
				pages = pages[n+len(body):]
				change(&h)
				head, err := thrift.Marshal(new(thrift.CompactProtocol), h)
				if err != nil {
					t.Fatal(err)
				}
				out = append(append(out, head...), body...)
			}
			m.TotalCompressedSize = int64(len(out)) - m.DataPageOffset
		}
	}
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), md)
	if err != nil {
		t.Fatal(err)
	}
	out = append(out, footer...)
	return append(binary.LittleEndian.AppendUint32(out, uint32(len(footer))), guard.Magic...)
}
