package dedup

import (
	"encoding/binary"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestKeyOfSeparatesQuestionFromAnswer(t *testing.T) {
	if KeyOf("ab", "c") == KeyOf("a", "bc") {
		t.Error("moving a byte from question to answer keeps the key")
	}
	if KeyOf("a", "b") == KeyOf("b", "a") {
		t.Error("swapping question and answer keeps the key")
	}
}

func TestExactKeepsTheFirstOfEachPair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pairs := rapid.SliceOf(rapid.StringMatching(`[ab]{0,3}`)).Draw(t, "answers")
		before := rapid.IntRange(0, len(pairs)).Draw(t, "before")
		var runs [][]byte
		seen := map[string]bool{}
		for _, a := range pairs[:before] {
			k := KeyOf("q", a)
			runs = append(runs, k[:])
			seen[a] = true
		}
		e := NewExact(NewIndex[Key](slices.Values(runs)))
		for i, a := range pairs[before:] {
			if got := e.First(KeyOf("q", a)); got == seen[a] {
				t.Fatalf("pair %d: First = %v, seen before = %v", i, got, seen[a])
			}
			seen[a] = true
		}
	})
}

func BenchmarkExact(b *testing.B) {
	b.ReportAllocs()
	e := NewExact[Key](nil)
	var q [8]byte
	for i := range b.N {
		q[0], q[1], q[2], q[3] = byte(i), byte(i>>8), byte(i>>16), byte(i>>24)
		e.First(KeyOf(string(q[:]), "the answer is of a usual length, sixty bytes or so in all"))
	}
}

func TestIndexHasItsHashesAndNoOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) (k [8]byte) {
			// few first bits and few others, so that hashes share buckets and repeat
			k[0], k[3], k[7] = rapid.Byte().Draw(t, "first"), rapid.Byte().Draw(t, "fourth"), byte(rapid.IntRange(0, 3).Draw(t, "last"))
			return k
		}), 0, 300).Draw(t, "hashes")
		n := rapid.IntRange(0, len(all)).Draw(t, "known")
		var run []byte
		has := map[[8]byte]bool{}
		for _, k := range all[:n] {
			run = append(run, k[:]...)
			has[k] = true
		}
		cut := len(run) / 16 * 8
		x := NewIndex[[8]byte](slices.Values([][]byte{run[:cut], nil, run[cut:]}))
		for _, k := range all {
			if x.Has(k) != has[k] {
				t.Fatalf("%x: Has = %v, want %v", k, x.Has(k), has[k])
			}
		}
	})
}

// What is known of a million rows is made ready in one go, or one by one.
func BenchmarkBefore(b *testing.B) {
	keys := make([]Key, 1_000_000)
	var run []byte
	for i := range keys {
		keys[i] = KeyOf("q", string(binary.LittleEndian.AppendUint64(nil, uint64(i))))
		run = append(run, keys[i][:]...)
	}
	b.Run("index", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			NewIndex[Key](slices.Values([][]byte{run}))
		}
	})
	b.Run("map", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			e := NewExact[Key](nil)
			for _, k := range keys {
				e.First(k)
			}
		}
	})
}
