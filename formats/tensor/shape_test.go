package tensor

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func shapes() []Shape {
	return []Shape{{768}, {16, 48}, {4, 4, 4, 12}, {384}, {1024}, {1}, {2, 1, 2, 1, 2, 1, 2, 3}, {1 << 17}}
}

// Whatever the shape, all that knows it agrees: rows, footer, Arrow's schema,
// manifest, card and verify.
func TestEveryShapeGoesAllTheWay(t *testing.T) {
	for _, shape := range shapes() {
		for _, p := range Profiles() {
			t.Run(fmt.Sprintf("%v/%v", shape, p), func(t *testing.T) {
				s := testSchema(p, shape, "length")
				s.RowGroupRows = 4
				want := testRows(6, s)
				b, _ := write(t, s, want)
				part, err := OpenReader(bytes.NewReader(b), int64(len(b)))
				if err != nil {
					t.Fatal(err)
				}
				if got, err := part.Schema(); err != nil || !got.Shape.Equal(shape) || got.Profile != p {
					t.Errorf("schema %+v, %v", got, err)
				}
				if got := read(t, b); !reflect.DeepEqual(got, want) {
					t.Error("other rows come back")
				}
				directions := strings.ReplaceAll(shape.String(), "x", ",")
				if got := fmt.Sprintf(`{"shape":[%s]}`, directions); !strings.Contains(unbase64(t, part.footer.keys[arrowKey]), got) {
					t.Errorf("Arrow's schema does not say %s", got)
				}
			})
		}
		m := newMemFS()
		d := testDataset(t, shape, 3, 1, "train-aa", "validation-bb")
		d.commit(t, m)
		if got, err := ReadManifest(m, "ds"); err != nil || !got.Shape.Equal(shape) {
			t.Errorf("%v: the manifest says %v, %v", shape, got.Shape, err)
		}
		if faults, err := Verify(m, "ds", VerifyOptions{}); err != nil || len(faults) > 0 {
			t.Errorf("%v: %v, %v", shape, faults, err)
		}
		card := string(d.files["README.md"])
		for _, say := range []string{
			fmt.Sprintf("shape [%s]", strings.ReplaceAll(shape.String(), "x", ", ")),
			fmt.Sprintf("    list: float32\n    length: %d\n", shape.Size()),
			fmt.Sprintf("(N, %s)", strings.ReplaceAll(shape.String(), "x", ", ")),
		} {
			if !strings.Contains(card, say) {
				t.Errorf("%v: the card does not say %q", shape, say)
			}
		}
	}
}

// A wrong shape is found by the part that has it.
func TestVerifyComparesShapes(t *testing.T) {
	for _, shape := range []Shape{{12}, {3, 2, 2}, {2, 2, 3, 1}, {2, 2, 4}} {
		d := testDataset(t, Shape{2, 2, 3}, 3, 1, "train-aa")
		b, _ := write(t, testSchema(Compat, shape, "length"), testRows(3, testSchema(Compat, shape, "length")))
		d.replace("train-aa.parquet", b, true)
		m := newMemFS()
		d.commit(t, m)
		faults, err := Verify(m, "ds", VerifyOptions{})
		if want := fmt.Sprintf("shape is %v, want 2x2x3", shape); err != nil || len(faults) != 1 || faults[0].Kind != "schema" || faults[0].Detail != want {
			t.Errorf("%v: %v, %v", shape, faults, err)
		}
	}
}

func TestParseShape(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Shape // nil: refused
	}{
		{"8x8x12", Shape{8, 8, 12}}, {"8, 8, 12", Shape{8, 8, 12}}, {"768", Shape{768}}, {"1x1x1x1x1x1x1x1", Shape{1, 1, 1, 1, 1, 1, 1, 1}},
		{"", nil}, {"8xx", nil}, {"8x-8", nil}, {"0", nil}, {"8x8.5", nil}, {"1x1x1x1x1x1x1x1x1", nil}, {"1048577", nil},
		{"99999999999x99999999999", nil}, {"eight", nil},
	} {
		got, err := ParseShape(c.in)
		if (err == nil) != (c.want != nil) || err != nil && !errors.Is(err, ErrShape) || err == nil && !got.Equal(c.want) {
			t.Errorf("%q: %v, %v", c.in, got, err)
		}
	}
}
