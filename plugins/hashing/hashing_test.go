package hashing

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/cubeset/cubeset/sdk/teacher"
	"pgregory.net/rapid"
)

func embed(t testing.TB, texts ...string) [][]float32 {
	t.Helper()
	dst := make([]float32, len(texts)*Dims)
	if err := New().Embed(context.Background(), texts, dst); err != nil {
		t.Fatal(err)
	}
	out := make([][]float32, len(texts))
	for i := range out {
		out[i] = dst[i*Dims : (i+1)*Dims]
	}
	return out
}

func cosine(a, b []float32) float64 {
	var s float64
	for i := range a {
		s += float64(a[i]) * float64(b[i])
	}
	return s
}

// The bits never change under one revision: caches hold them for years. When a
// vector has to change, so does the constant version.
func TestGolden(t *testing.T) {
	if version != "1" || unicode.Version != "15.0.0" {
		t.Skipf("these vectors are of revision 1+unicode-15.0.0, this is %s", Describe().Revision)
	}
	for _, c := range []struct{ text, want string }{
		{"Hello, world!", "b638893853f02514e8865c1822be07859f0591eec700c49de3149c8f20617ff0"},
		{"How do I reset my password?", "f5fdee50d0f93fece744be6db7aa002a9eb1347eb696381d8a7f0e496f9a687f"},
		{"Как вернуть деньги за билет?", "1a9f8786a20232edc0371c6d3c0855ba044e0bae30ea27c7d5c77dee40d5deb1"},
		{"東京駅はどこですか。", "6c1a3b8d4b155f03e5617d98e3610088260aa3e2ad1f833908c72bc36390faaf"},
		{"كيف حالك اليوم؟", "bdb683df78db6686a103753fc7e8926fd4267212c8521c5f628696d3509e2e48"},
		{"naïve CAFÉ ΣΊΣΥΦΟΣ ſtraße", "6f85e8f1864a5ec9b65a85478f8f9e2ffc6048f44d13b5671d0c8dbcef90ac17"},
		{"👍🏽", "524c74522dca76386aa08c02ced1ff8ae5d8f89cff33315beb8534aeb5045057"},
		{"?!", "aef4fd19d301e4a881691d00becd77ded6cc338395dc782f30940f5d10f95f1d"},
		{" ", "03ffd1fb89a50b041e08d458259b1a69d81a398e3edc0ce1237ec44d091bf421"},
		{strings.Repeat("a very long word ", 5000), "027c6127ca218e4514c229d0306ed9bda6abe81d2392bc401137dc336dd41851"},
	} {
		var b []byte
		for _, x := range embed(t, c.text)[0] {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		sum := sha256.Sum256(b)
		if got := hex.EncodeToString(sum[:]); got != c.want {
			t.Errorf("%.30q: %s", c.text, got)
		}
	}
}

// The vector of "ab", worked out by hand from README.md.
func TestByHand(t *testing.T) {
	want := make([]float32, Dims)
	add := func(seed uint64, s string, weight float32) {
		h := uint64(14695981039346656037) ^ seed
		for _, r := range s {
			h = (h ^ uint64(r)) * 1099511628211
		}
		h ^= h >> 33
		h *= 0xff51afd7ed558ccd
		h ^= h >> 33
		if h>>63 == 1 {
			weight = -weight
		}
		want[h%768] += weight
	}
	piece := float32(1.5 / math.Sqrt(3))
	add(1, "ab", 1)
	for _, s := range []string{"<ab", "ab>", "<ab>"} {
		add(2, s, piece)
	}
	var sum float64
	for _, x := range want {
		sum += float64(x * x)
	}
	for i := range want {
		want[i] *= float32(1 / math.Sqrt(sum))
	}
	if got := embed(t, "AB")[0]; !slices.Equal(got, want) {
		t.Error("the vector is not what README.md says")
	}
}

func TestNear(t *testing.T) {
	for _, c := range []struct {
		name, text, near, far string
	}{
		{"case", "Reset my PASSWORD", "reset my password", "order a pizza"},
		{"endings", "booking a flight", "book flights", "the weather tomorrow"},
		{"stop words", "where is the museum", "museum", "where is the it"},
		{"Cyrillic", "Возврат билета", "возврат билетов", "погода завтра"},
		{"Greek", "ΟΔΟΣ", "οδος", "ουρανός"},
		{"Chinese", "我想预订酒店", "预订一家酒店", "明天天气怎么样"},
		{"Japanese", "コーヒーをください", "コーヒーが好き", "駅はどこですか"},
		{"Thai", "ราคาเท่าไหร่", "ราคานี้เท่าไหร่ครับ", "สวัสดี"},
		{"Arabic", "أين المحطة", "المحطة أين", "صباح الخير"},
		{"mixed", "iPhone手机", "手机 iphone", "android"},
		{"emoji", "😀😀", "😀", "🚗"},
		{"punctuation", "?!?", "?!", "..."},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := embed(t, c.text, c.near, c.far)
			near, far := cosine(v[0], v[1]), cosine(v[0], v[2])
			if near < 0.3 || near < far+0.2 {
				t.Errorf("near %.3f, far %.3f", near, far)
			}
		})
	}
}

