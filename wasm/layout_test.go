package wasm

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// view reads a packed batch as ABI.md says, with nothing of the writer.
type view []byte

func (v view) u32(at uint32) uint32 { return binary.LittleEndian.Uint32(v[at:]) }

func (v view) texts(offsets, data, n uint32) (out []string) {
	for i := range n {
		out = append(out, string(v[data+v.u32(offsets+4*i):data+v.u32(offsets+4*i+4)]))
	}
	return out
}

func (v view) floats(at, n uint32) (out []float32) {
	for i := range n {
		out = append(out, math.Float32frombits(v.u32(at+4*i)))
	}
	return out
}

func (v view) extension(tag uint32) (off, size uint32) {
	for at := v.u32(52); at != 0 && v.u32(at) != 0; at += 12 {
		if v.u32(at) == tag {
			return v.u32(at + 4), v.u32(at + 8)
		}
	}
	return 0, 0
}

// strings reads a text extension that starts skip bytes in.
func (v view) strings(t *rapid.T, tag, skip, n uint32) []string {
	off, size := v.extension(tag)
	if off == 0 || off%16 != 0 {
		t.Fatalf("extension %d is at %d", tag, off)
	}
	data := off + skip + 4*(n+1)
	if end := data + v.u32(data-4); end != off+size {
		t.Fatalf("extension %d ends at %d, not %d", tag, end, off+size)
	}
	return v.texts(off+skip, data, n)
}

func drawBatch(t *rapid.T) *Batch {
	n := rapid.IntRange(0, 9).Draw(t, "rows")
	texts := func(name string) []string { return rapid.SliceOfN(rapid.String(), n, n).Draw(t, name) }
	dim := rapid.IntRange(1, 7).Draw(t, "dim")
	vectors := func(name string) [][]float32 {
		return rapid.SliceOfN(rapid.SliceOfN(rapid.Float32(), dim, dim), n, n).Draw(t, name)
	}
	floats := func(name string) []float32 { return rapid.SliceOfN(rapid.Float32(), n, n).Draw(t, name) }
	b := &Batch{
		Questions: texts("questions"), Answers: texts("answers"), IDs: texts("ids"), Langs: texts("langs"),
		Sources: texts("sources"), DialogueIDs: texts("dialogues"), Turns: rapid.SliceOfN(rapid.Int32(), n, n).Draw(t, "turns"),
		Similarity: floats("similarity"), QuestionEmbeddings: vectors("q"), AnswerEmbeddings: vectors("a"), Dim: dim,
		RowBase: rapid.Uint64().Draw(t, "base"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "scores") {
		b.Scores = append(b.Scores, ScoreColumn{rapid.StringMatching("[a-z]{1,5}").Draw(t, "name"), floats("score")})
	}
	return b
}

const everyNeed = needSet(math.MaxUint8)

func TestPackRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBatch(t)
		if err := b.check(&Manifest{}, everyNeed); err != nil {
			t.Fatal(err)
		}
		l, err := plan(b, everyNeed)
		if err != nil {
			t.Fatal(err)
		}
		buf := slices.Repeat([]byte{0x55}, int(l.total))
		pack(buf, b, &l)
		v, n := view(buf), uint32(b.Rows())
		same := func(name string, ok bool) {
			if !ok {
				t.Errorf("%s differ", name)
			}
		}
		same("magic", string(v[:4]) == "CSB1" && v.u32(4) == 64 && v.u32(8) == n && v.u32(12) == 0)
		same("sizes", v.u32(40) == uint32(b.Dim) && v.u32(48) == uint32(len(buf)) && v.u32(44)+8*n == uint32(len(buf)))
		same("row base", binary.LittleEndian.Uint64(v[56:]) == b.RowBase)
		same("questions", slices.Equal(v.texts(v.u32(16), v.u32(20), n), b.Questions))
		same("answers", slices.Equal(v.texts(v.u32(24), v.u32(28), n), b.Answers))
		same("question embeddings", slices.Equal(v.floats(v.u32(32), n*v.u32(40)), slices.Concat(b.QuestionEmbeddings...)))
		same("answer embeddings", slices.Equal(v.floats(v.u32(36), n*v.u32(40)), slices.Concat(b.AnswerEmbeddings...)))
		same("contexts", slices.Equal(v.strings(t, 1, 0, n), make([]string, n)))
		same("ids", slices.Equal(v.strings(t, 2, 0, n), b.IDs))
		same("langs", slices.Equal(v.strings(t, 3, 0, n), b.Langs))
		cosines, _ := v.extension(4)
		same("similarity", slices.Equal(v.floats(cosines, n), b.Similarity))
		same("sources", slices.Equal(v.strings(t, 5, 0, n), b.Sources))
		same("dialogues", slices.Equal(v.strings(t, 6, 4*n, n), b.DialogueIDs))
		turns, _ := v.extension(6)
		for i := range n {
			same("turns", int32(v.u32(turns+4*i)) == b.Turns[i])
		}
		at, _ := v.extension(7)
		k := v.u32(at)
		same("score count", int(k) == len(b.Scores))
		values := at + 4 + 4*(k+1)
		names := v.texts(at+4, values+4*k*n, k)
		for i := range k {
			same("score names", names[i] == b.Scores[i].Name)
			same("scores", slices.Equal(v.floats(values+4*i*n, n), b.Scores[i].Values))
		}
		other := slices.Repeat([]byte{0xaa}, int(l.total))
		pack(other, b, &l)
		same("bytes of two packings", slices.Equal(buf, other))
	})
}

