package tensor

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// Levels come back as they were written, by the reader that trusts none.
func TestLevelsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.ByteRange(0, 1), 1, 100).Draw(t, "levels")
		got, err := expandLevels(nil, packLevels(want), 1, len(want))
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("got %v, %v", got, err)
		}
		rows, size := rapid.IntRange(1, 20).Draw(t, "rows"), rapid.IntRange(1, 300).Draw(t, "size")
		packedRepeats, packedDefined := tensorLevels(rows, size)
		repeats, err := expandLevels(nil, packedRepeats, 1, rows*size)
		if err != nil {
			t.Fatal(err)
		}
		defined, err := expandLevels(nil, packedDefined, 2, rows*size)
		if err != nil || !wholeRows(repeats, defined, size) {
			t.Fatalf("no %d rows of %d, %v", rows, size, err)
		}
	})
}
