package static

import (
	"bytes"
	"encoding/binary"
	"errors"
	"unicode"
	"unicode/utf8"
)

// charsmap is the table by which SentencePiece rewrites characters
// ("Precompiled"): a double-array trie of what is to be rewritten, and the
// texts it becomes, each ended by a zero byte.
type charsmap struct {
	trie  []uint32
	texts []byte
}

// clusterBytes is the length from which on a cluster of characters is rewritten
// character by character.
const clusterBytes = 6

// parseCharsmap reads one: the bytes of the trie as uint32, the trie, the texts.
func parseCharsmap(b []byte) (normalizer, error) {
	if len(b) == 0 {
		return normalizers(nil), nil
	}
	if len(b) < 4 {
		return nil, errors.New("precompiled charsmap: cut short")
	}
	size := uint64(binary.LittleEndian.Uint32(b))
	b = b[4:]
	if size%4 != 0 || size > uint64(len(b)) {
		return nil, errors.New("precompiled charsmap: the trie is longer than the table")
	}
	c := charsmap{make([]uint32, size/4), b[size:]}
	for i := range c.trie {
		c.trie[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return c, nil
}

func (c charsmap) normalize(dst, text []byte) []byte {
	for len(text) > 0 {
		n := cluster(text)
		part := text[:n]
		text = text[n:]
		if n < clusterBytes {
			if out, ok := c.find(part); ok {
				dst = append(dst, out...)
				continue
			}
		}
		for len(part) > 0 {
			_, n := utf8.DecodeRune(part)
			if out, ok := c.find(part[:n]); ok {
				dst = append(dst, out...)
			} else {
				dst = append(dst, part[:n]...)
			}
			part = part[n:]
		}
	}
	return dst
}

// cluster is the length of what a reader takes for the first character: with
// its marks, the parts of a Hangul syllable together, and what a joiner joins.
func cluster(text []byte) int {
	last, n := utf8.DecodeRune(text)
	for n < len(text) {
		r, k := utf8.DecodeRune(text[n:])
		if !unicode.Is(unicode.M, r) && r != zeroWidthJoiner && !(last == '\r' && r == '\n') &&
			!(isJamo(last) && isJamo(r)) && !(last == zeroWidthJoiner && unicode.Is(unicode.So, r)) {
			break
		}
		last, n = r, n+k
	}
	return n
}

const zeroWidthJoiner = 0x200d

func isJamo(r rune) bool { return r >= 0x1100 && r <= 0x11ff }

// find returns what the shortest start of key that the trie has becomes. The
// units of the trie are those of the library Darts-clone: bit 8 says that a
// unit has a leaf, bits 10 to 30 are an offset, shifted by 8 if bit 9 is set,
// the lowest 8 bits are the label.
func (c charsmap) find(key []byte) ([]byte, bool) {
	at := uint64(0)
	if len(c.trie) == 0 {
		return nil, false
	}
	at ^= offset(c.trie[0])
	for _, b := range key {
		at ^= uint64(b)
		if b == 0 || at >= uint64(len(c.trie)) {
			return nil, false
		}
		unit := c.trie[at]
		if unit&(1<<31|0xff) != uint32(b) {
			return nil, false
		}
		at ^= offset(unit)
		if unit>>8&1 == 1 {
			if at >= uint64(len(c.trie)) {
				return nil, false
			}
			value := uint64(c.trie[at] & (1<<31 - 1))
			if value >= uint64(len(c.texts)) {
				return nil, false
			}
			text, _, _ := bytes.Cut(c.texts[value:], []byte{0})
			return text, true
		}
	}
	return nil, false
}

func offset(unit uint32) uint64 { return uint64(unit >> 10 << (unit & (1 << 9) >> 6)) }
