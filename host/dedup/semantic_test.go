package dedup

import (
	"math"
	"runtime"
	"testing"

	"pgregory.net/rapid"
)

const testDims = 768

func mustSemantic(t testing.TB, dims int, threshold float32) *Semantic {
	t.Helper()
	s, err := NewSemantic(dims, threshold, 7)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// direction is a random vector of length 1.
func (s *sample) direction(dims int) []float32 {
	v := make([]float32, dims)
	for i := range v {
		for range 12 { // nearly normally distributed
			v[i] += float32(s.next()>>40) / (1 << 24)
		}
		v[i] -= 6
	}
	return scaled(v, 1/length(v))
}

func length(v []float32) float64 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

func scaled(v []float32, by float64) []float32 {
	w := make([]float32, len(v))
	for i, x := range v {
		w[i] = float32(float64(x) * by)
	}
	return w
}

// at is a vector that has the given cosine with v, and any direction else.
func (s *sample) at(v []float32, cos float64) []float32 {
	w := s.direction(len(v))
	along := dot(v, w)
	for i := range w {
		w[i] -= float32(along) * v[i]
	}
	w = scaled(w, math.Sqrt(1-cos*cos)/length(w))
	for i := range w {
		w[i] += float32(cos) * v[i]
	}
	return w
}

func TestSemanticTwins(t *testing.T) {
	s := sample{5}
	q, a := s.direction(testDims), s.direction(testDims)
	near, far := s.at(q, 0.98), s.at(q, 0.94)
	nan := append([]float32{float32(math.NaN())}, q[1:]...)
	zero := make([]float32, testDims)
	for _, c := range []struct {
		name          string
		first, second [][]float32
		threshold     float32
		twins         bool
	}{
		{"equal", [][]float32{q}, [][]float32{q}, 1, true},
		{"equal but for length", [][]float32{q}, [][]float32{scaled(q, 3.7)}, 1, true},
		{"opposite", [][]float32{q}, [][]float32{scaled(q, -1)}, 0.9, false},
		{"near", [][]float32{q}, [][]float32{near}, 0.95, true},
		{"far", [][]float32{q}, [][]float32{far}, 0.95, false},
		{"both near", [][]float32{q, a}, [][]float32{near, a}, 0.95, true},
		{"the question is far", [][]float32{q, a}, [][]float32{far, a}, 0.95, false},
		{"the answer is far", [][]float32{a, q}, [][]float32{a, far}, 0.95, false},
		{"swapped", [][]float32{q, a}, [][]float32{a, q}, 0.9, false},
		{"not finite", [][]float32{nan}, [][]float32{nan}, 0.9, false},
		{"no direction", [][]float32{zero}, [][]float32{zero}, 0.9, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mustSemantic(t, testDims, c.threshold)
			if twin, cos, ok := m.First(c.first...); !ok || twin != 0 || cos != 0 {
				t.Fatalf("the first of all: %d %v %v", twin, cos, ok)
			}
			twin, cos, ok := m.First(c.second...)
			if ok == c.twins || c.twins && (twin != 0 || cos < c.threshold) || !c.twins && twin != 1 {
				t.Errorf("First = %d %v %v", twin, cos, ok)
			}
		})
	}
}

func TestSemanticSettingsAreChecked(t *testing.T) {
	for _, bad := range []float32{0, -1, 0.8999, 1.0001, float32(math.NaN())} {
		if _, err := NewSemantic(testDims, bad, 1); err == nil {
			t.Errorf("threshold %v is taken", bad)
		}
	}
	if _, err := NewSemantic(0, 0.95, 1); err == nil {
		t.Error("vectors without a value are taken")
	}
}

// exactCosine is the cosine told another way.
func exactCosine(a, b []float32) float64 {
	var dot float64
	for i, x := range a {
		dot += float64(x) * float64(b[i])
	}
	return dot / length(a) / length(b)
}

// What is dropped is near the row it is said to repeat, which was kept.
func TestNothingBelowTheCosineIsDropped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dims := rapid.IntRange(1, 9).Draw(t, "dims")
		sides := rapid.IntRange(1, 3).Draw(t, "sides")
		threshold := rapid.SampledFrom([]float32{0.9, 0.95, 1}).Draw(t, "threshold")
		m, err := NewSemantic(dims, threshold, rapid.Uint64().Draw(t, "seed"))
		if err != nil {
			t.Fatal(err)
		}
		value := rapid.Custom(func(t *rapid.T) float32 { return float32(rapid.IntRange(-3, 3).Draw(t, "value")) })
		var kept [][][]float32
		for range rapid.IntRange(1, 40).Draw(t, "rows") {
			var row [][]float32
			for range sides {
				row = append(row, rapid.SliceOfN(value, dims, dims).Draw(t, "vector"))
			}
			twin, cos, ok := m.First(row...)
			if ok {
				if twin != int64(len(kept)) {
					t.Fatalf("kept as number %d, want %d", twin, len(kept))
				}
				kept = append(kept, row)
				continue
			}
			least := 1.0
			for i, v := range row {
				least = min(least, exactCosine(v, kept[twin][i]))
			}
			if math.Abs(least-float64(cos)) > 1e-6 || cos < threshold {
				t.Fatalf("%v is dropped for %v: cosine %v, said to be %v", row, kept[twin], least, cos)
			}
		}
		if m.Len() != int64(len(kept)) {
			t.Fatalf("Len = %d, want %d", m.Len(), len(kept))
		}
	})
}