func TestPackOnlyWhatIsNeeded(t *testing.T) {
	b := &Batch{Questions: []string{"q"}, Answers: []string{"a"}, IDs: []string{"i"}, Similarity: []float32{1}, Dim: 3}
	l, err := plan(b, 0)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, l.total)
	pack(buf, b, &l)
	v := view(buf)
	if v.u32(32) != 0 || v.u32(36) != 0 || v.u32(40) != 0 || v.u32(52) != 0 {
		t.Errorf("header %x", buf[:64])
	}
}

func TestBatchCheck(t *testing.T) {
	two := []string{"a", "b"}
	for _, c := range []struct {
		name string
		b    Batch
		m    Manifest
		ok   bool
	}{
		{"plain", Batch{Questions: two, Answers: two}, Manifest{}, true},
		{"no rows", Batch{}, Manifest{Needs: []string{NeedSimilarity}}, true},
		{"fewer answers", Batch{Questions: two, Answers: two[:1]}, Manifest{}, false},
		{"fewer ids", Batch{Questions: two, Answers: two, IDs: two[:1]}, Manifest{}, false},
		{"no similarity", Batch{Questions: two, Answers: two}, Manifest{Needs: []string{NeedSimilarity}}, false},
		{"no embeddings", Batch{Questions: two, Answers: two, Dim: 2}, Manifest{Needs: []string{NeedEmbeddings}}, false},
		{"a short embedding", Batch{Questions: two, Answers: two, Dim: 2, QuestionEmbeddings: [][]float32{{1, 2}, {1}}, AnswerEmbeddings: [][]float32{{1, 2}, {1, 2}}}, Manifest{Needs: []string{NeedEmbeddings}}, false},
		{"other dims", Batch{Questions: two, Answers: two, Dim: 2, QuestionEmbeddings: [][]float32{{1, 2}, {1, 2}}, AnswerEmbeddings: [][]float32{{1, 2}, {1, 2}}}, Manifest{Needs: []string{NeedEmbeddings}, Dim: 3}, false},
		{"fewer scores", Batch{Questions: two, Answers: two, Scores: []ScoreColumn{{"x", []float32{1}}}}, Manifest{}, false},
	} {
		if err := c.b.check(&c.m, newNeedSet(c.m.Needs)); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrBatch) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBatch(t)
		j := rapid.IntRange(0, b.Rows()).Draw(t, "j")
		i := rapid.IntRange(0, j).Draw(t, "i")
		s := b.Slice(i, j)
		if err := s.check(&Manifest{}, everyNeed); err != nil || s.Rows() != j-i || s.RowBase != b.RowBase+uint64(i) || s.Contexts != nil {
			t.Errorf("%v, %d rows", err, s.Rows())
		}
	})
}
