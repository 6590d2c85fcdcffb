package static

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

	"github.com/cubeset/cubeset/plugins/hashing"
	"github.com/cubeset/cubeset/sdk/teacher"
	"pgregory.net/rapid"
)

func embed(t testing.TB, e teacher.Embedder, dims int, texts ...string) [][]float32 {
	t.Helper()
	dst := make([]float32, len(texts)*dims)
	if err := e.Embed(context.Background(), texts, dst); err != nil {
		t.Fatal(err)
	}
	return slices.Collect(slices.Chunk(dst, dims))
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
		t.Skipf("these vectors are of revision 1 and Unicode 15.0.0, this is %s", Describe().Revision)
	}
	for _, c := range []struct{ text, want string }{
		{"Hello, world!", "4f1b74a9e3ab8f781755e8b1af70a8187a6b4abcd25650d28afadaad2ea37fd2"},
		{"How do I reset my password?", "6866cd193941010cfa1fb18cdbe0337a3033809624ff57c73855c4dc8a0e9b00"},
		{"Как вернуть деньги за билет на Eurostar?", "026d6b80d0049c20e0b2ba99789abadf9db70fec5bf6165cd2111b14bf744865"},
		{"iPhone手机", "339834eea8eeb94917b95cd0aedbc4195f7d5a3d9989d86066b005dc949bed81"},
		{"naïve CAFÉ ΣΊΣΥΦΟΣ ſtraße", "011b6e7abfaf181277d4efcb099b2ff7143ecfb1059d6a26246881fedfc2319a"},
		{"👍🏽", "524c74522dca76386aa08c02ced1ff8ae5d8f89cff33315beb8534aeb5045057"},
		{" ", "03ffd1fb89a50b041e08d458259b1a69d81a398e3edc0ce1237ec44d091bf421"},
		{strings.Repeat("a very long word ", 5000), "a8056db7ed5be21e62cfa60d64ad3c575ea536f210eb64cfc8d057db24e98bbb"},
	} {
		var b []byte
		for _, x := range embed(t, NewBundled(), Dims, c.text)[0] {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		sum := sha256.Sum256(b)
		if got := hex.EncodeToString(sum[:]); got != c.want {
			t.Errorf("%.30q: %s", c.text, got)
		}
	}
}

// The description names the weights without reading them.
func TestTableDigest(t *testing.T) {
	sum := sha256.Sum256([]byte(table))
	if got := "sha256:" + hex.EncodeToString(sum[:]); got != tableDigest {
		t.Errorf("table.bin is %s, the constant says %s", got, tableDigest)
	}
	if len(table) > 4_000_000 {
		t.Errorf("table.bin has %d bytes", len(table))
	}
}

func TestBundledDescribe(t *testing.T) {
	d, err := NewBundled().Describe(context.Background())
	if err != nil || d.Validate() != nil || d.Determinism != teacher.Exact || d.Dims != Dims {
		t.Errorf("%+v, %v", d, err)
	}
	var _ teacher.RowEmbedder = NewBundled()
}

// Words that share no letters are near when they mean the same.
func TestMeaning(t *testing.T) {
	for _, c := range []struct{ text, near, far string }{
		{"a physician", "the doctor", "the doorway"},
		{"buy a car", "purchase an automobile", "purse of a cat"},
		{"kids", "children", "skids"},
		{"Où est le café?", "cafe", "office"},
	} {
		v := embed(t, NewBundled(), Dims, c.text, c.near, c.far)
		if near, far := cosine(v[0], v[1]), cosine(v[0], v[2]); near < far+0.1 {
			t.Errorf("%s: %s %.3f, %s %.3f", c.text, c.near, near, c.far, far)
		}
	}
}

