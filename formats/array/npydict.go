package array

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// npyHeader is what the dictionary in a .npy header says.
type npyHeader struct {
	descr   string // "" if it is a list: a structured type
	fortran bool
	shape   []int
}

// parseDict reads the literal of a Python dictionary that numpy writes, with
// exactly the keys descr, fortran_order and shape, in any order.
func parseDict(text string) (npyHeader, error) {
	p := literal{text}
	var h npyHeader
	seen := map[string]bool{}
	if !p.take("{") {
		return h, errors.New("no dictionary")
	}
	for !p.take("}") {
		key, err := p.quoted()
		if err != nil {
			return h, err
		}
		if seen[key] {
			return h, fmt.Errorf("key %q is there twice", clip(key))
		}
		seen[key] = true
		if !p.take(":") {
			return h, fmt.Errorf("no value of %q", clip(key))
		}
		switch key {
		case "descr":
			h.descr, err = p.descr()
		case "fortran_order":
			h.fortran, err = p.boolean()
		case "shape":
			h.shape, err = p.tuple()
		default:
			err = fmt.Errorf("unknown key %q", clip(key))
		}
		if err != nil {
			return h, err
		}
		if !p.take(",") && !strings.HasPrefix(p.text, "}") {
			return h, fmt.Errorf("no end after %q", clip(key))
		}
	}
	if len(seen) != 3 {
		return h, errors.New("want the keys descr, fortran_order and shape")
	}
	if p.text != "" {
		return h, errors.New("something follows the dictionary")
	}
	return h, nil
}

// literal is what is left to read of a Python literal.
type literal struct{ text string }

// take goes past a token, and says whether it was there.
func (l *literal) take(token string) bool {
	rest, ok := strings.CutPrefix(l.text, token)
	if ok {
		l.text = rest
	}
	l.text = strings.TrimLeft(l.text, " \t\n")
	return ok
}

// quoted reads a string. numpy writes none with an escape.
func (l *literal) quoted() (string, error) {
	for _, quote := range []string{"'", `"`} {
		if rest, ok := strings.CutPrefix(l.text, quote); ok {
			s, rest, ok := strings.Cut(rest, quote)
			if !ok || strings.ContainsAny(s, "\\\n") {
				break
			}
			l.text = rest
			l.take("")
			return s, nil
		}
	}
	return "", errors.New("no string where one has to be")
}

// descr reads a type: a string, or a list of fields, which it goes past.
func (l *literal) descr() (string, error) {
	if !strings.HasPrefix(l.text, "[") {
		return l.quoted()
	}
	depth := 0
	for i, c := range l.text {
		switch c {
		case '[':
			depth++
		case ']':
			depth--
		}
		if depth == 0 {
			l.text = l.text[i+1:]
			l.take("")
			return "", nil
		}
	}
	return "", errors.New("a list has no end")
}

func (l *literal) boolean() (bool, error) {
	if l.take("False") {
		return false, nil
	}
	if l.take("True") {
		return true, nil
	}
	return false, errors.New("fortran_order is neither True nor False")
}

func (l *literal) tuple() ([]int, error) {
	shape := []int{}
	if !l.take("(") {
		return nil, errors.New("shape is no tuple")
	}
	for !l.take(")") {
		digits := l.text[:len(l.text)-len(strings.TrimLeft(l.text, "0123456789"))]
		d, err := strconv.Atoi(digits)
		if err != nil || len(shape) == directionsMax {
			return nil, errors.New("shape is no tuple of whole numbers")
		}
		shape = append(shape, d)
		l.take(digits)
		if !l.take(",") && !strings.HasPrefix(l.text, ")") {
			return nil, errors.New("shape has no end")
		}
	}
	return shape, nil
}
