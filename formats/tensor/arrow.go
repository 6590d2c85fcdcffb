package tensor

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
)

const (
	arrowKey = "ARROW:schema" // the footer key under which Arrow keeps its schema
	metaKey  = "cubeset"

	rejectsKey = "cubeset.rejects"
)

// Codes and versions of Arrow's Schema.fbs and Message.fbs.
const (
	arrowInt           = 2
	arrowFloat         = 3
	arrowUtf8          = 5
	arrowFixedSizeList = 16
	arrowSingle        = 1
	arrowV5            = 4
	arrowSchemaHeader  = 1
)

// arrowSchema is the value of arrowKey: an encapsulated IPC message that names
// each column's Arrow type, and so makes the lists of floats tensors again. A
// tensor is arrow.fixed_shape_tensor over a fixed-size list whose element is
// nullable; readers drop the tensor type silently if it is not.
func arrowSchema(cs []column, shape Shape) string {
	b := newFlatbuf()
	var fields []int
	for _, c := range cs {
		fields = append(fields, arrowColumn(b, c, shape))
	}
	vector := b.vector(fields)
	b.begin(4) // endianness, fields, custom_metadata, features
	b.ref(1, vector)
	schema := b.end()
	b.begin(5) // version, header_type, header, bodyLength, custom_metadata
	b.field(3, 8, 0)
	b.ref(2, schema)
	b.field(0, 2, arrowV5)
	b.field(1, 1, arrowSchemaHeader)
	flat := b.finish(b.end())

	pad := -len(flat) & 7
	msg := binary.LittleEndian.AppendUint32(nil, 0xFFFFFFFF) // continuation marker
	msg = binary.LittleEndian.AppendUint32(msg, uint32(len(flat)+pad))
	msg = append(msg, flat...)
	return base64.StdEncoding.EncodeToString(append(msg, make([]byte, pad)...))
}

func arrowColumn(b *flatbuf, c column, shape Shape) int {
	if c.kind != tensors {
		return arrowField(b, c.name, c.kind, c.nullable, 0, nil, nil)
	}
	value := arrowField(b, "element", float32s, true, 0, nil, nil)
	dims, _ := json.Marshal(struct { // ints always marshal
		Shape Shape `json:"shape"`
	}{shape})
	return arrowField(b, c.name, tensors, false, shape.Size(), []int{value}, [][2]string{
		{"ARROW:extension:name", "arrow.fixed_shape_tensor"},
		{"ARROW:extension:metadata", string(dims)},
	})
}

func arrowField(b *flatbuf, name string, k kind, nullable bool, size int, children []int, meta [][2]string) int {
	label, kids := b.text(name), b.vector(children)
	var pairs int
	if meta != nil {
		var entries []int
		for _, kv := range meta {
			key, value := b.text(kv[0]), b.text(kv[1])
			b.begin(2)
			b.ref(0, key)
			b.ref(1, value)
			entries = append(entries, b.end())
		}
		pairs = b.vector(entries)
	}
	code, typ := arrowType(b, k, size)
	b.begin(7) // name, nullable, type_type, type, dictionary, children, custom_metadata
	b.ref(0, label)
	if nullable {
		b.field(1, 1, 1)
	}
	b.field(2, 1, code)
	b.ref(3, typ)
	b.ref(5, kids)
	if pairs != 0 {
		b.ref(6, pairs)
	}
	return b.end()
}

func arrowType(b *flatbuf, k kind, size int) (code uint64, table int) {
	switch k {
	case int32s, int64s:
		bits := uint64(32)
		if k == int64s {
			bits = 64
		}
		b.begin(2) // bitWidth, is_signed
		b.field(0, 4, bits)
		b.field(1, 1, 1)
		return arrowInt, b.end()
	case float32s:
		b.begin(1) // precision
		b.field(0, 2, arrowSingle)
		return arrowFloat, b.end()
	case tensors:
		b.begin(1) // listSize
		b.field(0, 4, uint64(size))
		return arrowFixedSizeList, b.end()
	}
	b.begin(0)
	return arrowUtf8, b.end()
}
