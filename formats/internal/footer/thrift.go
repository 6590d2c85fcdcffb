package footer

import (
	"encoding/binary"
	"fmt"

	"github.com/parquet-go/parquet-go/encoding/thrift"
)

const (
	elementsMax = 1 << 20 // list elements of any type
	structsMax  = 1 << 18
	depthMax    = 16
)

// Decode decodes one struct of Thrift's compact protocol from the front of b
// into v, a pointer to one of parquet-go's structs, and returns how long it is.
// All errors are ErrDamaged.
//
// The decoder underneath trusts the list sizes it reads and would ask for any
// amount of memory, so b is walked first.
func Decode(b []byte, v any) (n int, err error) {
	w := walk{b: b, elements: elementsMax, structs: structsMax}
	if err := w.fields(0); err != nil {
		return 0, err
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: undecodable structure", ErrDamaged)
		}
	}()
	p := new(thrift.CompactProtocol)
	if err := thrift.Unmarshal(p, b[:w.at], v); err != nil {
		return 0, fmt.Errorf("%w: undecodable structure", ErrDamaged) // err may quote the file
	}
	return w.at, nil
}

// walk follows a struct without keeping anything of it.
type walk struct {
	b                 []byte
	at                int
	elements, structs int // budgets
}

// Types on the wire.
const (
	typeTrue   = 1
	typeFalse  = 2
	typeByte   = 3
	typeInt64  = 6 // 16, 32 and 64 bits alike
	typeDouble = 7
	typeBinary = 8
	typeList   = 9
	typeSet    = 10
	typeStruct = 12 // 11, the map, is in no Parquet structure
)

func (w *walk) bad(what string) error {
	return fmt.Errorf("%w: %s at byte %d of a structure", ErrDamaged, what, w.at)
}

func (w *walk) skip(n uint64) error {
	if n > uint64(len(w.b)-w.at) {
		return w.bad("the end comes too early")
	}
	w.at += int(n)
	return nil
}

func (w *walk) byte() (byte, error) {
	if err := w.skip(1); err != nil {
		return 0, err
	}
	return w.b[w.at-1], nil
}

func (w *walk) varint() (uint64, error) {
	v, n := binary.Uvarint(w.b[w.at:])
	if n <= 0 {
		return 0, w.bad("no number")
	}
	w.at += n
	return v, nil
}

// fields walks a struct up to and with its stop byte.
func (w *walk) fields(depth int) error {
	if depth > depthMax {
		return w.bad("too deep a nesting")
	}
	if w.structs--; w.structs < 0 {
		return w.bad("too many structures")
	}
	for {
		head, err := w.byte()
		if err != nil || head == 0 {
			return err
		}
		if head>>4 == 0 { // the field's number follows in full
			if _, err := w.varint(); err != nil {
				return err
			}
		}
		if t := head & 15; t == typeTrue || t == typeFalse {
			continue // the type is the value
		} else if err := w.value(t, depth); err != nil {
			return err
		}
	}
}

func (w *walk) value(t byte, depth int) error {
	switch t {
	case typeTrue, typeFalse, typeByte: // in a list, a bool is a byte
		return w.skip(1)
	case 4, 5, typeInt64:
		_, err := w.varint()
		return err
	case typeDouble:
		return w.skip(8)
	case typeBinary:
		n, err := w.varint()
		if err != nil {
			return err
		}
		return w.skip(n)
	case typeList, typeSet:
		return w.list(depth + 1)
	case typeStruct:
		return w.fields(depth + 1)
	}
	return w.bad("an unknown type")
}

func (w *walk) list(depth int) error {
	if depth > depthMax {
		return w.bad("too deep a nesting")
	}
	head, err := w.byte()
	if err != nil {
		return err
	}
	n := uint64(head >> 4)
	if n == 15 {
		if n, err = w.varint(); err != nil {
			return err
		}
	}
	if n > uint64(w.elements) || n > uint64(len(w.b)-w.at) {
		return w.bad("too long a list")
	}
	w.elements -= int(n)
	for range n {
		if err := w.value(head&15, depth); err != nil {
			return err
		}
	}
	return nil
}
