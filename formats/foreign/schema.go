package foreign

import (
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
)

const (
	depthMax = 32 // of a schema; a list of structs takes three
	rowsMax  = 1 << 40
)

// node is a column, or a part of one.
type node struct {
	name     string
	key      []byte // `"name":`
	optional bool
	repeated bool
	wrapper  bool  // what stands for it is its only child
	def, rep uint8 // the levels at which it is there
	children []*node
	leaf     *leaf   // of a node without children
	leaves   []*leaf // all below it
}

// schema turns the flattened schema of a footer into nodes.
type schema struct {
	elements []format.SchemaElement
	at       int // the next element
	leaves   int // of the file, whether they are read or not
}

// read is the columns that want names, and the leaves of them.
func (s *schema) read(want func(string) bool) (columns []*node, leaves []*leaf, err error) {
	if len(s.elements) == 0 {
		return nil, nil, fmt.Errorf("%w: no schema", ErrDamaged)
	}
	n := s.elements[0].NumChildren.V
	s.at = 1
	for range n {
		name := ""
		if s.at < len(s.elements) {
			name = s.elements[s.at].Name
		}
		wanted := want(name)
		c, err := s.node(0, 0, 1, name, wanted)
		if err != nil {
			return nil, nil, fmt.Errorf("column %q: %w", clip(name), err)
		}
		if wanted {
			columns, leaves = append(columns, c), append(leaves, c.leaves...)
		}
	}
	if s.at != len(s.elements) {
		return nil, nil, fmt.Errorf("%w: %d elements of a schema of %d are used", ErrDamaged, s.at, len(s.elements))
	}
	return columns, leaves, nil
}

// node reads the element at hand and those below it. What is not wanted need
// not be of a type that is read.
func (s *schema) node(def, rep uint8, depth int, path string, wanted bool) (*node, error) {
	if s.at == len(s.elements) {
		return nil, fmt.Errorf("%w: the schema ends too early", ErrDamaged)
	}
	if depth > depthMax {
		return nil, fmt.Errorf("%w: a schema deeper than %d", ErrUnsupported, depthMax)
	}
	e := &s.elements[s.at]
	s.at++
	n := &node{name: e.Name, def: def, rep: rep}
	n.key = append(append(appendEscaped([]byte{'"'}, []byte(e.Name)), '"'), ':')
	switch e.RepetitionType.V {
	case format.Required:
	case format.Optional:
		n.optional = true
		n.def++
	case format.Repeated:
		n.repeated = true
		n.def++
		n.rep++
	default:
		return nil, fmt.Errorf("%w: repetition %d", ErrDamaged, e.RepetitionType.V)
	}
	if e.Type.Valid {
		k, err := kindOf(e)
		if err != nil && wanted {
			return nil, err
		}
		n.leaf = &leaf{path: path, index: s.leaves, physical: e.Type.V, kind: k, def: n.def, rep: n.rep}
		n.leaves = []*leaf{n.leaf}
		s.leaves++
		return n, nil
	}
	if e.NumChildren.V < 1 || int(e.NumChildren.V) > len(s.elements)-s.at {
		return nil, fmt.Errorf("%w: a group of %d parts", ErrDamaged, e.NumChildren.V)
	}
	for range e.NumChildren.V {
		name := path
		if s.at < len(s.elements) {
			name += "." + s.elements[s.at].Name
		}
		child, err := s.node(n.def, n.rep, depth+1, clip(name), wanted)
		if err != nil {
			return nil, err
		}
		n.children, n.leaves = append(n.children, child), append(n.leaves, child.leaves...)
	}
	if isList(e) && len(n.children) == 1 && n.children[0].repeated {
		n.wrapper = true
		n.children[0].wrapper = wraps(e, n.children[0])
	}
	return n, nil
}

// isList reports whether a group only says that what is in it is a list or map.
func isList(e *format.SchemaElement) bool {
	switch e.LogicalType.Value.(type) {
	case *format.ListType, *format.MapType:
		return true
	}
	return e.ConvertedType.Valid && slices.Contains(
		[]deprecated.ConvertedType{deprecated.List, deprecated.Map, deprecated.MapKeyValue}, e.ConvertedType.V)
}

// wraps tells, by the rules for older lists in LogicalTypes.md of
// parquet-format, whether an element is inside of the repeated group rather
// than the group itself.
func wraps(list *format.SchemaElement, repeated *node) bool {
	return len(repeated.children) == 1 && repeated.name != "array" && repeated.name != list.Name+"_tuple"
}

// kind is how a value is written as JSON.
type kind uint8

const (
	kindNone kind = iota
	kindText
	kindInt
	kindUint
	kindFloat
	kindDouble
	kindBool
)

func kindOf(e *format.SchemaElement) (kind, error) {
	switch t := e.LogicalType.Value.(type) {
	case *format.DecimalType:
		return kindNone, fmt.Errorf("%w: values of type %v", ErrUnsupported, t)
	case *format.IntType:
		if !t.IsSigned && (e.Type.V == format.Int32 || e.Type.V == format.Int64) {
			return kindUint, nil
		}
	}
	if e.ConvertedType.Valid {
		switch e.ConvertedType.V {
		case deprecated.Decimal:
			return kindNone, fmt.Errorf("%w: values of type %v", ErrUnsupported, e.ConvertedType.V)
		case deprecated.Uint8, deprecated.Uint16, deprecated.Uint32, deprecated.Uint64:
			if e.Type.V == format.Int32 || e.Type.V == format.Int64 {
				return kindUint, nil
			}
		}
	}
	switch e.Type.V {
	case format.ByteArray:
		return kindText, nil
	case format.Int32, format.Int64:
		return kindInt, nil
	case format.Float:
		return kindFloat, nil
	case format.Double:
		return kindDouble, nil
	case format.Boolean:
		return kindBool, nil
	}
	return kindNone, fmt.Errorf("%w: values of type %v", ErrUnsupported, e.Type.V)
}
