package tensor

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func readRejects(b []byte) (rows []Reject, err error) {
	for r, err := range ReadRejects(bytes.NewReader(b), int64(len(b))) {
		if err != nil {
			return rows, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func TestRejectsComeBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.String()
		want := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Reject {
			r := Reject{s.Draw(t, "id"), s.Draw(t, "q"), s.Draw(t, "a"), s.Draw(t, "source"), s.Draw(t, "file"),
				rapid.Int64().Draw(t, "line"), s.Draw(t, "filter"), s.Draw(t, "reason"), rapid.Float32().Draw(t, "score")}
			if rapid.Bool().Draw(t, "null") {
				r.Score = float32(math.NaN())
			}
			return r
		}), 0, 30).Draw(rt, "rows")
		var b, again bytes.Buffer
		st, err := WriteRejects(&b, slices.Values(want))
		if err != nil || st.Rows != int64(len(want)) || st.Bytes != int64(b.Len()) || st.SHA256 != sum256(b.Bytes()) {
			rt.Fatalf("%+v, %v", st, err)
		}
		if _, err := WriteRejects(&again, slices.Values(want)); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
			rt.Fatalf("written again it differs: %v", err)
		}
		got, err := readRejects(b.Bytes())
		if err != nil || !slices.EqualFunc(got, want, sameReject) {
			rt.Fatalf("got  %+v, %v\nwant %+v", got, err, want)
		}
	})
}

func sameReject(a, b Reject) bool {
	if math.IsNaN(float64(a.Score)) && math.IsNaN(float64(b.Score)) {
		a.Score, b.Score = 0, 0
	}
	return a == b
}

func TestRejectsOfAnyText(t *testing.T) {
	var b bytes.Buffer
	long := strings.Repeat("é", textBytesMax/2+1)
	if _, err := WriteRejects(&b, slices.Values([]Reject{{ID: "a\xff", Question: "x" + long}})); err != nil {
		t.Fatal(err)
	}
	rows, err := readRejects(b.Bytes())
	if err != nil || rows[0].ID != "a\uFFFD" || len(rows[0].Question) > textBytesMax+2 {
		t.Errorf("%v: id %q, %d bytes of question", err, rows[0].ID, len(rows[0].Question))
	}
	if _, err := readAll(b.Bytes()); !errors.Is(err, ErrNotDataset) {
		t.Errorf("rejects opened as a part: %v", err)
	}
	if _, err := readRejects(golden(t, Compat)); !errors.Is(err, ErrNotDataset) {
		t.Errorf("a part opened as rejects: %v", err)
	}
}

func TestRejectsHaveRowGroups(t *testing.T) {
	var b bytes.Buffer
	if _, err := WriteRejects(&b, slices.Values(testRejects(5000))); err != nil {
		t.Fatal(err)
	}
	f, err := readFooter(bytes.NewReader(b.Bytes()), int64(b.Len()), checkRejects)
	if err != nil || len(f.groups) != 2 || f.groups[0].rows != 4096 {
		t.Fatalf("%v: %+v", err, f)
	}
	if _, err := WriteRejects(&fullDisk{100}, slices.Values(testRejects(5000))); !errors.Is(err, errFull) {
		t.Errorf("full disk: %v", err)
	}
}
