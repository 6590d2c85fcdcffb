package tensor

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/parquet-go/parquet-go/format"
)

// What comes of teachers of every kind comes back bit for bit from compact, in
// as little room as the kind allows.
func TestCompactOfEveryKindOfTeacher(t *testing.T) {
	round := func(bits uint) func(int, []float32) {
		return func(_ int, v []float32) {
			for i := range v {
				v[i] = math.Float32frombits(math.Float32bits(v[i]) >> bits << bits)
			}
		}
	}
	for _, c := range []struct {
		name string
		most float64 // of raw
		do   func(i int, v []float32)
	}{
		{"float32", 0.842, func(int, []float32) {}},
		{"bfloat16", 0.345, round(16)},
		{"float16", 0.44, round(13)},
		{"lexical", 0.10, func(_ int, v []float32) { clear(v[30:]) }},
		{"every vector twice", 0.46, func(i int, v []float32) { copy(v, unit(rand.New(rand.NewPCG(uint64(i/4), 0)), len(v))) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := testSchema(Compact, DefaultShape())
			s.Meta.Normalised = false
			want := testRows(700, s)
			for i := range want {
				c.do(2*i, want[i].QuestionEmbedding)
				c.do(2*i+1, want[i].AnswerEmbedding)
			}
			b, st := write(t, s, want)
			got := read(t, b)
			for i := range want {
				if !bytes.Equal(littleEndian(got[i].QuestionEmbedding), littleEndian(want[i].QuestionEmbedding)) ||
					!bytes.Equal(littleEndian(got[i].AnswerEmbedding), littleEndian(want[i].AnswerEmbedding)) {
					t.Fatalf("row %d: other values come back", i)
				}
			}
			t.Logf("%.4f of raw", st.Tensors.Ratio())
			if r := st.Tensors.Ratio(); r > c.most {
				t.Errorf("%.4f of raw, want at most %.4f", r, c.most)
			}
		})
	}
}

// Nearly every plane of a neural embedding is stored as it is: the codec is at
// work, and not the one that it falls back to.
func TestCompactStoresPlanes(t *testing.T) {
	b := noise(t)
	repage(t, b, func(h *format.PageHeader) {
		if h.DataPageHeaderV2.V.Encoding != format.ByteStreamSplit {
			return
		}
		// A frame of one segment with its size in four bytes; then a stored block of one plane.
		n := h.DataPageHeaderV2.V.NumValues
		frame := []byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0, byte(4 * n), byte(4 * n >> 8), 0, 0, byte(n << 3), byte(n << 3 >> 8), 0}
		if !bytes.Contains(b, frame) {
			t.Errorf("no frame of planes for a page of %d values", n)
		}
	})
}
