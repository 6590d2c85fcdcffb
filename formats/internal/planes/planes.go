// Package planes compresses pages of float32 whose four bytes are kept apart
// (Parquet's BYTE_STREAM_SPLIT): first the lowest byte of every value, then the
// next, and last the one with sign and exponent. Each of the four is a plane.
//
// The planes of a neural embedding are three of noise and one of few distinct
// bytes. A general compressor searches all four for repeats, which there are
// none, and then codes what is left. Here each block of a plane is stored as it
// is, or entropy coded, or named by its one byte, whichever its bytes ask for.
// The result is a Zstandard frame like any other (RFC 8878): nobody needs this
// package to read it.
package planes

import (
	"bytes"
	"encoding/binary"

	"github.com/klauspost/compress/huff0"
)

const (
	// SizeMin is the least that Encode takes: below, tables cost too much.
	SizeMin = 16 << 10

	blockMax = 128 << 10 // of a Zstandard block

	// Codes shorten bytes worth doing so from about 7.5 bits down: that is one
	// equal pair of bytes in 181.
	codedMin = 1.0 / 181

	sampleStep = 13 // one byte in so many is looked at
)

// Encoder keeps the tables of one goroutine. The zero Encoder is ready.
type Encoder struct {
	huffman huff0.Scratch
	twins   twins
}

// Encode appends a frame of src to dst. It says false, and appends nothing, if
// src is not what the package is for: then a general compressor does better.
func (e *Encoder) Encode(dst, src []byte) ([]byte, bool) {
	n := len(src)
	if n < SizeMin || n%4 != 0 || uint64(n) > 1<<32-1 || e.twins.in(src[:n/4]) {
		return dst, false
	}
	start := len(dst)
	dst = append(dst, 0x28, 0xb5, 0x2f, 0xfd, 0xa0) // magic; one segment, its size in four bytes
	dst = binary.LittleEndian.AppendUint32(dst, uint32(n))
	blocks := (n/4 + blockMax - 1) / blockMax
	size := (n/4 + blocks - 1) / blocks // all about as long: little can be told of a short one
	for plane := range 4 {
		rest := src[plane*n/4 : (plane+1)*n/4]
		for len(rest) > 0 {
			block := rest[:min(size, len(rest))]
			rest = rest[len(block):]
			last := plane == 3 && len(rest) == 0
			equal := collisions(block)
			switch {
			case uniform(block):
				dst = append(header(dst, 1, len(block), last), block[0])
			case equal > codedMin && plane < 3 && !rounded(block):
				return dst[:start], false // neither noise nor rounded: there may be repeats
			case equal > codedMin:
				dst = e.coded(dst, block, last)
			default:
				dst = append(header(dst, 0, len(block), last), block...)
			}
		}
	}
	return dst, true
}

// header begins a block: type 0 is stored, 1 one byte repeated, 2 compressed.
func header(dst []byte, typ, size int, last bool) []byte {
	h := size<<3 | typ<<1
	if last {
		h |= 1
	}
	return append(dst, byte(h), byte(h>>8), byte(h>>16))
}

// coded appends a block of Huffman-coded literals and no sequences, or stores
// it if that is no longer.
func (e *Encoder) coded(dst, block []byte, last bool) []byte {
	e.huffman.Reuse = huff0.ReusePolicyNone
	out, _, err := huff0.Compress4X(block, &e.huffman)
	const around = 6 // literals' header and the number of sequences
	if err != nil || len(out)+around >= len(block) {
		return append(header(dst, 0, len(block), last), block...)
	}
	dst = header(dst, 2, len(out)+around, last)
	// Compressed literals in four streams, both sizes in 18 bits.
	h := uint64(2) | 3<<2 | uint64(len(block))<<4 | uint64(len(out))<<22
	dst = append(dst, byte(h), byte(h>>8), byte(h>>16), byte(h>>24), byte(h>>32))
	return append(append(dst, out...), 0)
}

// collisions is about how often two bytes of b are equal.
func collisions(b []byte) float64 {
	var counts [256]uint32
	var n, sum float64
	for i := 0; i < len(b); i += sampleStep {
		counts[b[i]]++
	}
	for _, c := range counts {
		n += float64(c)
		sum += float64(c) * (float64(c) - 1)
	}
	if n < 2 {
		return 0
	}
	return sum / (n * (n - 1))
}

// rounded tells whether the lowest bits of all bytes are 0, as numbers that had
// 16 bits leave them. The bits above are noise then.
func rounded(b []byte) bool {
	var or byte
	for _, v := range b {
		or |= v
	}
	return or&1 == 0 && collisions(b) < 1.0/3 // or they are zeros for another reason
}

// uniform tells whether b is one byte, repeated.
func uniform(b []byte) bool {
	return b[0] == b[len(b)-1] && bytes.Equal(b[1:], b[:len(b)-1])
}
