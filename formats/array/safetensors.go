package array

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"unicode/utf8"
)

const (
	safetensorsHeaderMax = 100_000_000 // the format's own limit
	safetensorsAlignment = 8
	metadataKey          = "__metadata__"
)

// stored is a tensor as the header of a .safetensors file describes it.
type stored struct {
	DType   string    `json:"dtype"`
	Shape   []int     `json:"shape"`
	Offsets [2]uint64 `json:"data_offsets"` // from the end of the header
}

// ReadSafetensors reads the header of a .safetensors file of size bytes: its
// tensors by name, and its metadata. As the format demands, the tensors cover
// the file without a gap or an overlap. A tensor of a type that holds no floats
// has a header too; its Floats fails.
func ReadSafetensors(r io.ReaderAt, size int64) (map[string]Header, map[string]string, error) {
	text, err := safetensorsHeader(r, size)
	if err != nil {
		return nil, nil, fmt.Errorf("safetensors: %w", err)
	}
	tensors, metadata, err := decodeHeader(text)
	if err != nil {
		return nil, nil, fmt.Errorf("safetensors: %w: header: %w", ErrDamaged, err)
	}
	data := int64(len(text)) + 8
	if err := checkOffsets(tensors, size-data); err != nil {
		return nil, nil, fmt.Errorf("safetensors: %w", err)
	}
	headers := make(map[string]Header, len(tensors))
	for name, t := range tensors {
		headers[name] = Header{append([]int{}, t.Shape...), Type(t.DType), data + int64(t.Offsets[0])}
	}
	return headers, metadata, nil
}

// safetensorsHeader is the JSON at the start of the file.
func safetensorsHeader(r io.ReaderAt, size int64) ([]byte, error) {
	var length [8]byte
	if n, err := r.ReadAt(length[:], 0); n < len(length) {
		return nil, fmt.Errorf("%w: it is shorter than 8 bytes: %w", ErrDamaged, err)
	}
	n := binary.LittleEndian.Uint64(length[:])
	if most := max(0, min(safetensorsHeaderMax, size-8)); n > uint64(most) {
		return nil, fmt.Errorf("%w: a header of %d bytes, at most %d", ErrDamaged, n, most)
	}
	text := make([]byte, n)
	if got, err := r.ReadAt(text, 8); got < len(text) {
		return nil, fmt.Errorf("%w: header: %w", ErrDamaged, err)
	}
	if len(text) == 0 || text[0] != '{' || !utf8.Valid(text) {
		return nil, fmt.Errorf("%w: the header is no JSON object in UTF-8", ErrDamaged)
	}
	return text, nil
}

// decodeHeader takes an object apart key by key: a map would hide that a name
// is there twice.
func decodeHeader(text []byte) (map[string]stored, map[string]string, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return nil, nil, err
	}
	tensors, metadata := map[string]stored{}, map[string]string(nil)
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		name := key.(string)
		if name == metadataKey && metadata == nil {
			if err := d.Decode(&metadata); err != nil {
				return nil, nil, fmt.Errorf("metadata: %w", err)
			}
			continue
		}
		if _, twice := tensors[name]; twice || name == metadataKey {
			return nil, nil, fmt.Errorf("%q is there twice", clip(name))
		}
		var t stored
		if err := d.Decode(&t); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", clip(name), err)
		}
		tensors[name] = t
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, nil, errors.New("something follows the object")
	}
	return tensors, metadata, nil
}

// checkOffsets goes through the tensors in the order of their bytes.
func checkOffsets(tensors map[string]stored, size int64) error {
	names := slices.SortedFunc(maps.Keys(tensors), func(a, b string) int {
		return cmp.Or(
			cmp.Compare(tensors[a].Offsets[0], tensors[b].Offsets[0]),
			cmp.Compare(tensors[a].Offsets[1], tensors[b].Offsets[1]),
			cmp.Compare(a, b))
	})
	end := uint64(0)
	for _, name := range names {
		t := tensors[name]
		if t.Offsets[0] != end || t.Offsets[1] < end || t.Offsets[1] > uint64(size) {
			return fmt.Errorf("%w: tensor %q takes bytes %d to %d of %d, the one before it ends at %d", ErrDamaged, clip(name), t.Offsets[0], t.Offsets[1], size, end)
		}
		end = t.Offsets[1]
		width := Type(t.DType).width()
		taken, err := fit(t.Shape, max(width, 1), math.MaxInt64)
		if err != nil {
			return fmt.Errorf("%w: tensor %q: %w", ErrDamaged, clip(name), err)
		}
		if width > 0 && uint64(taken) != end-t.Offsets[0] {
			return fmt.Errorf("%w: tensor %q: shape %v of %s is %d bytes, its place %d", ErrDamaged, clip(name), t.Shape, t.DType, taken, end-t.Offsets[0])
		}
	}
	if end != uint64(size) {
		return fmt.Errorf("%w: %d bytes follow the last tensor", ErrDamaged, uint64(size)-end)
	}
	return nil
}

// Named is a tensor to write.
type Named struct {
	Name  string
	Shape []int
}

// WriteSafetensors writes the header of a file of float32 tensors. Their
// values follow, in the order of ts, little-endian and row-major. Equal
// arguments give equal bytes.
func WriteSafetensors(w io.Writer, metadata map[string]string, ts ...Named) error {
	var b bytes.Buffer
	b.WriteByte('{')
	put := func(key string, value any) error {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		k, err := json.Marshal(key)
		if err != nil {
			return err
		}
		v, err := json.Marshal(value) // maps are sorted
		b.Write(k)
		b.WriteByte(':')
		b.Write(v)
		return err
	}
	for k, v := range metadata {
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return fmt.Errorf("safetensors: metadata %q is not UTF-8", clip(k))
		}
	}
	if len(metadata) > 0 {
		if err := put(metadataKey, metadata); err != nil {
			return fmt.Errorf("safetensors: %w", err)
		}
	}
	seen := map[string]bool{metadataKey: true}
	at := int64(0)
	for _, t := range ts {
		if seen[t.Name] || !utf8.ValidString(t.Name) {
			return fmt.Errorf("safetensors: the name %q is taken or not UTF-8", clip(t.Name))
		}
		seen[t.Name] = true
		n, err := fit(t.Shape, 4, math.MaxInt64-at)
		if err != nil {
			return fmt.Errorf("safetensors: tensor %q: %w", clip(t.Name), err)
		}
		if err := put(t.Name, stored{string(F32), append([]int{}, t.Shape...), [2]uint64{uint64(at), uint64(at + n)}}); err != nil {
			return fmt.Errorf("safetensors: %w", err)
		}
		at += n
	}
	b.WriteByte('}')
	for b.Len()%safetensorsAlignment != 0 {
		b.WriteByte(' ')
	}
	if b.Len() > safetensorsHeaderMax {
		return fmt.Errorf("safetensors: a header of %d bytes, at most %d", b.Len(), safetensorsHeaderMax)
	}
	if _, err := w.Write(binary.LittleEndian.AppendUint64(nil, uint64(b.Len()))); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	return nil
}
