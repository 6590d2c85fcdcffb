package array

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func TestHalf(t *testing.T) {
	for bits, want := range map[uint16]float32{
		0x0000: 0, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0400: 0x1p-14, 0x0001: 0x1p-24, 0x83ff: -0x3ffp-24,
		0x3555: 0x1.554p-2, 0x7c00: float32(math.Inf(1)), 0xfc00: float32(math.Inf(-1)),
	} {
		if got := half(bits); got != want {
			t.Errorf("%#04x is %v, want %v", bits, got, want)
		}
	}
	if got := half(0x8000); math.Float32bits(got) != 1<<31 {
		t.Errorf("-0 is %v", got)
	}
	if got := half(0x7e01); got == got {
		t.Errorf("a NaN is %v", got)
	}
}

func TestHalfKeepsTheOrder(t *testing.T) {
	for h := uint16(0); h < 0x7c00; h++ {
		if half(h) >= half(h+1) {
			t.Fatalf("%#x: %v is not below %v", h, half(h), half(h+1))
		}
	}
}

// values are raw bytes of each type that hold 1, -2.5, 1/3 rounded to it.
var values = map[Type][]byte{
	F16:  le16(0x3c00, 0xc100, 0x3555),
	BF16: le16(0x3f80, 0xc020, 0x3eab),
	F32:  le(float32(1), float32(-2.5), float32(1.0/3)),
	F64:  le(1.0, -2.5, 1.0/3),
}

func le(v ...any) (b []byte) {
	for _, x := range v {
		b, _ = binary.Append(b, binary.LittleEndian, x)
	}
	return b
}

func le16(v ...uint16) []byte { return le(v) }

func TestFloats(t *testing.T) {
	want := map[Type][]float32{
		F16: {1, -2.5, 0x1.554p-2}, BF16: {1, -2.5, 0x1.56p-2}, F32: {1, -2.5, 1.0 / 3}, F64: {1, -2.5, 1.0 / 3},
	}
	for typ, b := range values {
		h := Header{Shape: []int{3, 1}, Type: typ, Offset: 5}
		r := bytes.NewReader(append([]byte("start"), b...))
		got := make([]float32, 3)
		if err := h.Floats(r, got, 0); err != nil || !slices.Equal(got, want[typ]) {
			t.Errorf("%s: %v, %v, want %v", typ, got, err, want[typ])
		}
		if err := h.Floats(r, got[:1], 2); err != nil || got[0] != want[typ][2] {
			t.Errorf("%s: the last is %v, %v, want %v", typ, got[0], err, want[typ][2])
		}
		if err := h.Floats(r, nil, 3); err != nil {
			t.Errorf("%s: no values: %v", typ, err)
		}
	}
}

func TestFloatsRoundsOnce(t *testing.T) {
	// Halfway between two float32: to even, however it is reached.
	h := Header{Shape: []int{3}, Type: F64}
	got := make([]float32, 3)
	if err := h.Floats(bytes.NewReader(le(1+0x1p-24, 1+0x3p-24, 1e300)), got, 0); err != nil {
		t.Fatal(err)
	}
	if want := []float32{1, 1 + 0x1p-22, float32(math.Inf(1))}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFloatsRefuses(t *testing.T) {
	four := Header{Shape: []int{2, 2}, Type: F32}
	r := bytes.NewReader(le(float32(1), float32(2), float32(3))) // one is missing
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		h    Header
		r    io.ReaderAt
		n    int
		at   int64
		want error
	}{
		{"another type", Header{Shape: []int{1}, Type: "I64"}, r, 1, 0, ErrType},
		{"no type", Header{}, r, 1, 0, ErrType},
		{"a file too short", four, r, 4, 0, io.ErrUnexpectedEOF},
		{"a read that fails", four, readerAt{iotest.ErrReader(broken)}, 1, 0, broken},
	} {
		if err := c.h.Floats(c.r, make([]float32, c.n), c.at); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	for _, at := range []int64{-1, 1, 4, 5, math.MaxInt64} {
		if err := four.Floats(r, make([]float32, 4), at); err == nil {
			t.Errorf("values from %d on are read", at)
		}
	}
}

type readerAt struct{ io.Reader }

func (r readerAt) ReadAt(p []byte, _ int64) (int, error) { return r.Read(p) }

func TestFloatsIsTheSameInPieces(t *testing.T) {
	b := make([]byte, 8*20_000)
	for i := range b {
		b[i] = byte(i * 7 >> 3)
	}
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom([]Type{F16, BF16, F32, F64}).Draw(t, "type")
		h := Header{Shape: []int{len(b) / typ.width()}, Type: typ}
		whole := make([]float32, h.Size())
		if err := h.Floats(bytes.NewReader(b), whole, 0); err != nil {
			t.Fatal(err)
		}
		at := rapid.Int64Range(0, h.Size()).Draw(t, "at")
		piece := make([]float32, rapid.Int64Range(0, h.Size()-at).Draw(t, "values"))
		if err := h.Floats(bytes.NewReader(b), piece, at); err != nil {
			t.Fatal(err)
		}
		for i, v := range piece {
			if math.Float32bits(v) != math.Float32bits(whole[at+int64(i)]) {
				t.Fatalf("value %d is %v, want %v", at+int64(i), v, whole[at+int64(i)])
			}
		}
	})
}

func BenchmarkFloats(b *testing.B) {
	const n = 1 << 18
	for _, typ := range []Type{F16, BF16, F32, F64} {
		b.Run(string(typ), func(b *testing.B) {
			h := Header{Shape: []int{n}, Type: typ}
			r, dst := bytes.NewReader(make([]byte, n*typ.width())), make([]float32, n)
			b.ReportAllocs()
			b.SetBytes(4 * n)
			for b.Loop() {
				if err := h.Floats(r, dst, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
