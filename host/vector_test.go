package host

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestCosine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 33).Draw(t, "n")
		number := rapid.Float32Range(-4, 4)
		x, y := rapid.SliceOfN(number, n, n).Draw(t, "x"), rapid.SliceOfN(number, n, n).Draw(t, "y")
		x[0], y[0] = 1, -1 // no vector is zero
		var xy, xx, yy float64
		for i := range x {
			xy += float64(x[i]) * float64(y[i])
			xx += float64(x[i]) * float64(x[i])
			yy += float64(y[i]) * float64(y[i])
		}
		got, xNorm, yNorm := cosine(x, y)
		if want := xy / math.Sqrt(xx*yy); math.Abs(float64(got)-want) > 1e-6 {
			t.Fatalf("cosine = %v, want %v", got, want)
		}
		for _, c := range []struct {
			v    []float32
			norm float64
		}{{x, xNorm}, {y, yNorm}} {
			_, length, _ := cosine(unit(c.v, c.norm), c.v)
			if math.Abs(length-1) > unitTolerance {
				t.Fatalf("length is %v", length)
			}
		}
	})
}

func TestUnitLeavesAUnitVectorAlone(t *testing.T) {
	v := []float32{0.6, 0.8}
	if got := unit(v, 1); &got[0] != &v[0] {
		t.Error("a vector of length 1 was copied")
	}
}

func BenchmarkCosine(b *testing.B) {
	x, y := make([]float32, 768), make([]float32, 768)
	for i := range x {
		x[i], y[i] = float32(i%7), float32(i%5)
	}
	b.ReportAllocs()
	for b.Loop() {
		cosine(x, y)
	}
}
