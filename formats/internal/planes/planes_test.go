package planes

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/zstd"
)

const dims = 768

// vectors are n unit vectors of Gaussian noise, which neural embeddings
// resemble byte for byte, after a change to each value or vector.
func vectors(n int, change func(i int, v []float32)) []float32 {
	rng := rand.New(rand.NewPCG(1, 2))
	all := make([]float32, n*dims)
	for i := range n {
		v := all[i*dims : (i+1)*dims]
		var sum float64
		for j := range v {
			v[j] = float32(rng.NormFloat64())
			sum += float64(v[j]) * float64(v[j])
		}
		for j := range v {
			v[j] = float32(float64(v[j]) / math.Sqrt(sum))
		}
		if change != nil {
			change(i, v)
		}
	}
	return all
}

// split is BYTE_STREAM_SPLIT.
func split(v []float32) []byte {
	b := make([]byte, 4*len(v))
	for i, f := range v {
		x := math.Float32bits(f)
		for k := range 4 {
			b[k*len(v)+i] = byte(x >> (8 * k))
		}
	}
	return b
}

// bfloat rounds to the nearest bfloat16, half to the nearest float16 of the
// size that a unit vector's values have.
func bfloat(f float32) float32 {
	return math.Float32frombits((math.Float32bits(f) + 0x7fff + math.Float32bits(f)>>16&1) &^ 0xffff)
}

func half(f float32) float32 {
	return math.Float32frombits((math.Float32bits(f) + 0xfff + math.Float32bits(f)>>13&1) &^ 0x1fff)
}

func each(do func(float32) float32) func(int, []float32) {
	return func(_ int, v []float32) {
		for i := range v {
			v[i] = do(v[i])
		}
	}
}

func decode(t testing.TB, frame []byte) []byte {
	t.Helper()
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	out, err := d.DecodeAll(frame, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// stock is zstd as it is used for other pages: fastest, every literal coded.
func stock(t testing.TB, src []byte) []byte {
	t.Helper()
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithAllLitEntropyCompression(true))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	return e.EncodeAll(src, nil)
}

func TestEncode(t *testing.T) {
	gauss := vectors(341, nil)
	twin := vectors(341, nil)
	for i := 30; i < 341; i += 7 { // one vector in seven is a copy of an early one
		copy(twin[i*dims:], twin[i%30*dims:][:dims])
	}
	for _, c := range []struct {
		name string
		v    []float32
		ok   bool
		most float64 // of raw
	}{
		{"unit vectors", gauss, true, 0.840},
		{"a part of a page", gauss[:SizeMin/4], true, 0.850},
		{"too few", gauss[:SizeMin/4-1], false, 0},
		{"bfloat16", vectors(341, each(bfloat)), true, 0.35},
		{"float16", vectors(341, each(half)), true, 0.44},
		{"bfloat16, normalised after", vectors(341, func(_ int, v []float32) {
			var sum float64
			for i := range v {
				v[i] = bfloat(v[i])
				sum += float64(v[i]) * float64(v[i])
			}
			for i := range v {
				v[i] = float32(float64(v[i]) / math.Sqrt(sum))
			}
		}), false, 0},
		{"one value", vectors(341, each(func(float32) float32 { return 0.125 })), true, 0.001},
		{"all zero", vectors(341, each(func(float32) float32 { return 0 })), true, 0.001},
		{"mostly zero", vectors(341, func(_ int, v []float32) { clear(v[40:]) }), false, 0},
		{"one vector in seven twice", twin, false, 0},
		{"one vector in two hundred twice", vectors(341, nil), true, 0.840},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "one vector in two hundred twice" {
				copy(c.v[300*dims:], c.v[:dims])
			}
			src := split(c.v)
			var e Encoder
			e.Encode(nil, split(gauss)) // what came before must not matter
			frame, ok := e.Encode([]byte("front"), src)
			if ok != c.ok || !bytes.HasPrefix(frame, []byte("front")) || !ok && len(frame) != 5 {
				t.Fatalf("%d bytes, %v, want %v", len(frame), ok, c.ok)
			}
			other := stock(t, src)
			t.Logf("%.4f of raw, stock %.4f", float64(len(frame)-5)/float64(len(src)), float64(len(other))/float64(len(src)))
			if !ok {
				return
			}
			frame = frame[5:]
			if !bytes.Equal(decode(t, frame), src) {
				t.Fatal("other bytes come back")
			}
			if got := float64(len(frame)) / float64(len(src)); got > c.most {
				t.Errorf("%.4f of raw, want at most %.4f", got, c.most)
			}
			if c.most > 0.01 && len(frame) > len(other) {
				t.Errorf("%d bytes, stock zstd has %d", len(frame), len(other))
			}
			var fresh Encoder
			if again, _ := fresh.Encode(nil, src); !bytes.Equal(again, frame) {
				t.Error("a fresh encoder makes other bytes")
			}
		})
	}
}

