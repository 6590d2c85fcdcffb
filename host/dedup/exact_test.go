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
		e, seen := NewExact[Key](), map[string]bool{}
		for i, a := range pairs {
			if got := e.First(KeyOf("q", a)); got == seen[a] {
				t.Fatalf("pair %d: First = %v, seen before = %v", i, got, seen[a])
			}
			seen[a] = true
		}
	})
}

func BenchmarkExact(b *testing.B) {
	b.ReportAllocs()
	e := NewExact[Key]()
	var q [8]byte
	for i := range b.N {
		q[0], q[1], q[2], q[3] = byte(i), byte(i>>8), byte(i>>16), byte(i>>24)
		e.First(KeyOf(string(q[:]), "the answer is of a usual length, sixty bytes or so in all"))
	}
}

func TestHashesAreFoundAmongOthers(t *testing.T) {
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
		var few Few[[8]byte]
		for _, k := range all {
			few.Add(k)
		}
		few.Look(run[:cut])
		few.Look(run[cut:])
		for _, k := range all {
			if x.Has(k) != has[k] || few.Found(k) != has[k] {
				t.Fatalf("%x: Has = %v, Found = %v, want %v", k, x.Has(k), few.Found(k), has[k])
			}
		}
	})
}

// Of a million rows an index is made in one go, a map one by one, and five thousand
// are looked for among them.
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
	b.Run("few", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			var f Few[Key]
			for i := range 5_000 {
				f.Add(keys[200*i])
			}
			f.Look(run)
		}
	})
	b.Run("map", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			e := NewExact[Key]()
			for _, k := range keys {
				e.First(k)
			}
		}
	})
}