// A text without a word of the table has the vector of hash-768, bit for bit.
func TestOtherLanguages(t *testing.T) {
	for _, text := range []string{"Как вернуть деньги за билет?", "東京駅はどこですか。", "كيف حالك اليوم", "👍🏽", "한국어", " "} {
		want := embed(t, hashing.New(), Dims, text)[0]
		if got := embed(t, NewBundled(), Dims, text)[0]; !slices.Equal(got, want) {
			t.Errorf("%q differs", text)
		}
	}
	v := embed(t, NewBundled(), Dims, "iPhone手机", "手机", "phone")
	if a, b := cosine(v[0], v[1]), cosine(v[0], v[2]); a < 0.3 || b < 0.1 {
		t.Errorf("a mixed text is %.3f and %.3f like its parts", a, b)
	}
}

func TestEmpty(t *testing.T) {
	dst := make([]float32, 2*Dims)
	rows, err := NewBundled().EmbedRows(context.Background(), []string{"", "x"}, dst)
	if err != nil || rows[0].Code != "empty" || rows[0].Err == nil || rows[1].Err != nil {
		t.Errorf("%+v, %v", rows, err)
	}
	if err := NewBundled().Embed(context.Background(), []string{"x", ""}, dst); err == nil {
		t.Error("an empty text has a vector")
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := NewBundled().Embed(ctx, []string{"x"}, make([]float32, Dims)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Every text has a vector of length 1 that depends on nothing else in the batch.
func TestProperties(t *testing.T) {
	e := NewBundled()
	text := rapid.OneOf(rapid.StringN(1, 60, -1), rapid.StringMatching(`[a-zA-Z ,.]{1,80}`))
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(text, 1, 5).Draw(t, "texts")
		dst := make([]float32, len(texts)*Dims)
		if err := e.Embed(context.Background(), texts, dst); err != nil {
			t.Fatal(err)
		}
		for i, text := range texts {
			v := dst[i*Dims : (i+1)*Dims]
			if n := cosine(v, v); math.Abs(n-1) > 1e-6 {
				t.Fatalf("%q: squared length %v", text, n)
			}
			alone := make([]float32, Dims)
			if err := e.Embed(context.Background(), []string{text}, alone); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(v, alone) {
				t.Fatalf("%q: differs in a batch", text)
			}
		}
	})
}

// The sum in lanes is the plain sum, in any order and of any length.
func TestPackedSum(t *testing.T) {
	p, tokens, err := readPacked(table)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SliceOfN(rapid.Int32Range(0, int32(len(tokens)-1)), 0, 60).Draw(t, "ids")
		var want, got [packedDims]int64
		for _, id := range ids {
			for d := range packedDims {
				b := p.values[int(id)*packedDims/2+d/2]
				want[d] += (2*int64(b>>(d%2*4)&15) - 15) * int64(p.scales[id])
			}
		}
		p.sum(&got, ids)
		if got != want {
			t.Fatal("not the sum of the rows")
		}
		slices.Reverse(ids)
		if p.sum(&got, ids); got != want {
			t.Fatal("another sum in another order")
		}
	})
}

// A hundred of the row with the largest values do not overflow a lane.
func TestPackedSumLargest(t *testing.T) {
	p := packed{scales: "\xff", values: strings.Repeat("\xff", packedDims/2)}
	var got [packedDims]int64
	p.sum(&got, make([]int32, 100))
	for _, x := range got {
		if x != 100*15*255 {
			t.Fatal(x)
		}
	}
}

func TestReadPackedDamaged(t *testing.T) {
	for name, file := range map[string]string{
		"empty": "", "cut": table[:len(table)/2], "other dims": table[:4] + "\x00\x02\x00\x00" + table[8:], "a token less": table[:len(table)-6],
	} {
		if _, _, err := readPacked(file); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Any bytes at all make a vector: the host lets only UTF-8 through, but the
// library may be used without it.
func FuzzBundled(f *testing.F) {
	for _, s := range []string{"a", "\xff", "\u0301", "ーー", "Ａ１", "\U0001F468\u200d\U0001F469", "the \x00 cat's", "각"} {
		f.Add(s)
	}
	e := NewBundled()
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
