package dialogue

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// kind is the kind of a JSON value.
type kind uint8

const (
	kindNull kind = iota // also: no such value
	kindString
	kindNumber
	kindBool
	kindArray
	kindObject
)

func (k kind) String() string {
	return [...]string{"null", "a string", "a number", "true or false", "an array", "an object"}[k]
}

func kindAt(c byte) kind {
	switch c {
	case '"':
		return kindString
	case '{':
		return kindObject
	case '[':
		return kindArray
	case 't', 'f':
		return kindBool
	case 'n':
		return kindNull
	}
	return kindNumber
}

// value is where in a record a value is. Of a string it is what is between the
// quotes.
type value struct {
	span
	kind  kind
	plain bool // it is a string that is known to be ASCII without an escape
}

// valueOf is the value that JSON which checkJSON has passed has in s.
func valueOf(b []byte, s span) value {
	k := kindAt(b[s.from])
	if k == kindString {
		s.from++
		s.to--
	}
	return value{span: s, kind: k}
}

// valueAt is the value that begins at i, and the offset behind it.
func valueAt(b []byte, i int) (v value, end int) {
	k := kindAt(b[i])
	if k != kindString {
		end = valueEnd(b, i)
		return value{span: span{int32(i), int32(end)}, kind: k}, end
	}
	end, plain := stringEnd(b, i+1)
	return value{span{int32(i + 1), int32(end)}, k, plain}, min(end+1, len(b))
}

// valueEnd is the offset behind the value that begins at i, in JSON that
// checkJSON has passed. In anything else it is some offset.
func valueEnd(b []byte, i int) int {
	switch b[i] {
	case '"':
		end, _ := stringEnd(b, i+1)
		return min(end+1, len(b))
	case '{', '[':
		depth := 0
		for ; i < len(b); i++ {
			if i = bracketEnd(b, i); i == len(b) {
				break
			}
			switch b[i] {
			case '"':
				i, _ = stringEnd(b, i+1)
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
		return len(b)
	}
	for i < len(b) && b[i] != ',' && b[i] != ']' && b[i] != '}' && b[i] > ' ' {
		i++
	}
	return i
}

// bracketEnd is the offset, from i on, of the first quote or bracket, or the
// length of b.
func bracketEnd(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		square := w | eachOne*0x20 // [ becomes {, and ] becomes }
		if m := equal(w, '"') | equal(square, '{') | equal(square, '}'); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for i < len(b) && b[i] != '"' && b[i]|0x20 != '{' && b[i]|0x20 != '}' {
		i++
	}
	return i
}

// stringEnd is the offset of the closing quote of the string whose text begins
// at i. plain is as in value.
func stringEnd(b []byte, i int) (end int, plain bool) {
	i, plain = plainEnd(b, i)
	for i < len(b) {
		switch b[i] {
		case '"':
			return i, plain
		case '\\':
			i++
		}
		i, _ = plainEnd(b, i+1)
		plain = false
	}
	return len(b), false
}

// listScan walks the elements of an array in JSON that checkJSON has passed:
//
//	for s := newListScan(b, v); s.next(); { … s.value … }
type listScan struct {
	value value
	b     []byte
	i     int // of the byte before the next value
}

func newListScan(b []byte, array value) listScan { return listScan{b: b, i: int(array.from)} }

func (s *listScan) next() bool {
	from, more := s.ahead()
	if more {
		var end int
		s.value, end = valueAt(s.b, from)
		s.pass(end)
	}
	return more
}

// ahead is where the next element begins. Whoever finds its end in some other
// way calls pass with it and need not call next.
func (s *listScan) ahead() (from int, more bool) {
	if s.b[s.i] == ']' {
		return 0, false
	}
	from = skipSpace(s.b, s.i+1)
	return from, s.b[from] != ']' // of an empty array
}

func (s *listScan) pass(end int) { s.i = skipSpace(s.b, end) }

// fieldScan walks the fields of an object in the same way.
type fieldScan struct {
	key   value
	value value
	b     []byte
	i     int // of the byte before the next key
}

func newFieldScan(b []byte, object value) fieldScan { return fieldScan{b: b, i: int(object.from)} }

func (s *fieldScan) next() bool {
	if s.b[s.i] == '}' {
		return false
	}
	from := skipSpace(s.b, s.i+1)
	if s.b[from] == '}' { // of an empty object
		s.i = from
		return false
	}
	var end int
	s.key, end = valueAt(s.b, from)
	s.value, end = valueAt(s.b, skipSpace(s.b, skipSpace(s.b, end)+1)) // behind the colon
	s.i = skipSpace(s.b, end)
	return true
}

// end is the offset behind the object once next has returned false.
func (s *fieldScan) end() int { return s.i + 1 }

// name is the text of the key.
func (s *fieldScan) name() []byte { return label(s.key.of(s.b)) }

// label undoes the escapes of a short string. It does not mind half of a
// surrogate pair: nothing that is looked for has one.
func label(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw
	}
	text, _ := unescape(nil, raw)
	return text
}

// unescape appends the text of a JSON string to dst. It reports false for half
// of a surrogate pair: such a string has no text.
func unescape(dst, raw []byte) ([]byte, bool) {
	for {
		n := bytes.IndexByte(raw, '\\')
		if n < 0 {
			return append(dst, raw...), true
		}
		dst = append(dst, raw[:n]...)
		c := raw[n+1]
		raw = raw[n+2:]
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r, _ := hex4(raw)
			raw = raw[4:]
			if utf16.IsSurrogate(r) {
				if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
					return dst, false
				}
				low, _ := hex4(raw[2:])
				if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
					return dst, false
				}
				raw = raw[6:]
			}
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, c)
	}
}

// hex4 reads four hex digits.
func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
		r <<= 4
		switch {
		case '0' <= c && c <= '9':
			r |= rune(c - '0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r |= rune(c|0x20-'a') + 10
		default:
			return 0, false
		}
	}
	return r, true
}
