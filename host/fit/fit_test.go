package fit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"github.com/cubeset/cubeset/formats/array"
	"github.com/cubeset/cubeset/host/metrics"
)

// vectors.json was made by a program in Python that follows the doc comment of
// NewOrthonormal.
func TestOrthonormalIsTheSameInEveryLanguage(t *testing.T) {
	b, err := os.ReadFile("vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		In, Out int
		SHA256  string
		First   []float64
	}
	if err := json.Unmarshal(b, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		m, err := NewOrthonormal(v.In, v.Out)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := binary.Append(nil, binary.LittleEndian, m.matrix)
		if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != v.SHA256 {
			t.Errorf("%d to %d: begins %v, want %v", v.In, v.Out, m.matrix[:3], v.First)
		}
	}
}

func random(g *metrics.Generator, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(g.Next()>>40)/(1<<23) - 1
	}
	return v
}

func cosine(x, y []float32) float64 {
	var xy, xx, yy float64
	for i := range x {
		xy += float64(x[i]) * float64(y[i])
		xx += float64(x[i]) * float64(x[i])
		yy += float64(y[i]) * float64(y[i])
	}
	return xy / math.Sqrt(xx*yy)
}

func TestWideningKeepsEveryCosineAndFillsTheTensor(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		in := rapid.IntRange(2, 60).Draw(rt, "in")
		out := in + rapid.IntRange(0, 60).Draw(rt, "more")
		m, err := NewOrthonormal(in, out)
		if err != nil {
			rt.Fatal(err)
		}
		g := metrics.NewGenerator(rapid.Int64().Draw(rt, "seed"))
		x, y := random(g, in), random(g, in)
		fx, fy := make([]float32, out), make([]float32, out)
		if err := errors.Join(m.Apply(fx, x), m.Apply(fy, y)); err != nil {
			rt.Fatal(err)
		}
		if d := math.Abs(cosine(x, y) - cosine(fx, fy)); d > 2e-6 {
			rt.Fatalf("a cosine moved by %v", d)
		}
		if n := math.Sqrt(cosine(fx, fx)); math.Abs(n-1) > 1e-6 {
			rt.Fatalf("length %v", n)
		}
	})
	m, _ := NewOrthonormal(384, 768)
	x := random(metrics.NewGenerator(1), 384)
	dst := make([]float32, 768)
	if err := m.Apply(dst, x); err != nil {
		t.Fatal(err)
	}
	for slab := range 8 {
		energy := 0.0
		for _, v := range dst[slab*96 : (slab+1)*96] {
			energy += float64(v) * float64(v)
		}
		if energy < 0.06 || energy > 0.25 {
			t.Errorf("slab %d of 8 holds %.3f of the vector", slab, energy)
		}
	}
}

// Vectors that lie in few directions lose nothing when fitted, and much along
// random ones.
func TestFittingFindsTheDirections(t *testing.T) {
	const in, out, hidden = 60, 20, 12
	g := metrics.NewGenerator(3)
	lift, err := NewOrthonormal(hidden, in)
	if err != nil {
		t.Fatal(err)
	}
	vector := func() []float32 {
		v := make([]float32, in)
		if err := lift.Apply(v, random(g, hidden)); err != nil {
			t.Fatal(err)
		}
		return v
	}
	f, err := NewFitting(in)
	if err != nil {
		t.Fatal(err)
	}
	for range 300 {
		if err := f.Add(vector()); err != nil {
			t.Fatal(err)
		}
	}
	m, kept, err := f.Map(out)
	if err != nil || kept < 0.999999 {
		t.Fatalf("kept %v, %v", kept, err)
	}
	plain, _ := NewOrthonormal(in, out)
	worst, worstPlain := 0.0, 0.0
	for range 50 {
		x, y := vector(), vector()
		for _, c := range []struct {
			m     *Map
			worst *float64
		}{{m, &worst}, {plain, &worstPlain}} {
			fx, fy := make([]float32, out), make([]float32, out)
			if err := errors.Join(c.m.Apply(fx, x), c.m.Apply(fy, y)); err != nil {
				t.Fatal(err)
			}
			*c.worst = max(*c.worst, math.Abs(cosine(x, y)-cosine(fx, fy)))
		}
	}
	if worst > 1e-5 || worstPlain < 0.05 {
		t.Errorf("cosines moved by %v when fitted, by %v along random directions", worst, worstPlain)
	}

	m.EmbedID = "abc"
	b, err := m.Encode(f.Rows())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "p.safetensors")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	again, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(b); again.Digest != hex.EncodeToString(sum[:]) || again.EmbedID != "abc" || again.In != in || again.Out != out {
		t.Errorf("read back as %+v", again)
	}
	x, one, two := vector(), make([]float32, out), make([]float32, out)
	if err := errors.Join(m.Apply(one, x), again.Apply(two, x)); err != nil {
		t.Fatal(err)
	}
	for i := range one {
		if one[i] != two[i] {
			t.Fatal("a map that was read back gives another image")
		}
	}
}

func TestMapsThatCannotBe(t *testing.T) {
	fitting, _ := NewFitting(4)
	two, _ := NewTruncate(4, 2)
	write := func(name string, b []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, err := range map[string]error{
		"none":       second(NewOrthonormal(0, 3)),
		"huge":       second(NewOrthonormal(3, 1<<30)),
		"wider":      second(NewTruncate(3, 4)),
		"few":        third(fitting.Map(2)),
		"not a size": third(fitting.Map(4)),
		"zero":       fitting.Add(make([]float32, 4)),
		"long":       fitting.Add(make([]float32, 5)),
		"infinite":   fitting.Add([]float32{float32(math.Inf(1)), 0, 0, 0}),
		"length":     two.Apply(make([]float32, 2), make([]float32, 3)),
		"nothing":    two.Apply(make([]float32, 2), []float32{0, 0, 1, 1}),
		"no file":    second(two.Encode(1)),
	} {
		if !errors.Is(err, ErrMap) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Read(write("x", []byte("not a file"))); !errors.Is(err, array.ErrDamaged) {
		t.Error(err)
	}
	if _, err := Read(write("y", mustEncode(t, map[string]string{"format": "another"}))); !errors.Is(err, ErrMap) {
		t.Error(err)
	}
}

func mustEncode(t *testing.T, meta map[string]string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	f, err := os.Create(path)
	if err == nil {
		err = array.WriteSafetensors(f, meta, array.Named{Name: tensorName, Shape: []int{1, 2}})
	}
	if err == nil {
		_, err = f.Write(make([]byte, 8))
	}
	if err == nil {
		err = f.Close()
	}
	b, err2 := os.ReadFile(path)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	return b
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }

func BenchmarkApply(b *testing.B) {
	for _, size := range [][2]int{{384, 768}, {1024, 768}} {
		m, err := NewOrthonormal(size[0], size[1])
		if err != nil {
			b.Fatal(err)
		}
		x, dst := random(metrics.NewGenerator(1), size[0]), make([]float32, size[1])
		b.Run("", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Apply(dst, x)
			}
		})
	}
}
