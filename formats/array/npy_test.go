package array

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// npy is a file of one version with this dictionary.
func npy(version byte, dict string, data []byte) []byte {
	b := append([]byte(npyMagic), version, 0)
	if version == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(dict)))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(dict)))
	}
	return slices.Concat(b, []byte(dict), data)
}

func dict(descr, order, shape string) string {
	return fmt.Sprintf("{'descr': %s, 'fortran_order': %s, 'shape': %s, }   \n", descr, order, shape)
}

func TestReadNPY(t *testing.T) {
	for _, c := range []struct {
		name  string
		file  []byte
		typ   Type
		shape []int
	}{
		{"version 1", npy(1, dict("'<f4'", "False", "(3,)"), values[F32]), F32, []int{3}},
		{"version 2", npy(2, dict("'<f2'", "False", "(1, 3)"), values[F16]), F16, []int{1, 3}},
		{"version 3", npy(3, dict("'<f8'", "False", "(3, 1, 1)"), values[F64]), F64, []int{3, 1, 1}},
		{"a single value", npy(1, dict("'<f4'", "False", "()"), values[F32][:4]), F32, []int{}},
		{"no values", npy(1, dict("'<f4'", "False", "(0, 9)"), nil), F32, []int{0, 9}},
		{"other order, other quotes", npy(1, `{"shape":(3),"descr":"<f4","fortran_order":False}`, values[F32]), F32, []int{3}},
	} {
		h, err := ReadNPY(bytes.NewReader(c.file), int64(len(c.file)))
		if err != nil || h.Type != c.typ || !slices.Equal(h.Shape, c.shape) {
			t.Errorf("%s: %+v, %v", c.name, h, err)
			continue
		}
		got := make([]float32, h.Size())
		if err := h.Floats(bytes.NewReader(c.file), got, 0); err != nil || len(got) > 0 && got[0] != 1 {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
}

func TestReadNPYRefuses(t *testing.T) {
	good := npy(1, dict("'<f4'", "False", "(3,)"), values[F32])
	with := func(descr, order, shape string) []byte { return npy(1, dict(descr, order, shape), values[F32]) }
	for _, c := range []struct {
		name string
		file []byte
		want error
		says string
	}{
		{"nothing", nil, ErrDamaged, "does not begin"},
		{"another file", []byte("PK\x03\x04 and so on, for a while"), ErrDamaged, "does not begin"},
		{"version 4", npy(4, dict("'<f4'", "False", "(3,)"), values[F32]), ErrType, "version 4.0"},
		{"half a start", good[:9], ErrDamaged, ""},
		{"version 2 cut in its length", npy(2, "", nil)[:11], ErrDamaged, "ends in its header"},
		{"cut in the header", good[:30], ErrDamaged, "header of"},
		{"cut in the values", good[:len(good)-1], ErrDamaged, "does not fit"},
		{"two arrays in a file", append(slices.Clone(good), good...), ErrDamaged, "follow an array of 12"},
		{"a header of 4 GB", append([]byte(npyMagic), 2, 0, 255, 255, 255, 255, '{'), ErrDamaged, "4294967295"},
		{"Fortran order", with("'<f4'", "True", "(3,)"), ErrType, "Fortran"},
		{"big-endian", with("'>f4'", "False", "(3,)"), ErrType, `big-endian; save them as "<f4"`},
		{"objects", with("'|O'", "False", "(3,)"), ErrType, "objects"},
		{"integers", with("'<i4'", "False", "(3,)"), ErrType, `"<i4"`},
		{"texts", with("'<U1'", "False", "(3,)"), ErrType, `"<U1"`},
		{"records", with("[('x', '<f4', (2,)), ('y', '<f4')]", "False", "(1,)"), ErrType, "records"},
		{"a list without end", with("[('x', '<f4')", "False", "(1,)"), ErrDamaged, "no end"},
		{"shape too large", with("'<f4'", "False", "(4,)"), ErrDamaged, "does not fit"},
		{"shape that overflows", with("'<f4'", "False", "(4294967296, 4294967296, 4)"), ErrDamaged, "does not fit"},
		{"a direction past int64", with("'<f4'", "False", "(99999999999999999999,)"), ErrDamaged, "whole numbers"},
		{"negative", with("'<f4'", "False", "(-3,)"), ErrDamaged, "whole numbers"},
		{"33 directions", with("'<f4'", "False", "("+strings.Repeat("1, ", 33)+")"), ErrDamaged, ""},
		{"shape is a number", with("'<f4'", "False", "3"), ErrDamaged, "no tuple"},
		{"shape without end", with("'<f4'", "False", "(3"), ErrDamaged, ""},
		{"order is a number", with("'<f4'", "0", "(3,)"), ErrDamaged, "neither"},
		{"escape in a string", with(`'<f\x34'`, "False", "(3,)"), ErrDamaged, ""},
		{"unknown key", npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'x': 1}", values[F32]), ErrDamaged, `unknown key "x"`},
		{"key twice", npy(1, "{'descr': '<f4', 'descr': '<f4', 'shape': (3,)}", values[F32]), ErrDamaged, "twice"},
		{"key missing", npy(1, "{'descr': '<f4', 'shape': (3,)}", values[F32]), ErrDamaged, "want the keys"},
		{"no dictionary", npy(1, "[]", values[F32]), ErrDamaged, "no dictionary"},
		{"no colon", npy(1, "{'descr' '<f4'}", values[F32]), ErrDamaged, "no value"},
		{"no comma", npy(1, "{'descr': '<f4' 'shape': (3,)}", values[F32]), ErrDamaged, "no end"},
		{"code after it", npy(1, dict("'<f4'", "False", "(3,)")+"import os", values[F32]), ErrDamaged, "follows"},
	} {
		h, err := ReadNPY(bytes.NewReader(c.file), int64(len(c.file)))
		if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: %+v, %v; want %v that says %q", c.name, h, err, c.want, c.says)
		}
	}
}

func TestWriteNPY(t *testing.T) {
	for _, shape := range [][]int{{}, {0}, {3}, {2, 3}, {1000000, 8, 8, 12}} {
		var b bytes.Buffer
		if err := WriteNPY(&b, shape...); err != nil {
			t.Fatal(err)
		}
		if b.Len()%npyAlignment != 0 || b.Bytes()[b.Len()-1] != '\n' {
			t.Errorf("%v: the header has %d bytes: %q", shape, b.Len(), b.Bytes())
		}
		want := Header{Shape: shape, Type: F32, Offset: int64(b.Len())}
		r := io.MultiReader(&b, bytes.NewReader(nil))
		file, _ := io.ReadAll(r)
		h, err := ReadNPY(bytes.NewReader(file), int64(len(file))+4*want.Size())
		if err != nil || !slices.Equal(h.Shape, shape) || h.Type != F32 || h.Offset != want.Offset {
			t.Errorf("%v: %+v, %v", shape, h, err)
		}
	}
	for _, shape := range [][]int{{-1}, {math.MaxInt, 2}, make([]int, 33)} {
		if err := WriteNPY(io.Discard, shape...); err == nil {
			t.Errorf("shape %v is written", shape)
		}
	}
}

func TestNPYRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 4).Draw(t, "shape")
		want := make([]float32, Header{Shape: shape}.Size())
		for i := range want {
			want[i] = rapid.Float32().Draw(t, "value")
		}
		var b bytes.Buffer
		if err := WriteNPY(&b, shape...); err != nil {
			t.Fatal(err)
		}
		b.Write(le(want))
		h, err := ReadNPY(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, len(want))
		if err := h.Floats(bytes.NewReader(b.Bytes()), got, 0); err != nil || !slices.Equal(got, want) || !slices.Equal(h.Shape, shape) {
			t.Fatalf("%v %v, %v; want %v %v", h.Shape, got, err, shape, want)
		}
	})
}

// readAll reads what a header promises, a little at a time.
func readAll(t *testing.T, h Header, r io.ReaderAt) {
	if h.Type.width() == 0 || h.Size() < 0 {
		return
	}
	dst := make([]float32, min(h.Size(), 1000))
	for at := int64(0); at < min(h.Size(), 100_000); at += int64(len(dst)) {
		dst = dst[:min(int64(len(dst)), h.Size()-at)]
		if h.Floats(r, dst, at) != nil {
			return
		}
	}
}

func FuzzReadNPY(f *testing.F) {
	f.Add(npy(1, dict("'<f4'", "False", "(3,)"), values[F32]))
	f.Add(npy(2, dict("'<f2'", "False", "(1, 3)"), values[F16]))
	f.Add(npy(3, dict("[('x', '<f4')]", "True", "()"), values[F64]))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ReadNPY(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		if end := h.Offset + h.Size()*int64(h.Type.width()); end != int64(len(b)) {
			t.Fatalf("%+v ends at %d of %d bytes", h, end, len(b))
		}
		readAll(t, h, bytes.NewReader(b))
	})
}
