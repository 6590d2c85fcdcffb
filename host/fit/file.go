package fit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"

	"github.com/cubeset/cubeset/formats/array"
)

// A fitted map is kept in a .safetensors file with one tensor, "projection",
// of Out rows and In columns, and the metadata format, kind, embed_id, rows.
const (
	fileFormat   = "cubeset.projection.v1"
	tensorName   = "projection"
	fileBytesMax = 4*fitMax*fitMax + 1<<20
)

// Encode is the map as a file. rows is how many vectors it was fitted to.
func (m *Map) Encode(rows int) ([]byte, error) {
	if m.Kind != SVD {
		return nil, fmt.Errorf("%w: a map of kind %s needs no file", ErrMap, m.Kind)
	}
	var b bytes.Buffer
	err := array.WriteSafetensors(&b, map[string]string{
		"format": fileFormat, "kind": m.Kind, "embed_id": m.EmbedID, "rows": strconv.Itoa(rows),
	}, array.Named{Name: tensorName, Shape: []int{m.Out, m.In}})
	if err != nil {
		return nil, err
	}
	err = binary.Write(&b, binary.LittleEndian, m.matrix)
	return b.Bytes(), err
}

// Read reads a map from a file, once: the digest is that of the bytes the map is
// made of. Errors name the file.
func Read(path string) (*Map, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if fi.Size() > fileBytesMax {
		return nil, fmt.Errorf("%s: %w: %d bytes, at most %d", path, ErrMap, fi.Size(), int64(fileBytesMax))
	}
	doc, err := io.ReadAll(io.LimitReader(f, fi.Size()))
	if err != nil {
		return nil, err
	}
	m, err := decode(doc)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

func decode(doc []byte) (*Map, error) {
	f := bytes.NewReader(doc)
	tensors, meta, err := array.ReadSafetensors(f, f.Size())
	if err != nil {
		return nil, err
	}
	h, ok := tensors[tensorName]
	if !ok || meta["format"] != fileFormat || meta["kind"] != SVD || len(h.Shape) != 2 || h.Type != array.F32 {
		return nil, fmt.Errorf("%w: not a file of `cubeset teacher fit`", ErrMap)
	}
	m := &Map{Kind: SVD, EmbedID: meta["embed_id"], Out: h.Shape[0], In: h.Shape[1]}
	if m.Out < 1 || m.Out >= m.In || m.In > fitMax {
		return nil, fmt.Errorf("%w: %d values to %d", ErrMap, m.In, m.Out)
	}
	m.matrix = make([]float32, m.In*m.Out)
	if err := h.Floats(f, m.matrix, 0); err != nil {
		return nil, err
	}
	for i, x := range m.matrix {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return nil, fmt.Errorf("%w: value %d of row %d is not finite", ErrMap, i%m.In, i/m.In)
		}
	}
	sum := sha256.Sum256(doc)
	m.Digest = hex.EncodeToString(sum[:])
	return m, nil
}
