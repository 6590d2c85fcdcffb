package tensor

import (
	"encoding/binary"
	"fmt"

	"github.com/parquet-go/parquet-go/encoding/thrift"
)

const (
	footerBytesMax    = 32 << 20
	footerElementsMax = 1 << 20 // list elements of any type
	footerStructsMax  = 1 << 18
	thriftDepthMax    = 16
)

// decodeThrift decodes one struct from the front of b and returns how long it
// is. The decoder underneath trusts the list sizes it reads and would ask for
// any amount of memory, so b is walked first.
func decodeThrift(b []byte, v any) (n int, err error) {
	w := thriftWalk{b: b, elements: footerElementsMax, structs: footerStructsMax}
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

// thriftWalk follows a struct of Thrift's compact protocol without keeping
// anything of it.
type thriftWalk struct {
	b                 []byte
	at                int
	elements, structs int // budgets
}

// Types on the wire.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftInt64  = 6 // 16, 32 and 64 bits alike
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftStruct = 12 // 11, the map, is in no Parquet structure
)

func (w *thriftWalk) bad(what string) error {
	return fmt.Errorf("%w: %s at byte %d of a structure", ErrDamaged, what, w.at)
}

func (w *thriftWalk) skip(n uint64) error {
	if n > uint64(len(w.b)-w.at) {
		return w.bad("the end comes too early")
	}
	w.at += int(n)
	return nil
}

func (w *thriftWalk) byte() (byte, error) {
	if err := w.skip(1); err != nil {
		return 0, err
	}
	return w.b[w.at-1], nil
}

func (w *thriftWalk) varint() (uint64, error) {
	v, n := binary.Uvarint(w.b[w.at:])
	if n <= 0 {
		return 0, w.bad("no number")
	}
	w.at += n
	return v, nil
}

// fields walks a struct up to and with its stop byte.
func (w *thriftWalk) fields(depth int) error {
	if depth > thriftDepthMax {
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
		if t := head & 15; t == thriftTrue || t == thriftFalse {
			continue // the type is the value
		} else if err := w.value(t, depth); err != nil {
			return err
		}
	}
}

func (w *thriftWalk) value(t byte, depth int) error {
	switch t {
	case thriftTrue, thriftFalse, thriftByte: // in a list, a bool is a byte
		return w.skip(1)
	case 4, 5, thriftInt64:
		_, err := w.varint()
		return err
	case thriftDouble:
		return w.skip(8)
	case thriftBinary:
		n, err := w.varint()
		if err != nil {
			return err
		}
		return w.skip(n)
	case thriftList, thriftSet:
		return w.list(depth + 1)
	case thriftStruct:
		return w.fields(depth + 1)
	}
	return w.bad("an unknown type")
}

func (w *thriftWalk) list(depth int) error {
	if depth > thriftDepthMax {
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