func TestPlantedNearVectorsAreFound(t *testing.T) {
	for _, c := range []struct {
		name  string
		sides int
		cos   float64
		least int // per cent
	}{
		{"0.97, one vector", 1, 0.97, 97},
		{"0.97, two vectors", 2, 0.97, 97},
		{"at the threshold", 1, 0.9501, 92},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := several(1000)
			s := sample{6}
			m, back := mustSemantic(t, testDims, 0.95), mustSemantic(t, testDims, 0.95)
			found := 0
			for range rows {
				var first, second [][]float32
				for range c.sides {
					v := s.direction(testDims)
					first, second = append(first, v), append(second, s.at(v, c.cos))
				}
				stays, _, ok := m.First(first...)
				stays2, _, ok2 := back.First(second...)
				if !ok || !ok2 {
					t.Fatal("a row of its own is taken for a twin")
				}
				twin, cos, ok := m.First(second...)
				if !ok && (twin != stays || math.Abs(float64(cos)-c.cos) > 1e-4) {
					t.Fatalf("twin %d with cosine %v, want %d with %v", twin, cos, stays, c.cos)
				}
				if !ok {
					found++
				}
				if twin, _, ok2 := back.First(first...); ok2 != ok || !ok && twin != stays2 {
					t.Fatal("the order decides more than who stays")
				}
			}
			if 100*found < rows*c.least {
				t.Errorf("found %d of %d, want %d %%", found, rows, c.least)
			}
		})
	}
}

// Each bit of two sketches differs with the probability that the angle gives,
// and what is found depends on it: both for full vectors and for sparse ones.
func TestSketchesTellTheAngle(t *testing.T) {
	s := sample{8}
	r := newRotation(testDims, 9)
	for _, cos := range []float64{0.99, 0.95, 0.8, 0.5, 0} {
		pairs := several(200)
		var bits, sparse int
		for range pairs {
			v := s.direction(testDims)
			x, y := r.sketch(v), r.sketch(s.at(v, cos))
			bits += x.distance(&y)
			one, two := make([]float32, testDims), make([]float32, testDims)
			i, j := s.intn(testDims/2), testDims/2+s.intn(testDims/2)
			one[i], two[i], two[j] = 1, float32(cos), float32(math.Sqrt(1-cos*cos))
			x, y = r.sketch(one), r.sketch(two)
			sparse += x.distance(&y)
		}
		want := math.Acos(cos) / math.Pi
		for name, n := range map[string]int{"full": bits, "sparse": sparse} {
			if got := float64(n) / float64(pairs*sketchBits); math.Abs(got-want) > 0.02 {
				t.Errorf("cosine %v, %s: %.3f of the bits differ, want %.3f", cos, name, got, want)
			}
		}
	}
}

// The rotation is specified: these bits may never change.
func TestRotationIsSpecified(t *testing.T) {
	v := make([]float32, testDims)
	for i := range v {
		v[i] = float32(i%7) - 3
	}
	r := newRotation(testDims, 42)
	if got, want := r.sketch(v), (sketch{0x3f4a991203da3b2f, 0x7e4f327018e10f4d, 0xe1e2b415b81d4f9a, 0x0e993aeb99cf7711}); got != want {
		t.Errorf("%#x", got)
	}
	if s := splitMix(1234567); s.next() != 6457827717110365317 || s.next() != 3203168211198807973 {
		t.Error("not SplitMix64")
	}
}

func TestSemanticMemory(t *testing.T) {
	const rows = blockRows
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	s := sample{10}
	before := heap()
	m := mustSemantic(t, testDims, 0.95)
	for range rows {
		m.First(s.direction(testDims), s.direction(testDims))
	}
	each := float64(heap()-before) / rows
	t.Logf("%.0f bytes a row of two vectors", each)
	if each > 6500 || m.Len() != rows {
		t.Errorf("%d rows kept of %d, %.0f bytes each", m.Len(), rows, each)
	}
}

func BenchmarkSketch(b *testing.B) {
	s := sample{11}
	r, v := newRotation(testDims, 1), s.direction(testDims)
	b.ReportAllocs()
	for b.Loop() {
		r.sketch(v)
	}
}

func BenchmarkDot(b *testing.B) {
	s := sample{12}
	v, w := s.direction(testDims), s.direction(testDims)
	for b.Loop() {
		dot(v, w)
	}
}

// One row in two is near an earlier one.
func BenchmarkSemanticFirst(b *testing.B) {
	s := sample{13}
	var rows [][2][]float32
	for range 4000 {
		q, a := s.direction(testDims), s.direction(testDims)
		rows = append(rows, [2][]float32{q, a}, [2][]float32{s.at(q, 0.98), s.at(a, 0.98)})
	}
	b.ReportAllocs()
	m := mustSemantic(b, testDims, 0.95)
	i := 0
	for b.Loop() {
		if i == len(rows) {
			i, m = 0, mustSemantic(b, testDims, 0.95)
		}
		m.First(rows[i][0], rows[i][1])
		i++
	}
}