// Sizes around those of blocks, and planes of every kind in each place.
func TestEveryKindOfPlane(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	kinds := []func([]byte){
		func(b []byte) { clear(b) },
		func(b []byte) {
			for i := range b {
				b[i] = byte(rng.IntN(256))
			}
		},
		func(b []byte) {
			for i := range b {
				b[i] = byte(rng.IntN(8)) << 5
			}
		},
		func(b []byte) {
			for i := range b {
				b[i] = byte(0x38 + rng.ExpFloat64())
			}
		},
		func(b []byte) {
			for i := range b {
				b[i] = byte(rng.IntN(2))
			}
		},
		func(b []byte) { // one byte differs
			clear(b)
			b[len(b)/2] = 1
		},
	}
	var e Encoder
	encoded := 0
	for _, n := range []int{SizeMin / 4, SizeMin/4 + 1, blockMax - 1, blockMax, blockMax + 1, blockMax + 7, 3 * blockMax} {
		for range 12 {
			src := make([]byte, 4*n)
			for k := range 4 {
				kind := kinds[rng.IntN(len(kinds))]
				if k < 3 && rng.IntN(8) > 0 { // of those that are encoded there
					kind = kinds[rng.IntN(3)]
				}
				kind(src[k*n : (k+1)*n])
			}
			frame, ok := e.Encode(nil, src)
			if !ok {
				continue
			}
			encoded++
			if !bytes.Equal(decode(t, frame), src) {
				t.Fatalf("planes of %d bytes: other bytes come back", n)
			}
			if len(frame) > len(src)+9+4*3*(1+n/blockMax) {
				t.Errorf("planes of %d bytes: %d bytes of %d", n, len(frame), len(src))
			}
		}
	}
	if encoded < 20 {
		t.Errorf("only %d of the pages were encoded", encoded)
	}
}

func FuzzEncode(f *testing.F) {
	f.Add([]byte{0}, []byte{1, 2, 3}, uint32(7), uint16(100))
	f.Add([]byte("noise"), []byte{0x3d, 0xbd}, uint32(1<<20), uint16(0))
	f.Fuzz(func(t *testing.T, low, high []byte, seed uint32, more uint16) {
		n := SizeMin/4 + int(more)
		src := make([]byte, 0, 4*n)
		for k, pattern := range [][]byte{nil, low, low, high} { // a plane of noise, three of a pattern
			rng := rand.New(rand.NewPCG(uint64(seed), uint64(k)))
			for i := range n {
				b := byte(rng.Uint32())
				if len(pattern) > 0 {
					b = pattern[int(b)%len(pattern)]
				} else if seed%2 == 0 {
					b = byte(i)
				}
				src = append(src, b)
			}
		}
		var e Encoder
		frame, ok := e.Encode(nil, src)
		if ok && !bytes.Equal(decode(t, frame), src) {
			t.Fatal("other bytes come back")
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	src := split(vectors(341, nil))
	b.Run("planes", func(b *testing.B) {
		var e Encoder
		dst := make([]byte, 0, 2*len(src))
		b.SetBytes(int64(len(src)))
		b.ReportAllocs()
		var out []byte
		for b.Loop() {
			out, _ = e.Encode(dst, src)
		}
		b.ReportMetric(float64(len(out))/float64(len(src)), "of-raw")
	})
	for name, all := range map[string]bool{"zstd": false, "zstd literals": true} {
		b.Run(name, func(b *testing.B) {
			e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithAllLitEntropyCompression(all))
			if err != nil {
				b.Fatal(err)
			}
			dst := make([]byte, 0, 2*len(src))
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			var out []byte
			for b.Loop() {
				out = e.EncodeAll(src, dst)
			}
			b.ReportMetric(float64(len(out))/float64(len(src)), "of-raw")
		})
	}
}
