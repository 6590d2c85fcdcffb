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
type member struct {
	key, value span
	plain      bool // the value is a string, see value
}

// members are those of an object.
type members struct {
	list  []member
	plain bool // all strings of the text that was checked are plain, so all of it is ASCII
}

// checkJSON reports the first fault of b, which must be exactly one JSON value
// as RFC 8259 has it, with white space around it. It does not look at UTF-8.
//
// It is a loop, not a recursion: nesting costs a bit a level and cannot
// exhaust the stack. It notes the members of b in found if b is an object;
// what is inside of them is read by the far simpler fieldScan and listScan.
func checkJSON(b []byte, found *members) *jsonFault {
	found.list, found.plain = found.list[:0], true
	var (
		m       member
		objects [jsonDepthMax / 64]uint64 // a bit a level: is it an object?
		depth   int
		start   int
		i       = skipSpace(b, 0)
		object  bool // is the innermost one an object?
		plain   bool // is the value that ends a string, and plain?
		fault   *jsonFault
	)
value:
	if i == len(b) {
		return &jsonFault{i, "unexpected end"}
	}
	plain = false
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
		i, plain, fault = checkString(b, i+1)
		found.plain = found.plain && plain
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
		m.value.to, m.plain = int32(i), plain
		found.list = append(found.list, m)
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
		plain = false
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
	if i, plain, fault = checkString(b, i+1); fault != nil {
		return fault
	}
	found.plain = found.plain && plain
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
func checkString(b []byte, i int) (end int, plain bool, fault *jsonFault) {
	i, plain = plainEnd(b, i)
	for i < len(b) {
		switch c := b[i]; {
		case c == '"':
			return i + 1, plain, nil
		case c < 0x20:
			return i, false, &jsonFault{i, "control character in a string"}
		default: // a backslash
			if i+1 == len(b) {
				return i, false, &jsonFault{i + 1, "unexpected end"}
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
				return i, false, &jsonFault{i, "bad escape"}
			}
			i, _ = plainEnd(b, i+n)
			plain = false
		}
	}
	return i, false, &jsonFault{i, "unexpected end"}
}

// plainEnd is the offset, from i on, of the first quote, backslash or control
// character, or the length of b. ascii says that all before it is ASCII.
func plainEnd(b []byte, i int) (end int, ascii bool) {
	// All control characters and the quote, and only they, are below 0x21 once
	// their bit 1 is flipped.
	const flip = 0x02
	var seen uint64
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		if m := below(w^eachOne*flip, '"'^flip+1) | equal(w, '\\'); m != 0 {
			first := m & -m
			return i + bits.TrailingZeros64(m)/8, (seen|w&(first>>7-1))&eachHigh == 0
		}
		seen |= w
	}
	for ; i < len(b) && b[i] != '"' && b[i] != '\\' && b[i] >= 0x20; i++ {
		seen |= uint64(b[i])
	}
	return i, seen&eachHigh == 0
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
