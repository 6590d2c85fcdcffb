package foreign

import "fmt"

// begin checks that the next entries of a column begin a row.
func (n *node) begin() error {
	for _, l := range n.leaves {
		if err := l.peek(); err != nil {
			return &leafError{l, err}
		}
		if l.r != 0 {
			return &leafError{l, fmt.Errorf("%w: repetition level %d at the start of a row", ErrDamaged, l.r)}
		}
	}
	return nil
}

// emit appends what the next row has of n. null says that it is null at its
// outermost level, in which case null was appended.
func (n *node) emit(o *output) (null bool, err error) {
	switch {
	case n.optional:
		there, err := n.there()
		if err != nil {
			return false, err
		}
		if !there {
			o.text("null")
			return true, n.pass()
		}
	case n.repeated:
		return false, n.list(o)
	}
	return n.body(o)
}

// list appends a repeated node as an array.
func (n *node) list(o *output) error {
	there, err := n.there()
	if err != nil {
		return err
	}
	o.byte('[')
	if !there {
		o.byte(']')
		return n.pass()
	}
	for {
		if _, err := n.body(o); err != nil {
			return err
		}
		again, err := n.again()
		if err != nil {
			return err
		}
		if !again {
			o.byte(']')
			return nil
		}
		o.byte(',')
	}
}

// body appends n where it is there.
func (n *node) body(o *output) (null bool, err error) {
	switch {
	case n.leaf != nil:
		return false, n.leaf.emit(o)
	case n.wrapper:
		return n.children[0].emit(o)
	}
	o.byte('{')
	for i, c := range n.children {
		if i > 0 {
			o.byte(',')
		}
		o.bytes(c.key)
		if _, err := c.emit(o); err != nil {
			return false, err
		}
	}
	o.byte('}')
	return false, nil
}

// there reports whether n is there, on which all leaves below it must agree.
func (n *node) there() (bool, error) {
	first := false
	for i, l := range n.leaves {
		if err := l.peek(); err != nil {
			return false, &leafError{l, err}
		}
		there := l.d >= n.def
		if i > 0 && there != first {
			return false, &leafError{l, fmt.Errorf("%w: levels unlike those beside it", ErrDamaged)}
		}
		first = there
	}
	return first, nil
}

// pass steps over the one entry that each leaf has where n is not there.
func (n *node) pass() error {
	for _, l := range n.leaves {
		if err := l.skip(); err != nil {
			return &leafError{l, err}
		}
	}
	return nil
}

// again reports whether n, which is repeated, goes on.
func (n *node) again() (bool, error) {
	first := false
	for i, l := range n.leaves {
		goes, err := l.repeats(n.rep)
		if err != nil {
			return false, &leafError{l, err}
		}
		if i > 0 && goes != first {
			return false, &leafError{l, fmt.Errorf("%w: levels unlike those beside it", ErrDamaged)}
		}
		first = goes
	}
	return first, nil
}

// leafError says at which leaf something is wrong.
type leafError struct {
	leaf *leaf
	err  error
}

func (e *leafError) Error() string { return e.err.Error() }
func (e *leafError) Unwrap() error { return e.err }
