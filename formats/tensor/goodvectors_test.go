package tensor

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/format"

	"github.com/cubeset/cubeset/formats/vectors"
)

func goodVectors() []vector {
	part := func(name, rules, about string, make func(testing.TB) []byte) vector {
		return vector{name, rules, about, vectors.Good, make}
	}
	profile := func(p Profile) func(testing.TB) []byte {
		return func(t testing.TB) []byte { return goldenPart(t, p) }
	}
	return []vector{
		part("01-compat.parquet", "2.1.1 2.2.1 2.2.2 2.3.1 2.3.4 2.4.1 2.4.2", "the profile compat, in two row groups", profile(Compat)),
		part("02-compact.parquet", "2.1.1 2.2.1 2.2.2 2.3.1", "the same rows in the profile compact", profile(Compact)),
		part("03-fast.parquet", "2.1.1 2.2.1 2.2.2 2.3.1", "the same rows in the profile fast", profile(Fast)),
		part("04-flat.parquet", "2.2.3", "a shape of one direction", func(t testing.TB) []byte { return shaped(t, Compat, Shape{12}) }),
		part("05-eight.parquet", "2.2.3", "a shape of eight directions", func(t testing.TB) []byte { return shaped(t, Compact, Shape{2, 1, 2, 1, 1, 1, 1, 3}) }),
		part("06-nulls.parquet", "2.1.2 2.1.3", "null in every row of every column that may be null", nullsOnly(Compact)),
		part("07-no-rows.parquet", "2.3.4", "no rows and no row groups", func(t testing.TB) []byte { return goldenPart(t, Compat, noRows) }),
		part("08-extremes.parquet", "2.1.5 2.1.7 2.2.4", "the largest, the smallest and both zeros, in tensors that are not normalised", extremes),
		part("09-texts.parquet", "2.1.2", "texts that are empty, equal, long, or full of controls, marks and markup", hostileTexts),
		part("10-scores.parquet", "2.1.6", "32 filters give scores", manyScores),
		part("11-snappy.parquet", "2.3.2", "tensors compressed with snappy", recoded(&parquet.Snappy)),
		part("12-gzip.parquet", "2.3.2", "tensors compressed with gzip", recoded(&parquet.Gzip)),
		part("13-no-arrow-schema.parquet", "2.4.1", "without the key ARROW:schema", withoutArrow),
		part("14-checksums.parquet", "2.3.3", "no page has a checksum", withoutChecksums),
		{"15-rejects.parquet", "3.1 3.2 3.3", "rejects, one of them without texts and score", vectors.Good, goodRejects},
		{"16-manifest.json", "4.1 4.2 4.3 4.4 4.5", "a dataset of two splits", vectors.Good, func(t testing.TB) []byte { return encoded(t, vectorManifest()) }},
		{"17-manifest-least.json", "4.3 4.4", "no filters, no rejects, no licence, one split", vectors.Good, func(t testing.TB) []byte {
			m := vectorManifest()
			m.Filters, m.Scores, m.Rejects, m.Licence = nil, nil, nil, ""
			m.Parts = m.Parts[:1]
			m.Kept, m.Read, m.Dropped, m.Skipped, m.Splits = 4, 4, nil, nil, map[string]int64{"train": 4}
			return encoded(t, m)
		}},
		part("18-planes.parquet", "2.3.2 2.3.8", "pages of 18 KiB, three of their planes stored and one coded", noise),
	}
}

// noise are values as of a neural embedding, made of integers so that every
// machine makes the same.
func noise(t testing.TB) []byte {
	return goldenPart(t, Compact, func(s *Schema, rows *[]Row) {
		s.Shape, s.Meta.Normalised, s.RowGroupRows = Shape{16, 48}, false, 6
		rng := rand.New(rand.NewPCG(18, 18))
		for i := range *rows {
			v := make([]float32, 2*768)
			for j := range v {
				u := rng.Uint64()
				exponent := uint32(122 - bits.TrailingZeros64(u|1<<40))
				v[j] = math.Float32frombits(uint32(u>>63)<<31 | exponent<<23 | uint32(u>>41)&(1<<23-1))
			}
			(*rows)[i].QuestionEmbedding, (*rows)[i].AnswerEmbedding = v[:768], v[768:]
		}
	})
}

// goldenPart is goldenRows in a profile, after some changes.
func goldenPart(t testing.TB, p Profile, change ...func(*Schema, *[]Row)) []byte {
	s := testSchema(p, Shape{2, 2, 3}, "length")
	s.RowGroupRows = 4
	rows := goldenRows()
	for _, c := range change {
		c(&s, &rows)
	}
	b, _ := write(t, s, rows)
	return b
}

func noRows(_ *Schema, rows *[]Row) { *rows = nil }

func shaped(t testing.TB, p Profile, shape Shape) []byte {
	return goldenPart(t, p, func(s *Schema, _ *[]Row) { s.Shape = shape })
}

