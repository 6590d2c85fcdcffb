package dedup

import (
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
		e, seen := NewExact(0), map[string]bool{}
		for i, a := range pairs {
			if got := e.First(KeyOf("q", a)); got == seen[a] {
				t.Fatalf("pair %d: First = %v, seen before = %v", i, got, seen[a])
			}
			seen[a] = true
		}
		if e.Len() != len(seen) {
			t.Fatalf("Len = %d, want %d", e.Len(), len(seen))
		}
	})
}

func BenchmarkExact(b *testing.B) {
	b.ReportAllocs()
	e := NewExact(10)
	var q [8]byte
	for i := range b.N {
		q[0], q[1], q[2], q[3] = byte(i), byte(i>>8), byte(i>>16), byte(i>>24)
		e.First(KeyOf(string(q[:]), "the answer is of a usual length, sixty bytes or so in all"))
	}
}