// Words split where readers split them, and the count is the tokens'.
func TestWords(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
	}{
		{"one", 1}, {"one two", 2}, {"don't", 2}, {"a_b-c", 3}, {"3.5 km", 3}, {"é", 1}, {"e\u0301t\u0301", 1},
		{"дом, дома", 2}, {"東京駅", 1}, {"iPhone手机", 2}, {"コーヒー", 1}, {"…", 0}, {" ", 0}, {"नमस्ते दुनिया", 2}, {"👍 ok", 1},
	} {
		rows, err := New().EmbedRows(context.Background(), []string{c.text}, make([]float32, Dims))
		if err != nil || rows[0].Tokens != c.want {
			t.Errorf("%q: %d words, want %d (%v)", c.text, rows[0].Tokens, c.want, err)
		}
	}
}

func TestEmpty(t *testing.T) {
	dst := make([]float32, 2*Dims)
	rows, err := New().EmbedRows(context.Background(), []string{"", "x"}, dst)
	if err != nil || rows[0].Code != "empty" || rows[0].Err == nil || rows[1].Err != nil {
		t.Errorf("%+v, %v", rows, err)
	}
	if err := New().Embed(context.Background(), []string{"x", ""}, dst); !errors.Is(err, errEmpty) {
		t.Error(err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := New().Embed(ctx, []string{"x"}, make([]float32, Dims)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Every text has a vector of length 1 that depends on nothing else in the batch.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringN(1, 60, -1), 1, 5).Draw(t, "texts")
		dst := make([]float32, len(texts)*Dims)
		if err := New().Embed(context.Background(), texts, dst); err != nil {
			t.Fatal(err)
		}
		for i, text := range texts {
			v := dst[i*Dims : (i+1)*Dims]
			if n := cosine(v, v); math.Abs(n-1) > 1e-6 {
				t.Fatalf("%q: squared length %v", text, n)
			}
			alone := make([]float32, Dims)
			if err := New().Embed(context.Background(), []string{text}, alone); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(v, alone) {
				t.Fatalf("%q: differs in a batch", text)
			}
		}
	})
}

// Any bytes at all make a vector: the host lets only UTF-8 through, but the
// library may be used without it.
func FuzzEmbed(f *testing.F) {
	for _, s := range []string{"a", "\xff", "\u0301", "ーー", "Ａ１", "\U0001F468\u200d\U0001F469"} {
		f.Add(s)
	}
	e := New()
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" {
			return
		}
		v := make([]float32, Dims)
		if err := e.Embed(context.Background(), []string{text}, v); err != nil {
			t.Fatal(err)
		}
		if n := cosine(v, v); !(math.Abs(n-1) < 1e-6) {
			t.Errorf("squared length %v", n)
		}
	})
}

// Opposite features that meet in one place leave nothing; the whole text then
// stands in.
func TestNeverZero(t *testing.T) {
	e := New()
	v := make([]float32, Dims)
	met := 0
	for a := rune(0x2190); a < 0x2600; a++ { // arrows and symbols, no words
		s := sketch{out: new([Dims]float32), folds: e.folds}
		s.symbols(string(a) + " " + string(a+1))
		if *s.out == [Dims]float32{} {
			met++
		}
		clear(v)
		if err := e.Embed(context.Background(), []string{string(a) + " " + string(a+1)}, v); err != nil {
			t.Fatal(err)
		}
		if n := cosine(v, v); math.Abs(n-1) > 1e-6 {
			t.Fatalf("%c: squared length %v", a, n)
		}
	}
	t.Logf("%d of the texts needed it", met)
	s := sketch{out: new([Dims]float32), folds: e.folds}
	if s.text("\t \n"); normalise(s.out) {
		t.Error("spaces have features")
	}
}

func TestDescribe(t *testing.T) {
	d, err := New().Describe(context.Background())
	if err != nil || d.Validate() != nil || d.Determinism != teacher.Exact || d.Dims != Dims {
		t.Errorf("%+v, %v", d, err)
	}
	var _ teacher.RowEmbedder = New()
}

func TestStopWords(t *testing.T) {
	stop := stopWords()
	for _, w := range strings.Fields(english + " " + russian) {
		folded := strings.Map(func(r rune) rune { r, _ = fold(r); return r }, w)
		if folded != w {
			t.Errorf("%s is not folded: it would never match", w)
		}
	}
	if n := len(strings.Fields(english + " " + russian)); len(stop) != n {
		t.Errorf("%d words, %d of them different", n, len(stop))
	}
}