func nullsOnly(p Profile) func(testing.TB) []byte {
	return func(t testing.TB) []byte {
		return goldenPart(t, p, func(_ *Schema, rows *[]Row) {
			for i := range *rows {
				r := &(*rows)[i]
				r.Context, r.DialogueID, r.Lang, r.Turn = "", "", "", -1
			}
		})
	}
}

func extremes(t testing.TB) []byte {
	return goldenPart(t, Compact, func(s *Schema, rows *[]Row) {
		s.Meta.Normalised = false
		v := []float32{0, float32(math.Copysign(0, -1)), math.MaxFloat32, -math.MaxFloat32,
			math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, 1, -1, 0.1, 1e-38, 1e38, 16777217}
		for i := range *rows {
			r := &(*rows)[i]
			r.QuestionEmbedding, r.AnswerEmbedding = v, slices.Concat(v[i:], v[:i])
			r.Similarity, r.Scores = v[2*i], []float32{v[2*i+1]}
		}
	})
}

func hostileTexts(t testing.TB) []byte {
	return goldenPart(t, Compat, func(_ *Schema, rows *[]Row) {
		for i, text := range []string{
			"", "a\x00b\x1b[31mc\x7f", "\u202eevil\u202c\u200b\ufeff", `<script>alert(1)</script>|"'\`, strings.Repeat("ab", 2048), "e\u0301\U0001f600\U0010ffff\n\ttab",
		} {
			r := &(*rows)[i]
			r.ID, r.Question, r.Answer, r.Context, r.DialogueID, r.Source = "same", text, text, text, text, text
		}
	})
}

func manyScores(t testing.TB) []byte {
	return goldenPart(t, Compat, func(s *Schema, rows *[]Row) {
		s.Scores = nil
		for i := range scoresMax {
			s.Scores = append(s.Scores, fmt.Sprintf("f%d_%s", i, strings.Repeat("x", 32-len(fmt.Sprintf("f%d_", i)))))
		}
		for i := range *rows {
			scores := make([]float32, scoresMax)
			for j := range scores {
				scores[j] = float32(i*scoresMax + j)
			}
			(*rows)[i].Scores = scores
		}
	})
}

// recoded has another codec for its tensors.
func recoded(codec compress.Codec) func(testing.TB) []byte {
	return func(t testing.TB) []byte { return forge(t, layout{1, false, codec}, nil) }
}

func withoutArrow(t testing.TB) []byte {
	return refooter(t, goldenPart(t, Compat), func(md *format.FileMetaData) {
		md.KeyValueMetadata = slices.DeleteFunc(md.KeyValueMetadata, func(kv format.KeyValue) bool { return kv.Key == arrowKey })
	})
}

// withoutChecksums has page headers without a CRC, and is the longer for it by
// nothing: each header is followed by its page, wherever it ends.
func withoutChecksums(t testing.TB) []byte {
	return repage(t, goldenPart(t, Compat), func(h *format.PageHeader) { h.CRC = 0 })
}

func goodRejects(t testing.TB) []byte {
	rows := testRejects(3)
	rows[1].Question, rows[1].Answer = "", ""
	var b bytes.Buffer
	if _, err := WriteRejects(&b, slices.Values(rows)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// vectorManifest is of a dataset that is nowhere.
func vectorManifest() Manifest {
	sum := strings.Repeat("0a", 32)
	return Manifest{
		FormatVersion: FormatVersion, Cubeset: "0.1.0", Shape: Shape{2, 2, 3}, Profile: Compact, Normalised: true, Licence: "cc-by-4.0",
		Teacher: TeacherInfo{Name: "hash-768", Model: "hashing", Dims: 12, EmbedID: "e1", SpaceID: "s1",
			Determinism: "exact", Licence: "apache-2.0", Projection: "native"},
		Similarity: Similarity{0.25, "registry"},
		Filters: []FilterInfo{
			{"length", "text", strings.Repeat("0b", 32), []byte(`{"min":2,"words":["<b>","é"]}`)},
			{"similarity", "vector", strings.Repeat("0c", 32), nil},
		},
		ConfigDigest: "c1", LockDigest: "l1", Split: SplitInfo{"0.2", "0", 42},
		Inputs: []Input{{"chats.jsonl", 9, 1000, strings.Repeat("0d", 32)}},
		Read:   9, Kept: 6, Dropped: map[string]int64{"length/too_short": 1, "dedup/exact": 1}, Skipped: map[string]int64{"json": 1},
		Splits: map[string]int64{"train": 4, "validation": 2}, Scores: []string{"length"},
		Parts: []PartInfo{
			{"data/train-0011.parquet", "train", 4, 6736, sum, sum}, {"data/validation-0011.parquet", "validation", 2, 6000, sum, sum},
		},
		Rejects: []PartInfo{{"rejects/rejects.parquet", "", 3, 2000, sum, ""}},
	}
}

func encoded(t testing.TB, m Manifest) []byte {
	b, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func littleEndian(v []float32) []byte {
	var b []byte
	for _, f := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}
