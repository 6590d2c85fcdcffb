package dialogue

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// jsonDepthMax is how deeply the arrays and objects of a record may nest.
const jsonDepthMax = 512

// jsonFault says where a text stops being JSON, and why. It never quotes it.
type jsonFault struct {
	at   int // offset in the text
	what string
}

func (f *jsonFault) String() string { return fmt.Sprintf("%s at byte %d", f.what, f.at+1) }

// member is where in an object a member's key and value are, with their quotes.
type member struct{ key, value span }

// checkJSON reports the first fault of b, which must be exactly one JSON value
// as RFC 8259 has it, with white space around it. It does not look at UTF-8.
//
// It is a loop, not a recursion: nesting costs a bit a level and cannot
// exhaust the stack. It notes the members of b in members if b is an object;
// what is inside of them is read by the far simpler fieldScan and listScan.
func checkJSON(b []byte, members *[]member) *jsonFault {
	*members = (*members)[:0]
	var (
		m       member
		objects [jsonDepthMax / 64]uint64 // a bit a level: is it an object?
		depth   int
		start   int
		i       = skipSpace(b, 0)
		object  bool // is the innermost one an object?
		fault   *jsonFault
	)
value:
	if i == len(b) {
		return &jsonFault{i, "unexpected end"}
	}
	switch c := b[i]; c {
	case '{', '[':
		if depth == jsonDepthMax {
			return &jsonFault{i, fmt.Sprintf("nested deeper than %d", jsonDepthMax)}
		}
		word, bit := depth/64, uint64(1)<<(depth%64)
		objects[word] &^= bit
		if c == '{' {
			objects[word] |= bit
		}
		depth++
		i = skipSpace(b, i+1)
		if i < len(b) && b[i] == c+2 { // } is { + 2, and ] is [ + 2
			i++
			depth--
			goto after
		}
		if c == '{' {
			goto key
		}
		goto value
	case '"':
		i, fault = checkString(b, i+1)
	case 't':
		i, fault = checkWord(b, i, "true")
	case 'f':
		i, fault = checkWord(b, i, "false")
	case 'n':
		i, fault = checkWord(b, i, "null")
	default:
		i, fault = checkNumber(b, i)
	}
	if fault != nil {
		return fault
	}
after:
	if depth == 1 && objects[0]&1 == 1 {
		m.value.to = int32(i)
		*members = append(*members, m)
	}
	i = skipSpace(b, i)
	if depth == 0 {
		if i < len(b) {
			return &jsonFault{i, "unexpected character"}
		}
		return nil
	}
	if i == len(b) {
		return &jsonFault{i, "unexpected end"}
	}
	object = objects[(depth-1)/64]>>((depth-1)%64)&1 == 1
	switch c := b[i]; {
	case c == ',':
		i = skipSpace(b, i+1)
		if !object {
			goto value
		}
	case c == '}' && object || c == ']' && !object:
		i++
		depth--
		goto after
	default:
		return &jsonFault{i, "unexpected character"}
	}
key:
	if i == len(b) {
		return &jsonFault{i, "unexpected end"}
	}
	if b[i] != '"' {
		return &jsonFault{i, "unexpected character"}
	}
	start = i
	if i, fault = checkString(b, i+1); fault != nil {
		return fault
	}
	if depth == 1 {
		m.key = span{int32(start), int32(i)}
	}
	if i = skipSpace(b, i); i == len(b) {
		return &jsonFault{i, "unexpected end"}
	}
	if b[i] != ':' {
		return &jsonFault{i, "unexpected character"}
	}
	i = skipSpace(b, i+1)
	if depth == 1 {
		m.value.from = int32(i)
	}
	goto value
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// checkString checks a string from behind its opening quote to behind its
// closing one.
func checkString(b []byte, i int) (int, *jsonFault) {
	for i = plainEnd(b, i); i < len(b); i = plainEnd(b, i) {
		switch c := b[i]; {
		case c == '"':
			return i + 1, nil
		case c < 0x20:
			return i, &jsonFault{i, "control character in a string"}
		default: // a backslash
			if i+1 == len(b) {
				return i, &jsonFault{i + 1, "unexpected end"}
			}
			n, ok := 2, false
			switch b[i+1] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
				ok = true
			case 'u':
				n = 6
				_, ok = hex4(b[i+2:])
			}
			if !ok {
				return i, &jsonFault{i, "bad escape"}
			}
			i += n
		}
	}
	return i, &jsonFault{i, "unexpected end"}
}

// plainEnd is the offset, from i on, of the first quote, backslash or control
// character, or the length of b.
func plainEnd(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		if m := equal(w, '"') | equal(w, '\\') | below(w, 0x20); m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for i < len(b) && b[i] != '"' && b[i] != '\\' && b[i] >= 0x20 {
		i++
	}
	return i
}

func checkWord(b []byte, i int, word string) (int, *jsonFault) {
	if !bytes.HasPrefix(b[i:], []byte(word)) {
		return i, &jsonFault{i, "unexpected character"}
	}
	return i + len(word), nil
}

func checkNumber(b []byte, i int) (int, *jsonFault) {
	if b[i] == '-' {
		i++
	}
	digits := func() bool {
		start := i
		for i < len(b) && '0' <= b[i] && b[i] <= '9' {
			i++
		}
		return i > start
	}
	fault := func() (int, *jsonFault) {
		if i == len(b) {
			return i, &jsonFault{i, "unexpected end"}
		}
		return i, &jsonFault{i, "unexpected character"}
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if !digits() {
		return fault()
	}
	if i < len(b) && b[i] == '.' {
		i++
		if !digits() {
			return fault()
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return fault()
		}
	}
	return i, nil
}
