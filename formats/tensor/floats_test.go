package tensor

import (
	"bytes"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Wherever a value stands that is not finite, it is seen, and no other is.
func TestAppendFloats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.OneOf(rapid.Uint32(), rapid.SampledFrom([]uint32{0, 0x7f800000, 0xff800000, 0x7f800001, 0x7f7fffff, 0xffffffff, 1 << 31}))
		drawn := rapid.SliceOfN(bits, 0, 40).Draw(t, "bits")
		v, bad := make([]float32, len(drawn)), -1
		for i, x := range drawn {
			v[i] = math.Float32frombits(x)
			if x&0x7f800000 == 0x7f800000 && bad < 0 {
				bad = i
			}
		}
		got, finite := appendFloats([]byte("ab"), v)
		if want := append([]byte("ab"), littleEndian(v)...); !bytes.Equal(got, want) {
			t.Fatalf("got %x, want %x", got, want)
		}
		if finite != (bad < 0) || notFinite(v) != bad {
			t.Fatalf("finite: %v, the first that is not: %d, want %d", finite, notFinite(v), bad)
		}
	})
}

func BenchmarkAppendFloats(b *testing.B) {
	v := make([]float32, 768)
	dst := make([]byte, 0, 4*len(v))
	b.SetBytes(int64(4 * len(v)))
	b.ReportAllocs()
	for b.Loop() {
		if _, finite := appendFloats(dst, v); !finite {
			b.Fatal("zeros are finite")
		}
	}
}
