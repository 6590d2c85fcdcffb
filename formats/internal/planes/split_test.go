package planes

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestAppendSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 70).Draw(t, "values")
		src := rapid.SliceOfN(rapid.Byte(), 4*n, 4*n).Draw(t, "bytes")
		want := make([]byte, 4*n)
		for i, b := range src {
			want[i%4*n+i/4] = b
		}
		if got := AppendSplit([]byte("ab"), src); !bytes.Equal(got, append([]byte("ab"), want...)) {
			t.Fatalf("got %x, want %x", got, want)
		}
	})
}

func BenchmarkAppendSplit(b *testing.B) {
	src := make([]byte, 1<<20)
	dst := make([]byte, 0, len(src))
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		AppendSplit(dst, src)
	}
}
