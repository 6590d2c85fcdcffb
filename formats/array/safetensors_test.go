package array

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func safetensors(header string, data []byte) []byte {
	return slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), []byte(header), data)
}

func TestReadSafetensors(t *testing.T) {
	data := slices.Concat(values[F64], values[F32], values[BF16], values[F16], []byte{1, 0, 1})
	b := safetensors(`{"half":{"dtype":"F16","shape":[1,3],"data_offsets":[42,48]},
		"mask":{"dtype":"BOOL","shape":[3],"data_offsets":[48,51]},
		"double":{"dtype":"F64","shape":[3],"data_offsets":[0,24]},
		"brain":{"dtype":"BF16","shape":[3,1],"data_offsets":[36,42]},
		"none":{"dtype":"F32","shape":[0,7],"data_offsets":[24,24]},
		"single":{"dtype":"F32","shape":[3],"data_offsets":[24,36]},
		"__metadata__":{"format":"pt"}}   `, data)
	r := bytes.NewReader(b)
	hs, metadata, err := ReadSafetensors(r, int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(metadata, map[string]string{"format": "pt"}) || len(hs) != 6 {
		t.Errorf("%v, %v", metadata, hs)
	}
	for _, name := range []string{"half", "brain", "single", "double"} {
		got := make([]float32, 3)
		if err := hs[name].Floats(r, got, 0); err != nil || got[0] != 1 || got[1] != -2.5 {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if err := hs["mask"].Floats(r, make([]float32, 3), 0); !errors.Is(err, ErrType) {
		t.Errorf("booleans: %v", err)
	}
	if h := hs["none"]; h.Size() != 0 || !slices.Equal(h.Shape, []int{0, 7}) {
		t.Errorf("no values: %+v", h)
	}
}

func TestReadSafetensorsRefuses(t *testing.T) {
	one := func(dtype, shape, offsets string) []byte {
		return safetensors(fmt.Sprintf(`{"x":{"dtype":%q,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets), values[F32])
	}
	two := func(first, second string) []byte {
		return safetensors(fmt.Sprintf(`{"x":{"dtype":"F32","shape":[1],"data_offsets":%s},"y":{"dtype":"F32","shape":[2],"data_offsets":%s}}`, first, second), values[F32])
	}
	if _, _, err := ReadSafetensors(bytes.NewReader(two("[0,4]", "[4,12]")), int64(len(two("[0,4]", "[4,12]")))); err != nil {
		t.Fatalf("a sound file: %v", err)
	}
	for _, c := range []struct {
		name, says string
		file       []byte
	}{
		{"nothing", "shorter", nil},
		{"seven bytes", "shorter", make([]byte, 7)},
		{"an empty header", "no JSON", make([]byte, 8)},
		{"a header past the file", "at most 2", safetensors("{} ", nil)[:10]},
		{"a header of 2^63 bytes", "at most", append(bytes.Repeat([]byte{0xff}, 8), '{', '}')},
		{"a list", "no JSON object", safetensors("[]", nil)},
		{"not UTF-8", "UTF-8", safetensors("{\"\xff\":1}", nil)},
		{"half an object", "EOF", safetensors("{", nil)},
		{"something after it", "follow", safetensors("{}{}", nil)},
		{"a tensor that is none", `tensor "x"`, safetensors(`{"x":3}`, nil)},
		{"metadata of numbers", "metadata", safetensors(`{"__metadata__":{"a":1}}`, nil)},
		{"metadata twice", "twice", safetensors(`{"__metadata__":{},"__metadata__":{}}`, nil)},
		{"a name twice", `"x" is there twice`, safetensors(`{"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`, nil)},
		{"negative direction", "direction 0", one("F32", "[-3]", "[0,12]")},
		{"a fraction", "shape", one("F32", "[1.5]", "[0,12]")},
		{"negative offset", "offsets", one("F32", "[3]", "[-1,12]")},
		{"end before start", "takes bytes", one("F32", "[3]", "[12,0]")},
		{"past the end", "takes bytes 0 to 16", one("F32", "[4]", "[0,16]")},
		{"too few bytes", "is 16 bytes, its place 12", one("F32", "[4]", "[0,12]")},
		{"too many bytes", "is 8 bytes, its place 12", one("F32", "[2]", "[0,12]")},
		{"a shape that overflows", "does not fit", one("F32", "[4294967296,4294967296,4]", "[0,12]")},
		{"bytes after the last", "4 bytes follow", one("F32", "[2]", "[0,8]")},
		{"a hole", "ends at 4", two("[0,4]", "[8,12]")},
		{"an overlap", "ends at 4", two("[0,4]", "[0,8]")},
		{"33 directions", "at most 32", one("F32", "["+strings.TrimSuffix(strings.Repeat("1,", 33), ",")+"]", "[0,12]")},
	} {
		_, _, err := ReadSafetensors(bytes.NewReader(c.file), int64(len(c.file)))
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want one that says %q", c.name, err, c.says)
		}
	}
}

func TestWriteSafetensors(t *testing.T) {
	var b bytes.Buffer
	if err := WriteSafetensors(&b, map[string]string{"b": "2", "a": "1"}, Named{"y", []int{2, 1}}, Named{"x", nil}); err != nil {
		t.Fatal(err)
	}
	want := `{"__metadata__":{"a":"1","b":"2"},"y":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"x":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}`
	if got := strings.TrimRight(string(b.Bytes()[8:]), " "); got != want || b.Len()%8 != 0 {
		t.Errorf("got %d bytes\n%s, want\n%s", b.Len(), got, want)
	}
	for name, ts := range map[string][]Named{
		"the same name twice": {{"x", nil}, {"x", nil}},
		"the metadata's name": {{metadataKey, nil}},
		"not UTF-8":           {{"\xff", nil}},
		"negative":            {{"x", []int{-1}}},
		"more than int64":     {{"x", []int{math.MaxInt / 4}}, {"y", []int{math.MaxInt / 4}}},
	} {
		if err := WriteSafetensors(io.Discard, nil, ts...); err == nil {
			t.Errorf("%s is written", name)
		}
	}
	if err := WriteSafetensors(io.Discard, map[string]string{"a": "\xff"}); err == nil {
		t.Error("metadata that is not UTF-8 is written")
	}
}

func TestSafetensorsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.String(), 0, 4, rapid.ID).Draw(t, "names")
		metadata := rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "metadata")
		var ts []Named
		var data bytes.Buffer
		want := map[string][]float32{}
		for _, n := range names {
			if n == metadataKey {
				continue
			}
			shape := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 3).Draw(t, "shape")
			v := make([]float32, Header{Shape: shape}.Size())
			for i := range v {
				v[i] = rapid.Float32().Draw(t, "value")
			}
			ts, want[n] = append(ts, Named{n, shape}), v
			data.Write(le(v))
		}
		var b bytes.Buffer
		if err := WriteSafetensors(&b, metadata, ts...); err != nil {
			t.Fatal(err)
		}
		b.Write(data.Bytes())
		r := bytes.NewReader(b.Bytes())
		hs, read, err := ReadSafetensors(r, int64(b.Len()))
		if err != nil || !maps.Equal(read, metadata) || len(hs) != len(ts) {
			t.Fatalf("%v, %v, %v", hs, read, err)
		}
		for _, n := range ts {
			h, got := hs[n.Name], make([]float32, len(want[n.Name]))
			if err := h.Floats(r, got, 0); err != nil || !slices.Equal(got, want[n.Name]) || !slices.Equal(h.Shape, n.Shape) {
				t.Fatalf("%q: %v %v, %v; want %v %v", n.Name, h.Shape, got, err, n.Shape, want[n.Name])
			}
		}
	})
}

func FuzzReadSafetensors(f *testing.F) {
	f.Add(safetensors(`{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},"__metadata__":{"a":"b"}}`, values[F32]))
	f.Add(safetensors(`{"x":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]},"y":{"dtype":"F16","shape":[2],"data_offsets":[2,6]}}`, values[F16]))
	f.Fuzz(func(t *testing.T, b []byte) {
		hs, _, err := ReadSafetensors(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for name, h := range hs {
			if w := int64(h.Type.width()); w > 0 && (h.Offset < 8 || h.Size() > (int64(len(b))-h.Offset)/w) {
				t.Fatalf("%q: %+v leaves a file of %d bytes", name, h, len(b))
			}
			readAll(t, h, bytes.NewReader(b))
		}
	})
}
